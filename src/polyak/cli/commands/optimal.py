"""`polyak optimal`."""

from __future__ import annotations

from typing import Annotated

import typer

from polyak.cli.answers import Json, answer
from polyak.cli.command import A_RULE, command
from polyak.cli.outputs import check_picture, write_picture
from polyak.cli.words import Curvature, On, Out, Rule, curvatures_or_landscape
from polyak.ground.errors import PolyakError

CONDITION_NUMBERS = (1.5, 3.0, 10.0, 30.0, 100.0, 300.0, 1000.0)
LARGEST_SHOWN = 1e8  # beyond it the best setting is within rounding of the edge


@command(group=A_RULE)
def optimal(
    rule: Rule,
    curvature: Curvature = None,
    on: On = None,
    over: Annotated[
        str,
        typer.Option(
            help="quadratics, or convex: the best certified on all functions between the curvatures."
        ),
    ] = "quadratics",
    out: Out = None,
    as_json: Json = False,
) -> None:
    """Find a rule's best setting on given curvatures, and what it buys over gradient descent."""
    from polyak.rules import find
    from polyak.show import condition_figure
    from polyak.theory import optimal as best
    from polyak.theory import rates_by_condition_number

    kind = find(rule)
    check_picture(out)
    if (curvature is None) == (on is None):
        raise PolyakError("optimal needs one of --curvature 0.2,4 or --on ravine")
    found = best(kind, curvatures_or_landscape(curvature, on), over=over)
    answer(found, as_json, rate=found.rate, condition_number=found.condition_number)
    kappa = found.condition_number
    shown = sorted({*CONDITION_NUMBERS, kappa}) if 1 < kappa <= LARGEST_SHOWN else CONDITION_NUMBERS
    marked = kappa if kappa in shown else None
    figure = lambda: condition_figure(rates_by_condition_number(kind, shown), condition_number=marked)  # noqa: E731
    write_picture(out, figure, beside_json=as_json)
