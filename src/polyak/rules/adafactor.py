"""Adafactor: the averaged squares of a matrix kept as a row and a column, steps of the parameters' own size."""

from __future__ import annotations

import math
from types import ModuleType
from typing import ClassVar

from array_api_compat import array_namespace

from polyak.ground.types import Number
from polyak.rules.base import Array, Rule, Slots
from polyak.rules.hyperparameters import Scalar, choice, hyperparameter, lr

FEWEST = {"torch": 1, "optax": 128}  # numbers along an axis for it to be factored


class Adafactor(Rule):
    """Adafactor: the gradient over the root of factored squares, clipped by its size, times that of the parameters.

    It is not elementwise. In PyTorch's form lr is no more than 1/sqrt(t), every array of two axes or more is factored
    along its last two, and the squares are no less than eps^2; in Optax's lr is as it stands, arrays are factored along
    their two longest axes from 128 numbers on, and eps is added to the squares. Neither keeps a momentum here.

    >>> import numpy as np
    >>> rule = Adafactor(lr=0.5)
    >>> x = np.array([3.0, 4.0])
    >>> updates, state = rule.update(np.array([3.0, -4.0]), rule.init(x), x)
    >>> updates.round(6)
    array([-1.767767,  1.767767])
    """

    formula = (
        r"\beta = 1 - t^{-c}, \quad R \leftarrow \beta R + (1-\beta)\, g^2 1, \quad C \leftarrow \beta C"
        r" + (1-\beta)\, 1^T g^2 \\"
        r" u = \frac{g}{\sqrt{\max(R C / \overline{R}, \epsilon^2)}}, \quad \hat u = \frac{u}{\max(1, rms(u) / d)} \\"
        r" x \leftarrow x - \min(\eta, \frac{1}{\sqrt{t}})\, \max(\epsilon_2, rms(x))\, \hat u"
    )
    source = "Shazeer, N. & Stern, M. (2018). Adafactor: adaptive learning rates with sublinear memory, Algorithm 4."
    elementwise: ClassVar[bool] = False
    lr: Scalar = lr(default=0.01, tuned="log:1e-4:1", begin=0.1)
    clip: Scalar = hyperparameter(
        default=1.0, symbol="d", meaning="root mean square that a step has at most, before it is scaled"
    )
    decay_power: Scalar = hyperparameter(
        default=0.8, symbol="c", meaning="how fast the squares come to be kept"
    )
    eps: Scalar = hyperparameter(
        default=2.0**-52, symbol=r"\epsilon", meaning="keeps the denominator from zero", interval="(0, inf)"
    )
    least_size: Scalar = hyperparameter(
        default=1e-3, symbol=r"\epsilon_2", meaning="root mean square that parameters have at least"
    )
    form: str = choice(
        default="torch",
        options=("torch", "optax"),
        meaning="whose form: lr's bound, what is factored, eps's place",
    )

    def slots(self, x: Array) -> Slots:
        xp = array_namespace(x)
        begun: Slots = {"t": xp.zeros((), dtype=x.dtype)}
        axes = self._factored(x)
        if axes is None:
            return {**begun, "squares": xp.zeros_like(x)}
        return {
            **begun,
            **{
                name: xp.sum(xp.zeros_like(x), axis=axis, keepdims=True)
                for name, axis in zip(("rows", "columns"), axes, strict=True)
            },
        }

    def step(self, g: Array, slots: Slots, x: Array) -> tuple[Array, Slots]:
        xp = array_namespace(g)
        in_torch = self.form == "torch"
        t = xp.asarray(slots["t"]) + 1  # of g's library, for a power that is traced
        kept = 1 - t ** (-self.decay_power)
        squares = g**2 if in_torch else g**2 + self.eps
        new: Slots = {"t": t}
        axes = self._factored(x)
        if axes is None:
            new["squares"] = estimate = kept * slots["squares"] + (1 - kept) * squares
        else:
            row, column = axes
            new["rows"] = rows = kept * slots["rows"] + (1 - kept) * xp.mean(squares, axis=row, keepdims=True)
            new["columns"] = columns = kept * slots["columns"] + (1 - kept) * xp.mean(
                squares, axis=column, keepdims=True
            )
            mean = xp.mean(rows, axis=column, keepdims=True)
            estimate = rows * columns / (_at_least(mean, self.eps, xp) if in_torch else mean)
        u = g / xp.sqrt(_at_least(estimate, self.eps**2, xp) if in_torch else estimate)
        u = u / _at_least(_size(u, xp) / self.clip, 1.0, xp)
        rate = self.lr + 0 * t
        if in_torch:
            rate = xp.where(rate < t**-0.5, rate, t**-0.5)
        return -rate * _at_least(_size(x, xp), self.least_size, xp) * u, new

    def _factored(self, x: Array) -> tuple[int, int] | None:
        """The axes that the rows and the columns are means over; None where the array is kept whole."""
        if x.ndim < 2:
            return None
        if self.form == "torch":
            return x.ndim - 1, x.ndim - 2
        by_length = sorted(range(x.ndim), key=lambda axis: x.shape[axis])
        return (by_length[-1], by_length[-2]) if x.shape[by_length[-2]] >= FEWEST["optax"] else None


def _size(x: Array, xp: ModuleType) -> Array:
    """The root mean square; 0 of no numbers."""
    found: Array = xp.sqrt(xp.sum(x * x) / max(1, math.prod(x.shape)))
    return found


def _at_least(x: Array, least: Number, xp: ModuleType) -> Array:
    found: Array = xp.where(x > least, x, least + 0 * x)
    return found
