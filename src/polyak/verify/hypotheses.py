"""What an implementation gets wrong or does otherwise: named changes of the reference's model, of any rule."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from polyak.rules import Rule
from polyak.verify import adaptive, momentum
from polyak.verify.decays import NONE, Amounts, decays
from polyak.verify.model import Model

CHOICES = {  # of our rules, each with its verdict; the words say which way round
    "lr_in_velocity": "equal at constant lr only",
    "eps_position": "eps elsewhere",
    "bias_correction": "bias correction",
    "centered": "another variance",
    "momentum_schedule": "another momentum schedule",
    "initial_velocity": "dampening on the first step",
}


@dataclass(frozen=True)
class Hypothesis:
    """A change that may explain a candidate.

    Attributes:
        verdict: in a few words.
        words: what the candidate would do, in a sentence without its subject.
        model: the reference, so changed.
    """

    verdict: str
    words: str
    model: Model


def hypotheses(model: Model, amounts: Amounts = NONE) -> Iterator[Hypothesis]:
    """Every change that this model can be given, the plainest first; `amounts` of weight decay that were measured."""
    for verdict, words, changed in (*_choices(model), *_any(model), *decays(model, amounts)):
        yield Hypothesis(verdict, words, changed)
    for kind in momentum.changes(model) if model.linear else adaptive.changes(model):
        yield Hypothesis(*kind)


Change = tuple[str, str, Model]


def _choices(model: Model) -> Iterator[Change]:
    """Every named choice of the rule the other way."""
    if not isinstance(model.rule, Rule):
        return
    for name, about in model.rule.choices().items():
        now = getattr(model.rule, name)
        for option in about.options:
            if name in CHOICES and option != now:
                yield CHOICES[name], _said(name, now, option), model.with_rule(**{name: option})


def _said(name: str, now: object, option: object) -> str:
    words = {
        (
            "lr_in_velocity",
            True,
        ): "its velocity holds the learning rate, the reference's does not: they part when lr"
        " changes, until the velocity is multiplied by new lr / old lr",
        (
            "lr_in_velocity",
            False,
        ): "its velocity does not hold the learning rate, the reference's does: they part when"
        " lr changes, until the velocity is multiplied by old lr / new lr",
        ("bias_correction", False): "its averages are not corrected for their start",
        ("bias_correction", True): "its averages are corrected for their start, the reference's are not",
        ("initial_velocity", "zeros"): "its first gradient is dampened, the reference's is not",
        ("initial_velocity", "first_gradient"): "its first gradient is not dampened, the reference's is",
        ("centered", True): "it takes the squared mean off its squares, the reference does not",
        ("centered", False): "it does not take the squared mean off its squares, the reference does",
    }
    places = {
        "outside": "sqrt(s) + eps",
        "inside": "sqrt(s + eps)",
        "before_correction": "sqrt(s) + eps before s is corrected",
    }
    if name == "eps_position":
        return f"its denominator is {places[str(option)]}, the reference's is {places[str(now)]}"
    return words.get((name, option), f"its {name} is {option}, the reference's {now}")


def _any(model: Model) -> Iterator[Change]:
    """What can be wrong with any rule."""
    yield "sign", "it climbs: its step has the wrong sign", model.but(sign=-model.sign)
    yield (
        "lr read once",
        "it keeps the learning rate of its first step, whatever is set later",
        model.but(reads_lr="the first step"),
    )
    yield (
        "lr read once",
        "it keeps the learning rate that it was made with, whatever is set later",
        model.but(reads_lr="the start"),
    )
    yield (
        "lr a step late",
        "a learning rate that is set takes effect one step late",
        model.but(reads_lr="a step late"),
    )
    yield (
        "state lost at reload",
        "what it saves is not all that it remembers: loaded, it begins anew",
        model.but(keeps_state=False),
    )
    missing = {
        "left alone": "it leaves an array alone while its gradient is missing, its count of steps too",
        "zeros": "it takes a step where a gradient is missing, as if it were zero",
        "counted": "it counts the steps in which an array's gradient is missing",
    }
    for kind, words in missing.items():
        if kind != model.missing and (kind != "counted" or not model.linear):
            yield f"missing gradients {kind}", words, model.but(missing=kind)
    if model.maximize:
        yield (
            "maximize ignored",
            "it descends where it is told to maximize",
            model.but(maximize_kind="ignored"),
        )
        yield (
            "maximize turns the decay too",
            "with maximize its weight decay pushes away from zero",
            model.but(maximize_kind="last"),
        )
