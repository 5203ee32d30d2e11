"""A compiled Keras model as functions of its variables' values, in the mode that `fit` trains it in.

All runs inside a `keras.StatelessScope`: what a layer assigns to a variable (running statistics, the state of dropout's
seed) stays in the scope, and the model's own variables are never written, whatever stops in between.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from polyak.frameworks.bridge import Batch, Outputs
from polyak.frameworks.reads_batches import places_of
from polyak.frameworks.steppers import refusals
from polyak.ground.errors import PolyakError, a_or_an

BACKENDS = ("jax", "torch")
WAYS = (
    "expected one that was compiled with a loss and built: model.compile(optimizer, loss), model.build(shape)"
)


class Compiled:
    """A compiled model; a PolyakError where it is not.

    Args:
        model: a keras.Model.
        batch: one of its batches, (x, y) or (x, y, sample_weight).
    """

    def __init__(self, model: Any, batch: Batch) -> None:  # noqa: ANN401 - Keras has no types
        self.keras, self.model = sys.modules["keras"], model
        self._check(model)
        self.trained = list(model.trainable_variables)
        self.others = [v for v in model.variables if all(v is not known for known in self.trained)]
        self.names = tuple(v.path for v in self.trained)
        self._losses = model._compile_loss
        self.own_loss = type(model).compute_loss is not self.keras.Model.compute_loss  # may read anything
        self.penalties = 0
        outputs = self._looked_at(batch)
        if not self._losses.built:  # one of its own: to build the user's would change it
            made = self._losses
            self._losses = type(made)(
                made._user_loss, made._user_loss_weights, made.reduction, made.output_names
            )
            with refusals("the loss"):
                self._losses.build(self.parts(batch)[1], outputs)

    def _check(self, model: Any) -> None:  # noqa: ANN401 - Keras has no types
        """Refuse what has no loss, no variables, or trains otherwise than by its compiled loss."""
        if not model.compiled or model.loss is None:
            raise PolyakError(f"the Keras model {model.name} has no loss, {WAYS}")
        if not model.built:
            raise PolyakError(f"the Keras model {model.name} has no variables yet, {WAYS}")
        if not model.trainable_variables:
            raise PolyakError(f"the Keras model {model.name} has no trainable variable, expected some")
        if type(model).train_step is not self.keras.Model.train_step:
            raise PolyakError(
                f"{type(model).__name__} has a train_step of its own, expected one that trains its loss"
            )
        if getattr(model.loss, "reduction", "") == "sum":
            raise PolyakError("the loss sums over the rows (reduction='sum'), expected their mean")

    def values(self) -> tuple[list[Any], list[Any]]:
        """Of the trained variables and of the others, now."""
        return [v.value for v in self.trained], [v.value for v in self.others]

    def _looked_at(self, batch: Batch) -> Any:  # noqa: ANN401 - the outputs' own nest
        """Arrays such as the outputs are; and how many terms the loss has beside theirs."""

        def outputs(trained: Sequence[Any], others: Sequence[Any]) -> Any:  # noqa: ANN401
            with self.scope(trained, others):
                found = self.called(self.model, self.parts(batch)[0])
                self.penalties = len(self.model.losses)  # of regularizers, of `add_loss`
                return found

        with refusals("the loss"):
            if self.keras.config.backend() != "jax":
                return outputs(*self.values())
            import jax

            shapes = jax.eval_shape(outputs, *self.values())
            return jax.tree.map(lambda leaf: np.zeros(leaf.shape, leaf.dtype), shapes)

    def parts(self, batch: Batch) -> tuple[Any, Any, Any]:
        """(x, y, sample_weight), as the backend's tensors."""
        if not isinstance(batch, tuple | list) or len(batch) not in (2, 3):
            came = f"{len(batch)} parts" if isinstance(batch, tuple | list) else a_or_an(type(batch).__name__)
            raise PolyakError(f"a batch is {came}, expected (x, y) or (x, y, sample_weight)")
        x, y, weights = [*batch, None][:3]

        def tensors(part: Any) -> Any:  # noqa: ANN401 - any nest
            return (
                part
                if part is None
                else self.keras.tree.map_structure(self.keras.ops.convert_to_tensor, part)
            )

        return tensors(x), tensors(y), tensors(weights)

    @contextmanager
    def scope(self, trained: Sequence[Any], others: Sequence[Any]) -> Iterator[Any]:
        """Inside, the variables have these values, and what is assigned to them is known to the scope alone."""
        variables = [*self.trained, *self.others]
        values = [*trained, *others]
        pairs = list(zip(variables, values, strict=True))
        own = self.model.__dict__
        users = own["_compile_loss"]
        own["_compile_loss"] = self._losses
        try:
            with self.keras.StatelessScope(state_mapping=pairs, collect_losses=True) as scope:
                yield scope
        finally:
            own["_compile_loss"] = users

    def forward(self, trained: Sequence[Any], others: Sequence[Any], batch: Batch) -> Outputs:
        """What the model returns."""
        x, _, _ = self.parts(batch)
        with self.scope(trained, others):
            return self.called(self.model, x)

    def called(self, model: Any, x: Any, *, training: bool = True) -> Outputs:  # noqa: ANN401 - see `loss`
        """model(x), as `fit` calls it; or as `evaluate` does."""
        return model(x, training=training) if self.model._call_has_training_arg else model(x)

    def loss(self, model: Any, batch: Batch, *, training: bool = True) -> Any:  # noqa: ANN401 - Keras has no types
        """The compiled loss with all penalties, of the model or of what stands in its place; inside the scope."""
        x, y, weights = self.parts(batch)
        outputs = self.called(model, x, training=training)
        return self.model.compute_loss(x=x, y=y, y_pred=outputs, sample_weight=weights, training=training)

    def places(self, arrays: Sequence[object]) -> tuple[int | None, ...]:
        """Which trained variable each of an optimizer's is."""
        return places_of(arrays, self.trained, self.others, self.names, str(self.model.name))


class Reread:
    """A keras.utils.PyDataset as an iterable that ends: its batches by number."""

    def __init__(self, data: Any) -> None:  # noqa: ANN401 - Keras has no types
        self._data = data

    def __iter__(self) -> Iterator[Batch]:
        return (self._data[k] for k in range(self._data.num_batches))
