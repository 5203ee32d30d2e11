"""A JAX loss on one batch: products by functions that were compiled once."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

import jax
import numpy as np
from numpy.typing import NDArray

from polyak.frameworks.bridge import Batch, Outputs, Vector
from polyak.frameworks.jax.functions import Functions
from polyak.frameworks.jax.trained import Today
from polyak.ground.errors import PolyakError

WHOLE = (
    "the loss is one of (params, batch): expected also pk.model(..., forward=) with a forward(params, batch), and the"
    " loss one of (outputs, batch)"
)


class JaxLocal:
    """The loss on one batch at today's parameters; `polyak.frameworks.bridge.Local`.

    Args:
        functions: the loss, differentiated.
        today: the parameters.
        batch: the batch.
        rows: how many rows it has.
        why_unsplit: why the outputs are not told from the loss; empty where they are.
        double: whether the user has JAX's 64-bit numbers switched on.
    """

    def __init__(
        self,
        functions: Functions,
        today: Today,
        batch: Batch,
        rows: int,
        why_unsplit: Callable[[], str],
        double: bool,
    ) -> None:
        self._functions, self._today, self._batch, self._double = functions, today, batch, double
        self._why_unsplit = why_unsplit
        self.rows = rows

    def _run(self, name: str, *vectors: Any) -> Any:  # noqa: ANN401 - of whichever function
        with jax.enable_x64(self._double):
            return self._functions(name, self._today, self._batch, *vectors)

    @functools.cached_property
    def _both(self) -> tuple[jax.Array, Vector]:
        """The loss and its gradient: one compilation, and no more work than the gradient."""
        both: tuple[jax.Array, Vector] = self._run("loss_and_gradient")
        return both

    @property
    def loss(self) -> float:
        """The mean over the rows."""
        return float(self._both[0])

    @property
    def splits(self) -> bool:
        """Whether the outputs and the loss of them can be told apart."""
        return not self._unsplit

    @functools.cached_property
    def _unsplit(self) -> str:
        return self._why_unsplit()

    def _split(self, name: str, *vectors: Any) -> Any:  # noqa: ANN401 - of whichever function
        if self._unsplit:
            raise PolyakError(f"the outputs are not told from the loss: {self._unsplit}")
        return self._run(name, *vectors)

    def gradient(self) -> Vector:
        """Of the loss."""
        return self._both[1]

    def hessian(self, v: Vector, /) -> Vector:
        """H v."""
        return self._run("hessian", v)

    def turned(self, v: Vector, pulls: Sequence[float], /) -> tuple[float, Vector]:
        """v . w and w = (H + W) v."""
        w = self.hessian(v)
        if any(pulls):
            w = w + np.repeat(np.asarray(pulls, w.dtype), [x.size for x in self._today.trained]) * v
        return float(v @ w), w

    def arrays(self) -> tuple[NDArray[Any], ...]:
        """The gradient, an array for each trained one."""
        flat, ends = np.asarray(self.gradient()), np.cumsum([x.size for x in self._today.trained])
        parts = zip(np.split(flat, ends[:-1]), self._today.trained, strict=True)
        return tuple(part.reshape(x.shape) for part, x in parts)

    def gauss_newton(self, v: Vector, /) -> Vector:
        """G v."""
        return self._split("gauss_newton", v)

    def outputs(self) -> Outputs:
        """f(x)."""
        return self._split("outputs")

    def forward(self, v: Vector, /) -> Outputs:
        """J v."""
        return self._split("forward_product", v)

    def backward(self, u: Outputs, /) -> Vector:
        """J^T u."""
        return self._split("backward_product", u)

    def loss_at(self, outputs: Outputs, /) -> float:
        """Of these outputs."""
        return float(self._split("loss_of", outputs))

    def loss_gradient(self, outputs: Outputs, /) -> Outputs:
        """There."""
        return self._split("loss_gradient", outputs)

    def loss_hessian(self, u: Outputs, /) -> Outputs:
        """At the model's own outputs."""
        return self._split("loss_hessian", u)

    def elsewhere(self, generator: np.random.Generator) -> Vector:
        """The gradient at parameters that are moved by standard normal numbers."""
        with jax.enable_x64(self._double):
            moved = [
                x + generator.standard_normal(x.shape).astype(np.float32).astype(x.dtype)
                for x in self._today.trained
            ]
            today = Today(moved, self._today.others)
            gradient: Vector = self._functions("loss_and_gradient", today, self._batch)[1]
            return gradient
