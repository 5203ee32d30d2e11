"""Optax's optimizers: an object or `from_optax(...)`, with the state that the user's own loop holds."""

from __future__ import annotations

from polyak.frameworks.bridge import Bridge
from polyak.frameworks.polyak.reading import reading as by_protocol
from polyak.frameworks.reading import Reading
from polyak.ground.types import Pytree


def reading(optimizer: object, state: Pytree, bridge: Bridge) -> Reading | None:
    """A transformation, whose settings do not show: it is run as it is."""
    return by_protocol(optimizer, state, bridge)
