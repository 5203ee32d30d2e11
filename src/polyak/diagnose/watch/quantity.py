"""What is read of a training: each quantity a file of `quantities/`, which registers itself by the word above it."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from polyak.diagnose.watch.context import Context
from polyak.ground.registry import Catalogue, import_all

Number = float | NDArray[np.float64]
Compute = Callable[[Context], Number]
Before = Callable[[Context], object]
Ahead = Callable[[Mapping[str, float]], int]


def one_step(_: Mapping[str, float]) -> int:
    """The step before a reading, whatever the settings."""
    return 1


@dataclass(frozen=True)
class Quantity:
    """Something that is read every so many steps.

    Attributes:
        name: of its column.
        unit: what its number is measured in, in words.
        cost: what one reading takes, in words.
        compute: of a reading, its number, or one for each layer; nan where it cannot be had.
        by_layer: whether it is one for each layer.
        before: run some steps before a reading, at the end of one; what it returns is `Context.kept` at the reading. It
            must be small. None where nothing is needed.
        ahead: how many steps before, at the optimizer's settings; by default one.
        of_update: whether it is of what the step changed: it is read first, and then that is no longer held.
    """

    name: str
    unit: str
    cost: str
    compute: Compute
    by_layer: bool = False
    before: Before | None = None
    ahead: Ahead = one_step
    of_update: bool = False


QUANTITIES = Catalogue[Quantity]("quantity")


def quantity(
    name: str,
    *,
    unit: str,
    cost: str,
    by_layer: bool = False,
    before: Before | None = None,
    ahead: Ahead = one_step,
    of_update: bool = False,
) -> Callable[[Compute], Compute]:
    """Register what the function below computes, under a name."""

    def register(compute: Compute) -> Compute:
        made = Quantity(name, unit, cost, compute, by_layer, before, ahead, of_update)
        QUANTITIES.add(name, made, home=compute.__module__)
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
