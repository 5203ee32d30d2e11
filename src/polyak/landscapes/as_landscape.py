"""What people name a landscape by: one, the name of one of ours, a quadratic's curvatures, a function of theirs."""

from __future__ import annotations

from collections.abc import Sequence

from polyak.ground.errors import PolyakError
from polyak.landscapes.catalogue import CATALOGUE
from polyak.landscapes.custom import from_function
from polyak.landscapes.landscape import Landscape
from polyak.landscapes.quadratic import quadratic

QUADRATIC = "quadratic:"


def as_landscape(on: object, start: Sequence[float] | None = None) -> Landscape:
    """A Landscape from one, from the name of one of ours, from "quadratic:0.1,1,3", or from a function.

    Args:
        on: a Landscape; a name; quadratic: and its curvatures; a function f(x1, x2), or of a vector f(x).
        start: coordinates to begin at, instead of the landscape's own; a function of a vector needs them.

    Raises PolyakError for what is none of these, and for a start of another number of coordinates.

    >>> as_landscape("ravine"), as_landscape(lambda x1, x2: x1**2 + x2**2).dimension
    (Landscape(ravine, start=(-5.0, -2.0)), 2)
    >>> as_landscape("quadratic:0.1,1,3").start, as_landscape(lambda x: (x**2).sum(), start=[1, 2, 3]).dimension
    ((-1.0, -1.0, -1.0), 3)
    """
    if callable(on) and not isinstance(on, Landscape):
        return from_function(on, start=start)
    if isinstance(on, Landscape):
        landscape = on
    elif isinstance(on, str):
        named = on.strip().startswith(QUADRATIC)
        landscape = quadratic(_curvatures(on.strip())) if named else CATALOGUE.find(on)
    else:
        raise PolyakError(f"{on!r} is no landscape: expected a Landscape, its name, or a function f(x1, x2)")
    return landscape if start is None else landscape.starting_at(start)


def _curvatures(name: str) -> list[float]:
    try:
        return [float(word) for word in name.removeprefix(QUADRATIC).split(",")]
    except ValueError:
        expected = "expected curvatures parted by commas, such as quadratic:0.1,1,3"
        raise PolyakError(f"'{name}' is no quadratic: {expected}") from None
