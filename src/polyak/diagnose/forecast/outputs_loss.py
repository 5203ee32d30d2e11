r"""The loss of the outputs, known by what it does: the user's own, tried at a few outputs, and told as one of three.

Of a row's outputs z, with a weight w and targets t that are read off its gradient,

    squared      sum w (z - t)^2 / 2                      gradient  w (z - t)
    logistic     sum w (log(1 + e^z) - t z)               gradient  w (1/(1 + e^-z) - t)
    softmax      sum_b w_b (log sum_c e^(z_bc) - t_b . z_b)      gradient  w_b (softmax(z_b) - t_b)

b being blocks of outputs, such as the places of a sentence, and c the classes. So label smoothing, class weights and
rows that are left out are told too, in any framework, whatever the function is called. What is none of the three is
refused: its gradient would have to be asked of the user's own code, at every step of every setting.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from polyak.frameworks.bridge import Local
from polyak.ground.errors import PolyakError
from polyak.theory.basis import as_numpy

Kind = Literal["squared", "logistic", "softmax"]
Layout = tuple[int, int, int]
"""(before, classes, after): how a row's outputs lie, the classes on the middle axis."""

ALIKE = 2e-3  # relative: how far a gradient or a loss may be from what is told, in float32
CLEAR = 1e-2  # of the largest: a difference squared of no less is told to ALIKE
FLAT = 1e-6  # of the largest: a slope of no more is none
MOST_TRIED = 64  # layouts


@dataclass(frozen=True, eq=False)
class OutputsLoss:
    """A loss of outputs, a mean over rows.

    Attributes:
        kind: which of the three.
        layout: of softmax: where the classes are; (1, 1, outputs) for the others.
        targets: t, shape (classes, rows, blocks).
        weights: w, of shape (1, rows, blocks), or one number where all are the same.
        constant: what is added to the mean.
    """

    kind: Kind
    layout: Layout
    targets: NDArray[np.float32]
    weights: NDArray[np.float32] | float
    constant: float

    def arranged(self, outputs: NDArray[np.float32]) -> NDArray[np.float32]:
        """Outputs of shape (rows, outputs) as (classes, rows, blocks)."""
        return _arranged(outputs, self.layout)

    def of(self, rows: NDArray[np.int64] | slice) -> OutputsLoss:
        """The loss of some rows, without the constant."""
        weights = self.weights if isinstance(self.weights, float) else self.weights[:, rows]
        return OutputsLoss(self.kind, self.layout, self.targets[:, rows], weights, 0.0)

    def gradient(self, z: NDArray[np.float32]) -> NDArray[np.float32]:
        """Each row's own, at outputs of shape (classes, rows, blocks, settings)."""
        found = _activation(self.kind, z)
        found -= self.targets[..., None]
        if isinstance(self.weights, float):
            if self.weights != 1:
                found *= np.float32(self.weights)
        else:
            found *= self.weights[..., None]
        return found

    def value(self, z: NDArray[np.float32]) -> NDArray[np.float64]:
        """The mean over the rows, shape (settings,)."""
        t = self.targets[..., None]
        if self.kind == "squared":
            each = ((z - t) ** 2).sum(0, keepdims=True) / 2
            if not isinstance(self.weights, float) and len(self.weights) > 1:
                each = (self.weights[..., None] * (z - t) ** 2).sum(0, keepdims=True) / 2
                return np.asarray(each.sum((0, 2)).mean(0, dtype=np.float64) + self.constant)
        elif self.kind == "logistic":
            each = np.logaddexp(0, z) - t * z
        else:
            top = z.max(0, keepdims=True)
            each = np.log(np.exp(z - top).sum(0, keepdims=True)) + top - (t * z).sum(0, keepdims=True)
        each = each * (self.weights if isinstance(self.weights, float) else self.weights[..., None])
        return np.asarray(each.sum((0, 2)).mean(0, dtype=np.float64) + self.constant)


def _arranged(outputs: NDArray[np.float32], layout: Layout) -> NDArray[np.float32]:
    before, classes, after = layout
    n = len(outputs)
    apart = outputs.reshape(n, before, classes, after)
    return np.ascontiguousarray(apart.transpose(2, 0, 1, 3).reshape(classes, n, before * after))


def _activation(kind: Kind, z: NDArray[np.float32]) -> NDArray[np.float32]:
    """A new array: z, the logistic function of it, or the softmax over its first axis."""
    if kind == "squared":
        return z.copy()
    if kind == "logistic":
        return np.asarray(1 / (1 + np.exp(-z)), dtype=z.dtype)
    e = np.exp(z - z.max(0))
    e /= e.sum(0)
    return np.asarray(e, dtype=z.dtype)


