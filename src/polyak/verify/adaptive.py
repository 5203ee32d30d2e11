"""Changes of rules that scale each coordinate: squares, averages, their correction, the root, eps."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import numpy as np

from polyak.frameworks.stepper import Array
from polyak.ground.numbers import readable
from polyak.rules import Adagrad, Adam, RMSProp
from polyak.verify.model import Advance, Model, Slots

Change = tuple[str, str, Model]


def changes(model: Model) -> Iterator[Change]:
    """Every change of a rule that is not linear, the plainest first."""
    rule = model.rule
    slots = rule.slots(np.zeros(1))
    names = rule.hyperparameters()
    for name in ("beta1", "momentum"):
        if name in names and getattr(rule, name) != 0:
            yield (
                "momentum has no effect",
                f"its {name} does nothing: a gradient's direction is forgotten at once",
                model.with_rule(**{name: 0.0}),
            )
    for slot in ("mean", "velocity"):
        if slot in slots and not getattr(rule, "centered", False):
            yield (
                "momentum has no effect",
                f"its {slot} begins anew at every step",
                model.but(advance=partial(_forgetful, slot=slot)),
            )
            yield (
                "sign of the momentum",
                "its momentum has the wrong sign",
                model.but(advance=partial(_turned, slot=slot)),
            )
    if {"beta1", "beta2"} <= names.keys():
        yield (
            "beta1 and beta2 swapped",
            "its beta1 and beta2 are swapped",
            model.with_rule(beta1=rule.beta2, beta2=rule.beta1),
        )
        yield from _averages(model, rule)
    if "squares" in slots:
        yield (
            "the squares are not kept",
            "its squares begin anew at every step",
            model.but(advance=partial(_forgetful, slot="squares")),
        )
    if "t" in slots:
        yield from _counters(model)
    if "eps" in names:
        yield "eps has no effect", "its eps does nothing", model.with_rule(eps=0.0)
        yield "eps elsewhere", "its eps is squared", model.with_rule(eps=rule.eps**2)
        yield "eps elsewhere", "its eps is the root of the reference's", model.with_rule(eps=rule.eps**0.5)
    for start in (0.0, 0.1, 1.0):
        if "initial_accumulator" in names and rule.initial_accumulator != start:
            yield (
                "another start of the squares",
                f"its squares begin at {readable(start, 6)}, the reference's at "
                f"{readable(rule.initial_accumulator, 6)}",
                model.with_rule(initial_accumulator=start),
            )
    yield from _roots(model)
    for factor, words in ((rule.lr, "is applied twice"), (1 / rule.lr if rule.lr else 1.0, "is not applied")):
        yield (
            "lr in the wrong place",
            f"its learning rate {words}",
            model.but(advance=partial(_scaled, factor=factor)),
        )


def _averages(model: Model, rule: Any) -> Iterator[Change]:
    for factor, words in (
        (1 / (1 - rule.beta1), "sums the gradients where the reference averages them"),
        (1 - rule.beta1, "takes 1-beta1 of each gradient twice over"),
    ):
        yield (
            "differs by a factor 1-gamma",
            f"its momentum {words}: its steps are {readable(factor, 3)} times as large",
            model.but(advance=partial(_scaled, factor=factor)),
        )
    if isinstance(rule, Adam) and rule.bias_correction:
        for advance, words in (
            (partial(_adam, squares=False), "its squares are not corrected for their start, its mean is"),
            (partial(_adam, mean=False), "its mean is not corrected for its start, its squares are"),
        ):
            yield "bias correction", words, model.but(advance=advance)


def _counters(model: Model) -> Iterator[Change]:
    yield (
        "bias correction off by one",
        "its bias correction counts the steps from 2, where the first is 1",
        model.but(begin=_counted_on),
    )
    yield (
        "bias correction",
        "its bias correction stays that of the first step",
        model.but(advance=partial(_forgetful, slot="t")),
    )


def _roots(model: Model) -> Iterator[Change]:
    without: dict[type, Advance] = {
        Adam: partial(_adam, root=False),
        RMSProp: _rmsprop_without_root,
        Adagrad: _adagrad_without_root,
    }
    for kind, advance in without.items():
        if isinstance(model.rule, kind):
            yield (
                "the square root is missing",
                "it divides by the squares, and not by their root",
                model.but(advance=advance),
            )
    if isinstance(model.rule, RMSProp | Adam):
        yield (
            "the squares are summed",
            "its squares are summed as in Adagrad, where the reference averages them",
            model.but(advance=_summing),
        )


def _forgetful(rule: Any, g: Array, slots: Slots, x: Array, *, slot: str) -> tuple[Array, Slots]:
    found: tuple[Array, Slots] = rule.step(g, {**slots, slot: rule.slots(x)[slot]}, x)
    return found


def _turned(rule: Any, g: Array, slots: Slots, x: Array, *, slot: str) -> tuple[Array, Slots]:
    found: tuple[Array, Slots] = rule.step(g, {**slots, slot: -slots[slot]}, x)
    return found


def _scaled(rule: Any, g: Array, slots: Slots, x: Array, *, factor: float) -> tuple[Array, Slots]:
    step, new = rule.step(g, slots, x)
    return factor * step, new


def _counted_on(slots: Slots) -> Slots:
    return {**slots, "t": slots["t"] + 1}


def _summing(rule: Any, g: Array, slots: Slots, x: Array) -> tuple[Array, Slots]:
    """Squares s + g^2, from a rule that computes rho s + (1 - rho) g^2."""
    rho = rule.beta2 if hasattr(rule, "beta2") else rule.decay
    before = (slots["squares"] + rho * g**2) / rho
    found: tuple[Array, Slots] = rule.step(g, {**slots, "squares": before}, x)
    return found


def _adam(
    rule: Any,
    g: Array,
    slots: Slots,
    x: Array,
    *,
    mean: bool = True,
    squares: bool = True,
    root: bool = True,
) -> tuple[Array, Slots]:
    """Adam with one of its parts left out."""
    _, new = rule.step(g, slots, x)
    m, s, t = new["mean"], new["squares"], new["t"]
    c1 = 1 - rule.beta1**t if mean and rule.bias_correction else 1.0
    c2 = 1 - rule.beta2**t if squares and rule.bias_correction else 1.0
    taken: Callable[[Any], Any] = np.sqrt if root else lambda value: value
    if rule.eps_position == "before_correction":
        return -rule.lr * c2**0.5 / c1 * m / (taken(s) + rule.eps), new
    if rule.eps_position == "inside":
        return -rule.lr * m / c1 / taken(s / c2 + rule.eps), new
    return -rule.lr * m / c1 / (taken(s / c2) + rule.eps), new


def _rmsprop_without_root(rule: Any, g: Array, slots: Slots, x: Array) -> tuple[Array, Slots]:
    _, new = rule.step(g, slots, x)
    spread = new["squares"] - (new["mean"] ** 2 if rule.centered else 0.0)
    c, p = (rule.lr, 1.0) if rule.lr_in_velocity else (1.0, rule.lr)
    v = rule.momentum * slots["velocity"] + c * g / (spread + rule.eps)
    return -p * v, {**new, "velocity": v}


def _adagrad_without_root(rule: Any, g: Array, slots: Slots, x: Array) -> tuple[Array, Slots]:
    _, new = rule.step(g, slots, x)
    return -rule.lr * g / (new["squares"] + rule.eps), new
