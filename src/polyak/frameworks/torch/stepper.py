"""PyTorch's optimizers: `torch.optim`, and any class that is one."""

from __future__ import annotations

import copy
import dataclasses
import inspect
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, cast

import numpy as np
import torch

from polyak.frameworks.candidate import Candidate, inner, takes_params_first
from polyak.frameworks.steppers import Array, Asked, check_arguments, refusals
from polyak.frameworks.torch.export.optimizer import Export
from polyak.frameworks.torch.ways import Way
from polyak.ground.errors import PolyakError

KIND = "optimizer of torch"
Factory = Callable[..., Any]  # of the parameters, and of settings by name


def factories() -> dict[str, Factory]:
    """The classes of `torch.optim`."""
    return {name: value for name, value in vars(torch.optim).items() if is_optimizer(value)}


def candidate(optimizer: object, label: str) -> Candidate | None:
    """A class of torch's optimizers, a partial of one, what `to_torch` returns, or an optimizer that is made."""
    if isinstance(optimizer, torch.optim.Optimizer):
        cls = type(optimizer)
        takes = inspect.signature(cls).parameters
        own = {key: value for key, value in optimizer.defaults.items() if key in takes}
        return Candidate(optimizer, label, lambda given: TorchStepper(label, cls, {**own, **given}), (), True)
    target = inner(optimizer)
    if takes_params_first(target):
        found = Candidate.of_factory(cast("Factory", optimizer), label, TorchStepper)
        return dataclasses.replace(found, takes=_but_the_first(found.takes, target))
    if not (is_optimizer(target) or isinstance(target, Export)):
        return None
    made = Candidate.of_factory(cast("Factory", optimizer), label, TorchStepper)
    if isinstance(target, Export):
        return dataclasses.replace(made, takes=(*target.rule.settings(), "maximize"))
    return made


def _but_the_first(takes: tuple[str, ...] | None, factory: object) -> tuple[str, ...] | None:
    first = next(iter(inspect.signature(cast("Factory", factory)).parameters))
    return None if takes is None else tuple(name for name in takes if name != first)


def is_optimizer(value: object) -> bool:
    """Whether a value is a class of optimizers."""
    return (
        isinstance(value, type)
        and issubclass(value, torch.optim.Optimizer)
        and value is not torch.optim.Optimizer
    )


class TorchStepper:
    """A class (or any function of the parameters and the settings) that makes a torch.optim.Optimizer."""

    skips_missing, takes_pytrees = True, False
    asked: Asked | None = None  # what a step may ask: set before each by whoever knows the problem

    def __init__(self, name: str, factory: Factory, settings: Mapping[str, Any]) -> None:
        check_arguments(name, factory, settings, given=1)
        self.name, self.factory, self.settings = name, factory, settings
        # An optimizer in the making refuses bad values now, not in mid-run.
        lr = self._tried().param_groups[0].get("lr")
        self.lr = None if lr is None else float(lr)

    def _tried(self) -> torch.optim.Optimizer:
        """One of a vector, or of a matrix where it takes no vectors."""
        vector, matrix = (torch.nn.Parameter(torch.zeros(shape).double()) for shape in ((2,), (2, 2)))
        try:
            return self._made([vector])
        except PolyakError as refusal:
            try:
                return self._made([matrix])
            except PolyakError:
                raise refusal from None

    def _made(self, params: list[torch.nn.Parameter]) -> torch.optim.Optimizer:
        with refusals(self.name), double():
            made = self.factory(params, **self.settings)
        if not isinstance(made, torch.optim.Optimizer):
            raise PolyakError(f"{self.name} makes no torch.optim.Optimizer")
        return made

    def start(self, params: list[Array]) -> None:
        self.params = [torch.nn.Parameter(_tensor(x)) for x in params]
        self.optimizer = self._made(self.params)
        self.way = Way(self.optimizer)

    def step(self, grads: Sequence[Array | None]) -> list[Array]:
        """`optimizer.step()` with these gradients in the parameters."""
        for x, g in zip(self.params, grads, strict=True):
            x.grad = None if g is None else _tensor(g)
        own = isinstance(self.optimizer, torch.optim.Muon)
        with refusals(self.name), double(own=own):
            self.way.step(self.params, self.asked)
        return [x.detach().numpy().copy() for x in self.params]

    def set_lr(self, lr: float) -> None:
        """The learning rate in every param group, as a scheduler sets it."""
        if self.lr is None:
            raise PolyakError(f"{self.name} keeps no lr in its param groups")
        for group in self.optimizer.param_groups:
            group["lr"] = lr

    def state(self) -> dict[str, Any]:
        return copy.deepcopy(self.optimizer.state_dict())

    def load(self, state: dict[str, Any]) -> None:
        with refusals(self.name):
            self.optimizer.load_state_dict(copy.deepcopy(state))


def _tensor(x: Array) -> torch.Tensor:
    """A copy, which lies in memory as the array does."""
    return torch.from_numpy(np.array(x, dtype=np.float64))


@contextmanager
def double(*, own: bool = False) -> Iterator[None]:
    """PyTorch keeps some of its scalars, such as NAdam's product of momenta, in its default dtype.

    PyTorch's `own` Muon casts what it is given to bfloat16: for the time of its step, what is float64 stays so.
    """
    before, cast = torch.get_default_dtype(), torch.Tensor.bfloat16
    torch.set_default_dtype(torch.float64)
    if own:
        torch.Tensor.bfloat16 = lambda self: self.clone() if self.dtype == torch.float64 else cast(self)
    try:
        yield
    finally:
        torch.Tensor.bfloat16 = cast
        torch.set_default_dtype(before)
