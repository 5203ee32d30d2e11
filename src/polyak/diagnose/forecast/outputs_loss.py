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

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from polyak.diagnose.forecast.trials import (
    ALIKE,
    Kind,
    Layout,
    Trial,
    activation,
    alike,
    arranged,
    candidates,
    targets_of,
    trials,
    weights_of,
)
from polyak.frameworks.bridge import Local
from polyak.ground.errors import PolyakError


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
        return arranged(outputs, self.layout)

    def of(self, rows: NDArray[np.int64] | slice) -> OutputsLoss:
        """The loss of some rows, without the constant."""
        weights = self.weights if isinstance(self.weights, float) else self.weights[:, rows]
        return OutputsLoss(self.kind, self.layout, self.targets[:, rows], weights, 0.0)

    def gradient(self, z: NDArray[np.float32]) -> NDArray[np.float32]:
        """Each row's own, at outputs of shape (classes, rows, blocks, settings)."""
        found = activation(self.kind, z)
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


def outputs_loss(locals_: Sequence[Local]) -> OutputsLoss:
    """The loss of the outputs over several batches, one after the other.

    Raises PolyakError where the outputs are not told from the loss, and where it is none of the three.
    """
    tried = [trials(local) for local in locals_]
    rows = [local.rows for local in locals_]
    for kind, layout in candidates(tried[0][0].slope):
        found = [_told(kind, layout, each) for each in tried]
        known = [each for each in found if each is not None]
        if len(known) == len(found):
            return _together(known, rows)
    raise PolyakError(
        "the loss of the outputs is none that a forecast knows: expected squares, a cross-entropy of logits or a"
        " logistic loss of them, each a mean over the rows"
    )


def _told(kind: Kind, layout: Layout, tried: Sequence[Trial]) -> OutputsLoss | None:
    """The weights and targets of a kind by two trials, if the third agrees."""
    z = [arranged(each.z, layout) for each in tried]
    slopes = [arranged(each.slope, layout) for each in tried]
    f = [activation(kind, each).astype(np.float64) for each in z]
    weights = weights_of(kind, f[1] - f[0], slopes[1].astype(np.float64) - slopes[0])
    if weights is None:
        return None
    w, middle = weights
    t = targets_of(f[:2], slopes[:2], w)
    if not alike(w * (f[2] - t), slopes[2]):
        return None
    same = bool((w == middle).all())
    found = OutputsLoss(kind, layout, t.astype(np.float32), middle if same else w.astype(np.float32), 0.0)
    constant = _constant(found, z, [each.loss for each in tried])
    return None if constant is None else dataclasses.replace(found, constant=constant)


def _constant(found: OutputsLoss, z: Sequence[NDArray[np.float32]], losses: Sequence[float]) -> float | None:
    """What the user's loss has more than the one that was told; None where that is not one number."""
    more = [loss - float(found.value(each[..., None])[0]) for loss, each in zip(losses, z, strict=True)]
    if not max(more) - min(more) <= ALIKE * max(map(abs, losses)):
        return None
    return more[0]


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
