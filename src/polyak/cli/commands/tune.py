"""`polyak tune`: the best settings of a rule, for a part of the cost."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from polyak.cli.answers import Json, answer, note
from polyak.cli.command import TRAININGS, command
from polyak.cli.progress import shown
from polyak.cli.typed import typed
from polyak.cli.words import Grid, Rule, Trained, check_time


@command(
    "tune",
    settings=True,
    epilog="The rule is tuned over its own ranges; --grid lr=log:1e-4:1 is another, --momentum 0.9 none.",
    group=TRAININGS,
)
def tune(
    context: typer.Context,
    rule: Rule,
    task: Trained,
    grid: Grid = None,
    seeds: int = 3,
    storage: Annotated[
        str | None, typer.Option(help="Optuna's, such as sqlite:///tuned.db: each setting becomes a trial.")
    ] = None,
    *,
    as_json: Json = False,
    **options: Any,
) -> None:
    """Find the best settings of a rule: many are trained for a little, the best of them to the end."""
    from polyak.cli.planes import tuned_plane_beside

    plane, problem = tuned_plane_beside(rule, grid or [], typed(context)), task.made_for(options)
    check_time(problem, runs=seeds, **options)
    from polyak.theory import tune as run

    with shown("tuning", "epochs") as progress:
        found = run(plane, on=problem, seeds=seeds, storage=storage, progress=progress, **options)
    answer(found, as_json)
    if storage is not None:
        note(f"the trials are in {storage}, study {found.rule}", as_json)
