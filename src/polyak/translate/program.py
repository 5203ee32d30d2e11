"""A recipe as lines of a framework's code, run as they are printed: the optimizer with its schedule.

The lines are our own, written from numbers that were read; what a user pasted is never run.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import numpy as np

from polyak.frameworks.framework import FRAMEWORKS
from polyak.frameworks.steppers import Array, Stepper, in_float64, refusals
from polyak.ground.types import Pytree


@dataclass(frozen=True)
class Program:
    """The lines of a recipe.

    Attributes:
        framework: whose they are, the prefix.
        optimizer: the line that makes it; of torch without its parameters.
        before: lines that stand before it.
        scheduler: the line that makes a scheduler of it; empty where there is none.
        every: after how many steps the scheduler takes one.
        lines: what is done between the gradients and the step.
        gathered: how many gradients make one step, where that is done by hand.
        groups: the groups of parameters that the line names; empty where it is of all together.
    """

    framework: str
    optimizer: str
    before: str = ""
    scheduler: str = ""
    every: int = 1
    lines: tuple[str, ...] = ()
    gathered: int = 1
    groups: tuple[str, ...] = ()

    def labels(self, count: int) -> list[str]:
        """The group of each of so many arrays, in a proof: in turn."""
        return [self.groups[k % len(self.groups)] for k in range(count)]

    def __str__(self) -> str:
        return "\n".join(filter(None, (self.before, self.optimizer, self.scheduler, *self.lines)))

    @property
    def runs(self) -> bool:
        """Whether its lines can be run here."""
        return self.framework in STEPPERS and FRAMEWORKS[self.framework].installed

    def stepper(self) -> Stepper:
        """The real optimizer, made by the lines, with its learning rate under its schedule."""
        made: Stepper = STEPPERS[self.framework](self)
        return made


def _made(line: str, names: dict[str, Any]) -> Any:  # noqa: ANN401
    """What one of our own lines makes."""
    return eval(line, names)


def _names(program: Program, **own: object) -> dict[str, Any]:
    """The names that the lines may use, those of the lines before among them."""
    names: dict[str, Any] = {"math": math, **own}
    exec(program.before, names)
    return names


def _parameters(program: Program, params: list[Any]) -> dict[str, list[Any]]:
    """The parameters by the names that the line has for them."""
    labelled = list(zip(program.labels(len(params)), params, strict=True)) if program.groups else []
    groups = {name: [x for label, x in labelled if label == name] for name in program.groups}
    return {"parameters": params, **groups}


class _Torch:
    """PyTorch's lines: the optimizer of the parameters, and a scheduler of it."""

    skips_missing, takes_pytrees, lr = True, False, None

    def __init__(self, program: Program) -> None:
        import torch

        from polyak.frameworks.torch.stepper import TorchStepper

        names = _names(program, torch=torch)
        line = program.optimizer if program.groups else program.optimizer.replace("(", "(parameters, ", 1)
        self.name, self.program = program.framework, program
        self.inner = TorchStepper(
            program.framework, lambda params: _made(line, {**names, **_parameters(program, params)}), {}
        )
        self.names = names

    def start(self, params: list[Array]) -> None:
        """The optimizer made, and its scheduler."""
        from polyak.frameworks.torch.stepper import double

        self.inner.start(params)
        self.taken, self.gathered, self.scheduler = 0, list[list[Array]](), None
        names = {**self.names, "model": SimpleNamespace(parameters=lambda: self.inner.params)}
        for line in self.program.lines:
            self.inner.optimizer.register_step_pre_hook(lambda *_, line=line: exec(line, names))
        if self.program.scheduler:
            with refusals(self.name), double():
                self.scheduler = _made(
                    self.program.scheduler, {**self.names, "optimizer": self.inner.optimizer}
                )

    def step(self, grads: Sequence[Array | None]) -> list[Array]:
        """`optimizer.step()`, then `scheduler.step()` where it is due."""
        self.gathered.append([np.asarray(g) for g in grads])
        if len(self.gathered) < self.program.gathered:
            return [x.detach().numpy().copy() for x in self.inner.params]
        summed = [np.asarray(sum(each)) / len(self.gathered) for each in zip(*self.gathered, strict=True)]
        self.gathered = []
        moved = self.inner.step(summed)
        self.taken += 1
        if self.scheduler is not None and self.taken % self.program.every == 0:
            self.scheduler.step()
        return moved

    def set_lr(self, lr: float) -> None:
        """The schedule sets it."""

    def state(self) -> Pytree:
        return self.inner.state()

    def load(self, state: Pytree) -> None:
        self.inner.load(state)


