"""A rule in words: its settings shown, and its docstring completed by what its class states."""

from __future__ import annotations

import inspect
from typing import Any

from polyak.numbers import readable


def shown(value: Any) -> str:
    """A setting's value as it is printed."""
    if callable(value):
        return "schedule"
    return readable(value, 6) if isinstance(value, float) else str(value)


def documentation(cls: Any) -> str:
    """The docstring as written, with the formula, the settings and the source that the class states."""
    written = inspect.cleandoc(cls.__dict__.get("__doc__") or "")
    settings = [
        f"    {name} ({about.symbol}): {about.meaning}, in {about.interval}."
        for name, about in cls.hyperparameters().items()
    ]
    settings += [
        f"    {name}: {about.meaning}; one of {', '.join(map(repr, about.options))}."
        for name, about in cls.choices().items()
    ]
    formula = "\n".join(f"    {line.strip()}" for line in cls.formula.split(r"\\"))
    return (
        f"{written}\n\nFormula:\n{formula}\n\nSettings:\n" + "\n".join(settings) + "\n\n"
        "Arrays of any shape, of JAX, NumPy or PyTorch, in any floating dtype; g, x and the step share\n"
        f"one shape. A PolyakError says which setting is missing or out of range.\n\nSource: {cls.source}"
    )
