"""The settings that a forecast is asked for, and an optimizer with them: every momentum with every learning rate."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from polyak.frameworks.reading import Part, Reading
from polyak.ground.errors import PolyakError, a_or_an
from polyak.ground.numbers import as_float, readable
from polyak.rules import DecoupledDecay, GradientDescent, HeavyBall, Optimizer, unwrapped
from polyak.rules.base import RuleState

MOMENTA = ("momentum", "beta1", "nu")  # what a rule may call the decay of its velocity, the first that it has
FACTORS = (0.25, 0.5, 1.0, 2.0, 4.0)  # of today's learning rate, where none are named
MOST = 1000  # settings


@dataclass(frozen=True, eq=False)
class Settings:
    """Learning rates and momenta side by side.

    Attributes:
        lr: shape (settings,).
        momentum: likewise; nan of a rule without one.
        name: what the rule calls its momentum; empty where it has none.
        reading: the optimizer, as it can take them.
        today: its own learning rate and momentum.
    """

    lr: NDArray[np.float64]
    momentum: NDArray[np.float64]
    name: str
    reading: Reading
    today: tuple[float, float]

    def __len__(self) -> int:
        return len(self.lr)

    @property
    def own(self) -> Settings:
        """Today's setting alone."""
        lr, momentum = self.today
        return dataclasses.replace(self, lr=np.array([lr]), momentum=np.array([momentum]))

    def only(self, index: int) -> Settings:
        """One of them alone."""
        return dataclasses.replace(
            self, lr=self.lr[index : index + 1], momentum=self.momentum[index : index + 1]
        )

    def rule(self, part: Part, index: int) -> Optimizer:
        """A part's rule with a setting: what its decay takes off beside the step goes with the learning rate."""
        lr, momentum = float(self.lr[index]), float(self.momentum[index])
        changed: dict[str, float] = {"lr": lr}
        if self.name:
            changed[self.name] = momentum
        rule = part.rule
        if isinstance(rule, DecoupledDecay) and self.today[0]:
            rule = DecoupledDecay(rule.rule, float(rule.amount) * lr / self.today[0])
        return rule.replace(**changed)


def settings_of(
    reading: Reading, lr: float | Iterable[float] | None, momentum: float | Iterable[float] | None
) -> Settings:
    """Every momentum with every learning rate, of an optimizer that was read.

    Raises PolyakError where it has no learning rate that shows, or several, where a momentum is asked of a rule that
    has none, and for numbers that are none.
    """
    today = _rate_of(reading)
    rates = _rates(lr, today)
    asked = None if momentum is None else numbers("momentum", momentum, 1.0)
    if asked is not None and any(asked):
        reading = _with_momentum(reading)
    name, own = _momentum_of(reading)
    memories = _memories(asked, name, own, reading.label)
    if len(rates) * len(memories) > MOST:
        raise PolyakError(f"{len(rates) * len(memories)} settings, expected {MOST} at most")
    grid = [(rate, memory) for memory in memories for rate in rates]
    return Settings(
        np.array([rate for rate, _ in grid]),
        np.array([memory for _, memory in grid]),
        name,
        reading,
        (today, own),
    )


def _rate_of(reading: Reading) -> float:
    """The one learning rate of all parameters, over 0."""
    if not reading.lrs:
        raise PolyakError(
            f"{reading.label} has none that shows: a forecast changes the learning rate, expected a rule with lr"
        )
    if len(reading.lrs) > 1:
        came = ", ".join(map(readable, reading.lrs))
        raise PolyakError(
            f"{reading.label} has the learning rates {came}: a forecast is of one, expected one for all parameters"
        )
    (today,) = reading.lrs
    if not today > 0:
        raise PolyakError(f"{reading.label} has lr {readable(today)}: expected one over 0")
    return today


def _rates(lr: float | Iterable[float] | None, today: float) -> list[float]:
    """The learning rates that are asked for, or some around today's."""
    rates = [today * factor for factor in FACTORS] if lr is None else numbers("lr", lr, math.inf)
    if any(not rate > 0 for rate in rates):
        raise PolyakError(f"lr is {readable(min(rates))}, expected numbers over 0")
    return rates


def _momentum_of(reading: Reading) -> tuple[str, float]:
    """What the rule calls its momentum, and how large it is: an empty name and nan where it has none."""
    has = reading.parts[0].rule.settings()
    if "lr" not in has:
        raise PolyakError(f"{reading.label} shows no lr: a forecast changes it, expected a rule with lr")
    name = next((each for each in MOMENTA if isinstance(has.get(each), int | float)), "")
    return name, float(has[name]) if name else math.nan


def _memories(asked: list[float] | None, name: str, own: float, label: str) -> list[float]:
    """The momenta that are asked for, today's alone by default; nan of a rule without one."""
    if asked is None:
        return [own]
    if name:
        return asked
    if any(asked):
        raise PolyakError(f"{label} has no momentum, expected momentum=None")
    return [math.nan]


def numbers(name: str, given: float | Iterable[float], below: float) -> list[float]:
    """Numbers from 0 to below an end, one or several.

    >>> numbers("momentum", [0.0, 0.9], 1.0)
    [0.0, 0.9]
    >>> numbers("momentum", 1.5, 1.0)
    Traceback (most recent call last):
    ...
    polyak.PolyakError: momentum is 1.5, expected numbers from 0 to below 1
    """
    end = "" if math.isinf(below) else f" to below {readable(below)}"
    expected = f"expected numbers from 0{end}"
    if isinstance(given, str | bytes | dict):
        raise PolyakError(f"{name} is {a_or_an(type(given).__name__)}, {expected}")
    values = list(given) if isinstance(given, Iterable) else [given]
    if not values:
        raise PolyakError(f"{name} is empty, {expected}")
    found = []
    for value in values:
        try:
            number = math.nan if isinstance(value, bool | str) else as_float(value)
        except (TypeError, ValueError):
            number = math.nan
        if not 0 <= number < below:
            raise PolyakError(f"{name} is {value!r}, {expected}")
        found.append(number)
    return found


def _with_momentum(reading: Reading) -> Reading:
    """Gradient descent is heavy ball of momentum 0, and can be asked for another."""
    parts: Sequence[Part] = reading.parts
    if not all(type(unwrapped(part.rule)) is GradientDescent for part in parts):
        return reading
    return dataclasses.replace(reading, parts=tuple(_heavy(part) for part in parts))


def _heavy(part: Part) -> Part:
    rule = part.rule
    ball: Optimizer = HeavyBall(
        lr=float(unwrapped(rule).settings()["lr"]), momentum=0.0, lr_in_velocity=False
    )
    if isinstance(rule, DecoupledDecay):
        ball = DecoupledDecay(ball, float(rule.amount))
    elif rule is not unwrapped(rule):
        raise PolyakError(f"{rule} is wrapped: expected a rule with a momentum, where one is asked for")
    state = RuleState(0, {"velocity": np.zeros(part.entries)})
    return dataclasses.replace(part, rule=ball, state=state)
