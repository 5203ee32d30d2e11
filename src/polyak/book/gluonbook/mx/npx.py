"""What the later pages call beside NumPy's functions, `mxnet.npx`: activations, devices, and the switch to NumPy."""

from __future__ import annotations

from polyak.book.gluonbook.missing import AskedFor, absent
from polyak.book.gluonbook.mx import nd
from polyak.book.gluonbook.mx.array import NDArray
from polyak.book.gluonbook.mx.context import cpu, gpu, num_gpus  # noqa: F401, npx.cpu

ACTIVATIONS = ("relu", "sigmoid", "softmax", "log_softmax", "pick", "one_hot")
OWN = ("batch_dot", "cpu", "gpu", "num_gpus", "reset_np", "set_np", "waitall")


def set_np(shape: bool = True, array: bool = True, dtype: bool = False) -> None:
    """Nothing: the arrays of `np` and of `nd` are one kind here."""


def reset_np() -> None:
    """Nothing."""


def waitall() -> None:
    """Nothing: what was asked for is computed already."""


def batch_dot(a: NDArray, b: NDArray) -> NDArray:
    """The matrix product of each pair of matrices, the pairs along the first axis."""
    return nd.stack(*(nd.dot(a[k], b[k]) for k in range(len(a))))


def __getattr__(name: str) -> AskedFor:
    if name in ACTIVATIONS:
        return getattr(nd, name)
    raise AttributeError(absent("mxnet.npx", name, __dir__()))


def __dir__() -> list[str]:
    return [*ACTIVATIONS, *OWN]
