"""The reference in our words: one of our rules and what is done around it, any point of which can be changed."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

import numpy as np

from polyak.frameworks import FRAMEWORKS
from polyak.frameworks.arguments_to_rule import read
from polyak.frameworks.candidate import Candidate
from polyak.frameworks.catalogue import find
from polyak.frameworks.spelling import Meaning
from polyak.frameworks.steppers import Array
from polyak.ground.errors import PolyakError
from polyak.rules import Coefficients, CoupledDecay, LinearRule, Rule
from polyak.verify.decay_kinds import KINDS
from polyak.verify.scenarios import Scenario

Slots = dict[str, Any]
Saved = tuple[Rule, Rule, list[Slots], list[int]]
Row = Callable[[LinearRule, int], Coefficients]
Advance = Callable[..., tuple[Array, Slots]]  # of the rule, g, the slots, x


@dataclass(frozen=True)
class Model:
    """An optimizer as a rule and points on which implementations differ.

    Attributes:
        rule: with its settings, its weight decay, if it knows one, at 0.
        row: the linear family's row at a step, instead of the rule's own.
        advance: one array's step, instead of the rule's own.
        begin: what is done to an array's slots before the first step.
        decay: its strength.
        decay_kind: one of `KINDS`, or "ignored".
        besides: another decay beside that, by kind and strength.
        maximize: whether the gradient's sign is turned.
        maximize_kind: "first" (before the decay), "last" (the decay is turned too) or "ignored".
        reads_lr: at "every step", "the first step", "the start" (before it), or "a step late".
        keeps_state: whether a state that was loaded is taken up.
        missing: what becomes of an array without a gradient: it is "left alone", given "zeros", or its steps are
            "counted" all the same.
        sign: -1 climbs.
        clip: how gradients are cut first, "value", "norm" (of each array) or "global norm" (also as PyTorch
            computes it), and at what.
        every: of how many steps the gradients are gathered before one is taken; their mean, or their `summed`.
        course: what the learning rate is multiplied by at each step that is taken, counted from 0.
        saves_course: whether those steps are counted on when a state is loaded, or anew.
        per_array: whether a count of steps goes up at every array, and not once for all.
        begins_as_x: whether the velocity begins as a copy of the parameters.
        scaled: what an array's "gradient", or its "step" of lr 1, becomes beside its x: scaled by its size or shape.
    """

    rule: Any
    row: Row | None = None
    advance: Advance | None = None
    begin: Callable[[Slots], Slots] = dict
    decay: float = 0.0
    decay_kind: str = "coupled"
    besides: tuple[str, float] | None = None
    maximize: bool = False
    maximize_kind: str = "first"
    reads_lr: str = "every step"
    keeps_state: bool = True
    missing: str = "left alone"
    sign: float = 1.0
    clip: tuple[str, float] | None = None
    every: int = 1
    summed: bool = False
    course: Callable[[int], float] | None = None
    saves_course: bool = True
    per_array: bool = False
    begins_as_x: bool = False
    scaled: tuple[str, Callable[[Array, Array], Array]] | None = None

    @classmethod
    def of(cls, meaning: Meaning) -> Model:
        """The model of what a framework's optimizer means."""
        return cls(
            meaning.rule, decay=meaning.weight_decay, decay_kind=meaning.decay_kind, maximize=meaning.maximize
        )

    def in_scenario(self, scenario: Scenario) -> Model:
        """The same without what a scenario cannot tell."""
        return self.but(
            reads_lr="every step" if scenario.lr_factors is None else self.reads_lr,
            keeps_state=self.keeps_state or scenario.reload is None,
            saves_course=self.saves_course or scenario.reload is None,
            missing=self.missing if any(scenario.missing) else "left alone",
        )

    @property
    def linear(self) -> bool:
        """Whether the rule is one of the momentum family."""
        return isinstance(self.rule, LinearRule)

    def but(self, **changes: Any) -> Model:
        """The same with some points changed."""
        return dataclasses.replace(self, **changes)

    def with_rule(self, **settings: Any) -> Model:
        """The same with some of the rule's settings changed."""
        return self.but(rule=self.rule.replace(**settings))


