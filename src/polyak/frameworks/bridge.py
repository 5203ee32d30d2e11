r"""What a bridge to a framework gives of a user's own model: a few functions of it, at today's parameters.

On a batch of n rows with outputs f(x), one row of them for each row of the batch, and a loss l of the outputs,

    L(x) = l(f(x)),    g = grad L,    H v = d/dt grad L(x + t v),    G v = J^T (grad^2 l) J v,    J = df/dx

A vector is one flat array of the model's framework, on the model's device, an entry for each trained number, in the
order of `names`: float32, or float64 where the parameters are. What is done with vectors is written against the Python
array API (`array_api_compat.array_namespace`), so that NumPy's, JAX's and torch's all serve.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from polyak.ground.types import Pytree

if TYPE_CHECKING:
    from polyak.rules import Optimizer

Vector: TypeAlias = Any
"""A flat array of the model's framework, of shape (size,)."""

Outputs: TypeAlias = Any
"""An array of the model's framework, of shape (rows, outputs of a row)."""

Batch: TypeAlias = Any
"""What the user's loader gave: a tuple, a dict, an array; only its bridge looks into it."""


class Local(Protocol):
    """The model on one batch, at today's parameters; valid inside `Bridge.on`, which puts back what was touched.

    Attributes:
        rows: how many rows the batch has.
        loss: the mean over them.
        splits: whether the outputs and the loss of them can be told apart; where not, everything below `hessian`
            raises a PolyakError that says why.
    """

    rows: int

    @property
    def loss(self) -> float:
        """L(x); where it is no one number, a PolyakError."""

    @property
    def splits(self) -> bool:
        """Found out when first asked for: it may take one more loss of the outputs."""

    def gradient(self) -> Vector:
        """Of the loss."""

    def hessian(self, v: Vector, /) -> Vector:
        """H v; the graph of the gradient is kept for the next one."""

    def turned(self, v: Vector, pulls: Sequence[float], /) -> tuple[float, Vector]:
        """v . w and w = (H + W) v, W a number for each trained array; v itself may be written over."""

    def arrays(self) -> tuple[NDArray[Any], ...]:
        """The gradient, an array for each trained one: looked at, not copied, where that can be."""

    def gauss_newton(self, v: Vector, /) -> Vector:
        """G v: the Hessian of the linearised model's loss, never negative where the loss of the outputs is convex."""

    def outputs(self) -> Outputs:
        """f(x)."""

    def forward(self, v: Vector, /) -> Outputs:
        """J v, the derivative of the outputs along v."""

    def backward(self, u: Outputs, /) -> Vector:
        """J^T u."""

    def loss_at(self, outputs: Outputs, /) -> float:
        """l at other outputs of the same batch."""

    def loss_gradient(self, outputs: Outputs, /) -> Outputs:
        """The gradient of l there."""

    def loss_hessian(self, u: Outputs, /) -> Outputs:
        """(grad^2 l) u at the model's own outputs."""


class Training(Protocol):
    """One training of a model that JAX does not compile, on a copy of its own, in its framework's arrays; alone in its
    process while it is open.
    """

    def load(self, arrays: Mapping[str, Any], /) -> None:
        """Take up arrays by name: those that are trained, and what else changes in a training."""

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Copies of those: the trained ones, and of a model that changes others too, such as running statistics."""

    def rows(self, rows: Batch, /) -> Batch:
        """Rows that are NumPy's arrays as the user's loader gives them."""

    def batches(self, rows: Batch, order: NDArray[Any], size: int, /) -> Iterator[Batch]:
        """The rows that `rows` returned in an order, so many in a batch; fewer in the last."""

    def seeded(self, seed: int, epoch: int, /) -> None:
        """Every generator that the model may draw from, for an epoch of a run."""

    def start(self, rule: Optimizer, *, compiles: bool) -> Pytree:
        """The state of a rule, which JAX can compile or not, before the first step; what `step` then takes."""

    def kept(self, state: Pytree, /) -> Pytree:
        """A state as NumPy's arrays, copies."""

    def restored(self, kept: Pytree, /) -> Pytree:
        """The state that `kept` gave."""

    def step(self, state: Pytree, batch: Batch, /) -> Pytree:
        """One step of the rule on a batch; its next state."""

    def value(self, batch: Batch, /) -> NDArray[Any]:
        """The loss; of a model that a call in train mode changes, in eval mode."""

    def answers(self, batch: Batch, /) -> tuple[Outputs, Outputs]:
        """What the model returns, in the mode of `value`, and the second part of a batch (inputs, targets)."""


