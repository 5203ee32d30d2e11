"""The result of a stability: what a rule does on each of n curvatures, with what follows from that."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from polyak.ground.errors import PolyakError, whole_number
from polyak.ground.numbers import readable
from polyak.rules import Optimizer
from polyak.run.result import Result
from polyak.theory import spectrum
from polyak.theory.datasets import dataset
from polyak.theory.departure import ANOTHER_WAY
from polyak.theory.pencil import Intervals, first_end
from polyak.theory.transient import peak, steps_until
from polyak.theory.words import on_curvature, parting, rate_in_words, stable_in_words

if TYPE_CHECKING:
    import xarray as xr

    from polyak.theory.batch_edges import BatchEdges


@dataclass(frozen=True, eq=False)
class Stability(Result):
    """What a rule does on each of n curvatures: true of quadratics, and of what is one nearly enough, near a minimiser.

    Of other functions nothing is promised: heavy ball at the best setting for curvatures 1 and 25 has a rate of 2/3 on
    both, and cycles for ever on a convex function whose curvature is 1 between 1 and 2, and 25 elsewhere.

    Attributes:
        rule: the rule with its settings.
        curvatures: shape (n,), rising (at each place of a trace); nan for a function of the plane, whose gradient
            is its own: there is one entry for each coordinate then.
        origin: where the curvatures are from, in words.
        places: the step of the trace that each is of, shape (n,); None where all are of one point.
        flat: how many directions of the target were left out because nothing pulls there.
        changes: what one step adds to z = (x, slots), a matrix on each curvature, shape (n, s, s).
        shifts: the eigenvalues of these, complex, shape (n, s): those of the step less 1, the step's largest first.
        log_rates: the logarithms of the spectral radii, shape (n,): what an error shrinks by each step, in the long
            run. A rate that rounds to 1 has one; it is 0 where the rate cannot be told from 1 even so.
        regimes: in the words of `polyak.theory.REGIMES`, n of them.
        periods: of the ripple, in steps, shape (n,); 2 where it changes sign each step, inf where nothing ripples.
        start: z at a distance of 1, shape (s,).
        lr: the name of the setting that is the learning rate, found by scaling; None where none is seen.
        stable_lrs: the learning rates that are stable on all the positive curvatures (on the negative ones of a saddle
            none is), as open intervals (low, high) in rising order; None where the rule shows no learning rate, or one
            that its step is not affine in.
        stable_curvatures: the curvatures that this setting is stable on, as such intervals; None for a function of the
            plane.
        departure: of a trace by this rule: how far it is from the way that its curvatures make, step by step, as a part
            of how far it goes; nan where there is no such trace.
        in_batches: the edges of mini-batch training, where a batch size was given; None else.
        preconditioner: D of an adaptive rule, whose curvatures are those of D^{-1/2} H D^{-1/2}, and all this is true
            while D stays: what a gradient is divided by before the learning rate, for each coordinate. None for a
            linear rule.
    """

    rule: Optimizer
    curvatures: NDArray[np.float64]
    origin: str
    places: NDArray[np.int64] | None
    flat: int
    changes: NDArray[np.float64]
    shifts: NDArray[np.complex128]
    log_rates: NDArray[np.float64]
    regimes: tuple[str, ...]
    periods: NDArray[np.float64]
    start: NDArray[np.float64]
    lr: str | None
    stable_lrs: Intervals | None
    stable_curvatures: Intervals | None
    departure: float = math.nan
    in_batches: BatchEdges | None = None
    preconditioner: NDArray[np.float64] | None = None

    @property
    def _kind(self) -> str:
        return "curvature" if self.preconditioner is None else "preconditioned curvature"

    @property
    def true_of(self) -> str:
        """What all this is true of."""
        return "quadratics" if self.preconditioner is None else "quadratics, while the preconditioner stays"

    @property
    def follows(self) -> bool | None:
        """Whether the trace does what its curvatures predict, to a hundredth; None where there is no such trace."""
        return None if math.isnan(self.departure) else self.departure <= ANOTHER_WAY

    @property
    def matrices(self) -> NDArray[np.float64]:
        """One step's map of z = (x, slots), shape (n, s, s)."""
        return self.changes + np.eye(self.changes.shape[-1])

    @property
    def eigenvalues(self) -> NDArray[np.complex128]:
        """Of one step, shape (n, s), the largest first."""
        return 1 + self.shifts

    @property
    def rates(self) -> NDArray[np.float64]:
        """The spectral radii, shape (n,); where one rounds to 1, see `log_rates`."""
        return np.exp(self.log_rates)

    @property
    def max_lr(self) -> float:
        """Where the stable learning rates that begin at 0 end: inf where all are stable, 0 where none next to 0 is.

        nan where the rule shows no learning rate; stable ones further on are among `stable_lrs`.
        """
        return math.nan if self.stable_lrs is None else first_end(self.stable_lrs)

    @property
    def max_lr_in_batches(self) -> float:
        """Where the expected loss of mini-batch training begins to grow without end: the mean-square edge."""
        return self._edges.mean_square

    @property
    def max_lr_typical(self) -> float:
        """Where a typical run of mini-batches begins to grow: simulated when it is first asked for, in some seconds."""
        return self._edges.typical.lr

    @property
    def _edges(self) -> BatchEdges:
        if self.in_batches is None:
            raise PolyakError(
                "this stability is of all rows at once: ask stability(rule, problem, batch_size=...)"
            )
        return self.in_batches

    @property
    def max_curvature(self) -> float:
        """Where the curvatures that this setting is stable on, from 0, end; as `max_lr`."""
        return math.nan if self.stable_curvatures is None else first_end(self.stable_curvatures)

    @property
    def rate(self) -> float:
        """The worst rate of all."""
        return float(self.rates.max())

    @property
    def slowest(self) -> float:
        """The curvature with the worst rate."""
        return float(self.curvatures[int(self.log_rates.argmax())])

    @property
    def stable(self) -> bool:
        """Whether the worst rate is below 1, as far as that can be told."""
        return bool((self.log_rates < 0).all())

    @property
    def saddle(self) -> bool:
        """Whether a curvature is negative: there x runs away downhill, as it should."""
        return bool((self.curvatures < 0).any())

    @property
    def condition_number(self) -> float:
        """L/m, the largest curvature over the smallest; nan on a saddle."""
        return math.nan if self.saddle else float(self.curvatures.max() / self.curvatures.min())

    @property
    def steps_to_1_percent(self) -> NDArray[np.float64]:
        """`steps_to(0.01)`, shape (n,)."""
        return self.steps_to(0.01)

    def steps_to(self, fraction: float) -> NDArray[np.float64]:
        """The steps that a run takes to `fraction`, in (0, 1), of its first distance, from empty slots: shape (n,).

        The first step from which on |x| stays at or below it, which a ripple may cross before; the transient counts.
        inf where that never comes, nan where the rate cannot be told from 1. Of more than some two million steps, to
        within a ripple.
        """
        if not 0 < fraction < 1:
            raise PolyakError(f"fraction is {fraction}, expected a number in (0, 1)")
        return np.array([steps_until(fraction, D[None]) for D in self.changes])

    @cached_property
    def peaks(self) -> NDArray[np.float64]:
        """The largest |x| on the way from a distance of 1, shape (n,): 1 where it never grows, inf if it diverges."""
        return np.array([peak(D) for D in self.changes])

    @property
    def peak(self) -> float:
        """The largest of all; nan where one cannot be told."""
        return float(self.peaks.max())

    def path(self, steps: int = 20, start: float | Sequence[float] = 1.0) -> NDArray[np.float64]:
        """x at steps 0 .. steps on each curvature, predicted: shape (steps + 1, n).

        Args:
            steps: how many, from 1.
            start: the distance from the minimiser to begin at, one number or n.
        """
        steps = whole_number("steps", steps, at_least=1, at_most=1_000_000)
        try:
            begin = np.broadcast_to(np.asarray(start, dtype=np.float64), self.curvatures.shape)
        except (TypeError, ValueError):
            raise PolyakError(f"start is {start!r}, expected one number or {len(self.curvatures)}") from None
        return spectrum.path(self.matrices, self.start, steps)[..., 0] * begin

    def words(self, steps: int = 20) -> tuple[str, ...]:
        """A sentence for each curvature."""
        ends = self.path(steps)[-1]
        return tuple(
            on_curvature(k, curvature, log_rate, regime, period, peak, steps, end, self._kind)
            for k, (curvature, log_rate, regime, period, peak, end) in enumerate(
                zip(
                    self.curvatures, self.log_rates, self.regimes, self.periods, self.peaks, ends, strict=True
                )
            )
        )

    def to_xarray(self) -> xr.Dataset:
        """The same as an xarray.Dataset with dimensions curvature and eigenvalue."""
        data = {
            "rate": ("curvature", self.rates, {"long_name": "shrinks by, each step"}),
            "regime": ("curvature", list(self.regimes)),
            "period": ("curvature", self.periods, {"units": "steps"}),
            "steps_to_1_percent": ("curvature", self.steps_to_1_percent, {"units": "steps"}),
            "peak": ("curvature", self.peaks, {"long_name": "largest |x| from a distance of 1"}),
            "eigenvalues": (("curvature", "eigenvalue"), self.eigenvalues),
        }
        coords: dict[str, Any] = {"curvature": self.curvatures}
        if self.places is not None:
            coords["place"] = ("curvature", self.places, {"long_name": "step of the trace"})
        return dataset(
            self.rule,
            data,
            coords,
            origin=self.origin,
            max_lr=self.max_lr,
            max_curvature=self.max_curvature,
            true_of=self.true_of,
            departure=self.departure,
        )

    def __str__(self) -> str:
        worst = int(self.log_rates.argmax())
        where = f"coordinate {worst + 1}" if math.isnan(self.slowest) else readable(self.slowest, 6)
        saddle = ", a saddle" if self.saddle else ""
        most = "" if self.stable_lrs is None else f", {stable_in_words(str(self.lr), self.stable_lrs)}"
        return (
            f"{self.rule} on quadratics of {len(self.rates)} {self._kind}{'s' * (len(self.rates) > 1)}{saddle} "
            f"({self.origin}): rate {rate_in_words(self.log_rates[worst])}, {self.regimes[worst]} on {where}{most}"
            f"{'' if self.follows is not False else parting(self.departure)}"
        )
