"""What is true of a whole watched training: whose model and optimizer it was, and what happened at which step."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields

from polyak.ground.errors import PolyakError

Setting = bool | int | float | str | None

KINDS = ("began", "resumed", "lr changed", "momentum changed", "optimizer replaced", "warned", "stopped")


@dataclass(frozen=True)
class Facts:
    """What was known when the watch began.

    Attributes:
        framework: the prefix: "torch", "jax", "keras".
        model: what it is called.
        optimizer: its label: "torch's SGD".
        optimizer_class: its class.
        settings: of the first group, by their names in the rule's words, at the first step.
        parameters: how many trained numbers there are.
        layers: the names of the trained arrays.
        layer_sizes: how many numbers each has.
        dtypes: what kind each is of.
        every: steps between two readings.
        run: what this run is called: a random word.
        version: of Polyak.
        lr_in_velocity: whether the velocity holds the learning rate; None where that is not known.
        rows: of the data, in all; None where only reading them would tell.
        loss_name: what the loss is called, where it has a name.
        start: a few of the parameters as they were when the watch began: see sketch.py.
    """

    framework: str
    model: str
    optimizer: str
    optimizer_class: str
    settings: Mapping[str, Setting]
    parameters: int
    layers: tuple[str, ...]
    layer_sizes: tuple[int, ...]
    dtypes: tuple[str, ...]
    every: int
    run: str
    version: str
    lr_in_velocity: bool | None = None
    rows: int | None = None
    loss_name: str = ""
    start: tuple[float, ...] = ()

    def to_json(self) -> str:
        """As one line, for a store.

        >>> facts = Facts("torch", "Net", "torch's SGD", "SGD", {"lr": 0.1}, 2, ("w",), (2,), ("f4",), 50, "a", "1")
        >>> Facts.from_json(facts.to_json()) == facts
        True
        """
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> Facts:
        """The same read again; a PolyakError where it is no such line."""
        try:
            said = json.loads(text)
            found = {field.name: said[field.name] for field in fields(cls) if field.name in said}
            lists = {name: tuple(value) for name, value in found.items() if isinstance(value, list)}
            return cls(**{**found, **lists})
        except (ValueError, TypeError, KeyError) as error:
            raise PolyakError(f"the store's facts cannot be read: {type(error).__name__}: {error}") from None


@dataclass(frozen=True)
class Event:
    """Something that happened in a watched training.

    Attributes:
        step: after which step it was seen.
        kind: one of KINDS.
        words: one line of what happened.
    """

    step: int
    kind: str
    words: str

    def __str__(self) -> str:
        return f"step {self.step:,}, {self.kind}: {self.words}"
