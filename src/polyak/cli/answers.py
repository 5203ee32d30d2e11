"""What a command says of a result: its words, or with `--json` its numbers, one JSON document and nothing beside it.

The numbers are the result's own, in full precision: each of its fields by name, beside its kind and its words. An
infinite number is the word "inf" or "-inf", what is not a number is null, and a rule is its name with its settings.
"""

from __future__ import annotations

import dataclasses
import inspect
import math
from collections.abc import Mapping, Sequence
from typing import Annotated

import typer

Plain = None | bool | int | float | str | list["Plain"] | dict[str, "Plain"]
Json = Annotated[bool, typer.Option("--json", help="Print the numbers as JSON, in place of words.")]

# Fields that are as large as a model, or what numbers were made from.
LEFT_OUT = {
    "params",
    "state",
    "certificate",
    "step",
    "motion",
    "space",
    "sweeps",
    "search",
    "in_batches",
    "watched",
}


def answer(result: object, as_json: bool, **beside: object) -> None:
    """Print a result in words, or its numbers and those given beside it by name."""
    if as_json:
        print_json({**of(result), **{name: plain(value) for name, value in beside.items()}})
    else:
        typer.echo(result)


def note(words: str, as_json: bool) -> None:
    """Print what is no number: beside a JSON document it goes to the error stream."""
    typer.echo(words, err=as_json)


def print_json(document: Mapping[str, Plain] | Sequence[Plain]) -> None:
    """Print one JSON document."""
    import json

    typer.echo(json.dumps(document, indent=2, allow_nan=False))


def rows_of(header: Sequence[str], rows: Sequence[Sequence[str]]) -> list[Plain]:
    """A table's rows, each by the names of its columns.

    >>> rows_of(("rule", "settings"), [("adam", "lr")])
    [{'rule': 'adam', 'settings': 'lr'}]
    """
    return [dict(zip(header, row, strict=True)) for row in rows]


def of(result: object) -> dict[str, Plain]:
    """A result's kind, its words and its fields."""
    said: dict[str, Plain] = {"kind": type(result).__name__, "words": str(result)}
    if dataclasses.is_dataclass(result):
        said |= _fields(result)
    return said


def plain(value: object) -> Plain:
    """A value in JSON's types.

    >>> import numpy as np
    >>> plain({"top": np.array([1.5, np.nan]), "edge": np.inf, "rows": (3, None)})
    {'top': [1.5, None], 'edge': 'inf', 'rows': [3, None]}
    """
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, Mapping):
        return {str(name): plain(each) for name, each in value.items()}
    if isinstance(value, tuple | list | set):
        return [plain(each) for each in value]
    if hasattr(value, "tolist"):  # of an array, whosever it is, and of a NumPy number
        return plain(value.tolist())
    return _number(value) if isinstance(value, float) else _named(value)


def _number(value: float) -> Plain:
    if math.isfinite(value):
        return value
    return None if math.isnan(value) else str(value)


def _named(value: object) -> Plain:
    """A rule by its name and settings; a landscape or a problem by its name; another result by its fields."""
    if isinstance(value, complex):
        return [plain(value.real), plain(value.imag)]
    name, settings = getattr(value, "name", None), getattr(value, "settings", None)
    if callable(name) and callable(settings) and not isinstance(value, type):
        return {"name": str(name()), "settings": plain(settings())}
    if isinstance(value, type):
        return str(name()) if callable(name) else value.__name__
    if isinstance(name, str) and (hasattr(value, "formula") or hasattr(value, "source")):
        return name
    return _fields(value) if dataclasses.is_dataclass(value) else str(value)


def _fields(result: object) -> dict[str, Plain]:
    assert dataclasses.is_dataclass(result)
    values = {field.name: getattr(result, field.name) for field in dataclasses.fields(result)}
    return {name: plain(value) for name, value in values.items() if _is_number(name, value)}


def _is_number(name: str, value: object) -> bool:
    hidden = name.startswith("_") or name in LEFT_OUT or type(value).__name__ == "StepMap"
    return not hidden and not inspect.isroutine(value) and not hasattr(value, "data_vars")
