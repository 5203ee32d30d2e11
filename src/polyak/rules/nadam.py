"""NAdam: Adam with Nesterov's look-ahead."""

from __future__ import annotations

from array_api_compat import array_namespace

from polyak.ground.types import Number
from polyak.rules.base import Array, Rule, Slots
from polyak.rules.hyperparameters import (
    TUNED_MOMENTUM,
    Scalar,
    choice,
    decay,
    eps,
    eps_position,
    hyperparameter,
    lr,
)
from polyak.rules.root import root


class NAdam(Rule):
    """NAdam: the corrected mean that Adam will have at the next step, were its gradient the same.

    With a warming momentum (Dozat's schedule, PyTorch's default) mu_t rises from beta1/2 to beta1; with a
    constant one (Optax's form) it is beta1 throughout.

    >>> import numpy as np
    >>> rule = NAdam(lr=0.5, beta1=0.5, eps=0.0, momentum_schedule="constant")
    >>> updates, state = rule.update(np.array([3.0]), rule.init(np.zeros(1)), np.zeros(1))
    >>> updates.round(6)
    array([-0.666667])
    """

    formula = (
        r"m \leftarrow \beta_1 m + (1-\beta_1)\, g, \quad s \leftarrow \beta_2 s + (1-\beta_2)\, g^2, \quad"
        r" \mu_t = \beta_1 (1 - \frac{1}{2}\, 0.96^{t \psi}) \\"
        r" \hat m = \frac{\mu_{t+1}\, m}{1-\prod_{i \leq t+1} \mu_i} + \frac{(1-\mu_t)\, g}{1-\prod_{i \leq t} \mu_i},"
        r" \quad \hat s = \frac{s}{1-\beta_2^t} \\"
        r" x \leftarrow x - \eta\, \frac{\hat m}{\sqrt{\hat s} + \epsilon}"
    )
    source = "Dozat, T. (2016). Incorporating Nesterov momentum into Adam, Algorithm 8."
    lr: Scalar = lr(tuned="log:1e-4:1")
    beta1: Scalar = decay(default=0.9, symbol=r"\beta_1", of="g", tuned=TUNED_MOMENTUM)
    beta2: Scalar = decay(default=0.999, symbol=r"\beta_2", of="g^2")
    eps: Scalar = eps(default=1e-8)
    momentum_decay: Scalar = hyperparameter(
        default=0.004, symbol=r"\psi", meaning="how fast a warming momentum rises to beta1"
    )
    momentum_schedule: str = choice(
        default="warming",
        options=("warming", "constant"),
        meaning="whether mu_t warms up from beta1/2 or is beta1",
    )
    eps_position: str = eps_position(default="outside")

    def slots(self, x: Array) -> Slots:
        xp = array_namespace(x)
        return {
            "mean": xp.zeros_like(x),
            "squares": xp.zeros_like(x),
            "t": xp.zeros((), dtype=x.dtype),
            "momentum_product": xp.ones((), dtype=x.dtype),
        }

    def step(self, g: Array, slots: Slots, x: Array) -> tuple[Array, Slots]:
        t = slots["t"] + 1
        m = self.beta1 * slots["mean"] + (1 - self.beta1) * g
        s = self.beta2 * slots["squares"] + (1 - self.beta2) * g**2
        mu, mu_next = self._mu(t), self._mu(t + 1)
        product = slots["momentum_product"] * mu
        m_hat = mu_next * m / (1 - product * mu_next) + (1 - mu) * g / (1 - product)
        s_hat = s / (1 - self.beta2**t)
        new = {"mean": m, "squares": s, "t": t, "momentum_product": product}
        return -self.lr * m_hat / root(s_hat, self.eps, self.eps_position), new

    def _mu(self, t: Number) -> Number:
        if self.momentum_schedule == "constant":
            return self.beta1
        return self.beta1 * (1 - 0.5 * 0.96 ** (t * self.momentum_decay))