class ModelStepper:
    """A model run on NumPy arrays, array by array."""

    name, skips_missing, takes_pytrees = "a model", True, False

    saved: tuple[list[list[Array | None]], int, float] = ([], 0, 0.0)

    def __init__(self, model: Model) -> None:
        self.model = model
        self.lr: float | None = float(model.rule.settings()["lr"])

    def start(self, params: list[Array]) -> None:
        """Begin anew at these parameters."""
        self.rule = self.read = self.model.rule
        self.params = [np.array(x, dtype=np.float64) for x in params]
        self.slots = [self._begun(x) for x in self.params]
        self.counts = [0] * len(params)
        self.held, self.taken, self.shared = list[list[Array | None]](), 0, 0.0

    def _begun(self, x: Array) -> Slots:
        slots = self.model.begin({} if self.model.row is not None else dict(self.rule.slots(x)))
        if self.model.begins_as_x:
            name = next((name for name in ("velocity", "mean") if name in slots), "velocity")
            slots[name] = x.copy()
        return slots

    def step(self, grads: Sequence[Array | None]) -> list[Array]:
        """One step of every array."""
        late = self.model.reads_lr == "a step late"
        rule, self.read = (self.read, self.rule) if late else (self.rule, self.rule)
        gathered = self._gathered(grads)
        if gathered is None:
            return [x.copy() for x in self.params]
        grads = clipped(gathered, self.model.clip)
        if self.model.course is not None:
            rule = rule.replace(lr=float(rule.lr) * self.model.course(self.taken))
        self.taken += 1
        with np.errstate(all="ignore"):
            for index, g in enumerate(grads):
                x = self.params[index]
                if g is None and self.model.missing != "zeros":
                    if self.model.missing == "counted" and not self.model.linear:
                        self.slots[index] |= _counters(rule, self.slots[index], x)
                    continue
                if self.model.per_array and "t" in self.slots[index]:
                    self.slots[index]["t"] = self.shared
                step, self.slots[index] = self._one(rule, np.zeros_like(x) if g is None else g, index)
                self.shared = self.slots[index].get("t", 0.0)
                self.params[index] = x + step
                self.counts[index] += 1
        return [x.copy() for x in self.params]

    def _one(self, rule: Any, g: Array, index: int) -> tuple[Array, Slots]:  # noqa: ANN401
        model, x = self.model, self.params[index]
        turned = -1.0 if model.maximize and model.maximize_kind != "ignored" else 1.0
        last = model.maximize_kind == "last"
        if not last:
            g = turned * g
        decays = [(model.decay_kind, model.decay), *([model.besides] if model.besides else [])]
        for kind, amount in decays:
            if kind == "coupled":
                g = g + amount * x
        if last:
            g = turned * g
        if model.scaled is not None and model.scaled[0] == "gradient":
            g = model.scaled[1](x, g)
        step, new = self._advanced(rule, g, index)
        step = model.sign * step
        if model.scaled is not None and model.scaled[0] == "step" and rule.lr:
            step = rule.lr * model.scaled[1](x, step / rule.lr)
        moved = step
        for name, amount in decays:
            kind_of = KINDS.get(name)
            if kind_of is not None and kind_of.beside is not None:
                step = step - kind_of.beside(amount, rule.lr, x, moved)
        return step, new

    def _advanced(self, rule: Any, g: Array, index: int) -> tuple[Array, Slots]:  # noqa: ANN401
        """The rule's own step, or what the model has instead."""
        model, x, slots = self.model, self.params[index], self.slots[index]
        if model.row is not None:
            return _linear(model.row(rule, self.counts[index]), g, slots)
        if model.advance is not None:
            return model.advance(rule, g, slots, x)
        return own_step(rule, g, slots, x)

    def _gathered(self, grads: Sequence[Array | None]) -> Sequence[Array | None] | None:
        """The gradients of one step, those of several together; None where more are waited for."""
        if self.model.every == 1:
            return grads
        self.held.append(list(grads))
        if len(self.held) < self.model.every:
            return None
        held, self.held = self.held, []
        share = 1.0 if self.model.summed else 1 / self.model.every
        return [
            None if all(g is None for g in each) else share * sum(g for g in each if g is not None)
            for each in zip(*held, strict=True)
        ]

    def set_lr(self, lr: float) -> None:
        """The learning rate from here on, for those who read it."""
        begun = any(self.counts)
        if self.model.reads_lr != "the start" and (self.model.reads_lr != "the first step" or not begun):
            self.rule = self.model.rule.replace(lr=lr)
            if not begun:
                self.read = self.rule

    def state(self) -> Saved:
        """The slots and the counts."""
        self.saved = self.held, self.taken, self.shared
        return self.rule, self.read, [dict(slots) for slots in self.slots], list(self.counts)

    def load(self, state: Saved) -> None:
        """Take up a state."""
        self.rule, self.read = state[:2]
        if self.model.keeps_state:
            self.held, taken, self.shared = self.saved
            self.taken = taken if self.model.saves_course else 0
            self.slots, self.counts = [dict(slots) for slots in state[2]], list(state[3])


