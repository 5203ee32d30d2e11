r"""How rules whose class is known move a model's parameters: as motion.py does it, but tests and copies nothing.

Of these classes the tests show which slots the step is linear in and which make the preconditioner. What is left is to
read a step's own numbers off `rule.update`, with the preconditioner set to where a step without a gradient leads to
today's: the map of one entry by unit vectors, and every entry's size by a gradient so small that its square is no
number at all. Entries are looked at in blocks: nothing as long as the parameters is made.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from polyak.frameworks.reading import Part
from polyak.rules import (
    Adagrad,
    Adam,
    AdamW,
    DecoupledDecay,
    GradientDescent,
    HeavyBall,
    Nesterov,
    Optimizer,
    RMSProp,
    Rule,
    unwrapped,
)
from polyak.rules.base import RuleState
from polyak.theory.held import gain_of, undecayed
from polyak.theory.motion import edge, ends_of, not_yet, times
from polyak.theory.step_map import StepMap, reduced

Slots = Mapping[str, NDArray[np.floating[Any]]]

HELD: dict[type[Rule], tuple[str, ...]] = {  # what makes the preconditioner, and its clock
    GradientDescent: (),
    HeavyBall: (),
    Nesterov: (),
    Adam: ("squares", "t"),
    AdamW: ("squares", "t"),
    RMSProp: ("squares",),
    Adagrad: ("squares",),
}
TINY = 1e-170  # a gradient whose square is 0 in float64
BLOCK = 2**17  # entries that are looked at together


class Known:
    """A part of an optimizer's parameters, with the rule of a known class that moves them.

    Args:
        part: of the reading; its state is not looked at.
        slots: of its first array, by our names; a slot of one number stays one.
        label: of the optimizer.

    Attributes:
        step: the map of one entry, in units of its gain.
        gain: of the first entry, over its size.
        pull: the strength of a decay that goes through the gradient.
    """

    def __init__(self, part: Part, slots: Slots, label: str) -> None:
        bare, pull = undecayed(part.rule)
        self.rule, self.pull = bare, pull + part.pull
        own = unwrapped(bare)
        assert isinstance(own, Rule)
        self.held = HELD[type(own)]
        if self.held and not part.took:
            raise not_yet(label)
        self._names = tuple(own.slots(np.zeros(1)))
        self._before = {name: self._straight(name) for name in self.held}
        first = {name: np.asarray(slots[name], float).reshape(-1)[:1] for name in self.held}
        step = self._map({name: first[name][0] for name in self.held})
        gain = gain_of(step)
        self.gain = -gain / float(self.sizes(first)[0])
        self.step = StepMap(step.A, step.B / -gain)

    @property
    def downhill(self) -> bool:
        """Whether its steps go there, by a number."""
        return 0 < self.gain < math.inf

    def _state(
        self, free: Mapping[str, Any], held: Mapping[str, Any], like: NDArray[np.float64]
    ) -> RuleState:
        found = {
            name: held[name] if name in held else free.get(name, np.zeros_like(like)) for name in self._names
        }
        return RuleState(0, found)

    def _straight(self, name: str) -> tuple[float, float]:
        """What a step without a gradient makes of a held number s: a + b s."""
        ends = []
        for value in (0.0, 1.0):
            held = dict.fromkeys(self.held, np.float64(1.0)) | {name: np.float64(value)}
            _, after = self.rule.update(np.zeros(1), self._state({}, held, np.zeros(1)), np.zeros(1))
            ends.append(float(np.ravel(after.slots[name])[0]))
        return ends[0], ends[1] - ends[0]

    def _ahead(self, held: Slots) -> dict[str, Any]:
        """What the held slots were before a step without a gradient that led to these."""
        return {name: (held[name] - a) / b for name, (a, b) in self._before.items()}

    def _map(self, held: Slots) -> StepMap:
        """Of one entry, by a unit vector for x, for each slot that is not held, and for the gradient."""
        free = [name for name in self._names if name not in self.held]
        n = len(free) + 2
        unit = np.eye(n + 1)[:, 1:]  # the first entry of all stays at rest
        g = (TINY if self.held else 1.0) * unit[:, -1]
        x = unit[:, 0]
        before = {
            name: np.full(n + 1, value) if np.size(value) == 1 and name != "t" else value
            for name, value in self._ahead(held).items()
        }
        state = self._state({name: unit[:, k + 1] for k, name in enumerate(free)}, before, x)
        moved, after = self.rule.update(g, state, x)
        rows = np.stack([x + moved, *(np.broadcast_to(after.slots[name], n + 1) for name in free)])
        rows = rows[:, 1:] - rows[:, :1]
        rows[:, -1] /= TINY if self.held else 1.0
        return reduced(rows[:, :-1], rows[:, -1])

    def sizes(self, held: Slots) -> NDArray[np.float64]:
        """What one gradient moves each of some entries by at once, downhill."""
        if not self.held:
            return np.ones(1)
        n = max(np.size(each) for each in held.values())
        g = np.full(n, TINY)
        before = self._ahead({name: np.asarray(each, float).reshape(-1) for name, each in held.items()})
        moved, _ = self.rule.update(g, self._state({}, before, g), np.zeros(n))
        return np.asarray(moved / -TINY)


@dataclass(frozen=True, eq=False)
class KnownMotion:
    """An optimizer's linear rule on curvatures in units of today's gains, as `Motion` is.

    Attributes:
        steps: as `Motion.steps`.
        preconditioned: as there.
        uniform: the gain that all entries have; None where they differ.
        pulls: of a decay through the gradient, one for each of the model's arrays.
    """

    steps: tuple[StepMap, ...]
    preconditioned: bool
    uniform: float | None
    pulls: tuple[float, ...]
    _whose: tuple[Known, ...]  # of each of the model's arrays
    _entries: tuple[int, ...]  # of each of them

    def step_at(self, factor: float) -> StepMap:
        """As `Motion.step_at`."""
        return times(self.steps[-1], factor)

    def factor_of(self, a: float) -> float:
        """As `Motion.factor_of`."""
        return min(edge(step, a) for step in self.steps) if a > 0 else math.inf

    def rooted(self, flat: NDArray[np.floating[Any]], slots: Mapping[str, Sequence[NDArray[Any]]]) -> None:
        """Multiply a vector by the roots of the entries' gains, in its place.

        Args:
            flat: a number for each entry, array by array.
            slots: today's, an array for each of the model's.
        """
        start = 0
        for known, pieces in self._together():
            held = {
                name: slots[name][pieces[0][0]]
                if name == "t"
                else np.concatenate([slots[name][k].reshape(-1)[some] for k, some in pieces])
                for name in known.held
            }
            stop = start + sum(some.stop - some.start for _, some in pieces)
            flat[start:stop] *= np.sqrt(known.gain * known.sizes(held))
            start = stop

    def _together(self) -> Iterator[tuple[Known, list[tuple[int, slice]]]]:
        """Pieces of arrays that one rule moves, as they follow one another, about a block of entries at a time."""
        pieces: list[tuple[int, slice]] = []
        room = BLOCK
        for k, (known, entries) in enumerate(zip(self._whose, self._entries, strict=True)):
            for begin in range(0, entries, BLOCK):
                some = slice(begin, min(begin + BLOCK, entries))
                if pieces and (some.stop - some.start > room or known is not self._whose[pieces[0][0]]):
                    yield self._whose[pieces[0][0]], pieces
                    pieces, room = [], BLOCK
                pieces.append((k, some))
                room -= some.stop - some.start
        if pieces:
            yield self._whose[pieces[0][0]], pieces


def known_motion(
    parts: Sequence[Part],
    slots: Mapping[str, Sequence[NDArray[np.floating[Any]]]],
    label: str,
    shapes: Sequence[tuple[int, ...]],
) -> KnownMotion | None:
    """How an optimizer moves what it holds; None where a rule's class or its state is not known here.

    Args:
        parts: of a reading, their states not needed.
        slots: today's by our names, an array for each of the model's.
        label: of the optimizer.
        shapes: of the model's arrays.

    Raises PolyakError as `motion` does.
    """
    if not all(_is_known(part.rule) for part in parts):
        return None
    found: list[Known] = []
    whose: dict[int, Known] = {}
    for part in parts:
        known = _known(part, slots, label)
        if known is None:
            return None
        found.append(known)
        whose |= dict.fromkeys(part.arrays, known)
    if len(whose) != len(shapes):
        return None
    return _together(found, [whose[k] for k in range(len(shapes))], shapes, label)


def _known(part: Part, slots: Mapping[str, Sequence[NDArray[np.floating[Any]]]], label: str) -> Known | None:
    """A part with the rule that moves it; None where its state lacks a slot or its steps do not go downhill."""
    held = HELD[type(unwrapped(part.rule))]  # type: ignore[index]  # `_is_known` has looked
    if part.took and not all(name in slots for name in held):
        return None
    known = Known(part, {name: slots[name][part.arrays[0]] for name in held} if part.took else {}, label)
    return known if known.downhill else None  # where they do not, `motion` says why


def _together(
    found: Sequence[Known], whose: Sequence[Known], shapes: Sequence[tuple[int, ...]], label: str
) -> KnownMotion:
    """What moves all parts, array by array."""
    preconditioned = any(known.held for known in found)
    gains = {known.gain for known in found}
    uniform = gains.pop() if not preconditioned and len(gains) == 1 else None
    steps = ends_of([known.step for known in found], label)
    pulls = tuple(known.pull for known in whose)
    entries = tuple(math.prod(shape) for shape in shapes)
    return KnownMotion(steps, preconditioned, uniform, pulls, tuple(whose), entries)


def _is_known(rule: Optimizer) -> bool:
    """Of a class in the table, with plain numbers and no more around it than a decay beside its step."""
    while isinstance(rule, DecoupledDecay):
        rule = rule.rule
    if type(rule) not in HELD or getattr(rule, "centered", False):
        return False
    assert isinstance(rule, Rule)
    return all(isinstance(getattr(rule, name), float) for name in rule.hyperparameters())
