"""The optimizers of jax.example_libraries."""

from __future__ import annotations

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


class JaxStepper:
    """A function of jax.example_libraries.optimizers, whose step size is a schedule that reads the present one."""

    skips_missing, takes_pytrees = False, False

    def __init__(self, name: str, factory: Callable[..., Any], settings: Mapping[str, Any]) -> None:
        check_arguments(name, factory, settings)
        self.name, self.factory, self.settings = name, factory, settings
        self.lr: float | None = float(settings["step_size"])
        self.now = self.lr

    @in_float64
    def start(self, params: list[Array]) -> None:
        self.now, self.count = self.settings["step_size"], 0
        with refusals(self.name):
            made = self.factory(**{**self.settings, "step_size": lambda _: self.now})
            begin, self.update, self.get_params = made
            self.carry = begin([jnp.asarray(x, dtype=np.float64) for x in params])

    @in_float64
    def step(self, grads: Sequence[Array | None]) -> list[Array]:
        """`update_fun(i, grads, state)`."""
        with refusals(self.name):
            # The count as a floating number: Adam's power of a whole one would be compiled anew for each.
            self.carry = self.update(
                jnp.asarray(self.count, dtype=np.float64),
                [jnp.asarray(g, dtype=np.float64) for g in grads],
                self.carry,
            )
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
