"""Results as plain numbers by name, in JSON's types, for who reads them by a program."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping

import numpy as np

from polyak.ground.numbers import as_float

Plain = None | bool | int | float | str | list["Plain"] | dict[str, "Plain"]

MOST = 4096  # numbers of an array: longer ones are the model's own size, and are left out
LEFT_OUT = (
    "motion",
    "subspace",
    "reading",
    "model",
    "optimizer",
)  # what numbers are made of, and what is said above


def plain(value: object) -> Plain:
    """A value in JSON's types.

    >>> plain({"top": np.array([1.5, np.nan]), "edge": np.inf, "rows": 3})
    {'top': [1.5, None], 'edge': 'inf', 'rows': 3}
    """
    if isinstance(value, np.ndarray):
        return plain(value.tolist()) if value.size <= MOST else f"{value.size} numbers"
    if isinstance(value, tuple | list):
        return [plain(each) for each in value]
    if isinstance(value, Mapping):
        return {str(name): plain(each) for name, each in value.items()}
    return fields_of(value) if dataclasses.is_dataclass(value) else _one(value)


def _one(value: object) -> Plain:
    if value is None or isinstance(value, bool | int | str):
        return value
    if not isinstance(value, float | np.floating | np.integer):
        return str(value)
    number = as_float(value)
    if math.isfinite(number):
        return number
    return None if math.isnan(number) else str(number)


def fields_of(part: object) -> dict[str, Plain]:
    """The fields of a result, those that are numbers or made of them."""
    assert dataclasses.is_dataclass(part)
    return {
        field.name: plain(getattr(part, field.name))
        for field in dataclasses.fields(part)
        if field.name not in LEFT_OUT and not field.name.startswith("_")
    }
