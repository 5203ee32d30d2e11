"""The optimizers of jax.example_libraries."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import jax.numpy as jnp
import numpy as np
from jax.example_libraries import optimizers

from polyak.frameworks.candidate import Candidate
from polyak.frameworks.steppers import Array, check_arguments, in_float64, refusals

NAMES = ("sgd", "momentum", "nesterov", "adagrad", "rmsprop", "rmsprop_momentum", "adam", "adamax", "sm3")
KIND = "optimizer of jax.example_libraries"


def factories() -> dict[str, Callable[..., Any]]:
    """The functions of jax.example_libraries.optimizers."""
    return {name: getattr(optimizers, name) for name in NAMES}


def candidate(optimizer: object, label: str) -> Candidate | None:
    """One of these functions."""
    return Candidate.one_of(factories(), optimizer, label, JaxStepper)


@functools.lru_cache(maxsize=8)
def compiled(
    factory: Callable[..., Any], settings: tuple[tuple[str, Any], ...]
) -> Callable[..., optimizers.OptimizerState]:
    """Its step, compiled once for each shape: (step size, count, gradients, state) -> state."""
    from polyak.ground.compiled import quickly

    def update(lr: Array, count: Array, grads: list[Array], carry: optimizers.OptimizerState) -> Any:  # noqa: ANN401
        return factory(**dict(settings), step_size=lambda _: lr)[1](count, grads, carry)

    return quickly(update)


class JaxStepper:
    """A function of jax.example_libraries.optimizers, compiled; its step size is a schedule that says today's."""

    skips_missing, takes_pytrees = False, False

    def __init__(self, name: str, factory: Callable[..., Any], settings: Mapping[str, Any]) -> None:
        check_arguments(name, factory, settings)
        self.name, self.factory, self.settings = name, factory, settings
        self.lr: float | None = float(settings["step_size"])
        self.now = self.lr
        self.others = tuple((key, value) for key, value in settings.items() if key != "step_size")

    @in_float64
    def start(self, params: list[Array]) -> None:
        self.now, self.count = self.settings["step_size"], 0
        with refusals(self.name):
            begin, _, self.get_params = self.factory(**self.settings)
            self.carry = begin([jnp.asarray(x, dtype=np.float64) for x in params])

    @in_float64
    def step(self, grads: Sequence[Array | None]) -> list[Array]:
        """`update_fun(i, grads, state)`."""
        with refusals(self.name):
            # The count as a floating number: Adam's power of a whole one would be compiled anew for each.
            count, lr = np.float64(self.count), np.float64(self.now)
            self.carry = compiled(self.factory, self.others)(lr, count, list(grads), self.carry)
        self.count += 1
        return [np.array(x) for x in self.get_params(self.carry)]

    def set_lr(self, lr: float) -> None:
        """The step size from here on."""
        self.now = lr

    def state(self) -> tuple[int, optimizers.OptimizerState]:
        """The step's number, and the optimizer's state, in which it keeps the parameters too."""
        return self.count, self.carry

    def load(self, state: tuple[int, optimizers.OptimizerState]) -> None:
        self.count, self.carry = state
