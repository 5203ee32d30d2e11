"""What a watch begins with: the training as its framework holds it, and what is true of all of it."""

from __future__ import annotations

import uuid
from collections.abc import Container

import numpy as np

from polyak.diagnose.watch.facts import Facts
from polyak.diagnose.watch.sketch import sketch_of
from polyak.frameworks.framework import FRAMEWORKS
from polyak.frameworks.live import Live
from polyak.ground.errors import PolyakError, a_or_an
from polyak.ground.numbers import readable
from polyak.ground.version import __version__
from polyak.models import Model


def live_of(optimizer: object, model: Model) -> Live:
    """The training, by the `live.py` of the model's framework; a PolyakError in a line for what it does not know."""
    own = FRAMEWORKS[model.bridge.framework]
    found: Live | None = own.lives().live(optimizer, model.bridge) if own.has("live") else None
    if found is not None:
        return found
    expected = {
        "torch": "a torch.optim optimizer",
        "jax": "a rule or an Optax optimizer",
        "keras": "the one that it was compiled with",
    }
    wanted = expected.get(own.prefix, "one that is watched")
    raise PolyakError(
        f"a watch of {a_or_an(type(optimizer).__name__)} on a {own.prefix} model, expected {wanted}"
    )


def require_same(held: Facts, now: Facts, store: str) -> None:
    """Refuse a store of a training of another model or another optimizer."""
    for what, theirs, ours in (
        ("model", held.model, now.model),
        ("layers", held.layers, now.layers),
        ("sizes of layers", held.layer_sizes, now.layer_sizes),
        ("optimizer", held.optimizer_class, now.optimizer_class),
    ):
        if theirs != ours:
            raise PolyakError(
                f"{store} holds another run, of other {what}: expected a store of its own for this one"
            )


def facts_of(model: Model, live: Live, every: int) -> Facts:
    """What is known now."""
    bridge = model.bridge
    return Facts(
        framework=bridge.framework,
        model=bridge.name,
        optimizer=live.label,
        optimizer_class=live.kind,
        settings=dict(live.settings()),
        parameters=bridge.size,
        layers=bridge.names,
        layer_sizes=tuple(int(np.prod(shape)) for shape in bridge.shapes),
        dtypes=live.dtypes,
        every=every,
        run=uuid.uuid4().hex[:12],
        version=__version__,
        lr_in_velocity=live.lr_in_velocity,
        rows=model.rows,
        start=sketch_of(live.parameters()),
    )


def require_possible(model: object, most_time: float) -> None:
    """Refuse what is no model, and no share of a time."""
    if not isinstance(model, Model):
        raise PolyakError(f"a watch of {a_or_an(type(model).__name__)}, expected pk.model(...)")
    if not most_time > 0:
        raise PolyakError(
            f"most_time is {readable(most_time)}, expected a share of the training's time: 0.05"
        )


def require_alone(optimizer: object, live: Live, held: Container[object]) -> None:
    """Refuse a second watch on an optimizer; one that holds nothing may train several models."""
    if live.holds and optimizer in held:
        raise PolyakError("this optimizer is watched already: close() that watch first")
