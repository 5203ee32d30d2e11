"""Changes of rules that scale each coordinate: squares, averages, their correction, the root, eps."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from polyak.frameworks.steppers import Array
from polyak.ground.numbers import readable
from polyak.rules import Adagrad, Adam, RMSProp, Rule
from polyak.verify.change import Change, Row, rows_of
from polyak.verify.reference_model import Advance, Model, Slots, own_step, slots_of

# What a rule must have for a change to make sense.


def has(*names: str) -> Callable[[Model], bool]:
    """Models of rules with these hyper-parameters and slots."""
    return lambda model: {*names} <= {*model.rule.hyperparameters(), *slots_of(model.rule)}


def keeps_momentum(slot: str) -> Callable[[Model], bool]:
    """Models whose slot is a momentum, and not what a variance is taken about."""
    return lambda model: has(slot)(model) and not getattr(model.rule, "centered", False)


def is_a(*kinds: type[Rule]) -> Callable[[Model], bool]:
    """Models of these rules."""
    return lambda model: isinstance(model.rule, kinds)


def is_corrected(model: Model) -> bool:
    """Models of an Adam whose averages are corrected for their start."""
    return isinstance(model.rule, Adam) and bool(model.rule.bias_correction)


# What is changed.


def step(advance: Advance, **options: object) -> Callable[[Model], Model]:
    """Another step of one array."""
    return lambda model: model.but(advance=partial(advance, **options))


def setting(name: str, value: Callable[[Any], float]) -> Callable[[Model], Model]:
    """Another value of a setting, from the rule."""
    return lambda model: model.with_rule(**{name: value(model.rule)})


def _scaling(factor: Callable[[Any], float]) -> Callable[[Model], Model]:
    return lambda model: model.but(advance=partial(_scaled, factor=factor(model.rule)))


def _forgetful(rule: Rule, g: Array, slots: Slots, x: Array, *, slot: str) -> tuple[Array, Slots]:
    return own_step(rule, g, {**slots, slot: rule.slots(x)[slot]}, x)


def _turned(rule: Rule, g: Array, slots: Slots, x: Array, *, slot: str) -> tuple[Array, Slots]:
    return own_step(rule, g, {**slots, slot: -slots[slot]}, x)


def _scaled(rule: Rule, g: Array, slots: Slots, x: Array, *, factor: float) -> tuple[Array, Slots]:
    taken, new = own_step(rule, g, slots, x)
    return factor * taken, new


def _counted_on(slots: Slots) -> Slots:
    return {**slots, "t": slots["t"] + 1}


def _summing(rule: Adam | RMSProp, g: Array, slots: Slots, x: Array) -> tuple[Array, Slots]:
    """Squares s + g^2, from a rule that computes rho s + (1 - rho) g^2."""
    rho = rule.beta2 if isinstance(rule, Adam) else rule.decay
    before = (slots["squares"] + rho * g**2) / rho
    return own_step(rule, g, {**slots, "squares": before}, x)


def _adam(
    rule: Adam,
    g: Array,
    slots: Slots,
    x: Array,
    *,
    mean: bool = True,
    squares: bool = True,
    root: bool = True,
) -> tuple[Array, Slots]:
    """Adam with one of its parts left out."""
    _, new = own_step(rule, g, slots, x)
    m, s, t = new["mean"], new["squares"], new["t"]
    c1 = 1 - rule.beta1**t if mean and rule.bias_correction else 1.0
    c2 = 1 - rule.beta2**t if squares and rule.bias_correction else 1.0
    taken: Callable[[Any], Any] = np.sqrt if root else lambda value: value
    if rule.eps_position == "before_correction":
        return -rule.lr * c2**0.5 / c1 * m / (taken(s) + rule.eps), new
    if rule.eps_position == "inside":
        return -rule.lr * m / c1 / taken(s / c2 + rule.eps), new
    return -rule.lr * m / c1 / (taken(s / c2) + rule.eps), new


def _rmsprop_without_root(rule: RMSProp, g: Array, slots: Slots, x: Array) -> tuple[Array, Slots]:
    _, new = own_step(rule, g, slots, x)
    spread = new["squares"] - (new["mean"] ** 2 if rule.centered else 0.0)
    c, p = (rule.lr, 1.0) if rule.lr_in_velocity else (1.0, rule.lr)
    v = rule.momentum * slots["velocity"] + c * g / (spread + rule.eps)
    return -p * v, {**new, "velocity": v}


def _adagrad_without_root(rule: Adagrad, g: Array, slots: Slots, x: Array) -> tuple[Array, Slots]:
    _, new = own_step(rule, g, slots, x)
    return -rule.lr * g / (new["squares"] + rule.eps), new


# The rows, the plainest first.

NO_EFFECT, CORRECTION, ELSEWHERE = "momentum has no effect", "bias correction", "eps elsewhere"
MISPLACED, ROOT = "lr in the wrong place", "it divides by the squares, and not by their root"


def _averages(words: str, factor: Callable[[Any], float]) -> Row:
    def said(model: Model) -> str:
        times = readable(factor(model.rule), 3)
        return f"its momentum {words}: its steps are {times} times as large"

    return "differs by a factor 1-gamma", said, _scaling(factor)


def _start(value: float) -> Row:
    def said(model: Model) -> str:
        theirs = readable(model.rule.initial_accumulator, 6)
        return f"its squares begin at {readable(value, 6)}, the reference's at {theirs}"

    return "another start of the squares", said, setting("initial_accumulator", lambda _: value)


def _forgotten(name: str) -> tuple[Change, ...]:
    words = f"its {name} does nothing: a gradient's direction is forgotten at once"
    return rows_of(has(name), (NO_EFFECT, words, setting(name, lambda _: 0.0)))


def _of_momentum(slot: str) -> tuple[Change, ...]:
    return rows_of(
        keeps_momentum(slot),
        (NO_EFFECT, f"its {slot} begins anew at every step", step(_forgetful, slot=slot)),
        ("sign of the momentum", "its momentum has the wrong sign", step(_turned, slot=slot)),
    )


ADAPTIVE = (
    *_forgotten("beta1"),
    *_forgotten("momentum"),
    *_of_momentum("mean"),
    *_of_momentum("velocity"),
    *rows_of(
        has("beta1", "beta2"),
        (
            "beta1 and beta2 swapped",
            "its beta1 and beta2 are swapped",
            lambda model: model.with_rule(beta1=model.rule.beta2, beta2=model.rule.beta1),
        ),
        _averages("sums the gradients where the reference averages them", lambda rule: 1 / (1 - rule.beta1)),
        _averages("takes 1-beta1 of each gradient twice over", lambda rule: 1 - rule.beta1),
    ),
    *rows_of(
        is_corrected,
        (
            CORRECTION,
            "its squares are not corrected for their start, its mean is",
            step(_adam, squares=False),
        ),
        (CORRECTION, "its mean is not corrected for its start, its squares are", step(_adam, mean=False)),
    ),
    *rows_of(
        has("squares"),
        (
            "the squares are not kept",
            "its squares begin anew at every step",
            step(_forgetful, slot="squares"),
        ),
    ),
    *rows_of(
        has("t"),
        (
            "bias correction off by one",
            "its bias correction counts the steps from 2, where the first is 1",
            lambda model: model.but(begin=_counted_on),
        ),
        (CORRECTION, "its bias correction stays that of the first step", step(_forgetful, slot="t")),
    ),
    *rows_of(
        has("eps"),
        ("eps has no effect", "its eps does nothing", setting("eps", lambda _: 0.0)),
        (ELSEWHERE, "its eps is squared", setting("eps", lambda rule: rule.eps**2)),
        (ELSEWHERE, "its eps is the root of the reference's", setting("eps", lambda rule: rule.eps**0.5)),
    ),
    *rows_of(has("initial_accumulator"), *map(_start, (0.0, 0.1, 1.0))),
    Change("the square root is missing", ROOT, step(_adam, root=False), is_a(Adam)),
    Change("the square root is missing", ROOT, step(_rmsprop_without_root), is_a(RMSProp)),
    Change("the square root is missing", ROOT, step(_adagrad_without_root), is_a(Adagrad)),
    Change(
        "the squares are summed",
        "its squares are summed as in Adagrad, where the reference averages them",
        step(_summing),
        is_a(RMSProp, Adam),
    ),
    Change(MISPLACED, "its learning rate is applied twice", _scaling(lambda rule: rule.lr)),
    Change(
        MISPLACED,
        "its learning rate is not applied",
        _scaling(lambda rule: 1 / rule.lr if rule.lr else 1.0),
    ),
)
