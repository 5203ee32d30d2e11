"""Lion: the sign of an interpolated momentum."""

from __future__ import annotations

from array_api_compat import array_namespace

from polyak.rules.base import Array, Rule, Slots
from polyak.rules.hyperparameters import TUNED_MOMENTUM, Scalar, decay, lr, weight_decay
from polyak.rules.weight_decay import pull


class Lion(Rule):
    """Lion: every coordinate steps by the learning rate, in the sign of a momentum that leans on g.

    >>> import numpy as np
    >>> rule = Lion(lr=0.5)
    >>> updates, state = rule.update(np.array([3.0, -4.0]), rule.init(np.zeros(2)), np.zeros(2))
    >>> updates
    array([-0.5,  0.5])
    """

    formula = (
        r"u = \mathrm{sign}(\beta_1 m + (1-\beta_1)\, g) \\ m \leftarrow \beta_2 m + (1-\beta_2)\, g"
        r" \\ x \leftarrow x - \eta\, (u + \lambda x)"
    )
    source = "Chen, X. et al. (2023). Symbolic discovery of optimization algorithms, Algorithm 2."
    lr: Scalar = lr(tuned="log:1e-5:0.1", begin=0.2)
    beta1: Scalar = decay(default=0.9, symbol=r"\beta_1", of="g, for the step", tuned=TUNED_MOMENTUM)
    beta2: Scalar = decay(default=0.99, symbol=r"\beta_2", of="g, for the slot")
    weight_decay: Scalar = weight_decay(default=0.0)

    def slots(self, x: Array) -> Slots:
        return {"mean": array_namespace(x).zeros_like(x)}

    def step(self, g: Array, slots: Slots, x: Array) -> tuple[Array, Slots]:
        m = slots["mean"]
        u = array_namespace(g).sign(self.beta1 * m + (1 - self.beta1) * g)
        m = self.beta2 * m + (1 - self.beta2) * g
        return -self.lr * (u + pull(x, self.weight_decay)), {"mean": m}
