"""The user's own model: what it is, checked at the door, and the bridge to it by which everything else is asked."""

from polyak.models.model import Model, model

__all__ = ["Model", "model"]
