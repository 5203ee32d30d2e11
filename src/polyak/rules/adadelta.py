"""Adadelta: RMSProp whose learning rate is the root of the steps' own moving average."""

from __future__ import annotations

from array_api_compat import array_namespace

from polyak.rules.base import Array, Rule, Slots
from polyak.rules.hyperparameters import Scalar, decay, eps, lr
from polyak.rules.root import root


class Adadelta(Rule):
    """Adadelta; the paper has no learning rate, frameworks multiply the step by one (1 by default).

    >>> import numpy as np
    >>> rule = Adadelta(decay=0.75, eps=1.0)
    >>> updates, state = rule.update(np.array([np.sqrt(12.0)]), rule.init(np.zeros(1)), np.zeros(1))
    >>> updates.round(6)
    array([-1.732051])
    """

    formula = (
        r"s \leftarrow \rho\, s + (1-\rho)\, g^2 \\ d \leftarrow \sqrt{\frac{u + \epsilon}{s + \epsilon}}\, g"
        r" \\ u \leftarrow \rho\, u + (1-\rho)\, d^2 \\ x \leftarrow x - \eta\, d"
    )
    source = "Zeiler, M. D. (2012). ADADELTA: an adaptive learning rate method, Algorithm 1."
    lr: Scalar = lr(default=1.0, tuned="log:1e-2:100", begin=1.0)
    decay: Scalar = decay(default=0.9, symbol=r"\rho", of="g^2 and of the squared steps")
    eps: Scalar = eps(default=1e-6)

    def slots(self, x: Array) -> Slots:
        xp = array_namespace(x)
        return {"squares": xp.zeros_like(x), "step_squares": xp.zeros_like(x)}

    def step(self, g: Array, slots: Slots, x: Array) -> tuple[Array, Slots]:
        rho, u = self.decay, slots["step_squares"]
        s = rho * slots["squares"] + (1 - rho) * g**2
        d = root(u, self.eps, "inside") / root(s, self.eps, "inside") * g
        return -self.lr * d, {"squares": s, "step_squares": rho * u + (1 - rho) * d**2}
