"""What the compiled loop trains, as it sees it: a problem, or a user's own model. Nothing else is asked of either."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple, Protocol

from polyak.ground.types import Pytree

Params = Pytree
Loss = Callable[..., Pytree]
"""loss(params, *rows) -> the mean over the rows."""

Answers = Callable[..., tuple[Pytree, Pytree]]
"""answers(params, *rows) -> the outputs, and what they should be: what a measure is taken of."""


class Rows(NamedTuple):
    """The rows of a task, each a tuple of pytrees whose arrays have the rows along their first axis.

    Attributes:
        drawn: those that batches are drawn from.
        whole: those that the recorded loss is taken over: as many, or fewer that stand for all.
        held_out: those that nothing is trained on; None where none are.
    """

    drawn: tuple[Pytree, ...]
    whole: tuple[Pytree, ...]
    held_out: tuple[Pytree, ...] | None


class Named(Protocol):
    """What is learned from, as far as words go."""

    @property
    def name(self) -> str:
        """What it is called."""

    @property
    def rows(self) -> int:
        """How many rows batches are drawn from."""


class Task(Protocol):
    """What is trained: polyak.problems.Problem, or polyak.models.task.ModelTask."""

    def __hash__(self) -> int:
        """Tasks are told apart as objects, so that their rows are put where JAX computes once."""

    @property
    def name(self) -> str:
        """What it is called at the terminal."""

    @property
    def data(self) -> Named:
        """What is learned from."""

    @property
    def compiled(self) -> bool:
        """Whether JAX compiles it; where not, its loss has `gradient(params, *rows)` and takes NumPy's arrays."""

    @property
    def loss(self) -> Loss:
        """Its loss; two tasks of one kind and shape share it, and with it a compilation."""

    @property
    def loss_of_many(self) -> Loss | None:
        """The same as products of matrices for many runs side by side; None where it is so already."""

    @property
    def answers(self) -> Answers | None:
        """What a measure is taken of; None where outputs are not told from the loss."""

    def first(self, seed: int, dtype: str) -> Params:
        """The parameters before the first step, NumPy arrays."""

    def arrays(self, dtype: str) -> Rows:
        """Its rows, NumPy arrays."""

    def held_out_rows(self) -> int:
        """How many rows are held out."""

    def about(self, dtype: str) -> dict[str, str]:
        """What tells it from other tasks, in words and hashes that are the same in another process."""
