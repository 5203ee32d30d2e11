"""Devices, as far as pages name them: there is one CPU here, and no GPU."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

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


def cpu(device_id: int = 0) -> Context:
    """The CPU."""
    return Context("cpu", device_id)


def gpu(device_id: int = 0) -> Context:
    """A GPU by name; arrays cannot be made there, which is how pages find out that there is none."""
    return Context("gpu", device_id)


def num_gpus() -> int:
    """How many GPUs there are: none."""
    return 0


def current_context() -> Context:
    """Where arrays are made."""
    return cpu()


def check(ctx: Any) -> None:
    """Refuse a device that is not the CPU."""
    for one in ctx if isinstance(ctx, list | tuple) else [ctx]:
        if one is not None and getattr(one, "device_type", None) != "cpu":
            raise PolyakError(f"there is no device {one} here, only {cpu()}")
