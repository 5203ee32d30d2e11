"""Adam, with every point on which frameworks differ as a named setting."""

from __future__ import annotations

from array_api_compat import array_namespace

from polyak.rules.base import Array, Rule, Slots
from polyak.rules.hyperparameters import (
    TUNED_MOMENTUM,
    Scalar,
    choice,
    decay,
    decay_kind,
    eps,
    lr,
    weight_decay,
)
from polyak.rules.root import root
from polyak.rules.weight_decay import pull


class Adam(Rule):
    """Adam: the averaged gradient over the root of the averaged squares, both corrected for their start.

    >>> import numpy as np
    >>> rule = Adam(lr=0.5, eps=0.0)
    >>> updates, state = rule.update(np.array([3.0, -4.0]), rule.init(np.zeros(2)), np.zeros(2))
    >>> updates
    array([-0.5,  0.5])
    """

    formula = (
        r"m \leftarrow \beta_1 m + (1-\beta_1)\, g, \quad s \leftarrow \beta_2 s + (1-\beta_2)\, g^2 \\"
        r" \hat m = \frac{m}{1-\beta_1^t}, \quad \hat s = \frac{s}{1-\beta_2^t} \\"
        r" x \leftarrow x - \eta\, \frac{\hat m}{\sqrt{\hat s} + \epsilon}"
    )
    source = (
        "Kingma, D. P. & Ba, J. (2015). Adam: a method for stochastic optimization, Algorithm 1; "
        "eps before the correction (their eps-hat) as in section 2."
    )
    lr: Scalar = lr(tuned="log:1e-4:1")
    beta1: Scalar = decay(default=0.9, symbol=r"\beta_1", of="g", tuned=TUNED_MOMENTUM)
    beta2: Scalar = decay(default=0.999, symbol=r"\beta_2", of="g^2")
    eps: Scalar = eps(default=1e-8)
    weight_decay: Scalar = weight_decay(default=0.0)
    eps_position: str = choice(
        default="outside",
        options=("outside", "inside", "before_correction"),
        meaning="sqrt(s_hat) + eps, sqrt(s_hat + eps), or sqrt(s) + eps before s is corrected (eps-hat)",
    )
    bias_correction: bool = choice(
        default=True, options=(True, False), meaning="whether m and s are corrected for their start"
    )
    decay: str = decay_kind(default="coupled")

    def slots(self, x: Array) -> Slots:
        xp = array_namespace(x)
        return {"mean": xp.zeros_like(x), "squares": xp.zeros_like(x), "t": xp.zeros((), dtype=x.dtype)}

    def step(self, g: Array, slots: Slots, x: Array) -> tuple[Array, Slots]:
        toward_zero = pull(x, self.weight_decay)
        if self.decay == "coupled":
            g, toward_zero = g + toward_zero, 0.0
        t = slots["t"] + 1
        m = self.beta1 * slots["mean"] + (1 - self.beta1) * g
        s = self.beta2 * slots["squares"] + (1 - self.beta2) * g**2
        new = {"mean": m, "squares": s, "t": t}
        c1, c2 = (1 - self.beta1**t, 1 - self.beta2**t) if self.bias_correction else (1.0, 1.0)
        if self.eps_position == "before_correction":
            ratio = c2**0.5 / c1 * m / root(s, self.eps, "outside")
        else:
            ratio = m / c1 / root(s / c2, self.eps, self.eps_position)
        return -self.lr * (ratio + toward_zero), new
