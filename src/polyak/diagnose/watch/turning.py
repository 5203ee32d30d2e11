r"""A product with the curvature that a rule's step sees, in little room: v is written over where it can be.

    w = P^{1/2} (H_b + W) P^{1/2} v,    v . w = u . (H_b + W) u  with  u = P^{1/2} v

so that v itself is not needed once it is u, nor P^{1/2} as a vector: both factors are laid on block by block.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from polyak.frameworks.bridge import Bridge, Local, Vector
from polyak.frameworks.live import Arrays, Live
from polyak.theory.known_motion import KnownMotion
from polyak.theory.model_subspace import Preconditioned, roots_and_pulls
from polyak.theory.motion import Motion


class Turning:
    """The curvature on the batch that a model stands on, as the rule's step sees it.

    Args:
        local: the model on the batch.
        bridge: to it.
        live: the training, whose slots make the gains.
        moved: the rule.
    """

    def __init__(self, local: Local, bridge: Bridge, live: Live, moved: Motion | KnownMotion) -> None:
        self._local, self._bridge, self._live, self._moved = local, bridge, live, moved
        self._whole: Preconditioned | None = None
        self._slots: Mapping[str, Arrays] | None = None

    def __call__(self, v: Vector) -> tuple[float, Vector]:
        """v . w and w; v is no more."""
        moved = self._moved
        if isinstance(moved, Motion):
            if self._whole is None:
                H = _OnBatch(self._local, self._bridge)
                self._whole = Preconditioned(H, *roots_and_pulls(self._bridge, moved))
            w = self._whole @ v
            return float(v @ w), w
        if moved.uniform is not None:
            a, w = self._local.turned(v, moved.pulls)
            w *= moved.uniform
            return moved.uniform * a, w
        a, w = self._local.turned(self._rooted(v), moved.pulls)
        return a, self._rooted(w)

    def _rooted(self, v: Vector) -> Vector:
        """P^{1/2} v, in the place of v on a CPU."""
        assert isinstance(self._moved, KnownMotion)
        numbers, own = _writable(v)
        if self._slots is None:  # views: no step is taken between two products
            self._slots = self._live.slots()
        self._moved.rooted(numbers, self._slots)
        return v if own else self._bridge.vector(self._named(numbers))

    def _named(self, numbers: NDArray[np.floating[Any]]) -> dict[str, NDArray[np.floating[Any]]]:
        sizes = [int(np.prod(shape, dtype=np.int64)) for shape in self._bridge.shapes]
        parts = np.split(numbers, np.cumsum(sizes)[:-1])
        named = zip(self._bridge.names, parts, self._bridge.shapes, strict=True)
        return {name: part.reshape(shape) for name, part, shape in named}


class _OnBatch:
    """H over the batch that a model stands on."""

    def __init__(self, local: Local, bridge: Bridge) -> None:
        self._local, self._bridge, self.size = local, bridge, bridge.size

    def __matmul__(self, v: Vector, /) -> Vector:
        return self._local.hessian(v)

    def random(self, generator: np.random.Generator, /) -> Vector:
        """Standard normal numbers, of the model's framework."""
        return self._bridge.random(generator)


def _writable(v: Vector) -> tuple[NDArray[np.floating[Any]], bool]:
    """A vector's numbers, and whether they are its own; copies where they may not be written or lie elsewhere."""
    if str(getattr(v, "device", "cpu")) != "cpu" and hasattr(v, "cpu"):
        return np.array(v.cpu()), False
    numbers = np.asarray(v)
    return (numbers, True) if numbers.flags.writeable else (numbers.copy(), False)
