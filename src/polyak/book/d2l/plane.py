"""Descending a function of the plane, as the later editions' pages call it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from polyak.book.gluonbook import trace_2d

if TYPE_CHECKING:
    from polyak.book.gluonbook.trace_2d import Numbers


def train_2d(
    trainer: Callable[..., tuple[Any, Any, Any, Any]],
    steps: int = 20,
    f_grad: Callable[..., object] | None = None,
) -> list[tuple[Any, Any]]:
    """Steps of a page's function from (-5, -2); the last position is printed.

    Args:
        trainer: trainer(x1, x2, s1, s2[, f_grad]) -> (x1, x2, s1, s2); s1 and s2 begin at 0.
        steps: how many.
        f_grad: the gradient, where the trainer takes it.

    Returns the positions, the start first.

    >>> points = train_2d(lambda x1, x2, s1, s2, f_grad: (x1 / 2, x2 / 2, 0, 0), 3, f_grad=lambda: None)
    epoch 3, x1: -0.625000, x2: -0.250000
    >>> len(points)
    4
    """
    x1: Any
    x2: Any
    (x1, x2), s1, s2 = trace_2d.START, 0, 0
    points = [(x1, x2)]
    for _ in range(steps):
        x1, x2, s1, s2 = trainer(x1, x2, s1, s2, f_grad) if f_grad else trainer(x1, x2, s1, s2)
        points.append((x1, x2))
    print("epoch %d, x1: %f, x2: %f" % (steps, x1, x2))  # noqa: T201, UP031
    return points


def show_trace_2d(f: Callable[..., Any], results: Sequence[tuple[Any, Any]]) -> None:
    """The way that `train_2d` returned, over the contours of a function f(x1, x2) of tensors."""
    import torch

    def values(x1: Numbers, x2: Numbers) -> Numbers:
        found = f(torch.from_numpy(np.ascontiguousarray(x1)), torch.from_numpy(np.ascontiguousarray(x2)))
        return np.asarray(found.detach() if hasattr(found, "detach") else found, dtype=float)

    trace_2d.show_trace_2d(values, [(float(x1), float(x2)) for x1, x2 in results])
