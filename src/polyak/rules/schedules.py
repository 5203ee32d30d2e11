"""Hyper-parameters that change with the step: any callable of the step, Optax's schedules among them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Self

import numpy as np
from array_api_compat import is_jax_array
from numpy.typing import NDArray

from polyak.ground.errors import PolyakError
from polyak.ground.numbers import readable
from polyak.ground.types import Array, Number, Schedule
from polyak.rules.hyperparameters import Hyperparameter, Interval
from polyak.rules.protocol import Optimizer
from polyak.rules.pytrees import Node


class Tabulated(Node):
    """A schedule as the table of its values, so that its numbers are traced and not compiled in.

    Past the table's end its last value holds.

    >>> schedule = Tabulated(np.array([0.1, 0.01]))
    >>> float(schedule(1)), float(schedule(7))
    (0.01, 0.01)
    """

    is_tabulated = True

    def __init__(self, values: Number) -> None:
        self.values = values

    def __call__(self, count: Number) -> Number:
        if is_jax_array(count) or is_jax_array(self.values):
            import jax.numpy as jnp

            return jnp.asarray(self.values).at[count].get(mode="clip")
        return self.values[min(int(count), len(self.values) - 1)]

    def __reduce__(self) -> tuple[type[Tabulated], tuple[Number]]:
        return type(self), (self.values,)

    def _flatten(self) -> tuple[tuple[Array], None]:
        return (self.values,), None

    @classmethod
    def _unflatten(cls, structure: None, leaves: Sequence[Array]) -> Self:
        return cls(*leaves)


FEW_STEPS = 256  # below this, calling a schedule step by step is quicker than compiling it
ANY_NUMBER = Interval("(-inf, inf)")


def table(
    name: str, schedule: Schedule, steps: int, interval: Interval = ANY_NUMBER, room: int = 0
) -> Tabulated:
    """The schedule's values at steps 0 .. steps-1; a value that is no number in `interval` is an error.

    A table with room for more steps repeats its last value: its length is what is compiled for.

    >>> table("lr", lambda step: 0.5 ** step, 3).values
    array([1.  , 0.5 , 0.25])
    """
    try:
        values = _values(schedule, steps)
    except Exception as error:
        what = " ".join(f"{type(error).__name__}: {error}".split())
        raise PolyakError(f"the schedule of {name} fails: {what}") from error
    for step, value in enumerate(values):
        if value not in interval:
            raise PolyakError(
                f"the schedule of {name} is {readable(value, 6)} at step {step}, expected a number in {interval}"
            )
    return Tabulated(np.pad(values, (0, max(0, room - steps)), mode="edge"))


def _values(schedule: Schedule, steps: int) -> NDArray[np.float64]:
    """Step by step where steps are few or the schedule is plain Python, else mapped over all steps at once."""
    import jax

    if steps > FEW_STEPS:
        try:
            with jax.enable_x64(True):  # as exact as Python's numbers: (step + 1)**2 soon leaves 32 bits
                return np.asarray(jax.vmap(schedule)(np.arange(steps)), dtype=np.float64).reshape(steps)
        except Exception:
            pass
    return np.asarray([float(schedule(k)) for k in range(steps)])


def tabulated(rule: Optimizer, steps: int, room: int = 0) -> Optimizer:
    """The same rule with each of its schedules tabulated over `steps` steps, with room for `room`.

    >>> from polyak.rules import HeavyBall
    >>> tabulated(HeavyBall(lr=lambda step: 0.5 ** step, momentum=0.5), 2).settings()["lr"].values
    array([1. , 0.5])
    """
    about: dict[str, Hyperparameter] = getattr(rule, "hyperparameters", dict)()
    tables = {
        name: table(name, schedule, steps, about[name].interval if name in about else ANY_NUMBER, room)
        for name, schedule in rule.schedules().items()
        if not isinstance(schedule, Tabulated)
    }
    return rule.replace(**tables) if tables else rule