def clipped(grads: Sequence[Array | None], clip: tuple[str, float] | None) -> Sequence[Array | None]:
    """Gradients cut by value, to a norm each, or to one norm together.

    >>> [g.tolist() for g in clipped([np.array([3.0, 4.0]), np.array([12.0])], ("global norm", 6.5))]
    [[1.5, 2.0], [6.0]]
    """
    if clip is None:
        return grads
    kind, most = clip
    if kind == "value":
        return [None if g is None else np.clip(g, -most, most) for g in grads]
    norms = [0.0 if g is None else float(np.linalg.norm(g)) for g in grads]
    if kind.startswith("global norm"):
        norms = [float(np.linalg.norm(norms))] * len(norms)
    more = 1e-6 if kind == "global norm, as PyTorch" else 0.0  # which clip_grad_norm_ adds to the norm
    return [
        g if g is None or not norm + more > most else g * (most / (norm + more))
        for g, norm in zip(grads, norms, strict=True)
    ]


def model_of(candidate: Candidate, settings: Mapping[str, Any]) -> Model | None:
    """An optimizer with its settings in our words, where it is one of our rules or is spelled by one."""
    given = candidate.optimizer
    if isinstance(given, Rule):
        return Model(given.replace(**settings))
    if isinstance(given, CoupledDecay) and isinstance(given.rule, Rule):
        return Model(given.rule, decay=given.amount)
    if isinstance(given, type) and issubclass(given, Rule):
        return Model(given.from_settings(**settings))
    try:
        spelling = find(candidate.spelled)
        typed = {own: name for name, own in spelling.solver.items()}
        model = Model.of(read(spelling, {typed.get(name, name): value for name, value in settings.items()}))
    except PolyakError:
        return None
    return model.but(missing="counted") if FRAMEWORKS[spelling.framework].one_count else model


def _counters(rule: Rule, slots: Slots, x: Array) -> Slots:
    """What of an array's slots is a single number, after a step more."""
    _, new = own_step(rule, np.zeros_like(x), slots, x)
    return {name: value for name, value in new.items() if np.ndim(value) < np.ndim(x)}


def slots_of(rule: Any) -> Slots:  # noqa: ANN401
    """The slots of an array of the rule's usual kind: a matrix's, or a vector's."""
    return dict(rule.slots(np.zeros((2, 2) if getattr(rule, "of_matrices", False) else 1)))


def own_step(rule: Rule, g: Array, slots: Slots, x: Array) -> tuple[Array, Slots]:
    """A rule's step of one array: of NumPy's it makes NumPy's."""
    return cast("tuple[Array, Slots]", rule.step(g, slots, x))


def _linear(row: Coefficients, g: Array, slots: Slots) -> tuple[Array, Slots]:
    v = row.c * g + (row.m * slots["velocity"] if "velocity" in slots else 0.0)
    return -(row.p * v + row.q * g), {"velocity": v}
