"""What theory says of a rule before it is run: each prediction is a file of this folder, which registers itself.

A prediction is a function of what is asked, `OnCurvatures` or `InTraining`, under `@predicts`: it gives a Prediction,
or None where it has nothing to say. The terminal prints its lines, a study takes in its words.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import TypeAlias

from polyak.ground.registry import import_all
from polyak.ground.shown import Shown
from polyak.problems import Problem
from polyak.rules import Optimizer
from polyak.theory.curvatures import On
from polyak.theory.stability import stability as stability_of


class OnCurvatures:
    """What is predicted of a rule on curvatures, or on what has them.

    Attributes:
        rule: the rule with its settings, linear in the gradient.
        on: what `polyak.curvatures` takes.
        stability: of the rule there, which most predictions begin with.
    """

    def __init__(self, rule: Optimizer, on: On) -> None:
        self.rule, self.on, self.stability = rule, on, stability_of(rule, on)


@dataclass(frozen=True)
class InTraining:
    """What is predicted of a rule in mini-batches: see `polyak.expected_loss` for all of these."""

    rule: Optimizer
    on: Problem
    batch_size: int
    steps: int
    seeds: int


@dataclass(frozen=True)
class Prediction:
    """One prediction.

    Attributes:
        result: where it is an object of its own; None where it is only said.
        lines: as the terminal prints it.
        words: as a page says it, in sentences; none where the page has its own.
    """

    result: Shown | None
    lines: tuple[str, ...]
    words: tuple[str, ...] = ()


Asked: TypeAlias = OnCurvatures | InTraining
_REGISTERED: dict[type, list[tuple[int, str, Callable[..., Prediction | None]]]] = {}


def predicts(asked: type, name: str, *, place: int) -> Callable[[Callable[..., Prediction | None]], None]:
    """Register a function of `asked` as the prediction of that name; those of a lower place are said first."""

    def register(function: Callable[..., Prediction | None]) -> None:
        _REGISTERED.setdefault(asked, []).append((place, name, function))

    return register


def predictions(asked: Asked) -> dict[str, Prediction]:
    """All that theory has to say of what is asked, by name, in the order in which it is said.

    Raises PolyakError as `polyak.stability` and `polyak.expected_loss` do.

    >>> import polyak as pk
    >>> said = predictions(OnCurvatures(pk.GradientDescent(lr=0.1), [1.0]))
    >>> list(said), said["stability"].result.rate
    (['response', 'stability'], 0.9)
    """
    _load()
    said = {name: function(asked) for _, name, function in sorted(_REGISTERED[type(asked)], key=_place)}
    return {name: prediction for name, prediction in said.items() if prediction is not None}


def _place(registered: tuple[int, str, Callable[..., Prediction | None]]) -> tuple[int, str]:
    return registered[:2]


@cache
def _load() -> None:
    import_all(__name__)
