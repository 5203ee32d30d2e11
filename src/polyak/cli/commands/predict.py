"""`polyak predict`: what theory says beforehand."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import typer

from polyak.cli.command import command
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
    landscape_from,
)
from polyak.ground.errors import PolyakError, whole_number
from polyak.ground.numbers import readable

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from polyak.rules import Optimizer

STEPS = 20  # of the descent that a landscape's prediction is held against


@command("expected_loss", settings=True)
def predict(
    context: typer.Context,
    rule: Rule,
    task: Task,
    curvature: Curvature = None,
    on: On = None,
    seeds: int = 100,
    *,
    out: Out = None,
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
    if task.data is not None:
        figure = _expectation(optimizer, task, seeds, options)
    else:
        figure = _stability(optimizer, curvature, on)
    write_picture(out, figure)


def _stability(rule: Optimizer, curvature: str | None, on: str | None) -> Callable[[], Figure]:
    from polyak.theory import beyond_quadratics, response, stability

    stable = stability(rule, curvatures_or_landscape(curvature, on))
    typer.echo(response(rule))
    typer.echo(stable)
    for sentence in stable.words():
        typer.echo(sentence)
    if on is not None:
        _say_where_it_holds(rule, on)
    if (held := beyond_quadratics(stable)) is not None:
        typer.echo(held)
    return stable.plot


def _say_where_it_holds(rule: Optimizer, on: str) -> None:
    """Whether the landscape is a quadratic along the rule's own descent: else nothing is predicted of it."""
    from polyak.run import descend
    from polyak.theory.departure import CHANGES, curvature_change

    landscape = landscape_from(on)
    change = curvature_change(landscape, descend(rule, landscape, STEPS).positions)
    if change > CHANGES:
        typer.echo(
            f"The curvature of {landscape.name} changes along the descent, by {readable(100 * change, 3)} % in "
            f"{STEPS} steps: "
            "all this holds close to the point that it is taken at, and predicts nothing of the way there."
        )


def _expectation(rule: Optimizer, task: Task, seeds: int, options: dict[str, Any]) -> Callable[[], Figure]:
    from polyak.cli.tables import print_table
    from polyak.study import measured_beside, side_by_side
    from polyak.theory import expected_loss

    problem = task.made()
    runs = whole_number("seeds", seeds, at_least=2)
    check_time(problem, epochs=1, runs=runs, **options)
    expected = expected_loss(rule, problem, seeds=runs, **options)
    with shown("real runs", "epochs") as progress:
        measured = measured_beside(expected, runs, progress=progress)
    typer.echo(expected)
    print_table(*side_by_side(expected, measured))
    return lambda: expected.plot(measured=measured)
