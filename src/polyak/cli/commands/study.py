"""`polyak study`: the main job."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from polyak.cli.command import command
from polyak.cli.progress import shown
from polyak.cli.tables import table_of
from polyak.cli.typed import typed
from polyak.cli.words import Place, Rule, Task, check_time
from polyak.ground.errors import PolyakError

if TYPE_CHECKING:
    from polyak.study import Section


@command("study", without=("command",), settings=True)
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
    _report(sections)
    typer.echo(f"\nThe page: {Path(out) / 'index.html'}")


def _report(sections: Sequence[Section]) -> None:
    """The same facts as on the page, in the terminal."""
    from rich.console import Console

    from polyak.study import plain_text

    console = Console(markup=False, highlight=False, emoji=False)
    for section in sections:
        console.rule(section.title, align="left", style="blue")
        for paragraph in section.paragraphs:
            console.print(plain_text(paragraph))
        for table in section.tables:
            rows = [[plain_text(cell) for cell in row] for row in table.rows]
            console.print(f"\n{table.caption}")
            console.print(table_of([plain_text(cell) for cell in table.header], rows))
