"""`polyak sweep`: many settings at once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any

import typer

from polyak.cli.answers import Json, note
from polyak.cli.command import TRAININGS, command
from polyak.cli.outputs import check_picture, end_interrupted, write_plane
from polyak.cli.progress import shown
from polyak.cli.typed import typed
from polyak.cli.words import Grid, Out, Place, Task, check_time, model_from, spells_setup
from polyak.ground.errors import PolyakError, plain

HELP = (
    "An axis is log:LOW:HIGH:COUNT, linear:LOW:HIGH:COUNT, memory:LOW:HIGH:COUNT (momentum by its memory 1/(1-m)), "
    "or values such as 0,0.5,0.9. Other settings follow as --momentum 0.9. Of several rules, --grid adam.lr=... is "
    "one's."
)
OF_A_LANDSCAPE = ("on", "start", "steps")
OF_DATA = ("data", "batch_size", "epochs", "seeds", "problem")


@command("sweep", settings=True, epilog=HELP, group=TRAININGS)
def sweep(
    context: typer.Context,
    rule: Annotated[
        str, typer.Argument(help="heavy_ball, optax:adam, my_rule.py:f ..., or several parted by commas")
    ],
    place: Place,
    task: Task,
    grid: Grid = None,
    *,
    out: Out = None,
    as_json: Json = False,
    **options: Any,
) -> None:
    """Run every setting of a plane: the best one, and a picture of all."""
    from polyak.cli.planes import planes_from, say_best

    planes = planes_from(rule, grid or [], typed(context))
    if spells_setup(place.on):
        given = next(filter(_given(context), ("start", "steps", "data", "column", "problem")), None)
        if given is not None:
            raise PolyakError(f"--{given} has no place beside a training of your own, --on {place.on}")
        options["on"] = model_from(place.on or "", options)
    elif _on_data(_given(context), task):
        options["on"] = task.made()
        check_time(options["on"], runs=options["seeds"] or 1, **options)  # of one cell
    else:
        options["on"] = place.landscape()
    check_picture(out)
    options["record"] = [plain(word) for word in options["record"]]
    store = options["store"]
    from polyak.sweeps import sweep as run

    try:
        with shown("sweeping", "cells") as progress:
            result = run(planes, progress=progress, **options)
    except KeyboardInterrupt:
        if store is None:
            end_interrupted("with --store, the same line would have gone on from where it stopped")
        end_interrupted(f"the same line goes on from where it stopped (kept in {store})")
    say_best(result, as_json)
    if store is not None:
        note(f"kept in {store}", as_json)
    write_plane(out, result, beside_json=as_json)


def _given(context: typer.Context) -> Callable[[str], bool]:
    """Whether an option was typed."""

    def given(name: str) -> bool:
        source = context.get_parameter_source(name)
        return source is not None and source.name == "COMMANDLINE"

    return given


def _on_data(given: Callable[[str], bool], task: Task) -> bool:
    """Whether the line is of data, not of a landscape; of both it cannot be."""
    of_data, of_a_landscape = list(filter(given, OF_DATA)), list(filter(given, OF_A_LANDSCAPE))
    if of_data and of_a_landscape:
        one, other = of_a_landscape[0], of_data[0].replace("_", "-")
        raise PolyakError(f"--{one} is of a landscape and --{other} of data: sweep on one of them")
    if task.column is not None and not of_data:
        raise PolyakError("--column needs --data; a value to reach is --target")
    return bool(of_data)
