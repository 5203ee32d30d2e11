"""A rule in words: its settings shown, and its docstring completed by what its class states."""

from __future__ import annotations

import inspect
from typing import ClassVar, Protocol

from polyak.ground.numbers import readable
from polyak.rules.hyperparameters import Choice, Hyperparameter


class Described(Protocol):
    """What a rule's class states of itself."""

    formula: ClassVar[str]
    source: ClassVar[str]
    elementwise: ClassVar[bool]

    @classmethod
    def hyperparameters(cls) -> dict[str, Hyperparameter]:
        """The numbers, by name."""

    @classmethod
    def choices(cls) -> dict[str, Choice]:
        """The choices, by name."""


def shown(value: object) -> str:
    """A setting's value as it is printed."""
    if callable(value):
        return "schedule"
    if isinstance(value, float) and 0 < 1 - value < 1e-6:
        return f"1 - {readable(1 - value, 3)}"  # a momentum of 1 is none
    return readable(value, 6) if isinstance(value, float) else str(value)


def documentation(cls: type[Described]) -> str:
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
    # Held by tests for the rules of this package; of a reader's own rule nobody has asked.
    arrays = (
        "Arrays of any shape, of JAX, NumPy or PyTorch, in any floating dtype; g, x and the step share\n"
        f"one shape{'' if cls.elementwise else ', and what one entry does depends on its whole array'}. "
        if cls.__module__.startswith("polyak.rules.")
        else ""
    )
    formula = "\n".join(f"    {line.strip()}" for line in cls.formula.split(r"\\"))
    return (
        f"{written}\n\nFormula:\n{formula}\n\nSettings:\n" + "\n".join(settings) + "\n\n"
        f"{arrays}A PolyakError says which setting is missing or out of range.\n\nSource: {cls.source}"
    )
