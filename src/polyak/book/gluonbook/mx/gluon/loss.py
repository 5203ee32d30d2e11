"""Losses of gluon: one number for each row of a batch."""

from __future__ import annotations

from types import ModuleType
from typing import Any

from polyak.book.gluonbook.missing import absent
from polyak.book.gluonbook.mx import nd
from polyak.book.gluonbook.mx.array import NDArray
from polyak.book.gluonbook.mx.gluon.block import HybridBlock

__all__ = [
    "HuberLoss",
    "L1Loss",
    "L2Loss",
    "Loss",
    "SigmoidBinaryCrossEntropyLoss",
    "SoftmaxCrossEntropyLoss",
]


class Loss(HybridBlock):
    """The base of losses: the mean over all axes but the batch's, times a weight.

    A loss of its own defines `of(prediction, label)`, number by number.
    """

    def __init__(self, weight: float | None = None, batch_axis: int = 0, **names: Any) -> None:
        super().__init__(**names)
        self._weight, self._batch_axis = weight, batch_axis

    def of(self, pred: NDArray, label: NDArray) -> NDArray:
        """The loss of each number."""
        raise NotImplementedError

    def hybrid_forward(self, F: ModuleType, x: NDArray, *others: NDArray, **own: NDArray) -> NDArray:
        """The loss of each row; `others` are the label and, where given, each row's weight."""
        label, *weights = others
        losses = self.of(x, label)
        for weight in weights:
            losses = losses * weight
        if self._weight not in (None, 1.0):
            losses = losses * self._weight
        if len(losses.shape) == 1:
            return losses
        return F.mean(losses, axis=self._batch_axis, exclude=True)


class L2Loss(Loss):
    """(prediction - label)^2 / 2.

    >>> L2Loss()(nd.array([[1.0], [4.0]]), nd.array([0.0, 2.0]))
    <BLANKLINE>
    [0.5 2. ]
    <NDArray 2 @cpu(0)>
    """

    def of(self, pred: NDArray, label: NDArray) -> NDArray:
        """(prediction - label)^2 / 2."""
        return nd.square(pred - label.reshape(pred.shape)) / 2


class L1Loss(Loss):
    """|prediction - label|."""

    def of(self, pred: NDArray, label: NDArray) -> NDArray:
        """|prediction - label|."""
        return nd.abs(pred - label.reshape(pred.shape))


class HuberLoss(Loss):
    """Square where small, straight where larger than `rho`."""

    def __init__(self, rho: float = 1.0, *weight_and_axis: Any, **names: Any) -> None:
        super().__init__(*weight_and_axis, **names)
        self._rho = rho

    def of(self, pred: NDArray, label: NDArray) -> NDArray:
        """e^2 / (2 rho) for a small error e, else |e| - rho / 2."""
        error = nd.abs(pred - label.reshape(pred.shape))
        return nd.where(error > self._rho, error - 0.5 * self._rho, (0.5 / self._rho) * nd.square(error))


class SigmoidBinaryCrossEntropyLoss(Loss):
    """The cross-entropy of labels 0 and 1, from logits unless said otherwise."""

    def __init__(self, from_sigmoid: bool = False, *weight_and_axis: Any, **names: Any) -> None:
        super().__init__(*weight_and_axis, **names)
        self._from_sigmoid = from_sigmoid

    def of(self, pred: NDArray, label: NDArray) -> NDArray:
        """-(y log p + (1 - y) log(1 - p))."""
        label = label.reshape(pred.shape)
        if self._from_sigmoid:
            return -(nd.log(pred + 1e-12) * label + nd.log(1.0 - pred + 1e-12) * (1.0 - label))
        return nd.relu(pred) - pred * label + nd.softrelu(-nd.abs(pred))


class SoftmaxCrossEntropyLoss(Loss):
    """The cross-entropy of class numbers, or of rows of probabilities with sparse_label=False."""

    def __init__(
        self,
        axis: int = -1,
        sparse_label: bool = True,
        from_logits: bool = False,
        *weight_and_axis: Any,
        **names: Any,
    ) -> None:
        super().__init__(*weight_and_axis, **names)
        self._axis, self._sparse_label, self._from_logits = axis, sparse_label, from_logits

    def of(self, pred: NDArray, label: NDArray) -> NDArray:
        """-log p of the class."""
        logs = pred if self._from_logits else nd.log_softmax(pred, axis=self._axis)
        if self._sparse_label:
            return -nd.pick(logs, label, axis=self._axis, keepdims=True)
        return -nd.sum(logs * label.reshape(logs.shape), axis=self._axis, keepdims=True)


def __getattr__(name: str) -> object:
    raise AttributeError(absent("mxnet.gluon.loss", name, __all__))
