"""Muon: momentum whose step, a matrix, is made orthogonal by a Newton-Schulz iteration."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import ClassVar

from array_api_compat import array_namespace

from polyak.ground.types import Number
from polyak.rules.base import Array, Rule, Slots
from polyak.rules.hyperparameters import Scalar, choice, decay, eps, lr, momentum
from polyak.rules.root import root

A, B, C = 3.4445, -4.775, 2.0315  # of the quintic iteration, chosen for its slope at 0
STEPS = 5
SCALINGS: dict[str, Callable[[int, int], float]] = {  # by rows and columns, what a step is multiplied by
    "original": lambda rows, columns: math.sqrt(max(1.0, rows / columns)),
    "transposed": lambda rows, columns: math.sqrt(max(1.0, columns / rows)),
    "match_rms_adamw": lambda rows, columns: 0.2 * math.sqrt(max(rows, columns)),
    "spectral": lambda rows, columns: math.sqrt(max(rows, columns)),
    "unit_rms_norm": lambda rows, columns: math.sqrt(rows / columns),
    "none": lambda _rows, _columns: 1.0,
}


def orthogonal(u: Array, eps: Number, position: str) -> Array:
    """Five steps of u <- a u + (b u u^T + c (u u^T)^2) u from u / |u|: all singular values are then about 1.

    >>> import numpy as np
    >>> np.linalg.svd(orthogonal(np.diag([3.0, 1.0]), 0.0, "added"))[1].round(1)
    array([1.1, 0.8])
    """
    xp = array_namespace(u)
    norm = xp.sqrt(xp.sum(u * u))
    tall = u.shape[0] > u.shape[1]
    wide: Array = xp.permute_dims(u, (1, 0)) if tall else u
    wide = wide / (norm + eps if position == "added" else xp.where(norm > eps, norm, eps + 0 * norm))
    for _ in range(STEPS):
        gram = wide @ xp.permute_dims(wide, (1, 0))
        wide = A * wide + (B * gram + C * (gram @ gram)) @ wide
    turned: Array = xp.permute_dims(wide, (1, 0)) if tall else wide
    return turned


class Muon(Rule):
    """Muon: a matrix's momentum, orthogonalized; arrays that are no matrices take Adam's step, as Optax has them.

    It is not elementwise. The velocity's scale does not matter but for eps: PyTorch 2.13 documents v <- m v + g and
    computes the average, so that the buffer of its state is 1/(1 - m) times smaller than documented, 20 times at 0.95.
    PyTorch, the original and Moonlight run the iteration in bfloat16, of three digits; this one in the arrays' own.

    The scalings, of a matrix with A rows and B columns: original, sqrt(max(1, A/B)); match_rms_adamw (Moonlight),
    0.2 sqrt(max(A, B)); spectral and unit_rms_norm (NeMo), sqrt(max(A, B)) and sqrt(A/B). Optax's matrices lie the
    other way about: transposed.

    >>> import numpy as np
    >>> rule = Muon(lr=0.5)
    >>> x = np.zeros((2, 2))
    >>> updates, state = rule.update(np.diag([3.0, 1.0]), rule.init(x), x)
    >>> updates.round(2)
    array([[-0.38, -0.  ],
           [-0.  , -0.57]])
    """

    formula = (
        r"v \leftarrow \gamma\, v + (1-\gamma)\, g, \quad u = \gamma\, v + (1-\gamma)\, g \\"
        r" s \leftarrow \beta_2 s + (1-\beta_2)\, g^2, \quad m \leftarrow \beta_1 m + (1-\beta_1)\, g \\"
        r" x \leftarrow x - \eta\, f(A, B)\, NS_5(u / (|u| + \epsilon))"
    )
    source = "Jordan, K. et al. (2024). Muon: an optimizer for hidden layers in neural networks; Liu, J. et al. (2025)."
    elementwise: ClassVar[bool] = False
    of_matrices: ClassVar[bool] = True
    lr: Scalar = lr(default=0.02, tuned="log:1e-4:1", begin=0.2)
    momentum: Scalar = momentum(default=0.95)
    eps: Scalar = eps(default=1e-7)
    beta1: Scalar = decay(default=0.9, symbol=r"\beta_1", of="g, in arrays that are no matrices")
    beta2: Scalar = decay(default=0.999, symbol=r"\beta_2", of="g^2, in arrays that are no matrices")
    nesterov: bool = choice(default=True, options=(True, False), meaning="whether the velocity looks ahead")
    scaling: str = choice(
        default="original",
        options=tuple(SCALINGS),
        meaning="what the step is multiplied by, from the matrix's shape",
    )
    velocity: str = choice(
        default="averaged",
        options=("averaged", "summed", "corrected"),
        meaning="m v + (1 - m) g, m v + g, or the average corrected for its start (Optax)",
    )
    eps_position: str = choice(
        default="added", options=("added", "least"), meaning="|u| + eps, or the larger of the two (PyTorch)"
    )

    def slots(self, x: Array) -> Slots:
        xp = array_namespace(x)
        begun: Slots = {"t": xp.zeros((), dtype=x.dtype)}
        if x.ndim == 2:
            return {**begun, "velocity": xp.zeros_like(x)}
        return {**begun, "mean": xp.zeros_like(x), "squares": xp.zeros_like(x)}

    def step(self, g: Array, slots: Slots, x: Array) -> tuple[Array, Slots]:
        t = slots["t"] + 1
        if g.ndim != 2:
            m = self.beta1 * slots["mean"] + (1 - self.beta1) * g
            s = self.beta2 * slots["squares"] + (1 - self.beta2) * g**2
            mean = self._corrected(m, g, self.beta1, t)
            u = mean / root(s / (1 - self.beta2**t), self.eps, "outside")
            return -self.lr * u, {"mean": m, "squares": s, "t": t}
        gamma = self.momentum
        share = 1.0 if self.velocity == "summed" else 1 - gamma
        v = gamma * slots["velocity"] + share * g
        if self.velocity == "corrected":
            u = self._corrected(v, g, gamma, t)
        else:
            u = gamma * v + share * g if self.nesterov else v
        if 0 in g.shape:
            return 0 * g, {"velocity": v, "t": t}
        factor = SCALINGS[self.scaling](*g.shape)
        return -self.lr * factor * orthogonal(u, self.eps, self.eps_position), {"velocity": v, "t": t}

    def _corrected(self, m: Array, g: Array, beta: Number, t: Number) -> Array:
        """A mean corrected for its start; as it will be at the next step, where it looks ahead."""
        ahead: Array = beta * m / (1 - beta ** (t + 1)) + (1 - beta) * g / (1 - beta**t)
        plain: Array = m / (1 - beta**t)
        return ahead if self.nesterov else plain
