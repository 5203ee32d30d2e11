"""A problem: data, a model and a loss, trained in mini-batches."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from polyak.data import Data
from polyak.ground.shown import Shown
from polyak.ground.types import Pytree

if TYPE_CHECKING:
    import jax

Params = Pytree
Loss = Callable[[Params, "jax.Array", "jax.Array"], "jax.Array"]
"""loss(params, features, labels) -> the mean over the rows."""


@dataclass(frozen=True, eq=False)
class Problem(Shown):
    """Data with a model's loss.

    Attributes:
        name: what it is called at the terminal.
        data: the rows.
        loss: loss(params, X, y) -> the mean over the rows, in operations that JAX can trace; a function
            that stands in a module, so that every problem of one kind and shape shares one compilation.
        init: init(generator) -> the parameters before training, NumPy arrays.
        formula: the loss in LaTeX.
        whole: fewer rows over which the loss is, for any parameters, what it is over all of the data's; the
            recorded losses are taken over them. None where there are none such.
        loss_of_many: the same loss, written as products of matrices for many runs side by side; None where
            it is so already.
    """

    name: str
    data: Data
    loss: Loss
    init: Callable[[np.random.Generator], Params]
    formula: str
    whole: Data | None = None
    loss_of_many: Loss | None = None

    def __repr__(self) -> str:
        return f"Problem({self.name} on {self.data!r})"
