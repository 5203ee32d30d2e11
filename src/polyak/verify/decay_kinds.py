"""What a weight decay may be: each kind by its name, in words, and by what it takes off x beside the step."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from polyak.frameworks.steppers import Array


class DecayKind(NamedTuple):
    """A kind of weight decay of strength w.

    Attributes:
        verdict: what it is called.
        does: what it does, in words.
        beside: (w, lr, x, step) -> what is taken off beside the step; None for what is added to the gradient.
    """

    verdict: str
    does: str
    beside: Callable[[float, float, Array, Array], Array | float] | None = None


KINDS = {
    "coupled": DecayKind("coupled", "is added to the gradient and passes through the slots"),
    "decoupled": DecayKind(
        "decoupled", "times lr, is taken off beside the step", lambda w, lr, x, _: lr * w * x
    ),
    "not times lr": DecayKind(
        "decoupled, not times lr",
        "is taken off beside the step, not times lr",
        lambda w, _lr, x, _: w * x,
    ),
    "after the step": DecayKind(
        "decoupled, after the step",
        "times lr, is taken off after the step",
        lambda w, lr, x, step: lr * w * (x + step),
    ),
    "by the sign": DecayKind(
        "by the sign",
        "takes lr times itself off every number, by its sign, whatever its size",
        lambda w, lr, x, _: lr * w * np.sign(x),
    ),
    "by a constant": DecayKind(
        "by a constant",
        "takes lr times itself off every number, whatever its size and sign: a constant",
        lambda w, lr, _x, _: lr * w,
    ),
}
