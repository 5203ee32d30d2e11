"""An optimizer in mid-training, read off the object itself: its rule and settings for each group, today's moments.

Each framework reads its own (`reading.py` of its folder): a class by its spelling, the settings from the object as they
are now, a scheduler's learning rate among them, and the slots from its state. Nothing of the user's is changed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from polyak.frameworks.bridge import Bridge
from polyak.frameworks.spelling import Meaning
from polyak.ground.errors import PolyakError
from polyak.ground.types import Pytree
from polyak.rules import DecoupledDecay, Optimizer, Rule
from polyak.rules.base import RuleState

Slots = dict[str, NDArray[np.float64]]


@dataclass(frozen=True, eq=False)
class Part:
    """Parameters that one rule moves with one set of numbers.

    Attributes:
        rule: with its settings, a decay beside the step among them; without one that goes through the gradient.
        pull: the strength of that: it adds to the curvature.
        arrays: which of the model's arrays, by their place in `Bridge.names`, in the order of the state.
        entries: how many numbers there are in them.
        state: the rule's on the vector of all their entries; None where it was not given.
        lr: today's learning rate, None where it does not show.
        took: whether a step was taken, so that the state holds what the rule goes by.
    """

    rule: Optimizer
    pull: float
    arrays: tuple[int, ...]
    entries: int
    state: Pytree
    lr: float | None
    took: bool


@dataclass(frozen=True, eq=False)
class Reading:
    """What an optimizer is today.

    Attributes:
        label: what it is called, in its framework's words.
        parts: one for each set of numbers.
        steps: how many it has taken; None where that does not show.
    """

    label: str
    parts: tuple[Part, ...]
    steps: int | None

    @property
    def lrs(self) -> tuple[float, ...]:
        """Today's learning rates, each once; empty where they do not show."""
        shown = [part.lr for part in self.parts]
        return tuple(dict.fromkeys(lr for lr in shown if lr is not None)) if None not in shown else ()


class Readings(Protocol):
    """How one framework reads its own: the `reading.py` of its folder."""

    def reading(self, optimizer: object, state: Pytree, bridge: Bridge) -> Reading | None:
        """What an optimizer is today, if it is one of this framework's; None if not.

        Raises PolyakError for one of other parameters than the model's, and for one that no rule of ours is.
        """


def part_of(
    meaning: Meaning,
    arrays: tuple[int, ...],
    slots: Slots | None,
    n: int,
    *,
    lr: float,
    took: bool,
    count: int = 0,
) -> Part:
    """A part that a spelling has told the rule of, its state filled with the slots that were read.

    Args:
        meaning: the rule, and the decay around it.
        arrays: which arrays they are.
        slots: what was found, under our names, each on the vector of n entries, or a number; None for no state.
        n: how many entries there are.
        lr: today's.
        took: whether a step was taken.
        count: of steps, for the rule's schedules.
    """
    if meaning.maximize:
        raise PolyakError(f"{meaning.rule.name()} with maximize climbs: it has no edge on a loss")
    rule, pull = meaning.rule, 0.0
    if meaning.weight_decay and meaning.decay_kind == "coupled":
        pull = meaning.weight_decay
    elif meaning.weight_decay:
        rule = DecoupledDecay(rule, lr * meaning.weight_decay)
    state = None if slots is None else filled(meaning.rule, slots, n, count)
    return Part(rule, pull, arrays, n, state, lr, took)


def filled(rule: Rule, slots: Mapping[str, Any], n: int, count: int) -> RuleState:
    """A rule's state on a vector with these slots in it; the others are as at the start."""
    begun = rule.slots(np.zeros(n))
    return RuleState(count, {name: np.asarray(slots.get(name, held)) for name, held in begun.items()})
