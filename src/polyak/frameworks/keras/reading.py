"""Keras's optimizers, as they are in the middle of training."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from polyak.frameworks.arguments_to_rule import read
from polyak.frameworks.bridge import Bridge
from polyak.frameworks.catalogue import find
from polyak.frameworks.keras.stepper import quiet
from polyak.frameworks.reading import Reading, part_of
from polyak.ground.errors import PolyakError
from polyak.ground.types import Pytree

# Of each class, where our slots lie; amsgrad divides by its largest square so far, which comes first.
SLOTS = {
    "squares": ("_velocity_hats", "_velocities", "_accumulators"),
    "mean": ("_average_gradients", "_momentums"),
}
LR = "learning_rate"


def reading(optimizer: object, state: Pytree, bridge: Bridge) -> Reading | None:
    """A keras optimizer by its class, its configuration and its variables."""
    keras = sys.modules.get("keras")
    if keras is None or not isinstance(optimizer, keras.optimizers.Optimizer):
        return None
    kind = type(optimizer)
    if state is not None:
        raise PolyakError(
            f"{kind.__name__} holds its own state, expected state= for an Optax optimizer or a rule alone"
        )
    if not kind.__module__.startswith("keras."):
        raise PolyakError(
            f"{kind.__name__} of {kind.__module__} is no optimizer of Keras's own, and its rule is not known"
        )
    with quiet():
        return _read(optimizer, kind.__name__, bridge)


def _read(optimizer: Any, name: str, bridge: Bridge) -> Reading:  # noqa: ANN401 - an optimizer of keras
    if not optimizer.built:
        raise PolyakError(f"keras's {name} has taken no step yet: it holds no variables")
    places = bridge.places(list(optimizer._trainable_variables))
    spelling = find(f"keras:{name}")
    lr = float(np.asarray(optimizer.learning_rate))
    given = {key: value for key, value in optimizer.get_config().items() if key in spelling.defaults}
    for left_out in ("name", "amsgrad"):  # amsgrad is another square to divide by, which is held here as any
        given.pop(left_out, None)
    meaning = read(spelling, {**given, LR: lr})
    arrays = tuple(place for place in places if place is not None)
    steps = int(np.asarray(optimizer.iterations))
    n = sum(int(np.prod(bridge.shapes[place])) for place in arrays)
    slots = _slots(optimizer, [k for k, place in enumerate(places) if place is not None], len(places))
    part = part_of(meaning, arrays, slots, n, lr=lr, took=steps > 0)
    return Reading(f"keras's {name}", (part,), steps or None)


def _slots(optimizer: Any, trained: Sequence[int], count: int) -> dict[str, NDArray[np.float64]]:  # noqa: ANN401
    """Our slots, by our names: those of the trained arrays, of all that it holds."""
    slots = {"t": np.asarray(float(np.asarray(optimizer.iterations)))}
    if hasattr(optimizer, "_u_product"):
        slots["momentum_product"] = np.asarray(float(np.asarray(optimizer._u_product)))
    for ours, theirs in SLOTS.items():
        held = next((list(kept) for each in theirs if (kept := getattr(optimizer, each, None))), [])
        if len(held) == count:
            slots[ours] = _vector([held[k] for k in trained])
    return slots


def _vector(variables: Sequence[Any]) -> NDArray[np.float64]:
    import keras

    return np.concatenate(
        [np.asarray(keras.ops.convert_to_numpy(each.value), dtype=np.float64).ravel() for each in variables]
    )
