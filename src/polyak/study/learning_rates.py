"""A rule's learning rate, and the ladder of smaller ones that a study tries."""

from __future__ import annotations

from polyak.rules import Optimizer

# A learning rate that suits a landscape seldom suits data: smaller ones are tried, about half a decade apart.
LADDER = (1.0, 0.3, 0.1, 0.03, 0.01, 0.003, 0.001)


def ladder(rule: Optimizer) -> list[Optimizer]:
    """The rule at its own lr and at smaller ones; empty where its lr is none, 0 or scheduled."""
    name = lr_name(rule)
    if name is None or callable(rule.settings()[name]) or not rule.settings()[name]:
        return []
    return [rule.replace(**{name: rule.settings()[name] * factor}) for factor in LADDER]


def lr_name(rule: Optimizer) -> str | None:
    """What the rule calls its learning rate: lr, or learning_rate in Optax; None where it has none."""
    return next((name for name in ("lr", "learning_rate") if name in rule.settings()), None)


def lr_of(rule: Optimizer) -> float:
    """The rule's learning rate as a number; nan where it is none or scheduled."""
    name = lr_name(rule)
    value = rule.settings()[name] if name else float("nan")
    return float("nan") if callable(value) else float(value)
