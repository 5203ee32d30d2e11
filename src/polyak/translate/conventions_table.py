"""What every framework means by momentum, as run here: each optimizer is given one gradient and watched."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from polyak.frameworks import FRAMEWORKS, SPELLINGS
from polyak.frameworks.rule_to_arguments import Written, written
from polyak.frameworks.spelling import REQUIRED, Form, Meaning, Spelling
from polyak.ground.numbers import readable
from polyak.rules import Dampening, HeavyBall, LinearRule, Nesterov
from polyak.translate import impulse_response as algebra
from polyak.translate.side import Side

HEADER = ("optimizer", "run on", "update", "first steps", "velocity holds lr", "weight decay", "edge")
OTHERS_HEADER = ("optimizer", "rule", "choices", "defaults", "weight decay")
LR, MOMENTUM, DAMPENING, WEIGHT_DECAY = 0.5, 0.5, 0.25, 0.5
FORMULAS = {  # a: learning rate, m: momentum, d: dampening, g: gradient at x
    (HeavyBall, True): "v = m v + a g, x -= v",
    (HeavyBall, False): "v = m v + g, x -= a v",
    (Nesterov, True): "v = m v + a g, x -= m v + a g",
    (Nesterov, False): "v = m v + g, x -= a (m v + g)",
    (Dampening, None): "v = m v + (1-d) g, at first v = g, x -= a v",
}


def table(progress: Callable[[int, int], None] | None = None) -> list[tuple[str, ...]]:
    """A row for each form of momentum in each framework.

    Columns: the name, at lr 0.5 and momentum 0.5 (dampening 0.25); what was run; the update; what a unit gradient at
    the first step takes off x in the first four; whether the velocity holds the learning rate, found by dropping
    it; what weight decay is, found by letting it work alone; the edge of lr x curvature.

    >>> [row for row in table() if row[0].startswith("jax")][0][2:5]
    ('v = m v + g, x -= a v', '0.5 0.25 0.125 0.0625', 'no')
    """
    pairs = [
        (spelling, form)
        for spelling in SPELLINGS.values()
        for form in spelling.forms
        if not FRAMEWORKS[spelling.framework].ours
        and (form.rule, form.fixed.get("lr_in_velocity")) in FORMULAS
    ]
    rows = []
    for done, (spelling, form) in enumerate(pairs, start=1):
        rows.append(_row(spelling, form))
        if progress is not None:
            progress(done, len(pairs))
    return rows


def _row(spelling: Spelling, form: Form) -> tuple[str, ...]:
    said = _setting(spelling, form)
    rule: Any = said.meaning.rule
    side = Side(spelling, said.arguments, said.meaning)
    taken = " ".join(readable(weight, 6) for weight in _watched(side, [1.0, 0.0, 0.0, 0.0]))
    last, after = _watched(side, [1.0, 0.0, 0.0], drop_at=2)[1:]
    holds = "yes" if np.isclose(after, MOMENTUM * last) else "no"
    update = FORMULAS[form.rule, form.fixed.get("lr_in_velocity")]
    edge = algebra.largest_stable_curvature(rule) * rule.lr
    chosen = {**{name: value for name, value in form.when.items() if not callable(value)}, **said.arguments}
    flags = [
        f"{name}={value}"
        for name, value in chosen.items()
        if name in {*form.when, "dampening"} - {"momentum"} and (value or spelling.defaults[name])
    ]
    return (
        " ".join([spelling.name, *flags]),
        FRAMEWORKS[spelling.framework].version,
        update,
        taken,
        holds,
        _decay(spelling, form),
        readable(edge),
    )


def _setting(spelling: Spelling, form: Form, weight_decay: float = 0.0) -> Written:
    """The setting that is watched, in the framework's words."""
    numbers = {"lr": LR, "momentum": MOMENTUM, "dampening": DAMPENING}
    own = {name: numbers[name] for name in form.rule.hyperparameters()}
    rule: Any = form.rule.from_settings(**own, **form.fixed)
    said = written(spelling, form, Meaning(rule, weight_decay, spelling.decay or "coupled"))
    if said is None or not isinstance(rule, LinearRule):
        raise AssertionError(f"{spelling.name} cannot say its own form")
    return said


def _watched(side: Side, gradients: list[float], x: float = 0.0, drop_at: int | None = None) -> list[float]:
    """What each step takes off one number under these gradients."""
    side.stepper.start([np.array([x])])
    taken = []
    for step, g in enumerate(gradients):
        if step == drop_at:
            side.stepper.set_lr(LR / 10)
        (new,) = side.stepper.step([np.array([g])])
        taken.append(float(x - new[0]))
        x = float(new[0])
    return taken


def _decay(spelling: Spelling, form: Form) -> str:
    """What weight decay does to x = 1 in two steps without another gradient."""
    if spelling.decay is None:
        return "none"
    said = _setting(spelling, form, WEIGHT_DECAY)
    first, second = _watched(Side(spelling, said.arguments, said.meaning), [0.0, 0.0], x=1.0)
    return (
        "beside the step (decoupled)"
        if np.isclose(second, (1 - first) * first)
        else "in the velocity (coupled)"
    )


def others() -> list[tuple[str, ...]]:
    """A row for each adaptive optimizer: what it is with its defaults, and where it differs from its namesakes."""
    rows: list[tuple[str, ...]] = []
    for spelling in SPELLINGS.values():
        form = spelling.forms[0]
        if FRAMEWORKS[spelling.framework].ours or issubclass(form.rule, LinearRule):
            continue
        choices = ", ".join(f"{name}={_shown(value)}" for name, value in form.fixed.items())
        defaults = ", ".join(
            f"{name}={_shown(spelling.defaults[name])}"
            for name in spelling.telling
            if spelling.defaults[name] is not REQUIRED
        )
        rows.append((spelling.name, form.rule.name(), choices, defaults, spelling.decay or "none"))
    return rows


def _shown(value: object) -> str:
    return readable(value, 6) if isinstance(value, float) else str(value)
