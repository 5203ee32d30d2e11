"""What is read of a training: each quantity a file of `quantities/`, which registers itself by the word above it."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from polyak.diagnose.watch.context import Context
from polyak.ground.registry import Catalogue, import_all

Number = float | NDArray[np.float64]
Compute = Callable[[Context], Number]
Before = Callable[[Context], object]


@dataclass(frozen=True)
class Quantity:
    """Something that is read every so many steps.

    Attributes:
        name: of its column.
        unit: what its number is measured in, in words.
        cost: what one reading takes, in words.
        compute: of a reading, its number, or one for each layer; nan where it cannot be had.
        by_layer: whether it is one for each layer.
        before: run at the step before a reading, at its end; what it returns is `Context.kept` at the reading. It must
            be small. None where nothing is needed.
    """

    name: str
    unit: str
    cost: str
    compute: Compute
    by_layer: bool = False
    before: Before | None = None


QUANTITIES = Catalogue[Quantity]("quantity")


def quantity(
    name: str, *, unit: str, cost: str, by_layer: bool = False, before: Before | None = None
) -> Callable[[Compute], Compute]:
    """Register what the function below computes, under a name."""

    def register(compute: Compute) -> Compute:
        QUANTITIES.add(name, Quantity(name, unit, cost, compute, by_layer, before), home=compute.__module__)
        return compute

    return register


@functools.cache
def quantities() -> tuple[Quantity, ...]:
    """Those that there are, in the order of their names.

    >>> [each.name for each in quantities() if each.by_layer][:2]
    ['layer_gradient_norm', 'layer_parameter_norm']
    """
    import_all("polyak.diagnose.watch.quantities")
    return tuple(sorted(QUANTITIES.values(), key=lambda each: each.name))
