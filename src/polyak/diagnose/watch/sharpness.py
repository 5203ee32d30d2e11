r"""The sharpness that a rule's own step sees, by one product a reading along a vector that is carried on.

    A_b = P^{1/2} (H_b + W) P^{1/2},    v <- A_b v / |.|,    a = v . A_b v  read on a batch b that v has not seen,

    share = 1 / edge(a)

P is what a gradient moves each entry by in the end and W a decay that goes through it, read off the optimizer
(theory/motion.py). a is the mean of the last eight readings; of one where a batch is all rows. A top direction that is
chosen on the batch it is read on is some three times too steep in batches of 64; along one that was not, the curvature
lies about a tenth below the truth.
"""

from __future__ import annotations

import math
from collections import deque
from dataclasses import replace

import numpy as np

from polyak.frameworks.bridge import Bridge, Local, Vector
from polyak.frameworks.live import Live
from polyak.theory.mean_square import noise_factor
from polyak.theory.model_subspace import Preconditioned, roots_and_pulls
from polyak.theory.motion import Known, Motion, motion
from polyak.theory.scattered_rows import noise_growth, scattered_edge

FIRST = 8  # products with which the carried vector begins
SELDOM = 4  # readings, of which one takes a product for the trace
MEAN = 8  # readings of which the sharpness is the mean


class Sharpness:
    """The carried vector, and what was read along it.

    Args:
        bridge: to the model.
        live: the training as it is.
        rows: of all data; None where that is not known.
    """

    def __init__(self, bridge: Bridge, live: Live, rows: int | None) -> None:
        self._bridge, self._live, self._rows = bridge, live, rows
        self._a, self._count, self._draw = math.nan, 0, np.random.default_rng(1)
        self._traces: deque[float] = deque(maxlen=MEAN)
        self._vector: Vector | None = None
        self._read: deque[float] = deque(maxlen=MEAN)
        self._known: tuple[tuple[float, ...], Motion] | None = None
        self._examined: dict[str, Known] = {}

    @property
    def begun(self) -> bool:
        """Whether there is a vector, so that a reading takes one product."""
        return self._vector is not None

    def read(self, local: Local, *, whole: bool) -> dict[str, float]:
        """`sharpness_read` of the batch that the model stands on, `sharpness`, `edge`, `share`, `noise_growth`.

        Empty at rest.

        Args:
            local: the model on the batch.
            whole: whether the batch is all the rows there are.

        Raises PolyakError where the rule has no edge.
        """
        moved = self._motion()
        A = self._seen_by(local, moved)
        if self._vector is None or not math.isfinite(_length(self._vector)):
            self._read.clear()
            self._vector = self._started(A)
            if not whole:  # a top that is chosen on these rows is too steep on them
                return {}
        v, self._vector = self._vector / _length(self._vector), None  # one vector, not two
        self._vector = A @ v
        a = float(v @ self._vector)
        if whole:  # read without noise: what was read before only lags behind
            self._read.clear()
        lr, gain = self._live.settings().get("lr", math.nan), moved.uniform
        unit = lr if moved.preconditioned or gain is None else gain
        if math.isnan(unit):  # one that does not show: what is read is the curvature times it
            unit = 1.0
        if not unit > 0:
            return {}
        self._read.append(a / unit)
        sharpness = float(np.mean(self._read))
        self._a = sharpness * unit
        share = 1 / moved.factor_of(sharpness * unit)
        edge = sharpness / share if share else math.nan
        growth = math.nan if whole else self._noise_growth(A, local.rows, moved, unit)
        return {
            "sharpness_read": a / unit,
            "sharpness": sharpness,
            "edge": edge,
            "share": share,
            "noise_growth": growth,
        }

    def _noise_growth(self, A: Preconditioned, rows: int, moved: Motion, unit: float) -> float:
        """How noise breeds noise at today's learning rates, at most; the trace is read at every fourth reading."""
        if self._count % SELDOM == 0:
            v = A.random(self._draw)
            self._traces.append(float(v @ (A @ v)) / unit)
        self._count += 1
        trace = float(np.mean(self._traces)) * unit
        step = moved.step_at(1.0)
        return noise_growth(step, self._a, trace, self._phi(rows)) if self._a > 0 else math.nan

    def _phi(self, rows: int) -> float:
        """What a batch's mean has of one row's covariance."""
        return noise_factor(rows, self._rows or 0, replace=(self._rows or 0) <= rows)

    def safe_factor(self, local: Local) -> float:
        """All of today's learning rates times this are where the noise of such batches dies out, of rows of one output
        that scatter as normal ones: scattered_rows.py. nan where no sharpness was read, or the rule has no edge.

        Costs `FIRST` products, for the trace.
        """
        if not self._a > 0:
            return math.nan
        moved = self._motion()
        A, draw = self._seen_by(local, moved), np.random.default_rng(0)
        vectors = [A.random(draw) for _ in range(FIRST)]
        trace = float(np.mean([float((v * (A @ v)).sum()) for v in vectors]))
        phi = self._phi(local.rows)
        return scattered_edge(moved.step_at, self._a, trace, phi, moved.factor_of(self._a))

    def _seen_by(self, local: Local, moved: Motion) -> Preconditioned:
        """The curvature on a batch as the rule's step sees it."""
        return Preconditioned(_OnBatch(local, self._bridge), *roots_and_pulls(self._bridge, moved))

    def _started(self, A: Preconditioned) -> Vector:
        """A vector to carry on, from a few products."""
        v = A.random(np.random.default_rng(0))
        for _ in range(FIRST):
            v = A @ (v / _length(v))
        return v

    def _motion(self) -> Motion:
        """The optimizer's linear rule; of one without a preconditioner again only where a number of it has changed."""
        settings = self._live.numbers()
        if self._known is None or self._known[0] != settings or self._known[1].preconditioned:
            self._known = None
            found = motion(self._live.reading(), self._examined)
            # The moments have been read: a copy of them, in double, is not carried on.
            parts = tuple(replace(part, state=None) for part in found.reading.parts)
            self._known = settings, replace(found, reading=replace(found.reading, parts=parts))
        return self._known[1]


class _OnBatch:
    """H over the batch that a model stands on."""

    def __init__(self, local: Local, bridge: Bridge) -> None:
        self._local, self._bridge, self.size = local, bridge, bridge.size

    def __matmul__(self, v: Vector, /) -> Vector:
        return self._local.hessian(v)

    def random(self, generator: np.random.Generator, /) -> Vector:
        """Standard normal numbers, of the model's framework."""
        return self._bridge.random(generator)


def _length(v: Vector) -> float:
    return math.sqrt(float(v @ v))
