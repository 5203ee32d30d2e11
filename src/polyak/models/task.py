"""A user's own model as what the compiled loop trains: its loss, its rows, and where it begins."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any
from weakref import WeakKeyDictionary

import jax
import numpy as np

from polyak.frameworks.bridge import Batch, Bridge, Pure
from polyak.ground.errors import PolyakError
from polyak.ground.hashing import hashed, numbers_hash
from polyak.ground.numbers import alike, readable
from polyak.ground.shown import Shown
from polyak.ground.types import Pytree
from polyak.models import rows as of_rows
from polyak.models.model import Model
from polyak.problems import Problem, Task, as_problem, hold_out
from polyak.problems.held_out import is_share, parted
from polyak.problems.task import Rows

Params = dict[str, np.ndarray]
A_MEAN = 1e-3  # how far a mean over rows that are given twice may be from that of once, of its size: float32's sums
Readings = Callable[[], Iterator[Batch]]


@dataclass(frozen=True)
class OwnRows:
    """What a model is trained on.

    Attributes:
        name: for words.
        rows: how many batches are drawn from.
    """

    name: str
    rows: int


@dataclass(frozen=True, eq=False)
class OutputsAndTargets:
    """A model's outputs beside the targets of batches (inputs, targets)."""

    pure: Pure

    def __call__(self, params: Params, batch: Batch) -> tuple[Pytree, Pytree]:
        """What a measure is taken of."""
        return self.pure.outputs(params, batch), self.pure.targets(batch)


@dataclass(frozen=True, eq=False)
class ModelTask(Shown):
    """A model as `train`, `sweep` and `compare` see it; made by `as_task`.

    Every run begins at the parameters that the model has when it begins: a seed draws the batches, and of a model that
    is trained step by step what dropout draws. The rows were read once, and what is recorded is taken over them. A
    model of JAX is trained on them as they were in that reading, and what it does not train stays as it was; a torch
    model in train mode changes its running statistics, and where a loader's rows are others in each reading
    (augmentation) each epoch is a reading of its own, by the loader's own batches.

    Attributes:
        name: the model's.
        batch_size: of its own batches: what it is trained with unless another is asked for.
        pure: its loss as a function of its arrays by name.
        kept: the rows that are trained on.
        out: the rows held out; None where none are.
        own_readings: reads the loader anew, where its rows are others in each reading and the model is trained step by
            step; None where batches are drawn from `kept`.
    """

    name: str
    batch_size: int
    pure: Pure
    kept: Batch
    out: Batch | None
    own_readings: Readings | None = None
    answers: OutputsAndTargets | None = field(init=False)
    loss_of_many: None = field(init=False, default=None)

    def __post_init__(self) -> None:
        measured = self.pure.measurable and of_rows.targets_of(self.kept) is not None
        object.__setattr__(self, "answers", OutputsAndTargets(self.pure) if measured else None)

    @property
    def compiled(self) -> bool:
        """Whether JAX compiles it; a torch model is trained step by step."""
        return self.pure.compiled

    @property
    def loss(self) -> Pure:
        """loss(params, batch), the params by name."""
        return self.pure

    @property
    def data(self) -> OwnRows:
        """Its rows, in words."""
        return OwnRows("own batches", of_rows.count(self.kept))

    @property
    def classes(self) -> int | None:
        """How many classes the targets name; 0 where they are real numbers, None where they are not told."""
        labels, targets = of_rows.labels_of(self.kept), of_rows.targets_of(self.kept)
        if labels is not None:
            return len(np.unique(labels))
        return 0 if targets is not None and targets.size == len(targets) else None

    def first(self, seed: int, dtype: str) -> Params:  # noqa: ARG002 - a seed draws the batches alone
        """The model's parameters of the day, the same for every seed."""
        if self.pure.dtype and dtype != self.pure.dtype:
            raise PolyakError(
                f"{self.name} is of {self.pure.dtype}, expected dtype={self.pure.dtype}, not {dtype}"
            )
        return {name: x.astype(dtype) for name, x in self.pure.today().items()}

    def arrays(self, dtype: str) -> Rows:
        """Its rows."""
        drawn = (of_rows.in_dtype(self.kept, dtype),)
        return Rows(drawn, drawn, None if self.out is None else (of_rows.in_dtype(self.out, dtype),))

    def held_out_rows(self) -> int:
        """How many rows are held out."""
        return 0 if self.out is None else of_rows.count(self.out)

    def with_params(self, params: Params) -> object:
        """What the user's loss takes (a pytree, a Flax or an Equinox module), trained parameters in it.

        Args:
            params: by name, such as one seed's of a History.
        """
        return self.pure.whole(params)

    def about(self, dtype: str) -> dict[str, str]:
        """Its name, what its loss computes, its data, and where it begins."""
        first = self.first(0, dtype)
        return {
            "problem": f"{self.name} on {self.data.name}",
            "loss": self.pure.said(first, self.kept),
            "data": _content(self.kept),
            "first": numbers_hash(first),
            **(
                {} if self.out is None else {"held_out": f"{self.held_out_rows()} rows, {_content(self.out)}"}
            ),
        }

    def __str__(self) -> str:
        kept = self.held_out_rows()
        return f"{self.name} on {self.data.rows:,} rows" + (f", {kept:,} held out" if kept else "")


