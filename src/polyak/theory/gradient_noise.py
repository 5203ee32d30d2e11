r"""Gradient noise of a user's own model: how much one row's gradient differs from the mean, and for what batch.

G = E g,    Sigma = Cov g  of one row's gradient g;    a batch of B rows has the covariance Sigma / B
noise scale = tr Sigma / |G|^2:  the batch size at which the noise is as large as the gradient itself
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from polyak.ground.errors import PolyakError, whole_number
from polyak.ground.numbers import readable
from polyak.ground.progress import Progress, silent
from polyak.ground.shown import Shown
from polyak.models import Model
from polyak.theory.noise_readings import FEWEST, Interval, Readings

BATCHES = 64


@dataclass(frozen=True, eq=False)
class Noise(Shown):
    """The noise of a model's gradient at today's parameters, from the gradients of its batches.

    Attributes:
        model: the model's name.
        trace: tr Sigma, the covariance of one row's gradient, summed over the parameters; without bias.
        trace_interval: where it is, 95 times of 100.
        gradient_square: |G|^2. Where every batch was read, of the gradient over all these rows, exactly; else an
            estimate without bias, which may be negative.
        gradient_interval: where it is, 95 times of 100; both ends are the same where every batch was read.
        scale: tr Sigma / |G|^2, in rows; None where |G|^2 cannot be told from 0, "no answer yet".
        scale_interval: where it is, at least 95 times of 100; its upper end is inf where there is no answer yet.
        more_batches: how many more would tell, were |G|^2 as it seems now; 0 where there is an answer, None where
            nothing can be said of it.
        batches, rows: how many were read.
        whole: whether they were all that there are.
    """

    model: str
    trace: float
    trace_interval: Interval
    gradient_square: float
    gradient_interval: Interval
    scale: float | None
    scale_interval: Interval
    more_batches: int | None
    batches: int
    rows: int
    whole: bool

    def share(self, batch_size: int) -> float | None:
        """How large the noise of a batch is beside the gradient, tr(Sigma)/(B |G|^2); None where there is no answer."""
        return None if self.scale is None else self.scale / batch_size

    def words(self) -> list[str]:
        """What was measured, and what it is true of, a sentence each."""
        whole = "every one of its" if self.whole else "the first"
        said = [
            f"tr(Sigma), the covariance of one row's gradient, is {between(self.trace, self.trace_interval)}, 95 times "
            f"of 100, from {whole} {self.batches} batches ({self.rows} rows); it supposes that batches are shuffled."
        ]
        if self.scale is None:
            return [*said, self._no_answer()]
        of = "all these rows" if self.whole else "what the rows are drawn from"
        return [
            *said,
            f"The gradient over {of} has the square {between(self.gradient_square, self.gradient_interval)}, so that "
            f"the noise scale tr(Sigma)/|G|^2 is {between(self.scale, self.scale_interval)} rows: in much smaller "
            "batches noise is most of a step, in much larger ones it is little of it. It holds at today's parameters "
            "and grows as training goes on.",
        ]

    def _no_answer(self) -> str:
        more = "how many more batches it takes cannot be said"
        if self.more_batches is not None:
            at_least = "at least" if self.gradient_square <= 0 else "about"
            more = f"it takes {at_least} {self.more_batches} more batches"
        return (
            "Noise scale: no answer yet. The gradient's square, "
            f"{between(self.gradient_square, self.gradient_interval)}, cannot be told from 0; {more}. The noise scale "
            f"is over {readable(self.scale_interval.low)} rows."
        )

    def __str__(self) -> str:
        scale = (
            f"no answer yet, over {readable(self.scale_interval.low)} rows"
            if self.scale is None
            else f"{between(self.scale, self.scale_interval)} rows"
        )
        return (
            f"{self.model}: tr(Sigma) {between(self.trace, self.trace_interval)}; noise scale {scale} "
            f"({self.batches} batches, {self.rows} rows)"
        )


def noise(model: object, *, batches: int = BATCHES, progress: Progress | None = None) -> Noise:
    """How noisy the gradient of a user's own model is: tr(Sigma) with an interval, the noise scale where it can be had.

    Args:
        model: what `model` makes.
        batches: how many to read at most, from 8; a gradient is taken of each. Where they end sooner, G is the gradient
            over all their rows, and the noise scale has the error of tr(Sigma) alone.
        progress: called with (batches read, batches to read).

    Returns a Noise. It supposes batches of rows drawn at random: batches in an order that has a meaning, such as by
    class, have more between them. The interval supposes that a batch's gradient is not made by a few of its rows: on
    rows of one size it holds .93 to .97 of the times from 16 batches on; with gradients as uneven as a lognormal of
    sigma .8, one row a batch, about .85. Dropout's masks are part of it as far as they change from batch to batch.
    Raises PolyakError for fewer than 8 batches, and for a gradient that is not finite.

    Source: McCandlish, Kaplan, Amodei & OpenAI Dota team (2018), An empirical model of large-batch training, eq. 2.8
    and appendix A, whose estimate from two batch sizes came out at .2 to .3 of the truth, with no number in 5 of 22
    readings: here is one of all pairs of batches, with its error, or none.

    >>> import jax.numpy as jnp, numpy as np, polyak as pk
    >>> rows = np.random.default_rng(0).normal(1.0, 2.0, (512, 1))
    >>> model = pk.model(lambda x, batch: ((x - batch) ** 2).mean() / 2, jnp.zeros(1), np.split(rows, 32))
    >>> n = noise(model)
    >>> n.trace_interval.low < 4 < n.trace_interval.high, n.scale_interval.low < 4 < n.scale_interval.high
    (True, True)
    """
    batches = whole_number("batches", batches, at_least=FEWEST)
    if not isinstance(model, Model):
        raise PolyakError(f"noise is asked of {type(model).__name__}, expected what pk.model(...) makes")
    bridge = model.bridge
    progress, readings, whole = progress or silent, Readings(), True
    progress(0, batches)
    for batch in bridge.batches():
        if readings.batches == batches:
            whole = False
            break
        with bridge.on(batch) as local:
            readings.take(local.gradient(), local.rows)
        progress(readings.batches, batches)
        _require_finite(readings, bridge.name)
    if readings.batches < FEWEST:
        raise PolyakError(
            f"{bridge.name} has {readings.batches} batches, expected {FEWEST} at least to tell the noise of their "
            "gradients: give the same rows in smaller batches"
        )
    progress(batches, batches)
    return _noise(bridge.name, readings, whole)


def _require_finite(readings: Readings, name: str) -> None:
    last = readings.squares[-1] if readings.squares else readings.mean_square
    if not math.isfinite(last):
        raise PolyakError(
            f"{name}: the gradient of batch {readings.batches} is not finite, its noise neither"
        )


def _noise(name: str, readings: Readings, whole: bool) -> Noise:
    trace = readings.trace_interval()
    square = readings.mean_square if whole else readings.square
    of_square = Interval(square, square) if whole else readings.square_interval()
    if square <= readings.rounding:
        of_square = Interval(min(0.0, of_square.low), max(readings.rounding, of_square.high))
    low = trace.low / of_square.high if of_square.high > 0 else 0.0
    scale, high, more = None, math.inf, 0 if of_square.low > 0 else _more(readings)
    if of_square.low > 0:
        scale, high = readings.trace / square, trace.high / of_square.low
    return Noise(
        model=name,
        trace=readings.trace,
        trace_interval=trace,
        gradient_square=square,
        gradient_interval=of_square,
        scale=scale,
        scale_interval=Interval(low, high),
        more_batches=more,
        batches=readings.batches,
        rows=readings.rows,
        whole=whole,
    )


def _more(readings: Readings) -> int | None:
    """Batches until |G|^2 can be told from 0, if it is what it seems; at its upper end, where it seems negative."""
    square = readings.square if readings.square > 0 else readings.square_interval().high
    rows = readings.rows_needed(square) if square > 0 else math.inf
    if not math.isfinite(rows):
        return None
    return max(1, math.ceil((rows - readings.rows) * readings.batches / readings.rows))


def between(value: float, interval: Interval) -> str:
    """A value with its interval, in words; the value alone where it has no error.

    >>> between(4.0, Interval(3.5, 4.6)), between(4.0, Interval(4.0, 4.0))
    ('4 (3.5 to 4.6)', '4')
    """
    if interval.low == interval.high:
        return readable(value)
    return f"{readable(value)} ({readable(interval.low, 3)} to {readable(interval.high, 3)})"
