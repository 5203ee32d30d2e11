"""What a framework can make of a meaning: the arguments, how far it is the same, and what must be done besides."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, cast

import numpy as np

from polyak.frameworks.rule_to_arguments import Written, written
from polyak.frameworks.spelling import Form, Meaning, Spelling
from polyak.ground.numbers import readable
from polyak.rules import LinearRule, Rule
from polyak.translate import impulse_response as algebra
from polyak.translate.proof_problem import SIZES, distance, distance_from, gaps

ALWAYS, AT_CONSTANT_LR, NEARLY = "always", "at constant lr", "nearly"
LEVELS = (ALWAYS, AT_CONSTANT_LR, NEARLY)
EQUAL = 1e-12  # of the trajectory's size
TRIED, GRID, LEFT_OVER, BEYOND = 300, 16, 1e-4, 1e6  # steps; momenta from 0 to 1 - 1e-4; what diverges
POWERS = (1.0, 0.5, 2.0)  # of eps: what is tried where it stands elsewhere in the root


@dataclass(frozen=True)
class Condition:
    """What must be done beside the optimizer, for it to be the same.

    Attributes:
        kind: "first gradient" (multiply it), "negate" (the loss), "decay in the loss" or "decay by hand".
        amount: the factor, or the strength of the decay.
    """

    kind: str
    amount: float


@dataclass(frozen=True)
class Fit:
    """A framework's nearest to a meaning.

    Attributes:
        spelling: the framework's name.
        arguments: its arguments.
        meaning: what these mean there.
        equal: one of `LEVELS`.
        conditions: what must be done besides.
        differences: in words, what cannot be had.
        distance: where only nearly equal, the largest gap over the proof's steps, of the trajectory's size; of an
            adaptive rule the largest at any size that gradients have.
        gradient: of an adaptive rule that is only nearly equal, the size of the gradients at which that is.
    """

    spelling: Spelling
    arguments: dict[str, Any]
    meaning: Meaning
    equal: str
    conditions: tuple[Condition, ...] = ()
    differences: tuple[str, ...] = ()
    distance: float = 0.0
    gradient: float | None = None


def fits(spellings: Iterable[Spelling], meaning: Meaning) -> list[Fit]:
    """What the forms of these spellings make of a meaning: all that are equal, else the nearest of each."""
    pairs = [(spelling, form) for spelling in spellings for form in spelling.forms]
    rule = meaning.rule
    if isinstance(rule, LinearRule):
        family = [pair for pair in pairs if issubclass(pair[1].rule, LinearRule)]
        return _every(_solved, family, meaning) or _every(_nearest, family, meaning)
    return _every(_of_one_kind, [pair for pair in pairs if pair[1].rule is type(rule)], meaning)


def _every(
    made: Callable[[Spelling, Form, Meaning], Iterator[Fit]],
    pairs: list[tuple[Spelling, Form]],
    meaning: Meaning,
) -> list[Fit]:
    return [fit for spelling, form in pairs for fit in made(spelling, form, meaning)]


def _solved(spelling: Spelling, form: Form, meaning: Meaning) -> Iterator[Fit]:
    """The members of one form that have the response of a rule of the family."""
    rule = cast("LinearRule", meaning.rule)
    same = written(spelling, form, meaning)
    if same is not None and not same.differences:
        yield _fit(spelling, meaning, same, ALWAYS)
        return
    kind, wanted = cast("type[LinearRule]", form.rule), algebra.impulse_response(rule)
    for choices in _choices(spelling, form):
        found = algebra.solved(kind, choices, wanted)
        if found is None or not math.isfinite(wanted.first):
            continue
        said = written(spelling, form, replace(meaning, rule=found))
        if said is not None and not said.differences:
            sides = {algebra.holds_lr(rule), algebra.holds_lr(found)} - {None}
            first = algebra.rounded(wanted.first / algebra.impulse_response(found).first)
            conditions = () if first == 1 else (Condition("first gradient", first),)
            yield _fit(spelling, meaning, said, ALWAYS if len(sides) < 2 else AT_CONSTANT_LR, conditions)


def _nearest(spelling: Spelling, form: Form, meaning: Meaning) -> Iterator[Fit]:
    """The member of one form whose response is nearest to that of a rule of the family."""
    rule = cast("LinearRule", meaning.rule)
    kind, wanted = cast("type[LinearRule]", form.rule), algebra.impulse_response(rule)
    if wanted.gain == 0:
        return
    for choices in _choices(spelling, form):
        said = written(spelling, form, replace(meaning, rule=nearest_member(kind, choices, rule)))
        if said is not None and not said.differences:
            yield _fit(spelling, meaning, said, NEARLY)


def nearest_member(kind: type[LinearRule], fixed: Mapping[str, Any], rule: LinearRule) -> LinearRule:
    """The member of a class with the rule's gain that stays nearest to it on the proof's problem.

    It is sought along the first of the class's numbers, first on a grid, then by golden section; others stay at
    their defaults.

    >>> from polyak.rules import HeavyBall, Nesterov
    >>> found = nearest_member(HeavyBall, {}, Nesterov(lr=0.1, momentum=0.5))
    >>> distance(Nesterov(lr=0.1, momentum=0.5), found) < 0.05
    True
    """
    from scipy.optimize import minimize_scalar

    gain = algebra.impulse_response(rule).gain
    name = next((name for name in kind.hyperparameters() if name != "lr"), None)

    def member(value: float) -> LinearRule:
        numbers = {} if name is None else {name: value}
        unit = kind.from_settings(**{**fixed, **numbers}, lr=1.0)
        return unit.replace(lr=algebra.rounded(gain / algebra.impulse_response(unit).gain))

    if name is None:
        return member(0.0)
    away = distance_from(rule, steps=TRIED)

    @functools.cache
    def apart(value: float) -> float:
        return min(away(member(value)), BEYOND)

    grid = 1 - np.geomspace(1, LEFT_OVER, GRID)
    best = int(np.argmin([apart(float(value)) for value in grid]))
    low, high = grid[max(best - 1, 0)], grid[min(best + 1, GRID - 1)]
    found = minimize_scalar(apart, bounds=(low, high), method="bounded", options={"xatol": 1e-6})
    values = [float(grid[best]), float(readable(found.x, 6))]
    return member(min(values, key=apart))


def _choices(spelling: Spelling, form: Form) -> Iterator[dict[str, Any]]:
    """The named choices of a form: fixed ones, and every option of those that an argument sets."""
    free = [name for name in form.rule.choices() if name not in form.fixed]
    free = [name for name in free if any(name in argument.settings for argument in spelling.arguments)]
    if not free:
        yield dict(form.fixed)
        return
    for option in form.rule.choices()[free[0]].options:
        yield {**form.fixed, free[0]: option}


def _of_one_kind(spelling: Spelling, form: Form, meaning: Meaning) -> Iterator[Fit]:
    """The same rule with other choices: equal, or as near as another eps brings it where it is worst."""
    best: Fit | None = None
    for power in POWERS:
        rule = _with_eps_to(power, meaning.rule)
        said = written(spelling, form, replace(meaning, rule=rule))
        if said is None:
            continue
        if power == 1 and not said.differences:
            yield _fit(spelling, meaning, said, ALWAYS)
            return
        fit = _near(spelling, meaning, said)
        if best is None or fit.distance < best.distance:
            best = fit
        if _in_root(rule) == _in_root(said.meaning.rule):
            break
    if best is not None:
        yield best


def _with_eps_to(power: float, rule: Rule) -> Rule:
    return rule if power == 1 else rule.replace(eps=algebra.rounded(rule.settings()["eps"] ** power))


def _near(spelling: Spelling, meaning: Meaning, said: Written) -> Fit:
    """The same rule with other choices, and how far it is where it is furthest."""
    apart, at = _worst(meaning.rule, said.meaning.rule)
    level = NEARLY if apart > EQUAL else _at_constant_lr(meaning.rule, said.meaning.rule)
    fit = _fit(spelling, meaning, said, level, (), apart)
    return replace(fit, gradient=at if level == NEARLY else None)


def _worst(rule: Rule, other: Rule, drop: float | None = None) -> tuple[float, float]:
    """The largest gap of two adaptive rules at any size of the gradient, and that size."""
    found = gaps(rule, other, drop)
    at = int(np.argmax(found))
    return float(found[at]), float(SIZES[at])


def _in_root(rule: Rule) -> bool | None:
    """Whether the rule's eps is added to a square, and not to a root; None where it has one place only."""
    position = getattr(rule, "eps_position", None)
    return None if position is None else position == "inside"


def _at_constant_lr(rule: Rule, other: Rule) -> str:
    """Whether two rules that are equal at a constant lr are so through a drop."""
    return ALWAYS if _worst(rule, other, drop=0.1)[0] <= EQUAL else AT_CONSTANT_LR


def _fit(
    spelling: Spelling,
    asked: Meaning,
    said: Written,
    level: str,
    conditions: tuple[Condition, ...] = (),
    apart: float | None = None,
) -> Fit:
    """A fit with what must be done around the rule."""
    around = list(conditions)
    if asked.maximize and not said.meaning.maximize:
        around.append(Condition("negate", -1.0))
    if asked.weight_decay and not said.meaning.weight_decay:
        kind = "decay in the loss" if asked.decay_kind == "coupled" else "decay by hand"
        around.append(Condition(kind, asked.weight_decay))
    if apart is None:
        apart = 0.0 if level != NEARLY else distance(asked.rule, said.meaning.rule)
    differences = said.differences if level == NEARLY else ()
    return Fit(spelling, said.arguments, said.meaning, level, tuple(around), differences, apart)
