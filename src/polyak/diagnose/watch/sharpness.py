r"""The sharpness that a rule's own step sees, by one product a reading along a vector that is carried on.

    A_b = P^{1/2} (H_b + W) P^{1/2},    v <- A_b v / |.|,    a = v . A_b v  read on a batch b that v has not seen,

    share = 1 / edge(a)

P is what a gradient moves each entry by in the end and W a decay that goes through it, read off the optimizer
(theory/known_motion.py; of a rule of another class by the tests of theory/motion.py). a is the mean of the last eight
readings; of one where a batch is all rows. A top direction that is chosen on the batch it is read on is some three
times too steep in batches of 64; along one that was not, the curvature lies about a tenth below the truth.
"""

from __future__ import annotations

import math
from collections import deque
from dataclasses import replace

import numpy as np

from polyak.diagnose.watch.turning import Turning
from polyak.frameworks.bridge import Bridge, Local, Vector
from polyak.frameworks.live import Live
from polyak.theory.known_motion import KnownMotion, known_motion
from polyak.theory.mean_square import noise_factor
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

    def read(self, local: Local, *, whole: bool, rows: int) -> dict[str, float]:
        """`sharpness_read` of the batch that the model stands on, `sharpness`, `edge`, `share`, `noise_growth`.

        Empty at rest.

        Args:
            local: the model on the batch, or on some rows of it.
            whole: whether the batch is all the rows there are.
            rows: of the batch that steps are taken on.

        Raises PolyakError where the rule has no edge.
        """
        moved = self._motion()
        turn = Turning(local, self._bridge, self._live, moved)
        if self._vector is None or not math.isfinite(_length(self._vector)):
            self._read.clear()
            self._vector = self._started(turn)
            if not whole:  # a top that is chosen on these rows is too steep on them
                return {}
        v, self._vector = self._vector, None
        v *= 1 / _length(v)
        a, self._vector = turn(v)
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
        growth = math.nan if whole else self._noise_growth(turn, rows, moved, unit)
        return {
            "sharpness_read": a / unit,
            "sharpness": sharpness,
            "edge": edge,
            "share": share,
            "noise_growth": growth,
        }

    def _noise_growth(self, turn: Turning, rows: int, moved: Motion | KnownMotion, unit: float) -> float:
        """How noise breeds noise at today's learning rates, at most; the trace is read at every fourth reading."""
        if self._count % SELDOM == 0:
            self._traces.append(turn(self._bridge.random(self._draw))[0] / unit)
        self._count += 1
        trace = float(np.mean(self._traces)) * unit
        step = moved.step_at(1.0)
        return noise_growth(step, self._a, trace, self._phi(rows)) if self._a > 0 else math.nan

    def _phi(self, rows: int) -> float:
        """What a batch's mean has of one row's covariance."""
        return noise_factor(rows, self._rows or 0, replace=(self._rows or 0) <= rows)

    def safe_factor(self, local: Local, rows: int) -> float:
        """All of today's learning rates times this are where the noise of such batches dies out, of rows of one output
        that scatter as normal ones: scattered_rows.py. nan where no sharpness was read, or the rule has no edge.

        Costs `FIRST` products, for the trace.
        """
        if not self._a > 0:
            return math.nan
        moved, draw = self._motion(), np.random.default_rng(0)
        turn = Turning(local, self._bridge, self._live, moved)
        trace = float(np.mean([turn(self._bridge.random(draw))[0] for _ in range(FIRST)]))
        return scattered_edge(moved.step_at, self._a, trace, self._phi(rows), moved.factor_of(self._a))

    def _started(self, turn: Turning) -> Vector:
        """A vector to carry on, from a few products."""
        v = self._bridge.random(np.random.default_rng(0))
        for _ in range(FIRST):
            v *= 1 / _length(v)
            _, v = turn(v)
        return v

    def _motion(self) -> Motion | KnownMotion:
        """The optimizer's linear rule; of one that is no known class and has no preconditioner again only where a
        number of it has changed.
        """
        rules = self._live.rules()
        if rules is not None:
            known = known_motion(rules.parts, self._live.slots(), rules.label, self._bridge.shapes)
            if known is not None:
                return known
        settings = self._live.numbers()
        if self._known is None or self._known[0] != settings or self._known[1].preconditioned:
            self._known = None
            found = motion(self._live.reading(), self._examined)
            # The moments have been read: a copy of them, in double, is not carried on.
            parts = tuple(replace(part, state=None) for part in found.reading.parts)
            self._known = settings, replace(found, reading=replace(found.reading, parts=parts))
        return self._known[1]


def _length(v: Vector) -> float:
    return math.sqrt(float(v @ v))
