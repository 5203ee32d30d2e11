"""AdaBelief: Adam whose squares are those of what the mean did not foresee."""

from __future__ import annotations

from array_api_compat import array_namespace

from polyak.rules.base import Array, Rule, Slots
from polyak.rules.hyperparameters import TUNED_MOMENTUM, Scalar, decay, eps, hyperparameter, lr
from polyak.rules.root import root


class AdaBelief(Rule):
    """AdaBelief: the averaged gradient over the root of its own averaged squared error.

    The authors' package has one eps for both places, as timm has; Optax has two, of 1e-16.

    >>> import numpy as np
    >>> rule = AdaBelief(lr=0.5, beta1=0.75, eps=0.0, eps_root=0.0)
    >>> updates, state = rule.update(np.array([3.0, -4.0]), rule.init(np.zeros(2)), np.zeros(2))
    >>> updates.round(6)
    array([-0.666667,  0.666667])
    """

    formula = (
        r"m \leftarrow \beta_1 m + (1-\beta_1)\, g, \quad s \leftarrow \beta_2 s + (1-\beta_2)\, (g - m)^2"
        r" + \epsilon_s \\"
        r" \hat m = \frac{m}{1-\beta_1^t}, \quad \hat s = \frac{s}{1-\beta_2^t} \\"
        r" x \leftarrow x - \eta\, \frac{\hat m}{\sqrt{\hat s} + \epsilon}"
    )
    source = "Zhuang, J. et al. (2020). AdaBelief optimizer: adapting stepsizes by the belief, Algorithm 2."
    lr: Scalar = lr(tuned="log:1e-4:1")
    beta1: Scalar = decay(default=0.9, symbol=r"\beta_1", of="g", tuned=TUNED_MOMENTUM)
    beta2: Scalar = decay(default=0.999, symbol=r"\beta_2", of="(g - m)^2")
    eps: Scalar = eps(default=1e-16)
    eps_root: Scalar = hyperparameter(
        default=1e-16, symbol=r"\epsilon_s", meaning="added to the squares at every step, and kept in them"
    )

    def slots(self, x: Array) -> Slots:
        xp = array_namespace(x)
        return {"mean": xp.zeros_like(x), "squares": xp.zeros_like(x), "t": xp.zeros((), dtype=x.dtype)}

    def step(self, g: Array, slots: Slots, x: Array) -> tuple[Array, Slots]:
        t = slots["t"] + 1
        m = self.beta1 * slots["mean"] + (1 - self.beta1) * g
        s = self.beta2 * slots["squares"] + (1 - self.beta2) * (g - m) ** 2 + self.eps_root
        m_hat, s_hat = m / (1 - self.beta1**t), s / (1 - self.beta2**t)
        return -self.lr * m_hat / root(s_hat, self.eps, "outside"), {"mean": m, "squares": s, "t": t}
