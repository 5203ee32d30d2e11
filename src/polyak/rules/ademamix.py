"""AdEMAMix: Adam with a second, far longer memory of the gradients."""

from __future__ import annotations

from array_api_compat import array_namespace

from polyak.rules.base import Array, Rule, Slots
from polyak.rules.hyperparameters import TUNED_MOMENTUM, Scalar, decay, eps, hyperparameter, lr
from polyak.rules.root import root


class AdEMAMix(Rule):
    """AdEMAMix: a fast and a slow mean of the gradients over the root of the averaged squares.

    The slow mean is not corrected for its start: it fills slowly. The paper warms alpha and beta3 up; here each may be
    a schedule of the step.

    >>> import numpy as np
    >>> rule = AdEMAMix(lr=0.5, beta3=0.75, alpha=2.0, eps=0.0)
    >>> updates, state = rule.update(np.array([3.0, -4.0]), rule.init(np.zeros(2)), np.zeros(2))
    >>> updates.round(6)
    array([-0.75,  0.75])
    """

    formula = (
        r"m \leftarrow \beta_1 m + (1-\beta_1)\, g, \quad n \leftarrow \beta_3 n + (1-\beta_3)\, g, \quad"
        r" s \leftarrow \beta_2 s + (1-\beta_2)\, g^2 \\"
        r" \hat m = \frac{m}{1-\beta_1^t}, \quad \hat s = \frac{s}{1-\beta_2^t} \\"
        r" x \leftarrow x - \eta\, \frac{\hat m + \alpha n}{\sqrt{\hat s} + \epsilon}"
    )
    source = "Pagliardini, M., Ablin, P. & Grangier, D. (2024). The AdEMAMix optimizer, Algorithm 1."
    lr: Scalar = lr(tuned="log:1e-4:1", begin=0.1)
    beta1: Scalar = decay(default=0.9, symbol=r"\beta_1", of="g", tuned=TUNED_MOMENTUM)
    beta2: Scalar = decay(default=0.999, symbol=r"\beta_2", of="g^2")
    beta3: Scalar = decay(default=0.9999, symbol=r"\beta_3", of="g, the slow one")
    alpha: Scalar = hyperparameter(default=5.0, symbol=r"\alpha", meaning="weight of the slow mean")
    eps: Scalar = eps(default=1e-8)

    def slots(self, x: Array) -> Slots:
        xp = array_namespace(x)
        zeros = {name: xp.zeros_like(x) for name in ("mean", "slow_mean", "squares")}
        return {**zeros, "t": xp.zeros((), dtype=x.dtype)}

    def step(self, g: Array, slots: Slots, x: Array) -> tuple[Array, Slots]:
        t = slots["t"] + 1
        m = self.beta1 * slots["mean"] + (1 - self.beta1) * g
        n = self.beta3 * slots["slow_mean"] + (1 - self.beta3) * g
        s = self.beta2 * slots["squares"] + (1 - self.beta2) * g**2
        m_hat, s_hat = m / (1 - self.beta1**t), s / (1 - self.beta2**t)
        new = {"mean": m, "slow_mean": n, "squares": s, "t": t}
        return -self.lr * (m_hat + self.alpha * n) / root(s_hat, self.eps, "outside"), new
