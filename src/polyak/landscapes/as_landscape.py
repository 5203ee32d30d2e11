"""What people name a landscape by: one, the name of one of ours, a function of their own."""

from __future__ import annotations

from polyak.ground.errors import PolyakError
from polyak.landscapes.catalogue import CATALOGUE
from polyak.landscapes.custom import from_function
from polyak.landscapes.landscape import Landscape


def as_landscape(on: object) -> Landscape:
    """A Landscape from one, from the name of one of ours, or from a function.

    >>> as_landscape("ravine"), as_landscape(lambda x1, x2: x1**2 + x2**2).dimension
    (Landscape(ravine, start=(-5.0, -2.0)), 2)
    """
    if isinstance(on, Landscape):
        return on
    if isinstance(on, str):
        return CATALOGUE.find(on)
    if callable(on):
        return from_function(on)
    raise PolyakError(f"{on!r} is no landscape: expected a Landscape, its name, or a function f(x1, x2)")
