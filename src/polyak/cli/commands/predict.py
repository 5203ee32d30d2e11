"""`polyak predict`: what theory says beforehand."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Annotated, Any

import typer

from polyak.cli.answers import Json, Plain, of, print_json, rows_of
from polyak.cli.command import A_RULE, command
from polyak.cli.outputs import check_picture, write_picture
from polyak.cli.progress import shown
from polyak.cli.typed import typed
from polyak.cli.words import (
    Curvature,
    On,
    Out,
    Rule,
    Task,
    check_time,
    curvatures_or_landscape,
)
from polyak.ground.errors import PolyakError, whole_number

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from polyak.rules import Optimizer
    from polyak.theory.predictions import Prediction


Typical = Annotated[bool, typer.Option(help="Simulate a typical run's edge too, in some seconds.")]


@command("expected_loss", settings=True, group=A_RULE)
def predict(
    context: typer.Context,
    rule: Rule,
    task: Task,
    curvature: Curvature = None,
    on: On = None,
    seeds: int = 100,
    typical: Typical = False,
    *,
    out: Out = None,
    as_json: Json = False,
    **options: Any,
) -> None:
    """Predict a rule: its response and stability on curvatures, or its expected loss on data beside real runs."""
    from polyak.cli.rules import rule_from
    from polyak.theory.expected_training import MOST_STEPS

    optimizer = rule_from(rule, typed(context))
    check_picture(out)
    whole_number("steps", options["steps"], at_least=1, at_most=MOST_STEPS)
    if [curvature, on, task.data].count(None) != 2:
        raise PolyakError("predict needs one of --curvature 0.2,4, --on ravine or --data airfoil")
    if options["held_out"] is not None and task.data is None:
        raise PolyakError("--held-out is of rows: it needs --data")
    if typical and task.data is None:
        raise PolyakError("--typical is of mini-batches: it needs --data")
    if task.data is not None:
        figure = _expectation(optimizer, task, seeds, typical=typical, as_json=as_json, **options)
    else:
        figure = _stability(optimizer, curvature, on, as_json)
    write_picture(out, figure, beside_json=as_json)


def _stability(rule: Optimizer, curvature: str | None, on: str | None, as_json: bool) -> Callable[[], Figure]:
    from polyak.theory.predictions import OnCurvatures, predictions

    asked = OnCurvatures(rule, curvatures_or_landscape(curvature, on))
    said = predictions(asked)
    if as_json:
        print_json({"predictions": _plain(said), "stability": of(asked.stability)})
    else:
        _say(said)
    return asked.stability.plot


def _expectation(
    rule: Optimizer,
    task: Task,
    seeds: int,
    batch_size: int,
    steps: int,
    held_out: float | None,
    *,
    typical: bool,
    as_json: bool,
) -> Callable[[], Figure]:
    from polyak.cli.tables import print_table
    from polyak.problems import hold_out
    from polyak.study import measured_beside, side_by_side
    from polyak.theory.predictions import InTraining, predictions

    problem = task.made() if held_out is None else hold_out(task.made(), held_out)
    runs = whole_number("seeds", seeds, at_least=2)
    check_time(problem, batch_size, 1, runs)
    said = predictions(InTraining(rule, problem, batch_size, steps, runs))
    expected: Any = said["expectation"].result
    with shown("real runs", "epochs") as progress:
        measured = measured_beside(expected, runs, progress=progress)
    if as_json:
        steps_taken = rows_of(*side_by_side(expected, measured))
        print_json({"predictions": _plain(said), "expectation": of(expected), "measured": steps_taken})
        return lambda: expected.plot(measured=measured)
    _say(said)
    if typical and "batch edges" in said:
        edges: Any = said["batch edges"].result
        with shown("a typical run's edge", "learning rates") as progress:
            edges.simulate(progress)
        for line in edges.words():
            typer.echo(line)
    print_table(*side_by_side(expected, measured))
    return lambda: expected.plot(measured=measured)


def _plain(said: Mapping[str, Prediction]) -> dict[str, Plain]:
    return {name: list(prediction.lines) for name, prediction in said.items()}


def _say(said: Mapping[str, Prediction]) -> None:
    for prediction in said.values():
        for line in prediction.lines:
            typer.echo(line)
