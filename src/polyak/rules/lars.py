"""LARS: momentum whose steps are scaled array by array, by the size of the parameters over that of the gradient."""

from __future__ import annotations

from typing import ClassVar

from array_api_compat import array_namespace

from polyak.ground.types import Number
from polyak.rules.base import Array, Rule, Slots
from polyak.rules.hyperparameters import (
    Scalar,
    choice,
    eps,
    hyperparameter,
    lr,
    lr_in_velocity,
    momentum,
)


def trust_ratio(x: Array, u: Array, coefficient: Number = 1.0, eps: Number = 0.0) -> Array:
    """coefficient |x| / (|u| + eps) of a whole array; 1 where either is 0.

    >>> import numpy as np
    >>> float(trust_ratio(np.array([3.0, 4.0]), np.array([0.0, 2.0]))), float(trust_ratio(np.zeros(2), np.ones(2)))
    (2.5, 1.0)
    """
    xp = array_namespace(u)
    of_x, of_u = xp.sqrt(xp.sum(x * x)), xp.sqrt(xp.sum(u * u))
    there = (of_x > 0) & (of_u > 0)
    ratio: Array = coefficient * of_x / (xp.where(there, of_u, xp.ones_like(of_u)) + eps)
    found: Array = xp.where(there, ratio, xp.ones_like(ratio))
    return found


class LARS(Rule):
    """LARS: each array's gradient is scaled to a share of the array's own size, and passed to momentum.

    It is not elementwise: what one number does depends on all others of its array. A weight decay is added to the
    gradient first, as in Optax (the paper adds its size to the gradient's in the denominator).

    >>> import numpy as np
    >>> rule = LARS(lr=0.5, trust_coefficient=0.1)
    >>> x = np.array([3.0, 4.0])
    >>> updates, state = rule.update(np.array([0.0, 2.0]), rule.init(x), x)
    >>> updates
    array([-0.  , -0.25])
    """

    formula = (
        r"r = \tau\, \frac{|x|}{|g| + \epsilon}, \quad v \leftarrow \gamma\, v + \eta\, r\, g \\"
        r" x \leftarrow x - v"
    )
    source = "You, Y., Gitman, I. & Ginsburg, B. (2017). Large batch training of convolutional networks, Algorithm 1."
    elementwise: ClassVar[bool] = False
    lr: Scalar = lr(tuned="log:1e-3:1e3", begin=1.0)
    momentum: Scalar = momentum(default=0.9)
    trust_coefficient: Scalar = hyperparameter(
        default=0.001, symbol=r"\tau", meaning="share of an array's size that a step of lr 1 has"
    )
    eps: Scalar = eps(default=0.0)
    lr_in_velocity: bool = lr_in_velocity(default=True)
    nesterov: bool = choice(default=False, options=(False, True), meaning="whether the velocity looks ahead")

    def slots(self, x: Array) -> Slots:
        return {"velocity": array_namespace(x).zeros_like(x)}

    def step(self, g: Array, slots: Slots, x: Array) -> tuple[Array, Slots]:
        inside, outside = (self.lr, 1.0) if self.lr_in_velocity else (1.0, self.lr)
        taken = inside * trust_ratio(x, g, self.trust_coefficient, self.eps) * g
        v = self.momentum * slots["velocity"] + taken
        return -outside * (self.momentum * v + taken if self.nesterov else v), {"velocity": v}
