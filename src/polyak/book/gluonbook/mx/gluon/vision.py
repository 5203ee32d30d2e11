"""Data sets of pictures, as `gluon.data.vision` has them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from polyak.book.gluonbook.missing import absent
from polyak.book.gluonbook.mx.array import NDArray
from polyak.book.gluonbook.mx.gluon import transforms
from polyak.book.gluonbook.mx.gluon.data import ArrayDataset, Entry
from polyak.data.fashion_mnist import fashion_mnist

__all__ = ["FashionMNIST", "transforms"]


class FashionMNIST(ArrayDataset):
    """Fashion-MNIST: pictures of shape (28, 28, 1), numbers from 0 to 255, and their classes from 0 to 9.

    Args:
        root: taken, and not looked at: the files are found by name in POLYAK_DATA or the cache, or downloaded.
        train: whether the 60,000 to train on, or the 10,000 to test on.
        transform: transform(picture, class) -> what an entry is.
    """

    def __init__(
        self, root: str = "", train: bool = True, transform: Callable[..., Any] | None = None
    ) -> None:
        pictures, labels = fashion_mnist("train" if train else "t10k")
        super().__init__(NDArray(pictures[..., None]), labels.astype(np.int32))
        self._transform = transform

    def __getitem__(self, k: int) -> Entry:
        entry = super().__getitem__(k)
        return entry if self._transform is None else self._transform(*entry)


def __getattr__(name: str) -> object:
    raise AttributeError(absent("mxnet.gluon.data.vision", name, __all__))
