"""The data sets by name; a new one is a function in a file of this folder, decorated."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from polyak.data.dataset import Data
from polyak.ground.registry import Catalogue

Reader = TypeVar("Reader", bound=Callable[..., Data])
CATALOGUE: Catalogue[Callable[..., Data]] = Catalogue("data set")
"""Every function that reads a data set, by its name."""


def data_set(reader: Reader) -> Reader:
    """A function that reads a data set without being told more, in the catalogue from then on."""
    CATALOGUE.add(reader.__name__, reader, home=reader.__module__)
    return reader
