"""Keras 3's optimizers, on its JAX backend, in float64."""

from __future__ import annotations

import functools
import inspect
import os
import sys
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from types import ModuleType
from typing import Any, Protocol, cast

import numpy as np

from polyak.frameworks.candidate import Candidate
from polyak.frameworks.steppers import Array, check_arguments, in_float64, refusals
from polyak.ground.errors import PolyakError

KIND, BACKEND = "optimizer of keras", "jax"
EAGER = 16  # steps: what Keras does at each takes milliseconds, compiling it as long as so many of them
Known = tuple[Callable[..., Any], tuple[tuple[str, Any], ...], tuple[tuple[int, ...], ...]]
_compiled = set[Known]()  # what is compiled already, on whose programs no step need be waited for
Factory = Callable[..., Any]
Program = Callable[..., tuple[list[Any], list[Any]]]
Shapes = tuple[tuple[int, ...], ...]


class Configured(Protocol):
    """What has a configuration: every optimizer of Keras's."""

    def get_config(self) -> dict[str, Any]:
        """Its arguments."""


def on_jax() -> ModuleType:
    """The module keras, on its JAX backend.

    A backend is chosen once in a process, at Keras's import: one that the user chose is left alone. Raises
    PolyakError where it is another.
    """
    chosen = os.environ.get("KERAS_BACKEND") or BACKEND
    if "keras" in sys.modules:
        chosen = sys.modules["keras"].config.backend()
    if chosen != BACKEND:
        raise PolyakError(
            f"Keras is on its {chosen} backend here, and is run on jax only: set KERAS_BACKEND=jax before Keras is"
            " imported, in a process of its own if need be"
        )
    if "keras" in sys.modules:
        return sys.modules["keras"]
    before = os.environ.get("KERAS_BACKEND")
    os.environ["KERAS_BACKEND"] = BACKEND
    try:
        import keras
    finally:
        if before is None:
            del os.environ["KERAS_BACKEND"]
    return cast("ModuleType", keras)


def factories() -> dict[str, Factory]:
    """The classes of `keras.optimizers`."""
    return {name: value for name, value in vars(on_jax().optimizers).items() if is_optimizer(value)}


def candidate(optimizer: object, label: str) -> Candidate | None:
    """A class of Keras's optimizers, or one that is made."""
    if isinstance(optimizer, on_jax().optimizers.Optimizer):
        cls = type(optimizer)
        takes = inspect.signature(cls).parameters
        own = {
            key: value for key, value in configuration(optimizer).items() if key in takes and key != "name"
        }
        return Candidate(optimizer, label, lambda given: KerasStepper(label, cls, {**own, **given}), (), True)
    if is_optimizer(optimizer):
        return Candidate.of_factory(cast("Factory", optimizer), label, KerasStepper)
    return None


def is_optimizer(value: object) -> bool:
    """Whether a value is a class of Keras's optimizers."""
    optimizers = on_jax().optimizers
    return (
        isinstance(value, type)
        and issubclass(value, optimizers.Optimizer)
        and value is not optimizers.Optimizer
    )


@functools.lru_cache(maxsize=16)
def compiled(factory: Factory, settings: tuple[tuple[str, Any], ...], shapes: Shapes) -> Program:
    """A class's step on arrays of these shapes: (its variables, gradients, parameters) -> (parameters, variables).

    The learning rate is one of its variables.
    """
    from polyak.ground.compiled import quickly

    _compiled.add((factory, settings, shapes))
    made = factory(**dict(settings))
    made.build([on_jax().Variable(np.zeros(shape), dtype="float64") for shape in shapes])
    return quickly(made.stateless_apply)


