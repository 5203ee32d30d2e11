"""What a watch begins with: the training as its framework holds it, and what is true of all of it."""

from __future__ import annotations

import sys
import uuid
from typing import TYPE_CHECKING

import numpy as np

from polyak.diagnose.watch.facts import Facts
from polyak.ground.errors import PolyakError
from polyak.ground.version import __version__
from polyak.models import Model

if TYPE_CHECKING:
    from polyak.frameworks.torch.live import TorchLive


def live_of(optimizer: object, model: Model) -> TorchLive:
    """The training, of torch; anything else is refused in a line."""
    torch = sys.modules.get("torch")
    if torch is None or not isinstance(optimizer, torch.optim.Optimizer):
        raise PolyakError(
            f"a watch of a {type(optimizer).__name__}, expected a torch.optim optimizer: a JAX or Keras training is not"
            " watched yet"
        )
    if model.bridge.framework != "torch":
        raise PolyakError(
            f"{type(optimizer).__name__} is a torch optimizer, and the model is one of {model.bridge.framework}"
        )
    model.bridge.places([x for group in optimizer.param_groups for x in group["params"]])
    from polyak.frameworks.torch.live import TorchLive

    return TorchLive(optimizer, model.bridge)  # type: ignore[arg-type]


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


def facts_of(optimizer: object, model: Model, live: TorchLive, every: int) -> Facts:
    """What is known now."""
    bridge, kind = model.bridge, type(optimizer).__name__
    return Facts(
        framework="torch",
        model=bridge.name,
        optimizer=kind if live.ours else f"torch's {kind}",
        optimizer_class=kind,
        settings=dict(live.settings()),
        parameters=bridge.size,
        layers=bridge.names,
        layer_sizes=tuple(int(np.prod(shape)) for shape in bridge.shapes),
        dtypes=tuple(str(x.dtype).removeprefix("torch.") for x in live.tensors),
        every=every,
        run=uuid.uuid4().hex[:12],
        version=__version__,
        lr_in_velocity=live.lr_in_velocity,
        rows=model.rows,
    )
