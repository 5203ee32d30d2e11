"""The numbers and the choices that an update rule is set by, with their valid ranges."""

from __future__ import annotations

import dataclasses
import math
import sys
from dataclasses import dataclass
from typing import Any, TypeAlias

from polyak.ground.errors import PolyakError, unknown
from polyak.ground.numbers import readable
from polyak.ground.types import Number

Scalar: TypeAlias = Number
"""A hyper-parameter: a number, a zero-dimensional array (traced or not), or a schedule (step -> number)."""

Option = str | bool
"""What a choice may be."""

# What a rule is tuned over where it says nothing else: an axis of `polyak.axes`, as it is spelled at the terminal.
TUNED_LR = "log:1e-4:10"
TUNED_MOMENTUM = "memory:1:100"  # from none to 0.99
BEGIN_LR, BEGIN_MOMENTUM = (
    0.4,
    0.5,
)  # on the ravine most rules converge there, and what they differ in can be seen


@dataclass(frozen=True)
class Interval:
    """A range of numbers, written as on paper: `[0, 1)` holds 0 and stops short of 1.

    >>> 0 in Interval("[0, 1)"), 1 in Interval("[0, 1)")
    (True, False)
    """

    text: str

    @property
    def ends(self) -> tuple[float, float]:
        low, high = self.text[1:-1].split(",")
        return float(low), float(high)

    def __contains__(self, value: float) -> bool:
        low, high = self.ends
        above = value >= low if self.text[0] == "[" else value > low
        below = value <= high if self.text[-1] == "]" else value < high
        return above and below

    def __str__(self) -> str:
        return self.text


@dataclass(frozen=True)
class Hyperparameter:
    """What is known of one hyper-parameter.

    Attributes:
        symbol: on paper, in LaTeX.
        meaning: in words.
        interval: its valid range.
        tuned: the axis that it is tuned over, such as log:1e-4:10; None for one that is left as it is.
        begin: where it begins in the lab, on the ravine; None for its default.
    """

    symbol: str
    meaning: str
    interval: Interval
    tuned: str | None = None
    begin: float | None = None

    def checked(self, rule: str, name: str, value: Scalar) -> Scalar:
        """`value` if it may stand here, as a Python float if it is a plain number."""
        if callable(value) or is_unknown_yet(value):
            return value
        expected = f"expected a number in {self.interval} ({self.meaning}) or a schedule"
        if isinstance(value, str | bytes | bool) or str(getattr(value, "dtype", "")).endswith("bool"):
            raise PolyakError(f"{rule}: {name} is {value!r}, {expected}")
        try:
            number = float(value)
        except (TypeError, ValueError, OverflowError):
            raise PolyakError(f"{rule}: {name} is {value!r}, {expected}") from None
        if math.isnan(number) or number not in self.interval:
            raise PolyakError(f"{rule}: {name} is {readable(number, 6)}, {expected}")
        # A NumPy scalar is strongly typed and would lift float32 parameters to float64.
        return value if type(value).__module__.startswith(("jax", "torch")) else number


@dataclass(frozen=True)
class Choice:
    """A point on which sources and frameworks differ, as a named option."""

    meaning: str
    options: tuple[Option, ...]

    def checked(self, rule: str, name: str, value: Option) -> Option:
        for option in self.options:
            if type(option) is type(value) and option == value:
                return value
        if isinstance(value, str) and any(isinstance(option, str) for option in self.options):
            raise unknown(f"{name} of {rule}", value, [str(option) for option in self.options])
        options = " or ".join(repr(option) for option in self.options)
        raise PolyakError(f"{rule}: {name} is {value!r}, expected {options} ({self.meaning})")


def is_unknown_yet(value: object) -> bool:
    """Traced values have no number to check; arrays of many settings are the sweep's to check."""
    jax = sys.modules.get("jax")
    traced = jax is not None and isinstance(value, jax.core.Tracer)
    return traced or getattr(value, "ndim", 0) > 0


def hyperparameter(
    *,
    default: Scalar = dataclasses.MISSING,
    symbol: str,
    meaning: str,
    interval: str = "[0, inf)",
    tuned: str | None = None,
    begin: float | None = None,
) -> Any:
    """A dataclass field for a number that a rule is set by; the arguments are `Hyperparameter`'s attributes."""
    about = Hyperparameter(symbol, meaning, Interval(interval), tuned, begin)
    return dataclasses.field(default=default, metadata={"polyak": about})


def choice(*, default: Option, options: tuple[Option, ...], meaning: str) -> Any:
    """A dataclass field for a named choice between conventions; part of the rule's code, never traced."""
    return dataclasses.field(default=default, metadata={"polyak": Choice(meaning, options)}, kw_only=True)


def lr(*, default: Scalar = dataclasses.MISSING, tuned: str = TUNED_LR, begin: float = BEGIN_LR) -> Any:
    """The field of every rule's learning rate."""
    return hyperparameter(
        default=default,
        symbol=r"\eta",
        meaning="learning rate",
        interval="[0, inf)",
        tuned=tuned,
        begin=begin,
    )


def momentum(*, default: Scalar = dataclasses.MISSING) -> Any:
    """The field of every rule's momentum."""
    return hyperparameter(
        default=default,
        symbol=r"\gamma",
        meaning="momentum",
        interval="[0, 1)",
        tuned=TUNED_MOMENTUM,
        begin=BEGIN_MOMENTUM,
    )


def eps(*, default: float) -> Any:
    """The field of the small number that keeps a denominator from zero."""
    return hyperparameter(default=default, symbol=r"\epsilon", meaning="keeps the denominator from zero")


def decay(*, default: float, symbol: str, of: str, tuned: str | None = None) -> Any:
    """The field of a moving average's decay rate; where it acts as a momentum, it is `tuned` as one."""
    return hyperparameter(
        default=default,
        symbol=symbol,
        meaning=f"decay of the moving average of {of}",
        interval="[0, 1)",
        tuned=tuned,
    )


def weight_decay(*, default: float) -> Any:
    """The field of the weight decay's strength."""
    return hyperparameter(default=default, symbol=r"\lambda", meaning="weight decay")


def lr_in_velocity(*, default: bool) -> Any:
    """The field that says whether the velocity holds the learning rate."""
    return choice(
        default=default,
        options=(True, False),
        meaning="whether the velocity holds the learning rate (the two part when lr changes)",
    )


def eps_position(*, default: str) -> Any:
    """The field that says where eps stands."""
    return choice(
        default=default,
        options=("outside", "inside"),
        meaning="sqrt(s) + eps (outside) or sqrt(s + eps) (inside the root)",
    )


def decay_kind(*, default: str) -> Any:
    """The field that says what weight decay means."""
    return choice(
        default=default,
        options=("coupled", "decoupled"),
        meaning="weight decay added to the gradient (coupled) or taken from x beside the step (decoupled)",
    )
