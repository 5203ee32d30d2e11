r"""The linear momentum family: one generic step, and a table of coefficients.

    v <- m v + c g
    x <- x - (p v + q g)

Each member is a row (m, c, p, q). What a unit gradient does to x follows from the row alone:
p c + q in the step that sees it, then p c m^k.
"""

from __future__ import annotations

import math
from typing import NamedTuple

from array_api_compat import array_namespace

from polyak.ground.types import Number
from polyak.rules.base import Array, Rule, Slots
from polyak.rules.hyperparameters import (
    TUNED_MOMENTUM,
    Scalar,
    choice,
    hyperparameter,
    lr,
    lr_in_velocity,
    momentum,
)


class Coefficients(NamedTuple):
    """A row of the family's table."""

    m: Number
    c: Number
    p: Number
    q: Number


class LinearRule(Rule, listed=False):
    """A rule that is linear in the gradients: v <- m v + c g, x <- x - (p v + q g)."""

    def coefficients(self) -> Coefficients:
        """This member's row (m, c, p, q)."""
        raise NotImplementedError

    def first_coefficients(self) -> Coefficients:
        """The row of the first step, where it is another."""
        return self.coefficients()

    def slots(self, x: Array) -> Slots:
        return {"velocity": array_namespace(x).zeros_like(x)}

    def step(self, g: Array, slots: Slots, x: Array) -> tuple[Array, Slots]:
        m, c, p, q = self.coefficients()
        v = _sum((m, slots["velocity"]), (c, g))
        return -_sum((p, v), (q, g)), {"velocity": v}


def _sum(first: tuple[Number, Array], second: tuple[Number, Array]) -> Array:
    """The sum of two terms a x; one whose coefficient is the plain number 0 is not there, as on paper."""
    terms = [array if _is(1.0, a) else a * array for a, array in (first, second) if not _is(0.0, a)]
    return sum(terms[1:], start=terms[0]) if terms else 0.0 * first[1]


def _is(number: float, coefficient: Number) -> bool:
    return type(coefficient) is float and coefficient == number


class GradientDescent(LinearRule):
    """Gradient descent: a step against the gradient.

    >>> GradientDescent(lr=0.4).coefficients()
    Coefficients(m=0.0, c=0.0, p=0.0, q=0.4)
    """

    formula = r"x \leftarrow x - \eta\, g"
    source = "Cauchy, A. (1847). Méthode générale pour la résolution des systèmes d'équations simultanées."
    lr: Scalar = lr()

    def coefficients(self) -> Coefficients:
        return Coefficients(0.0, 0.0, 0.0, self.lr)


class HeavyBall(LinearRule):
    """Momentum, the heavy ball; by default the chapter's form, whose velocity holds the learning rate.

    >>> HeavyBall(lr=0.4, momentum=0.5).coefficients()
    Coefficients(m=0.5, c=0.4, p=1.0, q=0.0)
    >>> HeavyBall(lr=0.4, momentum=0.5, lr_in_velocity=False).coefficients()
    Coefficients(m=0.5, c=1.0, p=0.4, q=0.0)
    """

    formula = r"v \leftarrow \gamma\, v + \eta\, g \\ x \leftarrow x - v"
    source = (
        "Polyak, B. T. (1964). Some methods of speeding up the convergence of iteration methods, eq. (9). "
        "Outside form: Sutskever et al. (2013) as in torch.optim.SGD, v <- gamma v + g, x <- x - eta v."
    )
    lr: Scalar = lr()
    momentum: Scalar = momentum()
    lr_in_velocity: bool = lr_in_velocity(default=True)

    def coefficients(self) -> Coefficients:
        if self.lr_in_velocity:
            return Coefficients(self.momentum, self.lr, 1.0, 0.0)
        return Coefficients(self.momentum, 1.0, self.lr, 0.0)


class Nesterov(LinearRule):
    """Nesterov's accelerated gradient; x is the look-ahead point, where the gradient is taken.

    With the learning rate in the velocity it is exactly the look-ahead under any schedule (Keras's
    form); outside it (PyTorch's form) only while the learning rate is constant.

    >>> Nesterov(lr=0.4, momentum=0.5).coefficients()
    Coefficients(m=0.5, c=0.4, p=0.5, q=0.4)
    """

    formula = r"v \leftarrow \gamma\, v + \eta\, g \\ x \leftarrow x - (\gamma\, v + \eta\, g)"
    source = (
        "Nesterov, Y. (1983). A method of solving a convex programming problem with convergence rate O(1/k^2); "
        "in this form Sutskever, Martens, Dahl & Hinton (2013), eqs. (3)-(4), at the shifted point."
    )
    lr: Scalar = lr(begin=0.3)
    momentum: Scalar = momentum()
    lr_in_velocity: bool = lr_in_velocity(default=True)

    def coefficients(self) -> Coefficients:
        if self.lr_in_velocity:
            return Coefficients(self.momentum, self.lr, self.momentum, self.lr)
        return Coefficients(self.momentum, 1.0, self.lr * self.momentum, self.lr)


class AveragedGradient(LinearRule):
    """Momentum as a moving average of the gradients; its gain is eta, not eta/(1-gamma).

    >>> AveragedGradient(lr=0.4, momentum=0.75).coefficients()
    Coefficients(m=0.75, c=0.25, p=0.4, q=0.0)
    """

    formula = r"v \leftarrow \gamma\, v + (1-\gamma)\, g \\ x \leftarrow x - \eta\, v"
    source = "Kingma, D. P. & Ba, J. (2015). Adam, Algorithm 1, first moment without bias correction."
    lr: Scalar = lr()
    momentum: Scalar = momentum()

    def coefficients(self) -> Coefficients:
        return Coefficients(self.momentum, 1.0 - self.momentum, self.lr, 0.0)


