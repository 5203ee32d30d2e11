"""A compiled Keras model that is trained step by step: in the mode that `fit` trains it in, judged as `evaluate` does.

Each training has values of its own for every variable, in a `keras.StatelessScope`: what a layer assigns (running
statistics, the state of dropout's seed) is carried from step to step, and the user's model is never written.
"""

from __future__ import annotations

import pickle
import sys
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any

import jax
import numpy as np
from numpy.typing import NDArray

from polyak.frameworks.bridge import Batch, Outputs
from polyak.frameworks.generators import remembered, seed_all
from polyak.frameworks.keras.compiled import Compiled
from polyak.frameworks.steppers import refusals
from polyak.frameworks.stepping import ONE_AT_A_TIME, Named, seed_of, started, stepper
from polyak.ground.errors import PolyakError
from polyak.ground.hashing import bytecode_hash, hashed, without_addresses
from polyak.ground.types import Pytree
from polyak.rules import Optimizer

Values = list[Any]
SEED = "seed_generator_state"  # how Keras calls the variable that dropout draws by


class KerasStepwise:
    """`polyak.frameworks.bridge.Stepwise` of a compiled model.

    Args:
        compiled: the model.
        batch: one of its batches.
    """

    compiled, measurable, dtype = False, True, "float32"

    def __init__(self, compiled: Compiled, batch: Batch) -> None:
        self.of, self._batch = compiled, batch
        self.others = [np.array(x) for x in self._beside()]
        self.names_beside = tuple(f"{k} {v.path}" for k, v in enumerate(compiled.others))
        strange = next((v.dtype for v in compiled.trained if v.dtype != self.dtype), None)
        if strange is not None:
            raise PolyakError(f"{compiled.model.name} holds parameters of {strange}, expected {self.dtype}")
        self.slope = _slope_of(compiled)

    @contextmanager
    def training(self) -> Iterator[KerasTraining]:
        """One training, alone in its process."""
        with ONE_AT_A_TIME, _one_thread():
            restore = remembered()
            try:
                yield KerasTraining(self)
            finally:
                restore()

    def __call__(self, params: Named, batch: Batch) -> NDArray[Any]:
        """The loss at these parameters."""
        with self._at(params) as training:
            return training.value(batch)

    def outputs(self, params: Named, batch: Batch) -> Outputs:
        """What the model returns, NumPy's array."""
        with self._at(params) as training:
            return training.answers(batch)[0]

    def targets(self, batch: Batch) -> Outputs:
        """The second part of a batch (x, y)."""
        return np.asarray(batch[1])

    def whole(self, params: Named) -> object:
        """A model of its own with these parameters in it, and what else changed in the training."""
        keras, model = self.of.keras, self.of.model
        try:
            with _quiet():
                clone = keras.models.clone_model(model)
                if not clone.built:
                    clone.build(model.input_shape)
        except Exception as error:
            line = next(iter(str(error).strip().splitlines()), "")
            raise PolyakError(f"{model.name} cannot be cloned by Keras: {line}") from error
        named = {**dict(zip(self.names_beside, self.others, strict=True)), **params}
        beside = [v for v in clone.variables if all(v is not x for x in clone.trainable_variables)]
        pairs = [*zip(clone.trainable_variables, self.of.names, strict=True)]
        for variable, name in [*pairs, *zip(beside, self.names_beside, strict=True)]:
            variable.assign(named[name])
        return clone

    def today(self) -> dict[str, NDArray[Any]]:
        """The user's trained variables as they are now, copies."""
        numbers = map(self.of.keras.ops.convert_to_numpy, self.of.values()[0])
        return dict(zip(self.of.names, map(np.array, numbers), strict=True))

    def stands(self) -> bool:
        """Whether what is not trained is still as it was."""
        return all(np.array_equal(one, other) for one, other in zip(self.others, self._beside(), strict=True))

    def changes(self, _batch: Batch) -> bool:
        """Whatever changes in a training is carried along in it."""
        return False

    def said(self, _params: Named, _rows: Batch) -> str:
        """A hash of the model, of its loss and of what is not trained, the same in another process."""
        loss = self.of.model.loss
        functions = [
            each
            for each in (loss, getattr(loss, "fn", None))
            if each is not None and hasattr(each, "__code__")
        ]
        words = [self.of.model.to_json(), without_addresses(repr(loss)), bytecode_hash(functions)]
        return hashed([*(word.encode() for word in words), *(x.tobytes() for x in self.others)])

    def __reduce__(self) -> tuple[Callable[..., KerasStepwise], tuple[bytes, Batch]]:
        with _quiet():
            model = pickle.dumps(self.of.model)
        return _made, (model, jax.tree.map(np.asarray, self._batch))

    def _beside(self) -> list[NDArray[Any]]:
        return [self.of.keras.ops.convert_to_numpy(x) for x in self.of.values()[1]]

    @contextmanager
    def _at(self, params: Named) -> Iterator[KerasTraining]:
        with self.training() as training:
            training.load({name: np.asarray(x) for name, x in params.items()})
            yield training


def _made(model: bytes, batch: Batch) -> KerasStepwise:
    """In another process: Keras is imported by its model."""
    with _quiet():
        return KerasStepwise(Compiled(pickle.loads(model), batch), batch)


