"""A framework's optimizer by its name, torch:NAdam, or its class, as a rule: ours, with that framework's own defaults.

It is what the framework's row says that it is (`spelling.py` in its folder), which tests hold against the framework
itself: so it runs wherever a rule does, compiled, many settings side by side.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from polyak.frameworks.arguments_to_rule import read
from polyak.frameworks.catalogue import find
from polyak.frameworks.classify import candidate_of, whose
from polyak.frameworks.framework import FRAMEWORKS
from polyak.frameworks.spelling import Meaning
from polyak.ground.errors import PolyakError, unknown
from polyak.ground.types import Number, Pytree, Schedule
from polyak.rules import Optimizer, Rule
from polyak.rules.hyperparameters import Hyperparameter, Interval
from polyak.rules.pytrees import Node

RUN_THEMSELVES = ("optax", "jax", "polyak")  # whose optimizers are rules as they are
MOMENTUM = 0.9  # where a framework's own default switches it off: it is there to be set
DECAY = "weight_decay"


class SpelledRule(Node):
    """A rule of ours under a framework's name; its settings are called as ours are, and its weight decay.

    >>> rule = spelled_rule("torch:AdamW")
    >>> rule.name(), rule.settings()["lr"], rule.settings()["weight_decay"]
    ('torch:AdamW', 0.001, 0.01)
    >>> rule.replace(lr=0.1)
    torch:AdamW(lr=0.1, beta1=0.9, beta2=0.999, eps=1e-08, weight_decay=0.01)
    """

    def __init__(self, label: str, rule: Rule, weight_decay: Number, kind: str) -> None:
        self.label, self.rule, self.weight_decay, self.kind = label, rule, weight_decay, kind

    def init(self, params: Pytree) -> Pytree:
        """The state before the first step."""
        return self._decayed().init(params)

    def update(self, grads: Pytree, state: Pytree, params: Pytree = None) -> tuple[Pytree, Pytree]:
        """What to add to the parameters, and the next state."""
        return self._decayed().update(grads, state, params)

    def name(self) -> str:
        """The framework's."""
        return self.label

    def settings(self) -> dict[str, Any]:
        """Of the rule, without its choices, which the framework has made."""
        own = self.rule.settings()
        return {**{name: own[name] for name in self.rule.hyperparameters()}, DECAY: self.weight_decay}

    def schedules(self) -> dict[str, Schedule]:
        """Of the rule."""
        return self.rule.schedules()

    def hyperparameters(self) -> dict[str, Hyperparameter]:
        """Of the rule: their ranges."""
        return self.rule.hyperparameters()

    def replace(self, **settings: Any) -> SpelledRule:
        """The same with other settings."""
        for name in settings:
            if name not in self.settings():
                raise unknown(f"setting of {self.label}", name, list(self.settings()))
        decay = settings.pop(DECAY, self.weight_decay)
        if isinstance(decay, int | float | str | bool | None) and not _is_decay(decay):
            raise PolyakError(
                f"{self.label}: weight_decay is {decay!r}, expected a number in {Interval('[0, inf)')}"
            )
        return SpelledRule(
            self.label, self.rule.replace(**settings) if settings else self.rule, decay, self.kind
        )

    def _decayed(self) -> Optimizer:
        if self.kind == "decoupled" and "lr" in self.schedules() and not _is_zero(self.weight_decay):
            raise PolyakError(
                f"{self.label} takes its weight decay times lr, which is a schedule: expected a number, or"
                " weight_decay=0"
            )
        if _is_zero(self.weight_decay):
            return self.rule
        rule: Optimizer = Meaning(self.rule, self.weight_decay, self.kind).around()
        return rule

    def _flatten(self) -> tuple[Sequence[Pytree], tuple[str, str, bool]]:
        zero = _is_zero(self.weight_decay)  # part of the code: of no decay none is compiled
        return (self.rule, *(() if zero else (self.weight_decay,))), (self.label, self.kind, zero)

    @classmethod
    def _unflatten(cls, structure: tuple[str, str, bool], leaves: Sequence[Pytree]) -> SpelledRule:
        label, kind, zero = structure
        return cls(label, leaves[0], 0.0 if zero else leaves[1], kind)

    def __repr__(self) -> str:
        shown = {
            name: value for name, value in self.settings().items() if name != DECAY or not _is_zero(value)
        }
        return f"{self.label}({', '.join(f'{name}={value}' for name, value in shown.items())})"


def is_spelled(rule: object) -> bool:
    """Whether something is a framework's name for an optimizer, or its class.

    >>> is_spelled("torch:NAdam"), is_spelled("optax:adam"), is_spelled("heavy_ball")
    (True, False, False)
    """
    if isinstance(rule, str):
        prefix, colon, _ = rule.partition(":")
        return bool(colon) and prefix in FRAMEWORKS and prefix not in RUN_THEMSELVES
    if not isinstance(rule, type) or issubclass(rule, Rule):
        return False
    return any(not framework.ours and framework.prefix not in RUN_THEMSELVES for framework in whose(rule))


def spelled_rule(rule: str | type) -> SpelledRule:
    """The rule that a framework's optimizer is, at its defaults; a momentum that is off there is there to be set.

    Args:
        rule: its name, such as torch:NAdam, or its class.

    Raises PolyakError for what is not known, and for an optimizer that no rule of ours is.
    """
    name = rule if isinstance(rule, str) else candidate_of(rule).spelled
    if not name:
        raise PolyakError(f"{rule!r} is no rule of ours, expected an optimizer of torch, Keras ... or a rule")
    spelling = find(name)
    given = {}
    if spelling.defaults.get("momentum") == 0 and all(form.rule is not None for form in spelling.forms):
        given = {"momentum": MOMENTUM} if "momentum" not in spelling.forms[0].rule.hyperparameters() else {}
    meaning = read(spelling, given)
    return SpelledRule(spelling.name, meaning.rule, meaning.weight_decay, meaning.decay_kind)


def _is_zero(value: object) -> bool:
    return isinstance(value, int | float) and value == 0


def _is_decay(value: object) -> bool:
    return not isinstance(value, bool) and isinstance(value, int | float) and 0 <= value < float("inf")