@dataclass(frozen=True, eq=False)
class _Tried:
    """The user's loss at some outputs: the outputs, n times the gradient, the loss."""

    z: NDArray[np.float32]
    slope: NDArray[np.float32]
    loss: float


def outputs_loss(locals_: Sequence[Local]) -> OutputsLoss:
    """The loss of the outputs over several batches, one after the other.

    Raises PolyakError where the outputs are not told from the loss, and where it is none of the three.
    """
    tried = [_tried(local) for local in locals_]
    rows = [local.rows for local in locals_]
    for kind, layout in _candidates(tried[0][0].slope):
        found = [_told(kind, layout, each) for each in tried]
        known = [each for each in found if each is not None]
        if len(known) == len(found):
            return _together(known, rows)
    raise PolyakError(
        "the loss of the outputs is none that a forecast knows: expected squares, a cross-entropy of logits or a"
        " logistic loss of them, each a mean over the rows"
    )


def _tried(local: Local) -> list[_Tried]:
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
        found.append(_Tried(z, slope, local.loss_at(at)))
    return found


def _like(values: NDArray[np.float32], own: object) -> object:
    import array_api_compat

    xp = array_api_compat.array_namespace(own)
    return xp.asarray(values, dtype=own.dtype, device=array_api_compat.device(own))  # type: ignore[attr-defined]


def _candidates(slope: NDArray[np.float32]) -> Iterator[tuple[Kind, Layout]]:
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


def _told(kind: Kind, layout: Layout, tried: Sequence[_Tried]) -> OutputsLoss | None:
    """The weights and targets of a kind by two trials, if the third agrees."""
    a, b, c = ((_arranged(each.z, layout), _arranged(each.slope, layout)) for each in tried)
    f = [_activation(kind, z).astype(np.float64) for z, _ in (a, b, c)]
    move, turned = f[1] - f[0], b[1].astype(np.float64) - a[1]
    axis = 0 if kind == "softmax" else None
    # Least squares over a block's classes; of one output a quotient.
    top = (move * turned).sum(axis, keepdims=True) if axis == 0 else move * turned
    low = (move * move).sum(axis, keepdims=True) if axis == 0 else move * move
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
    t = np.mean(
        [
            fk - np.divide(s, w, out=np.zeros(fk.shape), where=w > 0)
            for fk, (_, s) in zip(f, (a, b), strict=False)
        ],
        axis=0,
    )
    t = np.where(w > 0, t, 0.0)
    said = w * (f[2] - t)
    if not np.abs(said - c[1]).max(initial=0.0) <= ALIKE * max(
        np.abs(c[1]).max(initial=0.0), np.abs(said).max(initial=0.0)
    ):
        return None
    same = bool((w == middle).all())
    found = OutputsLoss(kind, layout, t.astype(np.float32), middle if same else w.astype(np.float32), 0.0)
    losses = [
        each.loss - float(found.value(z[..., None])[0]) for each, (z, _) in zip(tried, (a, b, c), strict=True)
    ]
    if not max(losses) - min(losses) <= ALIKE * max(abs(each.loss) for each in tried):
        return None
    return OutputsLoss(kind, layout, found.targets, found.weights, losses[0])


def _by_row(w: NDArray[np.float64], move: NDArray[np.float64]) -> NDArray[np.float64]:
    """One weight for all of a row's outputs: that of the one that was moved furthest."""
    furthest = np.abs(move).argmax(2, keepdims=True)
    return np.take_along_axis(w, furthest, 2)


def _together(found: Sequence[OutputsLoss], rows: Sequence[int]) -> OutputsLoss:
    """Those of several batches as one."""
    first = found[0]
    targets = np.concatenate([each.targets for each in found], 1)
    weights: NDArray[np.float32] | float = first.weights
    if any(
        not isinstance(each.weights, float)
        or abs(each.weights - float(first.weights)) > ALIKE * abs(each.weights)
        if isinstance(first.weights, float)
        else True
        for each in found
    ):
        shapes = [
            (1 if each.kind == "softmax" else len(each.targets), *each.targets.shape[1:]) for each in found
        ]
        weights = np.concatenate(
            [
                np.broadcast_to(np.asarray(each.weights, np.float32), shape)
                for each, shape in zip(found, shapes, strict=True)
            ],
            1,
        )
    constant = float(np.average([each.constant for each in found], weights=rows))
    return OutputsLoss(first.kind, first.layout, targets, weights, constant)
