"""Which kind of config a mapping is, told by its keys."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from polyak.ground.errors import PolyakError, cut
from polyak.translate.paste.parts import Parts
from polyak.translate.paste.values import Call

Config = Mapping[str, Any]
OPTIMIZER_KEYS = ("optimizer", "optim", "optimizer_config", "optim_wrapper", "optimizer_cfg")


@dataclass(frozen=True)
class Kind:
    """A kind of config.

    Attributes:
        title: what it is called, for a message.
        is_one: whether a mapping is of this kind.
        read: its parts.
        order: the lower, the earlier it is asked.
        called: functions whose arguments, by name, are such a config.
    """

    title: str
    is_one: Callable[[Config], bool]
    read: Callable[[Config], Parts]
    order: int = 1
    called: tuple[str, ...] = ()


KINDS: dict[str, Kind] = {}


def kind(
    title: str, is_one: Callable[[Config], bool], order: int = 1, called: tuple[str, ...] = ()
) -> Callable[[Callable[[Config], Parts]], Callable[[Config], Parts]]:
    """Make a function the reader of a kind of config."""

    def registered(read: Callable[[Config], Parts]) -> Callable[[Config], Parts]:
        KINDS[title] = Kind(title, is_one, read, order, called)
        return read

    return registered


def parts_of(config: Config) -> Parts:
    """The parts of a config, of whatever kind it is.

    Raises PolyakError for one of no kind that is known.

    >>> parts_of({"_target_": "torch.optim.SGD", "lr": 0.1}).optimizer.name
    'torch.optim.SGD'
    """
    for each in sorted(KINDS.values(), key=lambda each: each.order):
        if each.is_one(config):
            return each.read(config)
    keys = ", ".join(map(str, config)) or "nothing"
    raise PolyakError(
        f"a config of {cut(keys)}: no optimizer is named in it, expected one of {', '.join(KINDS)}"
    )


def parts_of_call(call: Call) -> Parts | None:
    """The parts of a call whose arguments are a config, such as TrainingArguments(...); None for another call."""
    for each in KINDS.values():
        if call.last in each.called:
            named = dict(call.named)
            if len(call.positional) > 1 and isinstance(call.positional[1], str):
                named.setdefault("opt", call.positional[1])  # create_optimizer_v2(model, "adamw", ...)
            return each.read(named)
    return None
