"""The data sets by name; a new one is a function in a file of this folder, decorated."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple, TypeVar

from polyak.data.dataset import Data
from polyak.ground.registry import Catalogue

Reader = TypeVar("Reader", bound=Callable[..., Data])


class About(NamedTuple):
    """What a list of data sets says of one, which need not be read for it.

    Attributes:
        rows: how many there are.
        features: how many columns.
        target: what is to be told from them, with its unit.
        place: says where it comes from, on this machine now.
    """

    rows: int
    features: int
    target: str
    place: Callable[[], str]


CATALOGUE: Catalogue[Callable[..., Data]] = Catalogue("data set")
"""Every function that reads a data set, by its name."""

ABOUT: dict[str, About] = {}
"""What is said of each, by its name."""


def data_set(
    *, rows: int, features: int, target: str, place: Callable[[], str]
) -> Callable[[Reader], Reader]:
    """A function that reads a data set without being told more, in the catalogue from then on; see `About`."""

    def listed(reader: Reader) -> Reader:
        CATALOGUE.add(reader.__name__, reader, home=reader.__module__)
        ABOUT[reader.__name__] = About(rows, features, target, place)
        return reader

    return listed
