"""Data: what a problem is made from. A new data set is a file of this folder, with one decorated function."""

from typing import TYPE_CHECKING

from polyak.data import ours
from polyak.data.catalogue import CATALOGUE, data_set
from polyak.data.dataset import Data
from polyak.data.ours import *  # noqa: F403
from polyak.data.tables import as_data, from_frame, read

__all__ = ["CATALOGUE", "Data", "as_data", "data_set", "from_frame", "read"]
__all__ += ours.__all__

if not TYPE_CHECKING:  # which would take any name for one that is there
    __getattr__ = CATALOGUE.attribute
