"""Devices, as far as pages name them: there is one CPU here, and no GPU."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

from polyak.ground.errors import PolyakError


@dataclass(frozen=True)
class Context:
    """A device by name.

    >>> Context("cpu")
    cpu(0)
    """

    device_type: str
    device_id: int = 0

    def __repr__(self) -> str:
        return f"{self.device_type}({self.device_id})"


Device: TypeAlias = Context | Sequence[Context] | None
"""What a page names for the place of an array; the CPU for None."""


def cpu(device_id: int = 0) -> Context:
    """The CPU."""
    return Context("cpu", device_id)


def gpu(device_id: int = 0) -> Context:
    """A GPU by name; arrays cannot be made there, which is how pages find out that there is none."""
    return Context("gpu", device_id)


def num_gpus() -> int:
    """How many GPUs there are: none."""
    return 0


def check(ctx: Device) -> None:
    """Refuse a device that is not the CPU."""
    for device in ctx if isinstance(ctx, list | tuple) else [ctx]:
        if device is not None and getattr(device, "device_type", None) != "cpu":
            raise PolyakError(f"there is no device {device} here, only {cpu()}")
