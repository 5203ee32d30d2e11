"""Signum: the sign of the velocity."""

from __future__ import annotations

from array_api_compat import array_namespace

from polyak.rules.base import Array, Rule, Slots
from polyak.rules.hyperparameters import Scalar, lr, momentum


class Signum(Rule):
    """Signum: every coordinate steps by the learning rate, against the sign of the averaged gradient.

    >>> import numpy as np
    >>> rule = Signum(lr=0.5, momentum=0.9)
    >>> updates, state = rule.update(np.array([3.0, -4.0]), rule.init(np.zeros(2)), np.zeros(2))
    >>> updates
    array([-0.5,  0.5])
    """

    formula = r"v \leftarrow \gamma\, v + (1-\gamma)\, g \\ x \leftarrow x - \eta\, \mathrm{sign}(v)"
    source = (
        "Bernstein, J. et al. (2018). signSGD: compressed optimisation for non-convex problems, Algorithm 2."
    )
    lr: Scalar = lr(tuned="log:1e-5:0.1", begin=0.2)
    momentum: Scalar = momentum()

    def slots(self, x: Array) -> Slots:
        return {"velocity": array_namespace(x).zeros_like(x)}

    def step(self, g: Array, slots: Slots, x: Array) -> tuple[Array, Slots]:
        v = self.momentum * slots["velocity"] + (1 - self.momentum) * g
        return -self.lr * array_namespace(g).sign(v), {"velocity": v}
