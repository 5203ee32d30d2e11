"""The problems by name; a new one is a function in a file of this folder, decorated."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from polyak.ground.registry import Catalogue
from polyak.problems.problem import Problem

Maker = TypeVar("Maker", bound=Callable[..., Problem])
CATALOGUE: Catalogue[Callable[..., Problem]] = Catalogue("problem")
"""Every function that makes a problem of data, by its name."""


def problem(maker: Maker) -> Maker:
    """A function (data, further settings) -> Problem, in the catalogue from then on."""
    CATALOGUE.add(maker.__name__, maker, home=maker.__module__)
    return maker
