"""The best setting of a family, as it is told: its worst rate over given curvatures, beside gradient descent's."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from polyak.ground.errors import PolyakError
from polyak.ground.numbers import readable
from polyak.rules import Optimizer
from polyak.run.result import Result
from polyak.theory.closed_forms import ClosedForm
from polyak.theory.datasets import dataset
from polyak.theory.transient import peak, steps_until
from polyak.theory.words import grows_first, rate_in_words

if TYPE_CHECKING:
    import xarray as xr


@dataclass(frozen=True, eq=False)
class Optimum(Result):
    """The setting of a family with the best worst rate, on quadratics.

    On other functions between these curvatures it need not converge: heavy ball's best setting for curvatures from 1 to
    25 cycles for ever on a smooth, strongly convex one.

    Source: Lessard, Recht & Packard (2016), section 4, for such a function.

    Attributes:
        family: the rule's name.
        rule: the rule with that setting.
        settings: its numbers by name, the learning rate first.
        curvatures: those it was found for, shape (n,).
        changes: what one step adds to z = (x, slots), a matrix on each curvature, shape (n, s, s).
        log_rates: the logarithm of the rate on each curvature, shape (n,).
        closed_form: the best setting on paper, for curvatures from m to L, where one is known.
        gradient_descent: the best of plain gradient descent on the same curvatures; None for itself.
    """

    family: str
    rule: Optimizer
    settings: Mapping[str, float]
    curvatures: NDArray[np.float64]
    changes: NDArray[np.float64]
    log_rates: NDArray[np.float64]
    closed_form: ClosedForm | None
    gradient_descent: Optimum | None

    @property
    def condition_number(self) -> float:
        """L/m, the largest curvature over the smallest."""
        return float(self.curvatures.max() / self.curvatures.min())

    @property
    def rates(self) -> NDArray[np.float64]:
        """On each curvature, shape (n,)."""
        return np.exp(self.log_rates)

    @property
    def rate(self) -> float:
        """The worst rate."""
        return float(self.rates.max())

    @cached_property
    def peak(self) -> float:
        """The largest |x| on the way from a distance of 1, over the curvatures: 1 where it never grows."""
        return max(map(peak, self.changes))

    @cached_property
    def speedup(self) -> float:
        """How many steps of the best gradient descent one step is worth: the steps of each to 1 % of the error, as run.

        steps_to(0.01) of gradient descent / steps_to(0.01): at critical damping the transient is a large part of it.
        """
        return (
            1.0
            if self.gradient_descent is None
            else self.gradient_descent.steps_to(0.01) / self.steps_to(0.01)
        )

    @property
    def asymptotic_speedup(self) -> float:
        """The same for an accuracy without end: log rate / log rate of gradient descent; nan where a rate is 0."""
        plain = self if self.gradient_descent is None else self.gradient_descent
        with np.errstate(invalid="ignore"):
            return float(self.log_rates.max() / plain.log_rates.max())

    def steps_to(self, fraction: float) -> float:
        """The steps that a run takes to `fraction`, in (0, 1), of its first error, on the curvature that takes longest.

        See `Stability.steps_to`.
        """
        if not 0 < fraction < 1:
            raise PolyakError(f"fraction is {fraction}, expected a number in (0, 1)")
        return max(steps_until(fraction, D[None]) for D in self.changes)

    def to_xarray(self) -> xr.Dataset:
        """The same as an xarray.Dataset with the dimension curvature."""
        return dataset(
            self.rule,
            {"rate": ("curvature", self.rates, {"long_name": "shrinks by, each step"})},
            {"curvature": self.curvatures},
            worst_rate=self.rate,
            peak=self.peak,
            speedup=self.speedup,
            true_of="quadratics",
        )

    def __str__(self) -> str:
        ends = f"{readable(self.curvatures.min(), 6)} to {readable(self.curvatures.max(), 6)}"
        buys = (
            ""
            if self.gradient_descent is None
            else f", {readable(self.speedup, 3)} steps of gradient descent in one (to 1 % of the error)"
        )
        first = grows_first(self.peak)
        rate = rate_in_words(float(self.log_rates.max()))
        return (
            f"best {self.rule} on quadratics of curvatures {ends}: rate {rate}"
            f"{', ' + first if first else ''}{buys}"
        )
