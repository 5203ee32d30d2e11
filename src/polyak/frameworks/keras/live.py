"""A Keras training as it is now, also in the middle of `fit`, where JAX's backend keeps the variables' values apart."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from polyak.frameworks.bridge import Batch, Bridge
from polyak.frameworks.keras.reading import SLOTS, reading
from polyak.frameworks.live import Arrays, numbers_of
from polyak.frameworks.reading import Reading
from polyak.ground.errors import PolyakError
from polyak.ground.types import Pytree

SETTINGS = {"momentum": "momentum", "beta_1": "beta1", "beta_2": "beta2", "rho": "decay", "epsilon": "eps"}


def live(optimizer: object, bridge: Bridge) -> KerasLive | None:
    """Of a compiled model's own optimizer; None for others."""
    if bridge.framework != "keras" or not isinstance(optimizer, keras.optimizers.Optimizer):
        return None
    return KerasLive(optimizer, bridge)


class KerasLive:
    """`polyak.frameworks.live.Live` of a compiled Keras model."""

    holds = True

    def __init__(self, optimizer: Any, bridge: Any) -> None:  # noqa: ANN401 - Keras has no types
        self.optimizer, self.bridge = optimizer, bridge
        self.model, self.trained = bridge._compiled.model, bridge._compiled.trained
        if self.model.optimizer is not optimizer:
            raise PolyakError(
                f"the optimizer is another than the Keras model {bridge.name} was compiled with: expected its own"
            )
        self.kind = type(optimizer).__name__
        self.label = f"keras's {self.kind}"
        self.dtypes = tuple(str(v.dtype) for v in self.trained)
        self._taken = self._iterations()
        self._ever = False

    @property
    def lr_in_velocity(self) -> bool:
        """Keras's SGD with momentum moves by its velocity: v <- m v - lr g."""
        return self.kind == "SGD"

    def given(self, params: Pytree, state: Pytree) -> None:
        """Nothing: Keras holds both."""
        if params is not None or state is not None:
            raise PolyakError("a Keras model holds its parameters and its optimizer: expected step(batch)")

    def _iterations(self) -> int:
        """How many steps were taken."""
        return int(self._now(self.optimizer.iterations))

    def _now(self, variable: Any) -> NDArray[Any]:  # noqa: ANN401 - Keras has no types
        """One of the optimizer's variables: in `fit` on JAX its value is kept apart from it."""
        held = getattr(self.model, "_jax_state", None)
        if held and not self.model._jax_state_synced:
            at = next(k for k, each in enumerate(self.optimizer.variables) if each is variable)
            return np.asarray(held["optimizer_variables"][at])
        return np.asarray(keras.ops.convert_to_numpy(variable))

    def _synced(self) -> None:
        """In `fit` on JAX, the variables as they are now; Keras itself does so where a callback asks."""
        if getattr(self.model, "_jax_state", None):
            self.model.jax_state_sync()

    def stepped(self) -> bool:
        """Whether the optimizer has counted on."""
        before, self._taken = self._taken, self._iterations()
        if self._taken != before:
            self._ever = True
        elif not self._ever:
            raise PolyakError("the watched optimizer has taken no step yet: expected step(batch) after one")
        return self._taken != before

    def close(self) -> None:
        """Nothing was changed."""

    def here(self) -> AbstractContextManager[None]:
        """The variables hold today's values."""
        self._synced()
        return nullcontext()

    def reading(self) -> Reading:
        """Of the optimizer."""
        self._synced()
        found = reading(self.optimizer, None, self.bridge)
        assert found is not None
        return found

    def rules(self) -> None:
        """None: it is read whole."""
        return

    def part_of(self, batch: Batch, _rows: int, /) -> Batch:
        """The whole batch: it is also what the gradient is of, which is held nowhere."""
        return batch

    def parameters(self) -> Arrays:
        """The trained variables."""
        self._synced()
        return tuple(_numpy(v) for v in self.trained)

    def gradients(self) -> None:
        """None: Keras holds none."""
        return

    def slots(self) -> Mapping[str, Arrays]:
        """The optimizer's own variables by our names; SGD's momenta, with their sign turned, are the velocity."""
        self._synced()
        found = {ours: held for ours, theirs in SLOTS.items() if (held := self._held(theirs))}
        if self.kind == "SGD" and (momenta := self._held(["momentums"])):
            found["velocity"] = tuple(-x for x in momenta)  # Keras adds it
        if "squares" in found:
            found["t"] = (np.asarray([float(self._taken)]),)
        return found

    def _held(self, names: Sequence[str]) -> Arrays:
        """What the optimizer holds under the first of these names, an array for each trained variable; else nothing."""
        order = list(self.optimizer._trainable_variables)
        held = next((list(kept) for each in names if (kept := getattr(self.optimizer, each, None))), [])
        if len(held) != len(order):
            return ()
        place = {id(variable): k for k, variable in enumerate(order)}
        return tuple(_numpy(held[place[id(variable)]]) for variable in self.trained)

    def settings(self) -> Mapping[str, float]:
        """Today's learning rate, a schedule's too, and the other numbers."""
        rate: Any = self.optimizer._learning_rate
        schedule = isinstance(rate, keras.optimizers.schedules.LearningRateSchedule)
        value = keras.ops.convert_to_numpy(rate(max(self._taken - 1, 0))) if schedule else self._now(rate)
        found = {"lr": float(value)}
        for theirs, ours in SETTINGS.items():
            held = getattr(self.optimizer, theirs, None)
            if isinstance(held, int | float) and not isinstance(held, bool):
                found[ours] = float(held)
        if "beta1" in found:
            found.setdefault("momentum", found["beta1"])
        return found

    def numbers(self) -> tuple[float, ...]:
        """Those of `settings`."""
        return tuple(self.settings().values())

    def modes(self) -> Mapping[str, bool]:
        """`fit` trains in one mode."""
        return {}

    def count(self) -> float:
        """The optimizer's iterations."""
        return float(self._taken)

    def batch_numbers(self, batch: Batch) -> tuple[float, bool]:
        """Of its arrays."""
        return numbers_of(keras.ops.convert_to_numpy(x) for x in keras.tree.flatten(batch) if x is not None)


def _numpy(variable: Any) -> NDArray[np.floating[Any]]:  # noqa: ANN401 - Keras has no types
    found = np.asarray(keras.ops.convert_to_numpy(getattr(variable, "value", variable)))
    return found.astype(np.float32) if found.dtype.itemsize < 4 else found
