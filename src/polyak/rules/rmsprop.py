"""RMSProp, with and without momentum."""

from __future__ import annotations

from array_api_compat import array_namespace

from polyak.rules.base import Array, Rule, Slots
from polyak.rules.hyperparameters import (
    Scalar,
    choice,
    decay,
    eps,
    eps_position,
    hyperparameter,
    lr,
    lr_in_velocity,
    momentum,
)
from polyak.rules.root import root


class RMSProp(Rule):
    """RMSProp: the gradient over the root of its squares' moving average, then through a heavy ball.

    >>> import numpy as np
    >>> rule = RMSProp(lr=0.5, decay=0.75, eps=0.0)
    >>> updates, state = rule.update(np.array([3.0, -4.0]), rule.init(np.zeros(2)), np.zeros(2))
    >>> updates
    array([-1.,  1.])
    """

    formula = (
        r"s \leftarrow \rho\, s + (1-\rho)\, g^2 \\ v \leftarrow \gamma\, v + \frac{\eta}{\sqrt{s} + \epsilon}\, g"
        r" \\ x \leftarrow x - v"
    )
    source = (
        "Tieleman, T. & Hinton, G. (2012). Lecture 6.5, Neural Networks for Machine Learning; with momentum and "
        "centred as Graves, A. (2013), Generating sequences with recurrent neural networks, eqs. (38)-(45)."
    )
    lr: Scalar = lr(tuned="log:1e-4:1")
    decay: Scalar = decay(default=0.99, symbol=r"\rho", of="g^2")
    eps: Scalar = eps(default=1e-8)
    momentum: Scalar = momentum(default=0.0)
    initial_accumulator: Scalar = hyperparameter(
        default=0.0, symbol="s_0", meaning="the start of the average of g^2"
    )
    eps_position: str = eps_position(default="outside")
    centered: bool = choice(
        default=False, options=(False, True), meaning="whether the squared mean is taken off, for a variance"
    )
    lr_in_velocity: bool = lr_in_velocity(default=True)

    def slots(self, x: Array) -> Slots:
        xp = array_namespace(x)
        slots = {"squares": xp.full_like(x, self.initial_accumulator), "velocity": xp.zeros_like(x)}
        return {**slots, "mean": xp.zeros_like(x)} if self.centered else slots

    def step(self, g: Array, slots: Slots, x: Array) -> tuple[Array, Slots]:
        rho = self.decay
        s = rho * slots["squares"] + (1 - rho) * g**2
        new, spread = {"squares": s}, s
        if self.centered:
            new["mean"] = rho * slots["mean"] + (1 - rho) * g
            spread = s - new["mean"] ** 2
        scaled = g / root(spread, self.eps, self.eps_position)
        c, p = (self.lr, 1.0) if self.lr_in_velocity else (1.0, self.lr)
        v = self.momentum * slots["velocity"] + c * scaled
        return -p * v, {**new, "velocity": v}
