"""What is seen of a run at each record: the loss over all rows, the loss over the rows held out, and a measure."""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from polyak.ground.errors import PolyakError
from polyak.ground.types import Pytree
from polyak.problems.measures import Measure, measure_of
from polyak.problems.on_device import on_device
from polyak.problems.task import Answers, Loss, Rows, Task

LOSS, HELD_OUT = "loss", "held_out_loss"
Seen = dict[str, jax.Array]
"""Numbers by their names: LOSS, HELD_OUT where rows are held out, the measure by its own."""


class Looked(NamedTuple):
    """The rows that are looked at; none of them is trained on here.

    Attributes:
        whole: all, or fewer that stand for them.
        held_out: nothing is trained on; None where there are none.
        measured: those that the measure is taken of: the ones held out where there are some, else all.
    """

    whole: tuple[Pytree, ...]
    held_out: tuple[Pytree, ...] | None
    measured: tuple[Pytree, ...] | None


class Evaluation(NamedTuple):
    """How a run is looked at; two tasks of one kind share it, and with it a compilation.

    Attributes:
        loss: loss(params, *rows).
        answers: the outputs and what they should be; None where nothing is measured.
        measure: of those; None where nothing is measured.
        name: of the measure; empty for none.
    """

    loss: Loss
    answers: Answers | None = None
    measure: Measure | None = None
    name: str = ""

    @classmethod
    def of(cls, task: Task, measure: object) -> Evaluation:
        """Of a task and a measure, its name or a function, or None.

        Raises PolyakError for a measure that is not known, or of a task whose outputs are not told from its loss.
        """
        found = measure_of(measure)
        if found is None:
            return cls(task.loss)
        name, function = found
        if task.answers is None:
            raise PolyakError(
                f"{task.name} does not tell its outputs from its loss, and {name} is one of outputs and targets:"
                " expected a model with forward="
            )
        if name == "accuracy" and getattr(task, "classes", None) == 0:
            raise PolyakError(
                f"{task.data.name} has no classes, whose share accuracy is; expected another measure"
            )
        return cls(task.loss, task.answers, function, name)

    def names(self, task: Task) -> tuple[str, ...]:
        """What is seen, in the order in which it is kept."""
        return (
            LOSS,
            *([HELD_OUT] if task.held_out_rows() else []),
            *([self.name] if self.name else []),
        )

    def looked_at(self, rows: Rows) -> Looked:
        """The rows that it looks at."""
        measured = rows.drawn if rows.held_out is None else rows.held_out
        return Looked(rows.whole, rows.held_out, measured if self.name else None)

    def seen(self, params: Pytree, looked: Looked) -> Seen:
        """The numbers at some parameters."""
        loss = self.loss(params, *looked.whole)
        found = {LOSS: loss}
        if looked.held_out is not None:
            found[HELD_OUT] = self.loss(params, *looked.held_out)
        if looked.measured is not None:
            assert self.answers is not None
            assert self.measure is not None
            outputs, targets = self.answers(params, *looked.measured)
            value = self.measure(outputs, targets)
            value = value if isinstance(value, jax.Array) else np.asarray(value)  # torch's of a torch model
            found[self.name] = jnp.asarray(value, jnp.asarray(loss).dtype).reshape(())
        return found

    def check(self, task: Task, dtype: str) -> None:
        """Try the measure once, compiled, at the first parameters: what a user wrote may fail.

        To be called where JAX computes in that precision. Raises PolyakError where it does, or is no number.
        """
        if self.name:
            _check(self, task, dtype)


@lru_cache(maxsize=8)
def _check(evaluation: Evaluation, task: Task, dtype: str) -> None:
    """The same, once for each; what failed is tried again."""
    looked = evaluation.looked_at(on_device(task, dtype))
    params = jax.tree.map(jnp.asarray, task.first(0, dtype))

    def measured(params: Pytree) -> jax.Array:
        return evaluation.seen(params, looked)[evaluation.name]

    try:
        value = (jax.jit(measured) if task.compiled else measured)(params)
    except jax.errors.JAXTypeError:
        raise PolyakError(
            f"the measure {evaluation.name} cannot be compiled: it looks at values; expected operations of its arrays,"
            " as jax.numpy has them"
        ) from None
    except Exception as error:
        first = next(iter(str(error).strip().splitlines()), "")
        raise PolyakError(f"the measure {evaluation.name} fails: {type(error).__name__}: {first}") from error
    if not np.isfinite(value):
        raise PolyakError(
            f"the measure {evaluation.name} is {float(value)} before the first step, expected a number"
        )
