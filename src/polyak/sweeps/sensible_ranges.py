"""The range that each hyper-parameter is tuned over, where nobody says another."""

from __future__ import annotations

from typing import Any

from polyak.ground.errors import PolyakError
from polyak.sweeps.axes import Axis, log, memory
from polyak.sweeps.search_space import SearchSpace, known_settings, search_space

# A step of these is of the size of lr itself, whatever the gradient; of the others it is lr times a gradient or more.
SIGN = log(1e-5, 1e-1)
NORMALISED = log(1e-4, 1.0)
GRADIENT = log(1e-4, 10.0)
LEARNING_RATES = {
    "lion": SIGN,
    "signum": SIGN,
    "sign_sgd": SIGN,
    "adam": NORMALISED,
    "adamw": NORMALISED,
    "adamax": NORMALISED,
    "amsgrad": NORMALISED,
    "nadam": NORMALISED,
    "nadamw": NORMALISED,
    "radam": NORMALISED,
    "rmsprop": NORMALISED,
    "lamb": NORMALISED,
    "adagrad": log(1e-3, 10.0),
    "adadelta": log(1e-2, 100.0),
}
MOMENTUM = memory(1.0, 100.0)  # from none to 0.99
MOMENTA = ("momentum", "beta1", "b1", "rate")


def sensible_space(rule: Any, **settings: Any) -> SearchSpace:
    """A rule on the ranges that it is tuned over: its learning rate, and its momentum where it has one.

    Args:
        rule: as for `over`.
        settings: numbers and axes that are to stand instead.

    Raises PolyakError for a rule that has no learning rate.

    >>> from polyak.rules import Adam
    >>> {name: axis.spelled() for name, axis in sensible_space(Adam).axes.items()}
    {'lr': 'log:0.0001:1', 'beta1': 'memory:1:100'}
    """
    name, known = known_settings(rule)
    lr = next((found for found in ("lr", "learning_rate") if found in known), None)
    if lr is None:
        raise PolyakError(f"{name} has no learning rate to tune (it has: {', '.join(known) or 'nothing'})")
    ranges: dict[str, Axis] = {lr: LEARNING_RATES.get(name.rpartition(":")[2], GRADIENT)}
    ranges |= {momentum: MOMENTUM for momentum in MOMENTA if momentum in known}
    return search_space(rule, **{**ranges, **settings})
