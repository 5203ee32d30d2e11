"""A diagnosis as plain numbers by name, for who reads them by a program."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from polyak.ground.numbers import as_float

if TYPE_CHECKING:
    from polyak.diagnose.diagnosis import Diagnosis

Plain = None | bool | int | float | str | list["Plain"] | dict[str, "Plain"]

MOST = 4096  # numbers of an array: longer ones are the model's own size, and are left out
LEFT_OUT = (
    "motion",
    "subspace",
    "reading",
    "model",
    "optimizer",
)  # what numbers are made of, and what is said above


def as_dict(diagnosis: Diagnosis) -> dict[str, Plain]:
    """Everything that was found, and why the rest was not: JSON's types, nan as null, infinities as words."""
    model = diagnosis.model.bridge
    parts: dict[str, Plain] = {}
    for name in ("curvature", "stability", "noise", "suggestion"):
        part = getattr(diagnosis, name)
        parts[name] = {"refused": diagnosis.refused[name]} if part is None else _fields(part)
    return {
        "model": {
            "name": model.name,
            "framework": model.framework,
            "parameters": model.size,
            "mode": model.mode,
        },
        "optimizer": diagnosis.optimizer,
        "batch_size": diagnosis.batch_size,
        **parts,
        "costs": {name: dataclasses.asdict(cost) for name, cost in diagnosis.costs.items()},
    }


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
    return _fields(value) if dataclasses.is_dataclass(value) else _one(value)


def _one(value: object) -> Plain:
    if value is None or isinstance(value, bool | int | str):
        return value
    if not isinstance(value, float | np.floating | np.integer):
        return str(value)
    number = as_float(value)
    if math.isfinite(number):
        return number
    return None if math.isnan(number) else str(number)


def _fields(part: object) -> dict[str, Plain]:
    """The fields of a result, those that are numbers or made of them."""
    assert dataclasses.is_dataclass(part)
    return {
        field.name: plain(getattr(part, field.name))
        for field in dataclasses.fields(part)
        if field.name not in LEFT_OUT and not field.name.startswith("_")
    }
