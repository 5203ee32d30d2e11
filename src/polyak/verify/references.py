"""References that were run already: of what is verified one after the other, much is verified against the same.

A reference and what it makes of roundings depend on its settings and on the scenario alone, and are half of what a
verification runs. Those of the last few are kept; of somebody's own object, which may do another thing each time, none.
"""

from __future__ import annotations

import functools
import inspect
from collections import OrderedDict
from collections.abc import Hashable

from polyak.rules import Rule
from polyak.verify.comparison import Reference
from polyak.verify.problems import Problems
from polyak.verify.reference_model import Model, model_of
from polyak.verify.scenarios import Scenario, Shapes
from polyak.verify.side import Side

KEPT = 4  # references: up to 4 MB each


class References:
    """What a reference does in each scenario, run at the first time that it is asked for.

    Args:
        side: the reference.
    """

    def __init__(self, side: Side) -> None:
        self.side = side
        self.runs = dict[tuple[str, Shapes], Reference]()

    @functools.cached_property
    def model(self) -> Model | None:
        """It in our words, where the scenario sets nothing besides: one object, of which hypotheses are made once."""
        return model_of(self.side.candidate, self.side.settings)

    @functools.cached_property
    def problems(self) -> Problems:
        """What it is run on."""
        return Problems(None if self.model is None else self.model.rule)

    def of(self, scenario: Scenario) -> Reference:
        """Its run in a scenario. Raises PolyakError where it cannot be run there."""
        key = scenario.name, scenario.shapes
        if key not in self.runs:
            side, model = self.side, self.model
            if scenario.settings:
                model = model_of(side.candidate, {**side.settings, **scenario.settings})
            self.runs[key] = Reference.run(
                scenario, self.problems.of(scenario), lambda: side.make(scenario.settings), model
            )
        return self.runs[key]


_kept: OrderedDict[Hashable, References] = OrderedDict()


def references(side: Side) -> References:
    """The runs of a reference, those of an earlier verification where it was the same."""
    key = _key(side)
    if key is None:
        return References(side)
    found = _kept.pop(key, None) or References(side)
    _kept[key] = found
    while len(_kept) > KEPT:
        _kept.popitem(last=False)
    return found


def _key(side: Side) -> Hashable | None:
    """What a reference is known by: a rule of ours, or a framework's own class and its settings; None for others."""
    candidate = side.candidate
    theirs = candidate.spelled and (
        inspect.isclass(candidate.optimizer) or inspect.isfunction(candidate.optimizer)
    )
    if not (theirs or isinstance(candidate.optimizer, Rule)):
        return None
    settings = tuple(sorted((name, type(value).__name__, value) for name, value in side.settings.items()))
    key = candidate.optimizer, candidate.label, settings
    try:
        hash(key)
    except TypeError:  # a table, or an array that is traced
        return None
    return key
