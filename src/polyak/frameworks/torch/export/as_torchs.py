"""A state of torch's own optimizers for the same rule exported, and back: other names, other units of the velocity."""

from __future__ import annotations

from typing import Any, cast

import torch

from polyak.frameworks.arguments_to_rule import read
from polyak.frameworks.catalogue import find
from polyak.frameworks.rule_to_arguments import written
from polyak.frameworks.spelling import Meaning, Spelling
from polyak.frameworks.state_families import family_of
from polyak.frameworks.torch.export.slots import Exported
from polyak.frameworks.torch.state import KEYS
from polyak.ground.errors import PolyakError
from polyak.rules import (
    CoupledDecay,
    DecoupledDecay,
    GradientDescent,
    HeavyBall,
    LinearRule,
    Nesterov,
    Rule,
    Wrapper,
    unwrapped,
)

COUNTED = {"t": "step", "momentum_product": "mu_product"}  # of a rule's slots, in torch
FLAG = "foreach"
NOT_ARGUMENTS = ("params", "param_names", "initial_lr")
Group = dict[str, Any]
Slots = dict[str, Any]


def torchs(rule: Exported) -> Spelling:
    """The optimizer of torch.optim that a rule is; a PolyakError where it is none."""
    inner = unwrapped(rule)
    own: dict[str, str] = {"adam": "Adam", "rmsprop": "RMSprop", "adagrad": "Adagrad", "adadelta": "Adadelta"}
    own |= {"nadam": "NAdam", "heavy_ball": "SGD", "nesterov": "SGD", "gradient_descent": "SGD"}
    if not isinstance(inner, Rule) or inner.name() not in own:
        raise PolyakError(f"{inner.name()} is no optimizer of torch.optim: its states are its own")
    return find(f"torch:{own[inner.name()]}")


def is_torchs(state: dict[str, Any]) -> bool:
    """Whether a state_dict is of one of torch's own optimizers: all of those that are rules have this flag."""
    return any(FLAG in group for group in state.get("param_groups", ()))


def from_torchs(state: dict[str, Any], rule: Exported) -> dict[str, Any]:
    """A state_dict of torch's optimizer as one of the exported rule.

    Raises PolyakError for one of another optimizer, or of settings that the rule does not have.
    """
    spelling, slots = torchs(rule), dict[Any, Slots]()
    groups = []
    for group in state["param_groups"]:
        meaning = _meaning(group, spelling, rule)
        settings = _settings(meaning, rule)
        groups.append(
            {
                **settings,
                **{name: group[name] for name in NOT_ARGUMENTS if name in group},
                "maximize": meaning.maximize,
                "capturable": bool(group.get("capturable", False)),
            }
        )
        for index in group["params"]:
            if state["state"].get(index):
                slots[index] = _ours(state["state"][index], spelling, rule, _taken_in(rule, settings))
    return {"state": slots, "param_groups": groups}


def to_torchs(
    state: dict[str, Any], rule: Exported, settings: tuple[str, ...], params: list[list[torch.Tensor]]
) -> dict[str, Any]:
    """The state_dict of an exported rule as torch's own optimizer of that rule loads it."""
    spelling, slots, groups = torchs(rule), dict[Any, Slots](), []
    kind = getattr(torch.optim, spelling.name.partition(":")[2])
    for group, members in zip(state["param_groups"], params, strict=True):
        held = {name: group[name] for name in settings}
        arguments = _arguments(_as_meaning(rule.replace(**held), maximize=group["maximize"]), spelling, rule)
        made = kind([torch.empty_like(x, device="meta") for x in members], **arguments)
        kept = {name: group[name] for name in NOT_ARGUMENTS if name in group}
        groups.append({**made.state_dict()["param_groups"][0], **kept})
        for index in group["params"]:
            if index in state["state"]:
                taken = _taken_in(rule, held)
                slots[index] = _theirs(state["state"][index], spelling, rule, taken)
    return {"state": slots, "param_groups": groups}


def _arguments(meaning: Meaning, spelling: Spelling, rule: Exported) -> dict[str, Any]:
    """What torch's optimizer is made with; refuse a meaning that it has at most roughly, its velocity's units aside."""
    said = [found for form in spelling.forms if (found := written(spelling, form, meaning)) is not None]
    exact = [found for found in said if all("velocity" in words for words in found.differences)]
    if not exact or (meaning.weight_decay and exact[0].meaning.weight_decay != meaning.weight_decay):
        raise PolyakError(f"{rule} is none of {spelling.name}'s: its state is not made into one")
    return exact[0].arguments


def _meaning(group: Group, spelling: Spelling, rule: Exported) -> Meaning:
    """What a group's settings mean."""
    given = {name: value for name, value in group.items() if name not in NOT_ARGUMENTS}
    strange = [name for name in given if name not in spelling.defaults]
    if strange:
        raise PolyakError(
            f"{rule.name()}: the state is of another optimizer, expected one of {spelling.name}, which has no"
            f" {strange[0]}"
        )
    return read(spelling, {**given, **{a.name: a.default for a in spelling.arguments if a.free}})