class Pure(Protocol):
    """A model's loss as a function of its trained arrays by name.

    Attributes:
        compiled: whether JAX can compile it; where not, it is `Stepwise`.
        dtype: what it computes in; empty where the precision is free.
    """

    compiled: bool
    dtype: str

    @property
    def measurable(self) -> bool:
        """Whether the outputs are told from the loss."""

    def __call__(self, params: dict[str, Any], batch: Batch, /) -> Any:  # noqa: ANN401 - a JAX array
        """The loss."""

    def outputs(self, params: dict[str, Any], batch: Batch, /) -> Outputs:
        """What the user's forward returns; where it is measurable."""

    def targets(self, batch: Batch, /) -> Outputs:
        """The second part of a batch (inputs, targets)."""

    def whole(self, params: dict[str, Any], /) -> object:
        """What the user's loss takes, with these arrays in it."""

    def today(self) -> dict[str, NDArray[Any]]:
        """The trained arrays as they are now, copies."""

    def said(self, params: dict[str, Any], rows: Batch, /) -> str:
        """A hash of what it computes, the same in another process."""

    def stands(self) -> bool:
        """Whether what is not trained is still as it was when this was made."""

    def changes(self, batch: Batch, /) -> bool:
        """Whether a call changes arrays that are not trained: a dropout's counter, running statistics."""


class Stepwise(Pure, Protocol):
    """A model that JAX does not compile: its trainings are run step by step."""

    def training(self) -> AbstractContextManager[Training]:
        """One training, on a copy of the model."""


class Bridge(Protocol):
    """A user's model with its loss and its batches, as its framework holds them. Nothing of the user's is changed.

    Attributes:
        framework: the prefix: "torch", "jax", "keras".
        name: what the model is called: its class or its function.
        names: of the trained arrays, in the order in which they lie in a vector; a tied weight once, a frozen one not.
        shapes: theirs, in that order.
        size: how many trained numbers there are.
        dtype: of a vector: "float32" or "float64".
        mode: "train mode", "eval mode" or mixed, as the model is now; empty where the framework has no modes.
        first: the first batch.
        total_rows: how many rows a reading of the batches has; None where only reading them would tell.
    """

    framework: str
    name: str
    names: tuple[str, ...]
    shapes: tuple[tuple[int, ...], ...]
    size: int
    dtype: str

    @property
    def mode(self) -> str:
        """As the model is now."""

    @property
    def first(self) -> Batch:
        """As it was read at the door."""

    @property
    def in_order(self) -> bool:
        """Whether the batches were given as a list, in an order of the user's; a loader may draw another each time."""

    @property
    def total_rows(self) -> int | None:
        """Of a list, and of a loader that says how long its data are."""

    def batches(self) -> Iterator[Batch]:
        """The loader read once more, from its beginning where it can be; the generators are as they were after it."""

    def batches_by_generators(self) -> Iterator[Batch]:
        """The loader read once more, by the generators as they stand, those that it holds seeded by them."""

    @property
    def shuffles(self) -> bool:
        """Whether each reading of the user's own has its rows in another order."""

    def rows(self, batch: Batch, /) -> int:
        """How many rows a batch has."""

    def at(self, v: Vector, /) -> AbstractContextManager[None]:
        """The model with other values of its trained numbers: what is opened by `on` inside is the model there. The
        user's own arrays are never written; they are in their place again afterwards, also after an error.
        """

    def on(self, batch: Batch, /) -> AbstractContextManager[Local]:
        """The model on a batch. Parameters, buffers, generators, mode: bit for bit as they were after it, also after
        an error.
        """

    def parameters(self) -> dict[str, NDArray[Any]]:
        """Today's values of the trained arrays, copies, by name."""

    def vector(self, arrays: Mapping[str, Any], /) -> Vector:
        """Named arrays, NumPy's or the framework's own, as one vector."""

    def named(self, v: Vector, /) -> dict[str, NDArray[Any]]:
        """A vector as NumPy arrays by name."""

    def random(self, generator: np.random.Generator, /) -> Vector:
        """Standard normal numbers, drawn by NumPy, so that they are the same in every framework."""

    def pure(self) -> Pure | None:
        """Its loss as a function of the arrays by name; None where it cannot be had so."""

    def places(self, arrays: Sequence[object], /) -> tuple[int | None, ...]:
        """Which of `names` each of the user's own arrays is, such as those that an optimizer holds; None for a frozen
        one.

        Raises PolyakError where one is not the model's, or where one that the model trains is missing.
        """

    def untouched(self, batch: Batch, /) -> tuple[str, ...]:
        """The names of the trained arrays that the loss on this batch does not depend on."""


@dataclass(frozen=True)
class Options:
    """What else may be said of a model.

    Attributes:
        forward: forward(params, batch) -> outputs, where the loss is one of (outputs, batch); JAX's alone.
        rows: rows(batch) -> how many rows it has; by default the first axis of its arrays.
    """

    forward: Callable[..., object] | None = None
    rows: Callable[[Batch], int] | None = None


class Bridges(Protocol):
    """How one framework knows the models that are its own: the `bridge.py` of its folder."""

    def bridge(
        self, model: object, arguments: Sequence[object], batches: object, options: Options
    ) -> Bridge | None:
        """The bridge to a model, if it is one of this framework's; None if not.

        `pk.model(model, *arguments, batches)`: what the arguments are, is the framework's own to say.
        """
