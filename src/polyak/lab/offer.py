"""What a lab has to choose from: rules, landscapes and problems by name; a page can refer to nothing else."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cache, lru_cache
from typing import TypeAlias

from polyak.ground.errors import PolyakError, unknown
from polyak.lab.kinds import Kind, kind_of
from polyak.lab.state import Chosen
from polyak.landscapes import CATALOGUE as LANDSCAPES
from polyak.landscapes import Landscape, as_landscape
from polyak.landscapes.as_landscape import QUADRATIC
from polyak.problems import Problem, problem_of
from polyak.rules import CATALOGUE as RULES
from polyak.rules.protocol import Optimizer

Problems: TypeAlias = Mapping[str, Callable[[], Problem]]
"""Problems by name, each made when it is first asked for."""


@dataclass(frozen=True, eq=False)
class Offer:
    """The rules, landscapes and problems of one lab.

    `spelled` says what stands for a landscape of the user's own at the terminal, such as my_function.py:f.
    """

    rules: Mapping[str, Kind]
    landscapes: Mapping[str, Landscape]
    problems: Problems
    spelled: Mapping[str, str] = field(default_factory=dict)

    def reaching(self, landscape: object) -> Offer:
        """What there is, and this landscape beside it where its name says all of it: quadratic:0.1,4."""
        if not isinstance(landscape, str) or landscape in self.landscapes:
            return self
        return _reaching(self, landscape)

    def kind(self, name: str) -> Kind:
        """The rule of that name, its settings free."""
        if name not in self.rules:
            raise unknown("rule", name, self.rules)
        return self.rules[name]

    def rule(self, chosen: Chosen) -> Optimizer:
        """A rule with its settings."""
        return self.kind(chosen.rule).rule(chosen.settings)


def offer(
    kinds: Mapping[str, Kind] | None = None,
    landscapes: Mapping[str, Landscape] | None = None,
    problems: Problems | None = None,
    spelled: Mapping[str, str] | None = None,
) -> Offer:
    """Everything that Polyak brings, and what was given beside."""
    plane = {name: landscape for name, landscape in LANDSCAPES.items() if landscape.dimension == 2}
    return Offer(
        {**{name: kind_of(cls) for name, cls in RULES.items()}, **(kinds or {})},
        {**plane, **(landscapes or {})},
        {**_problems(), **(problems or {})},
        spelled or {},
    )


@lru_cache(maxsize=64)
def _reaching(offer: Offer, name: str) -> Offer:
    try:
        place = plane_only(as_landscape(name)) if name.startswith(QUADRATIC) else None
    except PolyakError:
        place = None
    known = place is not None and place.name == name  # another spelling of the same is another state
    return replace(offer, landscapes={**offer.landscapes, name: place}) if known and place else offer


def plane_only(landscape: Landscape) -> Landscape:
    """The landscape, if it can be drawn."""
    if landscape.dimension != 2:
        raise PolyakError(f"{landscape.name} has {landscape.dimension} coordinates, the lab draws 2")
    return landscape


@cache
def _problems() -> dict[str, Callable[[], Problem]]:
    """The data at hand without a network, each with the problem that suits its labels."""
    from polyak import data
    from polyak.data.airfoil import at_hand

    def made(name: str) -> Callable[[], Problem]:
        return cache(lambda: problem_of(data.CATALOGUE[name]()))

    return {name: made(name) for name in data.CATALOGUE if name != "airfoil" or at_hand()}
