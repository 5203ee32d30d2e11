"""A problem: data, a model and a loss, trained in mini-batches."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from polyak.data import Data
from polyak.ground.hashing import code_hash, hashed
from polyak.ground.shown import Shown
from polyak.ground.types import Pytree
from polyak.problems.first_parameters import parameter_generator
from polyak.problems.task import Answers, Rows

if TYPE_CHECKING:
    import jax

Params = Pytree
Loss = Callable[[Params, "jax.Array", "jax.Array"], "jax.Array"]
"""loss(params, features, labels) -> the mean over the rows."""

Outputs = Callable[[Params, "jax.Array"], "jax.Array"]
"""outputs(params, features) -> a number a row, or one for each class."""


@dataclass(frozen=True)
class OutputsAndLabels:
    """A problem's outputs beside its labels; equal where the outputs are one function."""

    outputs: Outputs

    def __call__(self, params: Params, X: jax.Array, y: jax.Array) -> tuple[jax.Array, jax.Array]:
        """What a measure is taken of."""
        return self.outputs(params, X), y


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
        held_out: rows that nothing is trained on; None where none are. `hold_out` parts them from the data.
        outputs: outputs(params, X), what a measure such as accuracy is taken of: a number a row, or one a class.
        classes: how many classes the labels name; 0 where they are numbers.
    """

    name: str
    data: Data
    loss: Loss
    init: Callable[[np.random.Generator], Params]
    formula: str
    whole: Data | None = None
    loss_of_many: Loss | None = None
    held_out: Data | None = None
    outputs: Outputs | None = None
    classes: int = 0

    @property
    def compiled(self) -> bool:
        """JAX traces its loss."""
        return True

    @property
    def answers(self) -> Answers | None:
        """The outputs beside the labels."""
        return None if self.outputs is None else OutputsAndLabels(self.outputs)

    def first(self, seed: int, dtype: str) -> Params:
        """The parameters of a seed before the first step."""
        import jax

        return jax.tree.map(lambda x: np.asarray(x, dtype), self.init(parameter_generator(seed)))

    def arrays(self, dtype: str) -> Rows:
        """Features and labels."""

        def of(data: Data) -> tuple[np.ndarray, np.ndarray]:
            return data.features.astype(dtype), data.labels.astype(dtype)

        drawn = of(self.data)
        whole = drawn if self.whole is None else of(self.whole)
        return Rows(drawn, whole, None if self.held_out is None else of(self.held_out))

    def held_out_rows(self) -> int:
        """How many rows are held out."""
        return 0 if self.held_out is None else self.held_out.rows

    def about(self, dtype: str) -> dict[str, str]:
        """Its name, what its loss computes, and its data."""
        data, kept = self.data, self.held_out
        params = self.first(0, dtype)
        return {
            "problem": f"{self.name} on {data.name}",
            "loss": code_hash(self.loss, params, data.features, data.labels),
            "data": hashed([data.features.tobytes(), data.labels.tobytes()]),
            **(
                {}
                if kept is None
                else {
                    "held_out": f"{kept.rows} rows, {hashed([kept.features.tobytes(), kept.labels.tobytes()])}"
                }
            ),
        }

    def __repr__(self) -> str:
        return f"Problem({self.name} on {self.data!r})"