class Dampening(LinearRule):
    """Momentum whose velocity takes in only a part of each gradient.

    From the first step on, with a velocity of zeros at the start; or, as in PyTorch, with the first gradient
    for a first velocity: that one is then taken in whole.

    >>> rule = Dampening(lr=0.4, momentum=0.5, dampening=0.25, initial_velocity="first_gradient")
    >>> rule.coefficients()
    Coefficients(m=0.5, c=0.75, p=0.4, q=0.0)
    >>> rule.first_coefficients()
    Coefficients(m=0.5, c=1.0, p=0.4, q=0.0)
    """

    formula = r"v \leftarrow \gamma\, v + (1-d)\, g \\ x \leftarrow x - \eta\, v"
    source = (
        "Gitman et al. (2019), Understanding the role of momentum, eq. (2); torch.optim.SGD, whose momentum "
        "buffer starts as the first gradient."
    )
    lr: Scalar = lr()
    momentum: Scalar = momentum()
    dampening: Scalar = hyperparameter(default=0.0, symbol="d", meaning="dampening", interval="[0, 1]")
    initial_velocity: str = choice(
        default="zeros",
        options=("zeros", "first_gradient"),
        meaning="whether the velocity starts at zeros or is the first gradient, not dampened",
    )

    def coefficients(self) -> Coefficients:
        return Coefficients(self.momentum, 1.0 - self.dampening, self.lr, 0.0)

    def first_coefficients(self) -> Coefficients:
        row = self.coefficients()
        return row._replace(c=1.0) if self.initial_velocity == "first_gradient" else row

    def slots(self, x: Array) -> Slots:
        slots = super().slots(x)
        if self.initial_velocity == "first_gradient":
            xp = array_namespace(x)
            slots["started"] = xp.zeros((), dtype=xp.bool)
        return slots

    def step(self, g: Array, slots: Slots, x: Array) -> tuple[Array, Slots]:
        if self.initial_velocity == "zeros":
            return super().step(g, slots, x)
        xp = array_namespace(g)
        m, c, p, _ = self.coefficients()
        first = self.first_coefficients().c
        v = m * slots["velocity"] + xp.where(slots["started"], c * g, first * g)
        return -p * v, {"velocity": v, "started": xp.ones((), dtype=xp.bool)}


class QuasiHyperbolic(LinearRule):
    """Quasi-hyperbolic momentum: a weighted mean of the plain gradient and its moving average.

    nu = 0 is gradient descent, nu = 1 the averaged gradient, nu = momentum Nesterov's.

    >>> QuasiHyperbolic(lr=0.5, momentum=0.75, nu=0.5).coefficients()
    Coefficients(m=0.75, c=0.25, p=0.25, q=0.25)
    """

    formula = r"v \leftarrow \gamma\, v + (1-\gamma)\, g \\ x \leftarrow x - \eta\, ((1-\nu)\, g + \nu\, v)"
    source = "Ma, J. & Yarats, D. (2019). Quasi-hyperbolic momentum and Adam for deep learning, eqs. (3)-(4)."
    lr: Scalar = lr()
    momentum: Scalar = momentum(default=0.999)
    nu: Scalar = hyperparameter(
        default=0.7, symbol=r"\nu", meaning="weight of the average", interval="[0, 1]"
    )

    def coefficients(self) -> Coefficients:
        return Coefficients(self.momentum, 1.0 - self.momentum, self.lr * self.nu, self.lr * (1.0 - self.nu))


class TripleMomentum(LinearRule):
    r"""The triple momentum method, the fastest known for smooth strongly convex functions.

    It is set by the step of its gradient part, eta = 1/L, and by the rate it is tuned for,
    rho = 1 - sqrt(m/L) on curvatures from m to L. The paper's coefficients follow: alpha = (1+rho)/L,
    beta = rho^2/(2-rho), and x is its point y, where the gradient is taken.

    >>> TripleMomentum.tuned(smoothness=4.0, strong_convexity=1.0)
    TripleMomentum(lr=0.25, rate=0.5)
    """

    formula = (
        r"v \leftarrow \frac{\rho^2}{2-\rho}\, v + (1+\rho)\, \eta\, g \\"
        r" x \leftarrow x - \left(1 + \frac{\rho^2}{(1+\rho)(2-\rho)} - \frac{1}{1+\rho}\right) v - \eta\, g"
    )
    source = (
        "Van Scoy, B., Freeman, R. A. & Lynch, K. M. (2018). The fastest known globally convergent "
        "first-order method for minimizing strongly convex functions, eqs. (2)-(3), in the coordinate y."
    )
    lr: Scalar = lr(begin=0.2)
    rate: Scalar = hyperparameter(
        symbol=r"\rho",
        meaning="rate the method is tuned for",
        interval="[0, 1)",
        tuned=TUNED_MOMENTUM,
        begin=0.6,
    )

    def coefficients(self) -> Coefficients:
        rho = self.rate
        beta = rho**2 / (2 - rho)
        gamma = beta / (1 + rho)
        return Coefficients(beta, (1 + rho) * self.lr, 1 + gamma - 1 / (1 + rho), self.lr)

    @classmethod
    def tuned(cls, *, smoothness: float, strong_convexity: float) -> TripleMomentum:
        """The member tuned for curvatures from `strong_convexity` (m > 0) to `smoothness` (L >= m)."""
        return cls(lr=1 / smoothness, rate=1 - math.sqrt(strong_convexity / smoothness))
