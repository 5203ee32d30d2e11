"""Adan: Adam's scaling of a mean gradient that looks ahead by the mean of its changes."""

from __future__ import annotations

from array_api_compat import array_namespace

from polyak.rules.base import Array, Rule, Slots
from polyak.rules.hyperparameters import TUNED_MOMENTUM, Scalar, choice, decay, eps, hyperparameter, lr


class Adan(Rule):
    """Adan: the mean gradient and the mean of its changes, over the root of the squares of both.

    The betas are decays, as in the authors' code and in Optax; the paper's are 1 less these. Optax 0.2.8 weighs the
    changes by 1 - beta2 where the paper and the authors' code have beta2: 0.08 and not 0.92 at the default.

    >>> import numpy as np
    >>> rule = Adan(lr=0.5, eps=0.0)
    >>> updates, state = rule.update(np.array([3.0, -4.0]), rule.init(np.zeros(2)), np.zeros(2))
    >>> updates
    array([-0.5,  0.5])
    """

    formula = (
        r"d = g - g_{t-1}, \quad m \leftarrow \beta_1 m + (1-\beta_1)\, g, \quad"
        r" v \leftarrow \beta_2 v + (1-\beta_2)\, d,"
        r" \quad s \leftarrow \beta_3 s + (1-\beta_3)\, (g + w d)^2 \\"
        r" w = \beta_2 \mathrm{\ (or\ } 1-\beta_2 \mathrm{)}, \quad"
        r" \hat m = \frac{m}{1-\beta_1^t}, \quad \hat v = \frac{v}{1-\beta_2^t},"
        r" \quad \hat s = \frac{s}{1-\beta_3^t} \\"
        r" x \leftarrow x - \eta\, \frac{\hat m + w \hat v}{\sqrt{\hat s + \epsilon_s} + \epsilon}"
    )
    source = "Xie, X. et al. (2022). Adan: adaptive Nesterov momentum algorithm, Algorithm 1."
    lr: Scalar = lr(tuned="log:1e-4:1")
    beta1: Scalar = decay(default=0.98, symbol=r"\beta_1", of="g", tuned=TUNED_MOMENTUM)
    beta2: Scalar = decay(default=0.92, symbol=r"\beta_2", of="the changes of g")
    beta3: Scalar = decay(default=0.99, symbol=r"\beta_3", of="(g + w d)^2")
    eps: Scalar = eps(default=1e-8)
    eps_root: Scalar = hyperparameter(default=0.0, symbol=r"\epsilon_s", meaning="added within the root")
    look_ahead: str = choice(
        default="beta2",
        options=("beta2", "1 - beta2"),
        meaning="w, by which the changes are weighed: beta2 (paper, authors' code) or 1 - beta2 (Optax 0.2.8)",
    )

    def slots(self, x: Array) -> Slots:
        xp = array_namespace(x)
        zeros = {name: xp.zeros_like(x) for name in ("mean", "changes", "squares", "gradient")}
        return {**zeros, "t": xp.zeros((), dtype=x.dtype)}

    def step(self, g: Array, slots: Slots, x: Array) -> tuple[Array, Slots]:
        xp = array_namespace(g)
        t = slots["t"] + 1
        d = xp.where(t == 1, xp.zeros_like(g), g - slots["gradient"])  # the first gradient changes nothing
        m = self.beta1 * slots["mean"] + (1 - self.beta1) * g
        w = self.beta2 if self.look_ahead == "beta2" else 1 - self.beta2
        v = self.beta2 * slots["changes"] + (1 - self.beta2) * d
        s = self.beta3 * slots["squares"] + (1 - self.beta3) * (g + w * d) ** 2
        m_hat, v_hat, s_hat = m / (1 - self.beta1**t), v / (1 - self.beta2**t), s / (1 - self.beta3**t)
        new = {"mean": m, "changes": v, "squares": s, "gradient": g, "t": t}
        return -self.lr * (m_hat + w * v_hat) / (xp.sqrt(s_hat + self.eps_root) + self.eps), new
