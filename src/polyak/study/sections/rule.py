"""The section on the rule itself: its formula, its settings, its source."""

from __future__ import annotations

from polyak.ground.numbers import readable
from polyak.rules import FromOptax, Rule
from polyak.rules.hyperparameters import Choice, Hyperparameter
from polyak.study.section import Section, Subject, Table
from polyak.study.sections import section


@section(10)
def rule(subject: Subject) -> Section:
    """What the rule is and how it is set."""
    rule = subject.rule
    about: dict[str, Hyperparameter | Choice] = {}
    if isinstance(rule, Rule):
        about = {**rule.hyperparameters(), **rule.choices()}
    rows = [
        (name, _symbol(about.get(name)), _value(value), getattr(about.get(name), "meaning", ""))
        for name, value in rule.settings().items()
    ]
    documented = rule.factory if isinstance(rule, FromOptax) else type(rule)
    paragraphs = [first_line(documented.__doc__)]
    if hasattr(rule, "source"):
        paragraphs.append(f"Source: {rule.source}")
    return Section(
        title="The rule",
        paragraphs=paragraphs,
        formulas=[rule.formula] if hasattr(rule, "formula") else [],
        tables=[Table("Settings", ("setting", "symbol", "value", "meaning"), rows)],
    )


def first_line(text: str | None) -> str:
    """A docstring's first line."""
    return (text or "").strip().splitlines()[0] if text else ""


def _symbol(about: Hyperparameter | Choice | None) -> str:
    symbol = getattr(about, "symbol", "")
    return f"${symbol}$" if symbol else ""


def _value(value: object) -> str:
    if callable(value):
        return "a schedule"
    return readable(value, 6) if isinstance(value, float) else str(value)
