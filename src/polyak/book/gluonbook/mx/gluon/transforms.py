"""What is made of a picture before it is learned from, as `gluon.data.vision.transforms` has it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from polyak.book.gluonbook.missing import absent
from polyak.book.gluonbook.mx.array import NDArray
from polyak.book.gluonbook.mx.nd import Length, pair

__all__ = ["Compose", "Normalize", "Resize", "ToTensor"]
Transform = Callable[[NDArray], NDArray]


class ToTensor:
    """A picture (height, width, channels) of numbers from 0 to 255 as (channels, height, width), from 0 to 1.

    >>> ToTensor()(NDArray(np.full((2, 3, 1), 255, np.uint8))).shape
    (1, 2, 3)
    """

    def __call__(self, picture: NDArray) -> NDArray:
        """The picture, its channels first."""
        numbers = np.moveaxis(np.asarray(picture.value), -1, -3)
        return NDArray(numbers.astype(np.float32) / np.float32(255))


class Resize:
    """A picture (height, width, channels) in another size, given as the width, or as width and height: bilinear."""

    def __init__(self, size: Length, keep_ratio: bool = False, interpolation: int = 1) -> None:
        self.width, self.height = pair(size)

    def __call__(self, picture: NDArray) -> NDArray:
        """The picture in the other size."""
        numbers = np.asarray(picture.value)
        kind = numbers.dtype
        for axis, length in ((0, self.height), (1, self.width)):
            numbers = _stretched(numbers, axis, length)
        return NDArray(np.rint(numbers).astype(kind) if kind.kind in "ui" else numbers.astype(kind))


def _stretched(numbers: np.ndarray, axis: int, length: int) -> np.ndarray:
    """Numbers along an axis at `length` places between its ends, each between its two neighbours."""
    size = numbers.shape[axis]
    places = np.clip((np.arange(length) + 0.5) * size / length - 0.5, 0, size - 1)
    low = np.minimum(places.astype(int), max(size - 2, 0))
    shape = [1] * numbers.ndim
    shape[axis] = -1
    part = (places - low).reshape(shape)
    high = np.minimum(low + 1, size - 1)
    mixed: np.ndarray = numbers.take(low, axis) * (1 - part) + numbers.take(high, axis) * part
    return mixed


class Normalize:
    """A picture (channels, height, width) less a mean, over a standard deviation: a number, or one for each channel."""

    def __init__(self, mean: float | Sequence[float] = 0.0, std: float | Sequence[float] = 1.0) -> None:
        self.mean, self.std = (np.reshape(np.asarray(each, np.float32), (-1, 1, 1)) for each in (mean, std))

    def __call__(self, picture: NDArray) -> NDArray:
        """The picture, less the mean, over the deviation."""
        return NDArray((np.asarray(picture.value) - self.mean) / self.std)


class Compose:
    """One after another."""

    def __init__(self, transforms: Sequence[Transform]) -> None:
        self.transforms = list(transforms)

    def add(self, transform: Transform) -> None:
        """One more, at the end."""
        self.transforms.append(transform)

    def __call__(self, picture: NDArray) -> NDArray:
        """What the last of them makes."""
        for transform in self.transforms:
            picture = transform(picture)
        return picture


def __getattr__(name: str) -> object:
    raise AttributeError(absent("mxnet.gluon.data.vision.transforms", name, __all__))
