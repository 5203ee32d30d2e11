"""`polyak study`: the main job."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Annotated, Any

import typer

from polyak.cli.command import A_RULE, command
from polyak.cli.progress import shown
from polyak.cli.sections import report
from polyak.cli.typed import typed
from polyak.cli.words import Place, Rule, Task, check_time
from polyak.ground.errors import PolyakError


@command("study", without=("command",), settings=True, group=A_RULE)
def study(
    context: typer.Context,
    rule: Rule,
    place: Place,
    task: Task,
    seeds: int = 5,
    *,
    out: Annotated[str, typer.Option(metavar="FOLDER")] = "study",
    **options: Any,
) -> None:
    """Study a rule: where it goes, how it trains, beside gradient descent; a page and its pictures."""
    from polyak.cli.rules import rule_from

    if not out.strip():
        raise PolyakError("--out is empty, expected the name of a folder")
    optimizer, landscape = rule_from(rule, typed(context)), place.landscape()
    problem = task.made()
    check_time(problem, runs=seeds, **options)
    from polyak.study import study as run

    options |= {"on": landscape, "problem": problem, "seeds": seeds}
    with shown(f"studying {rule}", "parts") as progress:
        command = shlex.join(["polyak", *context.obj])
        sections = run(optimizer, out, command=command, progress=progress, **options)
    report(sections)
    typer.echo(f"\nThe page: {Path(out) / 'index.html'}")
