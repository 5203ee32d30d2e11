"""`polyak compare`: rules against one another."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Annotated, Any

import typer

from polyak.cli.answers import Json, answer, note
from polyak.cli.command import TRAININGS, command
from polyak.cli.progress import shown
from polyak.cli.words import Grid, Trained, check_time
from polyak.ground.errors import PolyakError


@command(
    "compare",
    settings=True,
    epilog="Each rule is tuned over its own ranges; --grid adam.lr=log:1e-4:1 is another.",
    group=TRAININGS,
)
def compare(
    context: typer.Context,
    rules: Annotated[list[str], typer.Argument(help="heavy_ball nesterov optax:lion my_rule.py:f ...")],
    task: Trained,
    grid: Grid = None,
    seeds: int = 10,
    tuning_seeds: int = 3,
    budget: int = 64,
    *,
    out: Annotated[Path | None, typer.Option(help="A folder for the page, its pictures and numbers.")] = None,
    as_json: Json = False,
    **options: Any,
) -> None:
    """Tune every rule with the same budget, and judge them on seeds that none was tuned by."""
    from polyak.cli.planes import refuse_twice, tuned_plane_from
    from polyak.show.places import check_folder

    words = [name for name in rules if name.startswith("-")] + list(context.args)
    if words:
        raise PolyakError(f"'{words[0]}' has no place here: a range is --grid RULE.NAME=AXIS")
    refuse_twice(rules)
    planes = [tuned_plane_from(name, rules, grid or []) for name in rules]
    problem = task.made_for(options)
    check_time(problem, runs=tuning_seeds, cells=budget, **options)
    check_time(problem, runs=seeds, **options)
    if out is not None:
        check_folder(out)
    from polyak.sweeps import compare as run

    options |= {"budget": budget, "seeds": seeds, "tuning_seeds": tuning_seeds}
    with shown("comparing", "runs") as progress:
        comparison = run(planes, on=problem, progress=progress, **options)
    answer(comparison, as_json)
    if out is not None:
        from polyak.study.comparison import comparison_page

        comparison_page(comparison, out, f"polyak {shlex.join(context.obj)}")
        note(f"wrote {out / 'index.html'}", as_json)
