"""The user's loss of the outputs at a few of them: what it may be by its slopes, and the weights and targets by two."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from polyak.frameworks.bridge import Local
from polyak.theory.basis import as_numpy

Kind = Literal["squared", "logistic", "softmax"]
Layout = tuple[int, int, int]
"""(before, classes, after): how a row's outputs lie, the classes on the middle axis."""

ALIKE = 2e-3  # relative: how far a gradient or a loss may be from what is told, in float32
CLEAR = 1e-2  # of the largest: a difference squared of no less is told to ALIKE
FLAT = 1e-6  # of the largest: a slope of no more is none
MOST_TRIED = 64  # layouts


@dataclass(frozen=True, eq=False)
class Trial:
    """The user's loss at some outputs: the outputs, n times the gradient, the loss."""

    z: NDArray[np.float32]
    slope: NDArray[np.float32]
    loss: float


def trials(local: Local) -> list[Trial]:
    """At two random outputs, where no class is all but certain, and at the model's own."""
    own = local.outputs()
    generator = np.random.default_rng(0)
    found = []
    for drawn in (True, True, False):
        z = as_numpy(own).astype(np.float32)
        if drawn:
            z = generator.standard_normal(tuple(own.shape)).astype(np.float32)
        at = _like(z, own)
        slope = as_numpy(local.loss_gradient(at)).astype(np.float32) * np.float32(local.rows)
        found.append(Trial(z, slope, local.loss_at(at)))
    return found


def _like(values: NDArray[np.float32], own: object) -> object:
    import array_api_compat

    xp = array_api_compat.array_namespace(own)
    return xp.asarray(values, dtype=own.dtype, device=array_api_compat.device(own))  # type: ignore[attr-defined]


def candidates(slope: NDArray[np.float32]) -> Iterator[tuple[Kind, Layout]]:
    """What a loss may be, the simplest first; of softmax, where the slopes of some blocks sum to 0."""
    outputs = slope.shape[1]
    yield "squared", (1, 1, outputs)
    yield "logistic", (1, 1, outputs)
    some = slope[:MOST_TRIED].astype(np.float64)
    size = np.abs(some).max(initial=0.0)
    divisors = [c for c in range(2, outputs + 1) if outputs % c == 0]
    layouts = dict.fromkeys(
        layout for c in divisors for layout in ((outputs // c, c, 1), (1, c, outputs // c))
    )
    for before, classes, after in layouts:
        sums = some.reshape(len(some), before, classes, after).sum(2)
        if np.abs(sums).max(initial=0.0) <= ALIKE * size:
            yield "softmax", (before, classes, after)


def arranged(outputs: NDArray[np.float32], layout: Layout) -> NDArray[np.float32]:
    """Outputs of shape (rows, outputs) as (classes, rows, blocks)."""
    before, classes, after = layout
    n = len(outputs)
    apart = outputs.reshape(n, before, classes, after)
    return np.ascontiguousarray(apart.transpose(2, 0, 1, 3).reshape(classes, n, before * after))


def activation(kind: Kind, z: NDArray[np.float32]) -> NDArray[np.float32]:
    """A new array: z, the logistic function of it, or the softmax over its first axis."""
    if kind == "squared":
        return z.copy()
    if kind == "logistic":
        return np.asarray(1 / (1 + np.exp(-z)), dtype=z.dtype)
    e = np.exp(z - z.max(0))
    e /= e.sum(0)
    return np.asarray(e, dtype=z.dtype)


def weights_of(
    kind: Kind, move: NDArray[np.float64], turned: NDArray[np.float64]
) -> tuple[NDArray[np.float64], float] | None:
    """w by what a move of the activation turns the slope by, and the middle one; None where they are no numbers."""
    # Least squares over a block's classes; of one output a quotient.
    top, low = move * turned, move * move
    if kind == "softmax":
        top, low = top.sum(0, keepdims=True), low.sum(0, keepdims=True)
    if not np.isfinite(top).all() or not np.isfinite(low).all():
        return None
    w = np.divide(top, low, out=np.zeros_like(top), where=low > FLAT * low.max(initial=0.0))
    size = max(float(np.abs(w).max(initial=0.0)), float(np.finfo(float).tiny))
    w[np.abs(w) <= FLAT * size] = 0.0
    # Where the trials lie close to one another a quotient is rough: what all have alike is told by the others.
    clear = low > CLEAR * low.max(initial=0.0)
    middle = float(np.median(w[clear])) if clear.any() else 0.0
    if np.abs(w[clear] - middle).max(initial=0.0) <= ALIKE * middle:
        w = np.full_like(w, middle)
    elif kind != "softmax":  # where the trial's move was small a quotient is rough: one weight a row
        w = np.broadcast_to(_by_row(w, move), w.shape).copy()
    return w, middle


def targets_of(
    f: Sequence[NDArray[np.float64]], slopes: Sequence[NDArray[np.float32]], w: NDArray[np.float64]
) -> NDArray[np.float64]:
    """t by the activations and slopes of some trials, their mean; 0 where the weight is."""
    t = np.mean(
        [fk - np.divide(s, w, out=np.zeros(fk.shape), where=w > 0) for fk, s in zip(f, slopes, strict=True)],
        axis=0,
    )
    return np.where(w > 0, t, 0.0)


def alike(said: NDArray[np.float64], found: NDArray[np.float32]) -> bool:
    """Whether two slopes are the same to ALIKE of the larger."""
    size = max(np.abs(found).max(initial=0.0), np.abs(said).max(initial=0.0))
    return bool(np.abs(said - found).max(initial=0.0) <= ALIKE * size)


def _by_row(w: NDArray[np.float64], move: NDArray[np.float64]) -> NDArray[np.float64]:
    """One weight for all of a row's outputs: that of the one that was moved furthest."""
    furthest = np.abs(move).argmax(2, keepdims=True)
    return np.take_along_axis(w, furthest, 2)
