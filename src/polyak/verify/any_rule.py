"""What can be wrong with any rule; and each of its named choices the other way."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from polyak.rules import Rule
from polyak.verify.change import Change, Hypothesis, always, rows_of
from polyak.verify.reference_model import Model

PART = ": they part when lr changes, until the velocity is multiplied by"
CHOICES: dict[str, tuple[str, dict[object, str]]] = {  # a verdict; by option what is said of it
    "lr_in_velocity": (
        "equal at constant lr only",
        {
            True: f"its velocity holds the learning rate, the reference's does not{PART} new lr / old lr",
            False: f"its velocity does not hold the learning rate, the reference's does{PART} old lr / new lr",
        },
    ),
    "eps_position": (
        "eps elsewhere",
        {
            "outside": "sqrt(s) + eps",
            "inside": "sqrt(s + eps)",
            "before_correction": "sqrt(s) + eps before s is corrected",
        },
    ),
    "bias_correction": (
        "bias correction",
        {
            False: "its averages are not corrected for their start",
            True: "its averages are corrected for their start, the reference's are not",
        },
    ),
    "centered": (
        "another variance",
        {
            True: "it takes the squared mean off its squares, the reference does not",
            False: "it does not take the squared mean off its squares, the reference does",
        },
    ),
    "momentum_schedule": ("another momentum schedule", {}),
    "initial_velocity": (
        "dampening on the first step",
        {
            "zeros": "its first gradient is dampened, the reference's is not",
            "first_gradient": "its first gradient is not dampened, the reference's is",
        },
    ),
}


def choices(model: Model) -> Iterator[Hypothesis]:
    """Every named choice of the rule the other way."""
    known = model.rule.choices() if isinstance(model.rule, Rule) else {}
    for name in (name for name in known if name in CHOICES):
        now = getattr(model.rule, name)
        for option in known[name].options:
            if option != now:
                yield Hypothesis(
                    CHOICES[name][0], _said(name, now, option), model.with_rule(**{name: option})
                )


def _said(name: str, now: object, option: object) -> str:
    words = CHOICES[name][1]
    if name == "eps_position" and {option, now} <= {*words}:
        return f"its denominator is {words[option]}, the reference's is {words[now]}"
    return words.get(option, f"its {name} is {option}, the reference's {now}")


def point(**changes: Any) -> Callable[[Model], Model]:
    """A change of a point on which implementations differ."""
    return lambda model: model.but(**changes)


def _missing(kind: str, words: str) -> Change:
    def applies(model: Model) -> bool:
        return kind != model.missing and (kind != "counted" or not model.linear)

    return Change(f"missing gradients {kind}", words, point(missing=kind), applies)


ANY_RULE = (
    *rows_of(
        always,
        ("sign", "it climbs: its step has the wrong sign", lambda model: model.but(sign=-model.sign)),
        (
            "lr read once",
            "it keeps the learning rate of its first step, whatever is set later",
            point(reads_lr="the first step"),
        ),
        (
            "lr read once",
            "it keeps the learning rate that it was made with, whatever is set later",
            point(reads_lr="the start"),
        ),
        (
            "lr a step late",
            "a learning rate that is set takes effect one step late",
            point(reads_lr="a step late"),
        ),
        (
            "state lost at reload",
            "what it saves is not all that it remembers: loaded, it begins anew",
            point(keeps_state=False),
        ),
    ),
    _missing("left alone", "it leaves an array alone while its gradient is missing, its count of steps too"),
    _missing("zeros", "it takes a step where a gradient is missing, as if it were zero"),
    _missing("counted", "it counts the steps in which an array's gradient is missing"),
    *rows_of(
        lambda model: model.maximize,
        (
            "maximize ignored",
            "it descends where it is told to maximize",
            point(maximize_kind="ignored"),
        ),
        (
            "maximize turns the decay too",
            "with maximize its weight decay pushes away from zero",
            point(maximize_kind="last"),
        ),
    ),
)