def _settings(meaning: Meaning, rule: Exported) -> dict[str, Any]:
    """The rule's settings, with the numbers of torch's; a PolyakError where a choice is another."""
    ours, theirs = unwrapped(rule), meaning.rule
    if isinstance(theirs, GradientDescent) and isinstance(ours, HeavyBall | Nesterov):
        theirs = type(ours)(lr=theirs.lr, momentum=0.0, lr_in_velocity=False)
    if type(theirs) is not type(ours):
        raise PolyakError(f"the state is of {theirs.name()}, expected one of {ours.name()}")
    found = {**rule.settings()}
    for name, value in theirs.settings().items():
        number = isinstance(value, float) and not isinstance(found[name], bool | str)
        if not number and name not in ("lr_in_velocity", "decay") and value != found[name]:
            raise PolyakError(f"{ours.name()}: the state has {name}={value}, expected {found[name]}")
        if number:
            found[name] = value
    return _with_decay(found, meaning, rule)


def _with_decay(found: dict[str, Any], meaning: Meaning, rule: Exported) -> dict[str, Any]:
    """The same with torch's weight decay where the rule has one of its kind."""
    kind = _decay_kind(rule)
    if meaning.weight_decay and kind != meaning.decay_kind:
        raise PolyakError(
            f"{rule.name()}: the state has a {meaning.decay_kind} weight decay of {meaning.weight_decay}, expected"
            f" {'none' if kind is None else f'a {kind} one'}: to_torch(..., weight_decay=...)"
        )
    return found if kind is None else {**found, "weight_decay": meaning.weight_decay}


def _decay_kind(rule: Exported) -> str | None:
    """Which weight decay a rule has, at whatever strength."""
    while isinstance(rule, Wrapper):
        if isinstance(rule, CoupledDecay):
            return "coupled"
        if isinstance(rule, DecoupledDecay):
            return "by hand"  # its amount is lr times torch's
        rule = cast("Exported", rule.rule)
    settings = rule.settings()
    return settings.get("decay", "decoupled") if "weight_decay" in settings else None


def _as_meaning(rule: Exported, *, maximize: bool) -> Meaning:
    """A rule with its wrappers as torch would say it."""
    inner: Any = unwrapped(rule)
    kind, strength = _decay_kind(rule), float(rule.settings().get("weight_decay", 0.0))
    if kind == "by hand" or sum(isinstance(each, Wrapper) for each in _layers(rule)) > (kind is not None):
        raise PolyakError(f"{rule} has what torch.optim does not have around it: its state is its own")
    if "weight_decay" in inner.settings():
        inner = inner.replace(weight_decay=0.0)
    if "decay" in inner.choices():
        inner = type(inner).from_settings(**{**inner.settings(), "decay": "coupled"})
    if isinstance(inner, HeavyBall | Nesterov) and not inner.momentum:
        inner = GradientDescent(lr=inner.lr)
    return Meaning(inner, strength, kind or "coupled", maximize)


def _layers(rule: Any) -> list[Any]:  # noqa: ANN401
    return [rule, *(_layers(rule.rule) if isinstance(rule, Wrapper) else [])]


def _taken_in(rule: Exported, settings: dict[str, Any]) -> float:
    """How much of a gradient the rule's velocity takes in: all of it, or lr times it."""
    inner = unwrapped(rule)
    holds = isinstance(inner, LinearRule) or inner.name() == "rmsprop"
    return float(settings["lr"]) if holds and settings.get("lr_in_velocity") else 1.0


def _names(spelling: Spelling, rule: Exported) -> dict[str, str]:
    return KEYS[family_of(spelling, cast("Rule", unwrapped(rule))).name] | COUNTED


def _ours(slots: Slots, spelling: Spelling, rule: Exported, taken_in: float) -> Slots:
    """One parameter's slots under our names; what torch counts beside is left out where the rule does not count."""
    known = {theirs: ours for ours, theirs in _names(spelling, rule).items()}
    _refuse_unknown(slots, {*known, "step"}, rule)
    fresh = cast("Rule", unwrapped(rule)).slots(torch.zeros(()))
    found = {known[name]: value for name, value in slots.items() if name in known and known[name] in fresh}
    if "velocity" in fresh and "velocity" not in found:  # of a momentum of 0
        kept = next(value for name, value in found.items() if name not in COUNTED)
        found["velocity"] = torch.zeros_like(kept)
    return _scaled(found, taken_in)


def _refuse_unknown(slots: Slots, known: set[str], rule: Exported) -> None:
    """Refuse a slot that holds something and is none of those known."""
    strange = [name for name, value in slots.items() if value is not None and name not in known]
    if strange:
        raise PolyakError(f"{rule.name()}: the state holds {strange[0]}, which the rule has no place for")


def _theirs(slots: Slots, spelling: Spelling, rule: Exported, taken_in: float) -> Slots:
    """One parameter's slots under torch's names."""
    names = _names(spelling, rule)
    found = {names[name]: value for name, value in _scaled(slots, 1 / taken_in if taken_in else 1.0).items()}
    if spelling.name != "torch:SGD" and "step" not in found:
        found["step"] = torch.tensor(0.0)  # which these rules do not count
    return {
        name: value.clone() if isinstance(value, torch.Tensor) else value for name, value in found.items()
    }


def _scaled(slots: Slots, factor: float) -> Slots:
    return (
        slots if factor == 1 or "velocity" not in slots else {**slots, "velocity": slots["velocity"] * factor}
    )
