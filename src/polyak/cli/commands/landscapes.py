"""`polyak landscapes`."""

from __future__ import annotations

from collections.abc import Sequence

from polyak.cli.answers import Json
from polyak.cli.command import WHAT_THERE_IS, command
from polyak.ground.numbers import readable


@command(group=WHAT_THERE_IS)
def landscapes(as_json: Json = False) -> None:
    """List the landscapes, with their starts and minimisers."""
    from polyak.cli.tables import print_table
    from polyak.landscapes import CATALOGUE

    rows = [
        (name, _point(place.start), "; ".join(map(_point, place.minimisers)) or "none", place.formula)
        for name, place in CATALOGUE.items()
    ]
    rows.append(
        ("quadratic:1,10", "-1 in every axis", "0", "a quadratic of the curvatures given, any dimension")
    )
    rows.append(("my_file.py:f", "--start, or (-5, -2)", "", "any function of your own, f(x1, x2) or f(x)"))
    print_table(("landscape", "start", "minimisers", "formula (LaTeX)"), rows, as_json)


def _point(point: Sequence[float]) -> str:
    return f"({', '.join(f'{readable(value, 6)}' for value in point)})"