class _Optax:
    """Optax's line: one transformation of all arrays, compiled once."""

    skips_missing, takes_pytrees, lr = False, True, None

    @in_float64
    def __init__(self, program: Program) -> None:
        import jax
        import jax.numpy as jnp
        import optax

        self.name = program.framework
        with refusals(self.name):
            names = _names(program, optax=optax, jnp=jnp, jax=jax)
            names["labels"] = lambda params: program.labels(len(params))
            self.rule = _made(program.optimizer, names)
        self.update: Callable[..., Any] = jax.jit(self.rule.update)

    @in_float64
    def start(self, params: list[Array]) -> None:
        import jax
        import jax.numpy as jnp

        self.params = [jnp.asarray(x, dtype=np.float64) for x in params]
        # Optax counts in int32, and JAX divides an int32 in float32, in float64's company too.
        held = self.rule.init(self.params)
        self.held = jax.tree.map(lambda x: x.astype("int64") if x.dtype == "int32" else x, held)

    @in_float64
    def step(self, grads: Sequence[Array | None]) -> list[Array]:
        """`update`, and `apply_updates`."""
        updates, self.held = self.update([np.asarray(g) for g in grads], self.held, self.params)
        self.params = [x + u for x, u in zip(self.params, updates, strict=True)]
        return [np.array(x) for x in self.params]

    def set_lr(self, lr: float) -> None:
        """The schedule sets it."""

    def state(self) -> Pytree:
        return self.held

    def load(self, state: Pytree) -> None:
        self.held = state


class _Keras:
    """Keras's lines: an optimizer whose learning rate is a schedule, compiled as Keras's own training compiles it."""

    skips_missing, takes_pytrees, lr = False, False, None

    def __init__(self, program: Program) -> None:
        from polyak.frameworks.keras.stepper import on_jax

        self.name, self.program, self.keras = program.framework, program, on_jax()

    @in_float64
    def start(self, params: list[Array]) -> None:
        import jax

        from polyak.frameworks.keras.stepper import double

        with refusals(self.name), double(self.keras):
            names = _names(self.program, keras=self.keras, ops=self.keras.ops)
            optimizer = _made(self.program.optimizer, names)
            variables = [self.keras.Variable(x, dtype="float64") for x in params]
            optimizer.build(variables)
        self.apply: Callable[..., Any] = jax.jit(optimizer.stateless_apply)
        self.held = [each.value for each in optimizer.variables]
        self.params = [each.value for each in variables]

    @in_float64
    def step(self, grads: Sequence[Array | None]) -> list[Array]:
        """`optimizer.stateless_apply`."""
        from polyak.frameworks.keras.stepper import double

        with refusals(self.name), double(self.keras):
            self.params, self.held = self.apply(self.held, [np.asarray(g) for g in grads], self.params)
        return [np.array(x) for x in self.params]

    def set_lr(self, lr: float) -> None:
        """The schedule sets it."""

    def state(self) -> Pytree:
        return self.held

    def load(self, state: Pytree) -> None:
        self.held = state


STEPPERS: dict[str, Any] = {"torch": _Torch, "optax": _Optax, "keras": _Keras}
