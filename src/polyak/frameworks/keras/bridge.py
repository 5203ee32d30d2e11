"""Keras's models, on whichever of its JAX and torch backends is the active one: `pk.model(keras_model, batches)`."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from polyak.frameworks.batches import Batches
from polyak.frameworks.bridge import Bridge, Options
from polyak.frameworks.keras.compiled import BACKENDS, Compiled, Reread
from polyak.ground.errors import PolyakError


def bridge(model: object, arguments: Sequence[object], batches: object, options: Options) -> Bridge | None:
    """A compiled model, its loss compiled in."""
    keras = sys.modules.get("keras")
    if keras is None or not isinstance(model, keras.Model):
        return None
    backend = keras.config.backend()
    if backend not in BACKENDS:
        raise PolyakError(
            f"Keras is on its {backend} backend, expected {' or '.join(BACKENDS)}: set KERAS_BACKEND before its import"
        )
    if arguments or options.forward is not None:
        raise PolyakError("a Keras model has its loss compiled in, expected pk.model(keras_model, batches)")
    readable = Reread(batches) if isinstance(batches, keras.utils.PyDataset) else batches
    read = Batches(readable, keras.tree.flatten, options.rows)
    compiled = Compiled(model, read.first)
    if backend == "jax":
        from polyak.frameworks.keras.on_jax import KerasOnJax

        return KerasOnJax(compiled, read)
    from polyak.frameworks.keras.on_torch import KerasOnTorch

    return KerasOnTorch(compiled, read)
