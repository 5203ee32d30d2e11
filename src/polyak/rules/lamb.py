"""LAMB: Adam whose step is scaled array by array to the size of the parameters."""

from __future__ import annotations

from typing import ClassVar

from array_api_compat import array_namespace

from polyak.rules.base import Array, Rule, Slots
from polyak.rules.hyperparameters import TUNED_MOMENTUM, Scalar, decay, eps, lr, weight_decay
from polyak.rules.lars import trust_ratio
from polyak.rules.root import root


class LAMB(Rule):
    """LAMB: Adam's step, with the weight decay in it, scaled to the size of the array that it moves.

    It is not elementwise: what one number does depends on all others of its array.

    >>> import numpy as np
    >>> rule = LAMB(lr=0.5, eps=0.0)
    >>> x = np.array([3.0, 4.0])
    >>> updates, state = rule.update(np.array([3.0, -4.0]), rule.init(x), x)
    >>> updates.round(6)
    array([-1.767767,  1.767767])
    """

    formula = (
        r"m \leftarrow \beta_1 m + (1-\beta_1)\, g, \quad s \leftarrow \beta_2 s + (1-\beta_2)\, g^2 \\"
        r" u = \frac{m / (1-\beta_1^t)}{\sqrt{s / (1-\beta_2^t)} + \epsilon} + \lambda x \\"
        r" x \leftarrow x - \eta\, \frac{|x|}{|u|}\, u"
    )
    source = "You, Y. et al. (2020). Large batch optimization for deep learning, Algorithm 2."
    elementwise: ClassVar[bool] = False
    lr: Scalar = lr(tuned="log:1e-4:1", begin=0.1)
    beta1: Scalar = decay(default=0.9, symbol=r"\beta_1", of="g", tuned=TUNED_MOMENTUM)
    beta2: Scalar = decay(default=0.999, symbol=r"\beta_2", of="g^2")
    eps: Scalar = eps(default=1e-6)
    inner_decay: Scalar = weight_decay(default=0.0)

    def slots(self, x: Array) -> Slots:
        xp = array_namespace(x)
        return {"mean": xp.zeros_like(x), "squares": xp.zeros_like(x), "t": xp.zeros((), dtype=x.dtype)}

    def step(self, g: Array, slots: Slots, x: Array) -> tuple[Array, Slots]:
        t = slots["t"] + 1
        m = self.beta1 * slots["mean"] + (1 - self.beta1) * g
        s = self.beta2 * slots["squares"] + (1 - self.beta2) * g**2
        u = (
            m / (1 - self.beta1**t) / root(s / (1 - self.beta2**t), self.eps, "outside")
            + self.inner_decay * x
        )
        return -self.lr * trust_ratio(x, u) * u, {"mean": m, "squares": s, "t": t}
