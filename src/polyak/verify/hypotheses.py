"""What an implementation gets wrong or does otherwise: named changes of the reference's model."""

from __future__ import annotations

from collections.abc import Iterator

from polyak.verify.adaptive import ADAPTIVE
from polyak.verify.any_rule import ANY_RULE, choices
from polyak.verify.around import around
from polyak.verify.change import Hypothesis
from polyak.verify.decays import NONE, Amounts, decays
from polyak.verify.momentum import MOMENTUM
from polyak.verify.reference_model import Model


def hypotheses(model: Model, amounts: Amounts = NONE) -> Iterator[Hypothesis]:
    """Every change that this model can be given, the plainest first; `amounts` of weight decay that were measured."""
    yield from choices(model)
    yield from (change.of(model) for change in ANY_RULE if change.applies(model))
    yield from decays(model, amounts)
    table = MOMENTUM if model.linear else ADAPTIVE
    yield from (change.of(model) for change in table if change.applies(model))
    yield from around(model)
