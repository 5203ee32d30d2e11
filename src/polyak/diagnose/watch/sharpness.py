r"""The sharpness that a rule's own step sees, by one product a reading along a vector that is carried on.

    v <- P^{1/2} H_b P^{1/2} v / |.|,    a = v . P^{1/2} H_b P^{1/2} v  read on a batch b that v has not seen,

    share = 1 / edge(a)

P is what a gradient moves each entry by in the end, read off the optimizer (theory/motion.py). a is the mean of the
last eight readings; of one where a batch is all rows. A top direction that is chosen on the batch it is read on is some
three times too steep in batches of 64; along one that was not, the curvature lies about a tenth below the truth.
"""

from __future__ import annotations

import math
from collections import deque

import numpy as np
from numpy.typing import NDArray

from polyak.diagnose.watch.context import Arrays, Live
from polyak.frameworks.bridge import Bridge, Local
from polyak.frameworks.classify import reading_of
from polyak.theory.motion import Known, Motion, motion

FIRST = 8  # products with which the carried vector begins
MEAN = 8  # readings of which the sharpness is the mean

Floats = NDArray[np.float32]


class Sharpness:
    """The carried vector, and what was read along it.

    Args:
        optimizer: whose rule it is.
        bridge: to the model.
        live: the training as it is.
        rows: of all data; None where that is not known.
    """

    def __init__(self, optimizer: object, bridge: Bridge, live: Live, rows: int | None) -> None:
        self._optimizer, self._bridge, self._live, self._rows = optimizer, bridge, live, rows
        self._vector: Floats | None = None
        self._read: deque[float] = deque(maxlen=MEAN)
        self._known: tuple[tuple[float, ...], Motion] | None = None
        self._examined: dict[str, Known] = {}

    @property
    def begun(self) -> bool:
        """Whether there is a vector, so that a reading takes one product."""
        return self._vector is not None

    def read(self, local: Local) -> dict[str, float]:
        """`sharpness_read` of the batch that the model stands on, `sharpness`, `edge`, `share`; empty at rest.

        Raises PolyakError where the rule has no edge.
        """
        moved = self._motion()
        gain = moved.uniform
        root = math.sqrt(gain) if gain is not None else self._roots(moved)
        if not np.any(root):
            return {}
        whole = local.rows == self._rows
        if self._vector is None or not np.isfinite(self._vector).all():
            self._vector = self._started(local, root)
            if not whole:  # a top that is chosen on these rows is too steep on them
                return {}
        v = self._vector / np.linalg.norm(self._vector)
        self._vector = self._product(local, v, root)
        a = float(np.vdot(v, self._vector))
        if whole:  # read without noise: what was read before only lags behind
            self._read.clear()
        lr = self._live.settings().get("lr", math.nan)
        unit = lr if moved.preconditioned or gain is None else gain
        if not unit > 0:
            return {}
        self._read.append(a / unit)
        sharpness = float(np.mean(self._read))
        share = 1 / moved.factor_of(sharpness * unit)
        edge = sharpness / share if share else math.nan
        return {"sharpness_read": a / unit, "sharpness": sharpness, "edge": edge, "share": share}

    def _started(self, local: Local, root: Floats | float) -> Floats:
        """A vector to carry on, from a few products."""
        v: Floats = np.random.default_rng(0).normal(size=self._bridge.size).astype(np.float32)
        for _ in range(FIRST):
            v /= np.linalg.norm(v)
            v = self._product(local, v, root)
        return v

    def _motion(self) -> Motion:
        """The optimizer's linear rule; of one without a preconditioner again only where a number of it has changed."""
        settings = self._live.numbers()
        if self._known is None or self._known[0] != settings or self._known[1].preconditioned:
            self._known = None
            self._known = settings, motion(reading_of(self._optimizer, self._bridge), self._examined)
        return self._known[1]

    def _roots(self, moved: Motion) -> Floats:
        """P^{1/2}, of each entry."""
        gains = np.empty(self._bridge.size, np.float32)
        starts = np.cumsum([0, *(int(np.prod(shape)) for shape in self._bridge.shapes)])
        for part, gain in zip(moved.reading.parts, moved.gains, strict=True):
            at = 0
            for k in part.arrays:
                size = int(starts[k + 1] - starts[k])
                gains[starts[k] : starts[k + 1]] = gain[at : at + size]
                at += size
        return np.sqrt(gains, out=gains)

    def _product(self, local: Local, v: Floats, root: Floats | float) -> Floats:
        """P^{1/2} H P^{1/2} v."""
        flat = self._live.vector(_apart(root * v, self._bridge.shapes))
        found = self._bridge.named(local.hessian(flat)).values()
        made: Floats = np.concatenate([np.asarray(each, np.float32).reshape(-1) for each in found])
        made *= root
        return made


def _apart(v: Floats, shapes: tuple[tuple[int, ...], ...]) -> Arrays:
    ends = np.cumsum([int(np.prod(shape)) for shape in shapes])
    return tuple(part.reshape(shape) for part, shape in zip(np.split(v, ends[:-1]), shapes, strict=True))