class KerasStepper:
    """A class that makes a keras.optimizers.Optimizer."""

    skips_missing, takes_pytrees = True, False

    def __init__(self, name: str, factory: Factory, settings: Mapping[str, Any]) -> None:
        check_arguments(name, factory, settings, all_named=factory.__module__.startswith("keras."))
        self.name, self.factory, self.settings, self.keras = name, factory, settings, on_jax()
        self.lr = self._first_lr()

    @in_float64
    def _first_lr(self) -> float | None:
        with refusals(self.name), double(self.keras):
            return float(np.asarray(self.factory(**self.settings).learning_rate))

    @in_float64
    def start(self, params: list[Array]) -> None:
        with refusals(self.name), double(self.keras):
            self.params = [self.keras.Variable(x, dtype="float64") for x in params]
            self.optimizer = self.factory(**self.settings)
            self.optimizer.build(self.params)
        self.taken = 0

    @in_float64
    def step(self, grads: Sequence[Array | None]) -> list[Array]:
        """`optimizer.apply(grads, params)`; on a long way compiled, as in Keras's own `fit`."""
        with refusals(self.name), double(self.keras), warnings.catch_warnings():
            warnings.filterwarnings("ignore", message="Gradients do not exist")
            if any(g is not None for g in grads):  # with none at all Keras refuses
                self.taken += 1
                program = self._program(grads)
                if program is None:
                    given = [None if g is None else self._tensor(g) for g in grads]
                    self.optimizer.apply(given, self.params)
                else:
                    self._run(program, grads)
        return [np.array(x.value) for x in self.params]

    def _tensor(self, x: Array) -> object:
        return self.keras.ops.convert_to_tensor(x, dtype="float64")

    def _program(self, grads: Sequence[Array | None]) -> Program | None:
        """The step compiled; None where it is not: another's class may do what cannot be, or settings be functions."""
        plain = all(isinstance(value, float | int | str | None) for value in self.settings.values())
        if not plain or not self.factory.__module__.startswith("keras.") or any(g is None for g in grads):
            return None
        shapes = tuple(tuple(x.shape) for x in self.params)
        known = self.factory, tuple(sorted(self.settings.items())), shapes
        return compiled(*known) if self.taken > EAGER or known in _compiled else None

    def _run(self, program: Program, grads: Sequence[Array | None]) -> None:
        """One step of what is compiled, the variables as they stand given and taken back."""
        own = self.optimizer.variables
        kept = [variable.value for variable in own], list(grads), [x.value for x in self.params]
        for variables, values in zip((self.params, own), program(*kept), strict=True):
            for variable, value in zip(variables, values, strict=True):
                variable.assign(value)

    @in_float64
    def set_lr(self, lr: float) -> None:
        self.optimizer.learning_rate = lr

    @in_float64
    def state(self) -> dict[str, Any]:
        """What `save_own_variables` stores: every variable of the optimizer by its number."""
        store: dict[str, Any] = {}
        with warnings.catch_warnings():
            warnings.filterwarnings(
                "ignore", "__array__", DeprecationWarning
            )  # Keras's own variables and NumPy 2
            self.optimizer.save_own_variables(store)
        return {key: np.array(value) for key, value in store.items()}

    @in_float64
    def load(self, state: dict[str, Any]) -> None:
        with refusals(self.name):
            self.optimizer.load_own_variables(state)


def configuration(optimizer: Configured) -> dict[str, Any]:
    """What an optimizer was made with; the learning rate, which Keras rounds to its default dtype, as it was typed."""
    with quiet():
        config = optimizer.get_config()
    rate = config["learning_rate"]
    if isinstance(rate, float) and np.float32(rate) == rate:
        config["learning_rate"] = float(str(np.float32(rate)))
    return config


@contextmanager
def quiet() -> Iterator[None]:
    """Keras's variables are not yet what NumPy 2 expects, and say so."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "__array__", DeprecationWarning)
        yield


@contextmanager
def double(keras: ModuleType) -> Iterator[None]:
    """Keras keeps its learning rate in its default dtype."""
    before = keras.config.floatx()
    keras.config.set_floatx("float64")
    try:
        yield
    finally:
        keras.config.set_floatx(before)
