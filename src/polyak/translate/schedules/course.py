"""A course: the learning rate of every step in closed form, and the code that says it in a language of arrays.

Whatever a framework calls its schedule, it is read as a course and written from one. A course knows its value at step k
(the number of steps taken before, from 0), the same as a line of code, and the step from which it is constant.
"""

from __future__ import annotations

import abc
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from polyak.ground.numbers import readable

Values = NDArray[np.float64]
DIGITS = 15  # of a number, as it is printed


@dataclass(frozen=True)
class Dialect:
    """A language in which a course is written as one expression.

    Attributes:
        cos: its cosine.
        pi: its pi.
        least: its smaller of two.
        most: its larger of two.
        chosen: `{a}` where `{test}` holds, else `{b}`.
        exponent: its binary logarithm's floor, `{}` the number, which is at least 1.
    """

    cos: str
    pi: str
    least: str
    most: str
    chosen: str
    exponent: str


PYTHON = Dialect("math.cos", "math.pi", "min", "max", "({a} if {test} else {b})", "math.floor(math.log2({}))")
JAX = Dialect(
    "jnp.cos",
    "jnp.pi",
    "jnp.minimum",
    "jnp.maximum",
    "jnp.where({test}, {a}, {b})",
    "jnp.floor(jnp.log2({}) + 1e-6)",
)
KERAS = Dialect(
    "ops.cos",
    "math.pi",
    "ops.minimum",
    "ops.maximum",
    "ops.where({test}, {a}, {b})",
    "ops.floor(ops.log2({}) + 1e-6)",
)


class Course(abc.ABC):
    """The learning rate as a function of the step."""

    @abc.abstractmethod
    def at(self, k: Values) -> Values:
        """The learning rates at these steps, an array of the same shape."""

    @abc.abstractmethod
    def code(self, k: str, dialect: Dialect) -> str:
        """The same as an expression, of a step that is called `k` there."""

    @abc.abstractmethod
    def scaled(self, factor: float) -> Self:
        """The course with every learning rate times a factor."""

    @property
    @abc.abstractmethod
    def end(self) -> int | None:
        """The step from which it is constant; None where it never is."""

    def values(self, steps: int) -> Values:
        """The learning rates of the first steps, shape (steps,).

        >>> from polyak.translate.schedules.courses.ramp import Ramp
        >>> Ramp(0.0, 1.0, 4).values(6)
        array([0.  , 0.25, 0.5 , 0.75, 1.  , 1.  ])
        """
        return np.asarray(self.at(np.arange(steps, dtype=np.float64)), dtype=np.float64)

    @property
    def peak(self) -> float:
        """The largest learning rate that it has."""
        steps = max(2, (self.end if self.end is not None else LOOKED_AT) + 2)
        k = np.unique(np.linspace(0, steps - 1, min(steps, LOOKED_AT)).round())
        return float(max(np.max(self.at(k)), *(self.at(np.array([float(at)]))[0] for at in self.corners())))

    def corners(self) -> tuple[int, ...]:
        """Steps at which it may be largest, beside those that are looked at in even distances."""
        return (0,)

    @property
    def by_epochs(self) -> bool:
        """Whether it changes between epochs only."""
        return False


LOOKED_AT = 20_001  # steps at which the largest learning rate is sought


def number(value: float) -> str:
    """A number as it stands in code.

    >>> number(0.1 * 3), number(4.0)
    ('0.3', '4')
    """
    return readable(float(value), DIGITS)


def times(value: float, code: str) -> str:
    """A code times a number, which is left out where it is 1.

    >>> times(1.0, "k"), times(0.5, "k")
    ('k', '0.5 * k')
    """
    return code if value == 1 else f"{number(value)} * {code}"


def rounded(value: float) -> float:
    """A number to the digits that are printed.

    >>> rounded(0.1 * 3)
    0.3
    """
    return float(number(value))