@contextmanager
def _quiet() -> Iterator[None]:
    """Without NumPy's word on how Keras asks for its arrays (Keras 3.15), and Keras's on an optimizer that nobody
    needs.
    """
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="__array__ implementation", category=DeprecationWarning)
        warnings.filterwarnings("ignore", message="Skipping variable loading for optimizer")
        yield


class KerasTraining:
    """`polyak.frameworks.bridge.Training` of a compiled model."""

    def __init__(self, model: KerasStepwise) -> None:
        self._model, self._of = model, model.of
        self._tensor = model.of.keras.ops.convert_to_tensor
        self._numpy: Callable[[Any], NDArray[Any]] = lambda x: np.array(
            model.of.keras.ops.convert_to_numpy(x)
        )
        self._trained: Values = [self._tensor(self._numpy(x)) for x in model.of.values()[0]]
        self._others: Values = [self._tensor(x) for x in model.others]

    def load(self, arrays: Named, /) -> None:
        """Take them up as the backend's tensors."""
        for names, values in ((self._of.names, self._trained), (self._model.names_beside, self._others)):
            for k, name in enumerate(names):
                if name in arrays:
                    values[k] = self._tensor(np.asarray(arrays[name]))

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Every variable, the trained ones first."""
        names = (*self._of.names, *self._model.names_beside)
        return dict(zip(names, map(self._numpy, [*self._trained, *self._others]), strict=True))

    def rows(self, rows: Batch, /) -> Batch:
        """As they are: the model takes NumPy's arrays."""
        return rows

    def batches(self, rows: Batch, order: NDArray[Any], size: int, /) -> Iterator[Batch]:
        """The rows in an order, so many in a batch."""
        for k in range(0, len(order), size):
            yield jax.tree.map(lambda x: x[order[k : k + size]], rows)  # noqa: B023

    def seeded(self, seed: int, epoch: int, /) -> None:
        """The shared generators, and the state of every seed in the model."""
        number = seed_of(seed, epoch)
        seed_all(number)
        for k, variable in enumerate(self._of.others):
            if variable.name == SEED:
                state = np.array([number >> 1, k], np.asarray(self._model.others[k]).dtype)
                self._others[k] = self._tensor(state)

    def start(self, rule: Optimizer, *, compiles: bool) -> Pytree:
        """As JAX's arrays, whatever the backend."""
        self._rule, self._moved = rule, stepper(compiles=compiles)
        return started(rule, self._params())

    def kept(self, state: Pytree, /) -> Pytree:
        """As NumPy's arrays."""
        return jax.tree.map(np.array, state)

    def restored(self, kept: Pytree, /) -> Pytree:
        """As JAX's."""
        return jax.tree.map(jax.numpy.asarray, kept)

    def step(self, state: Pytree, batch: Batch, /) -> Pytree:
        """The gradient by the backend, and the rule's step by JAX."""
        with refusals("the loss"):
            grads, self._others = self._model.slope(self._trained, self._others, batch)
        named = dict(zip(self._of.names, map(self._numpy, grads), strict=True))
        params, state = self._moved(self._rule, named, state, self._params())
        self._trained = [self._tensor(np.array(params[name])) for name in self._of.names]
        return state

    def value(self, batch: Batch, /) -> NDArray[Any]:
        """The loss with all penalties, as `evaluate` gives it."""
        with refusals("the loss"), self._of.scope(self._trained, self._others):
            loss = self._of.loss(self._of.model, batch, training=False)
            return np.asarray(self._numpy(loss), np.float32).reshape(())

    def answers(self, batch: Batch, /) -> tuple[Outputs, Outputs]:
        """What the model returns to `predict`, and the targets, NumPy's arrays."""
        with refusals("the loss"), self._of.scope(self._trained, self._others):
            outputs = self._of.called(self._of.model, self._of.parts(batch)[0], training=False)
        if isinstance(outputs, list | tuple | dict):
            raise PolyakError(
                f"the outputs of {self._of.model.name} are several, expected one array to measure"
            )
        return self._numpy(outputs), np.asarray(batch[1])

    def _params(self) -> Named:
        return dict(zip(self._of.names, map(self._numpy, self._trained), strict=True))


def _loss(of: Compiled, trained: Sequence[Any], others: Sequence[Any], batch: Batch) -> tuple[Any, Values]:
    """The loss in the mode of `fit`, and what the other variables are after it."""
    with of.scope(trained, others) as scope:
        loss = of.loss(of.model, batch)
        return loss, [scope.get_current_value(v) for v in of.others]


def _slope_of(of: Compiled) -> Callable[[Values, Values, Batch], tuple[Sequence[Any], Values]]:
    """slope(trained, others, batch) -> the gradient, and the other variables after it."""
    if of.keras.config.backend() == "jax":
        slope: Callable[..., Any] = jax.jit(jax.grad(partial(_loss, of), has_aux=True))
        return slope
    import torch

    def by_torch(trained: Values, others: Values, batch: Batch) -> tuple[Sequence[Any], Values]:
        leaves = [x.detach().requires_grad_() for x in trained]
        loss, after = _loss(of, leaves, others, batch)
        parts = torch.autograd.grad(loss, leaves, allow_unused=True)
        pairs = zip(parts, leaves, strict=True)
        return [torch.zeros_like(x) if part is None else part for part, x in pairs], [
            x.detach() for x in after
        ]

    return by_torch


@contextmanager
def _one_thread() -> Iterator[None]:
    """Of torch's, where it is in use: sums in one order."""
    torch = sys.modules.get("torch")
    if torch is None:
        yield
        return
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)
