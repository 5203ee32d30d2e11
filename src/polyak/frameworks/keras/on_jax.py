"""A compiled Keras model on its JAX backend."""

from __future__ import annotations

from collections.abc import Sequence

import jax

from polyak.frameworks.batches import Batches
from polyak.frameworks.bridge import Batch, Outputs
from polyak.frameworks.jax.bridge import JaxBridge
from polyak.frameworks.jax.trained import Leaves, Today
from polyak.frameworks.keras.compiled import Compiled
from polyak.frameworks.keras.stepwise import KerasStepwise

Values = tuple[Leaves, Leaves]


class Variables:
    """A model's variables as JAX's params: what is trained, and the rest."""

    def __init__(self, compiled: Compiled) -> None:
        self._compiled = compiled
        self.kind = str(compiled.model.name)
        self.names = compiled.names
        self.shapes = tuple(tuple(v.shape) for v in compiled.trained)

    def today(self) -> Today:
        """Their values now."""
        return Today(*self._compiled.values())

    def with_arrays(self, trained: Leaves, others: Leaves) -> Values:
        """As the loss below takes them."""
        return trained, others

    def others_of(self, whole: Values) -> Leaves:
        """What is not trained."""
        return whole[1]

    def leaves_of_user(self) -> Leaves:
        """The variables themselves."""
        return list(self._compiled.trained)


class KerasOnJax(JaxBridge):
    """A compiled model and its batches."""

    framework, trains = "keras", "train mode"
    whole = "the loss has penalties beside that of the outputs: regularizers, add_loss, or a compute_loss of its own"

    def __init__(self, compiled: Compiled, batches: Batches) -> None:
        self._compiled = compiled

        def forward(params: Values, batch: Batch) -> Outputs:
            return compiled.forward(*params, batch)

        def loss_of_outputs(outputs: Outputs, batch: Batch) -> jax.Array:
            today = self._params.today()
            with compiled.scope(today.trained, today.others):
                value: jax.Array = compiled.loss(lambda *_, **__: outputs, batch)
            return value

        def whole_loss(params: Values, batch: Batch) -> jax.Array:
            with compiled.scope(*params):
                value: jax.Array = compiled.loss(compiled.model, batch)
            return value

        variables = Variables(compiled)
        if compiled.penalties or compiled.own_loss:
            super().__init__(whole_loss, variables, batches, None)
        else:
            super().__init__(loss_of_outputs, variables, batches, forward)

    def pure(self) -> KerasStepwise:
        """Its variables have values of their own in each training."""
        return KerasStepwise(self._compiled, self.first)

    def places(self, arrays: Sequence[object], /) -> tuple[int | None, ...]:
        """Which variable each of an optimizer's is."""
        return self._compiled.places(arrays)
