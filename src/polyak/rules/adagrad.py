"""Adagrad: each coordinate's learning rate falls with the gradients that it has seen."""

from __future__ import annotations

from array_api_compat import array_namespace

from polyak.rules.base import Array, Rule, Slots
from polyak.rules.hyperparameters import Scalar, eps, eps_position, hyperparameter, lr
from polyak.rules.root import root


class Adagrad(Rule):
    """Adagrad, with its accumulator's start and the place of eps as named settings.

    >>> import numpy as np
    >>> rule = Adagrad(lr=0.5, eps=0.0)
    >>> updates, state = rule.update(np.array([3.0, -4.0]), rule.init(np.zeros(2)), np.zeros(2))
    >>> updates
    array([-0.5,  0.5])
    """

    formula = r"s \leftarrow s + g^2 \\ x \leftarrow x - \frac{\eta}{\sqrt{s} + \epsilon}\, g"
    source = (
        "Duchi, J., Hazan, E. & Singer, Y. (2011). Adaptive subgradient methods for online learning and "
        "stochastic optimization, eq. (1) with the diagonal of G."
    )
    lr: Scalar = lr(tuned="log:1e-3:10", begin=1.0)
    eps: Scalar = eps(default=1e-10)
    initial_accumulator: Scalar = hyperparameter(default=0.0, symbol="s_0", meaning="the accumulator's start")
    eps_position: str = eps_position(default="outside")

    def slots(self, x: Array) -> Slots:
        return {"squares": array_namespace(x).full_like(x, self.initial_accumulator)}

    def step(self, g: Array, slots: Slots, x: Array) -> tuple[Array, Slots]:
        s = slots["squares"] + g**2
        return -self.lr * g / root(s, self.eps, self.eps_position), {"squares": s}