_TASKS: WeakKeyDictionary[Model, dict[object, ModelTask]] = WeakKeyDictionary()


def as_task(on: object, held_out: object = None) -> Task:
    """What is trained, from a model, a Problem, a data set or the name of one of ours.

    Args:
        on: one of them.
        held_out: a share of the rows that nothing is trained on, of each class alike, or rows of their own; None for
            none.

    Raises PolyakError for what cannot be trained by the compiled loop.

    >>> import jax.numpy as jnp
    >>> import polyak as pk
    >>> def loss(params, batch):
    ...     x, y = batch
    ...     return ((x @ params["w"] - y) ** 2).mean()
    >>> rows = [(np.eye(4, dtype="float32"), np.arange(4.0))]
    >>> print(as_task(pk.model(loss, {"w": jnp.zeros(4)}, rows), held_out=0.25))
    loss on 3 rows, 1 held out
    """
    if isinstance(on, ModelTask):
        if held_out is not None:
            raise PolyakError(f"{on.name} is parted already, expected the model itself beside held_out")
        return on
    if isinstance(on, Model):
        return _task_of(on, held_out)
    problem: Problem = as_problem(on) if held_out is None else hold_out(on, held_out)
    return problem


def _task_of(model: Model, held_out: object) -> ModelTask:
    """The task of a model: the same object for the same share held out, so that nothing is compiled or read twice."""
    if not is_share(held_out):
        return _made(model.bridge, held_out)
    known = _TASKS.setdefault(model, {})
    found = known.get(held_out)
    if found is None or not found.pure.stands():
        found = known[held_out] = _made(model.bridge, held_out)
    return found


def _made(bridge: Bridge, held_out: object) -> ModelTask:
    pure = bridge.pure()
    if pure is None:
        raise PolyakError(
            f"{bridge.name} is of {bridge.framework}, whose variables no run can have of its own: expected a model of"
            " torch or of JAX (Flax, Equinox)"
        )
    _check(bridge, pure)
    rows = of_rows.rows_of(bridge)
    kept, out = rows, None
    own_readings = None
    if not pure.compiled and of_rows.are_others_in_each_reading(bridge, rows):
        own_readings = bridge.batches_by_generators
        if held_out is not None and is_share(held_out):
            raise PolyakError(
                f"the rows of {bridge.name}'s loader are others in each reading (augmentation, a sampler), and a share"
                " held out would be trained on: expected held_out= with batches of their own"
            )
    if held_out is not None and is_share(held_out):
        labels = of_rows.labels_of(rows)
        numbers = parted(of_rows.count(rows), held_out, 0, labels, f"{bridge.name}'s batches")
        kept, out = (of_rows.taken(rows, each) for each in numbers)
    elif held_out is not None:
        out = of_rows.rows_of(bridge, held_out)
    return ModelTask(bridge.name, bridge.rows(bridge.first), pure, kept, out, own_readings)


def _check(bridge: Bridge, pure: Pure) -> None:
    """Refuse a loss that cannot be compiled though it is JAX's, changes more than it is given, or is no mean."""
    batch = jax.tree.map(np.asarray, bridge.first)
    params = pure.today()
    value = jax.jit(pure) if pure.compiled else pure
    try:
        once = float(value(params, batch))
    except PolyakError:
        raise
    except Exception as error:
        line = next(iter(str(error).strip().splitlines()), type(error).__name__)
        raise PolyakError(f"the loss of {bridge.name} cannot be compiled by JAX: {line}") from error
    if pure.compiled and pure.changes(batch):
        raise PolyakError(
            f"the loss of {bridge.name} changes arrays that are not trained (dropout, running statistics), and they"
            " would stand still: expected the model without them, or in eval mode"
        )
    twice = float(value(params, jax.tree.map(lambda leaf: np.concatenate([leaf, leaf]), batch)))
    if not alike(twice, once, A_MEAN):
        raise PolyakError(
            f"the loss of {bridge.name} is no mean over the rows: {readable(once, 4)} on the first batch,"
            f" {readable(twice, 4)} on its rows given twice"
        )


def _content(rows: Any) -> str:  # noqa: ANN401 - a batch
    return hashed(leaf.tobytes() for leaf in jax.tree.leaves(rows))
