"""Schedule-Free: the average of all steps so far in the place of a falling learning rate."""

from __future__ import annotations

from array_api_compat import array_namespace

from polyak.ground.types import Number
from polyak.rules.base import Array, Rule, Slots
from polyak.rules.hyperparameters import Scalar, decay, eps, hyperparameter, lr, momentum, weight_decay
from polyak.rules.root import root


def averaged(
    rule: ScheduleFree | ScheduleFreeAdam, direction: Array, beta: Number, slots: Slots, x: Array
) -> tuple[Array, Slots]:
    """The step of y towards z and along the direction, and the slots of the average."""
    xp = array_namespace(direction)
    t = xp.asarray(slots["t"]) + 1  # of the direction's library, for powers that are traced
    rate = rule.lr + 0 * slots["largest_lr"]
    largest = xp.where(rate > slots["largest_lr"], rate, slots["largest_lr"])
    weight = t**rule.r * largest**rule.weight_lr_power
    total = slots["weights"] + weight
    c = xp.where(total > 0, weight / xp.where(total > 0, total, total + 1), total)  # before any lr: nothing
    step = c * (slots["z"] - x) - rule.lr * (1 - beta * (1 - c)) * direction
    return step, {"z": slots["z"] - rule.lr * direction, "weights": total, "largest_lr": largest, "t": t}


def begun(x: Array) -> Slots:
    """The slots of the average before the first step: z begins at x."""
    xp = array_namespace(x)
    numbers = {name: xp.zeros((), dtype=x.dtype) for name in ("weights", "largest_lr", "t")}
    return {"z": xp.asarray(x, copy=True), **numbers}


class ScheduleFree(Rule):
    """Schedule-Free SGD: x is y, the point between z and the average where the gradient is taken.

    What is to be evaluated is the average, (x - (1 - momentum) z) / momentum: the authors' optimizer swaps it in with
    `eval()`, Optax computes it by `schedule_free_eval_params`.

    >>> import numpy as np
    >>> rule = ScheduleFree(lr=0.5, momentum=0.75)
    >>> x = np.array([1.0])
    >>> updates, state = rule.update(np.array([2.0]), rule.init(x), x)
    >>> updates
    array([-1.])
    """

    formula = (
        r"w = t^r \, (\max_{i \leq t} \eta_i)^p, \quad c = \frac{w}{\sum_{i \leq t} w_i}, \quad"
        r" z \leftarrow z - \eta\, g \\"
        r" x \leftarrow x - c\, (x - z_{t-1}) - \eta\, (1 - \gamma\, (1 - c))\, g"
    )
    source = "Defazio, A. et al. (2024). The road less scheduled, eqs. (2)-(4), in the coordinate y; schedulefree 1.4."
    lr: Scalar = lr()
    momentum: Scalar = momentum(default=0.9)
    weight_lr_power: Scalar = hyperparameter(
        default=2.0, symbol="p", meaning="power of the largest lr so far in an iterate's weight"
    )
    r: Scalar = hyperparameter(default=0.0, symbol="r", meaning="power of the step in an iterate's weight")

    def slots(self, x: Array) -> Slots:
        return begun(x)

    def step(self, g: Array, slots: Slots, x: Array) -> tuple[Array, Slots]:
        return averaged(self, g, self.momentum, slots, x)


class ScheduleFreeAdam(Rule):
    """Schedule-Free AdamW: the same average over steps that are scaled as Adam's are.

    >>> import numpy as np
    >>> rule = ScheduleFreeAdam(lr=0.5, eps=0.0)
    >>> x = np.array([1.0])
    >>> updates, state = rule.update(np.array([2.0]), rule.init(x), x)
    >>> updates
    array([-0.5])
    """

    formula = (
        r"w = t^r \, (\max_{i \leq t} \eta_i)^p, \quad c = \frac{w}{\sum_{i \leq t} w_i}, \quad"
        r" s \leftarrow \beta_2 s + (1-\beta_2)\, g^2 \\"
        r" u = \frac{g}{\sqrt{s / (1-\beta_2^t)} + \epsilon} + \lambda x, \quad z \leftarrow z - \eta\, u \\"
        r" x \leftarrow x - c\, (x - z_{t-1}) - \eta\, (1 - \beta_1 (1 - c))\, u"
    )
    source = "Defazio, A. et al. (2024). The road less scheduled, Algorithm 1, in the coordinate y; schedulefree 1.4."
    lr: Scalar = lr(tuned="log:1e-4:1")
    beta1: Scalar = decay(default=0.9, symbol=r"\beta_1", of="z, between it and the average")
    beta2: Scalar = decay(default=0.999, symbol=r"\beta_2", of="g^2")
    eps: Scalar = eps(default=1e-8)
    inner_decay: Scalar = weight_decay(default=0.0)
    weight_lr_power: Scalar = hyperparameter(
        default=2.0, symbol="p", meaning="power of the largest lr so far in an iterate's weight"
    )
    r: Scalar = hyperparameter(default=0.0, symbol="r", meaning="power of the step in an iterate's weight")

    def slots(self, x: Array) -> Slots:
        return {**begun(x), "squares": array_namespace(x).zeros_like(x)}

    def step(self, g: Array, slots: Slots, x: Array) -> tuple[Array, Slots]:
        s = self.beta2 * slots["squares"] + (1 - self.beta2) * g**2
        u = g / root(s / (1 - self.beta2 ** (slots["t"] + 1)), self.eps, "outside") + self.inner_decay * x
        step, new = averaged(self, u, self.beta1, slots, x)
        return step, {**new, "squares": s}
