"""A torch training as it is now: views of its tensors, its optimizer's state by our names, its modules' modes."""

from __future__ import annotations

import math
from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch.utils import _pytree

from polyak.frameworks.bridge import Batch, Bridge
from polyak.frameworks.live import Arrays
from polyak.frameworks.reading import Reading
from polyak.frameworks.torch.bridge import TorchBridge
from polyak.frameworks.torch.export.optimizer import RuleOptimizer
from polyak.frameworks.torch.reading import ONE_FOR_ALL, SLOTS, read_off, reading
from polyak.frameworks.torch.some_rows import SomeRows
from polyak.ground.errors import PolyakError
from polyak.ground.types import Pytree

ENTRIES = 8  # of all parameters, by which it is told whether they moved


def live(optimizer: object, bridge: Bridge) -> TorchLive | None:
    """Of a torch.optim optimizer on a torch model; None for others."""
    if not isinstance(optimizer, torch.optim.Optimizer) or bridge.framework != "torch":
        return None
    assert isinstance(bridge, TorchBridge)
    bridge.places([x for group in optimizer.param_groups for x in group["params"]])
    return TorchLive(optimizer, bridge)


class TorchLive:
    """`polyak.frameworks.live.Live` of a torch optimizer and the model whose parameters it moves."""

    holds = True

    def __init__(self, optimizer: torch.optim.Optimizer, bridge: TorchBridge) -> None:
        self.optimizer, self.bridge = optimizer, bridge
        self.tensors = bridge._layout.tensors
        self.ours = isinstance(optimizer, RuleOptimizer)
        self.kind = type(optimizer).__name__
        self.label = self.kind if self.ours else f"torch's {self.kind}"
        self.dtypes = tuple(str(x.dtype).removeprefix("torch.") for x in self.tensors)
        self._some = SomeRows(bridge)
        filled = [x for x in self.tensors if x.numel()]
        self._few = filled[:: max(1, len(filled) // ENTRIES)][:ENTRIES]
        self._where: list[int] = []
        self._entries: list[torch.Tensor] = []
        self._steps, self._moved = 0, self._sampled()
        self._hook = optimizer.register_step_post_hook(self._after)

    def _after(self, *_: object) -> None:
        self._steps += 1

    def given(self, params: Pytree, state: Pytree) -> None:
        """Nothing: torch holds both."""
        if params is not None or state is not None:
            raise PolyakError("a torch model holds its parameters and its optimizer: expected step(batch)")

    def here(self) -> AbstractContextManager[None]:
        """The model's tensors are today's."""
        return nullcontext()

    def reading(self) -> Reading:
        """Of the optimizer."""
        found = reading(self.optimizer, None, self.bridge)
        assert found is not None
        return found

    def rules(self) -> Reading:
        """Of the optimizer."""
        return read_off(self.optimizer, self.bridge, states=False)

    def part_of(self, batch: Batch, rows: int, /) -> Batch:
        """The first rows, where the loss is a mean over rows that do not know of one another."""
        return self._some.of(batch, rows)

    def close(self) -> None:
        """Leave the optimizer as it was."""
        self._hook.remove()

    def stepped(self) -> bool:
        """Whether the optimizer has taken a step since this was last asked.

        Raises PolyakError where it never has, and where the parameters moved without it.
        """
        before, now, steps = self._moved, self._sampled(), self._steps
        self._moved, self._steps = now, 0
        if steps:
            self._ever = True
        elif not self._ever:
            raise PolyakError(
                "the watched optimizer has taken no step yet: expected step(batch) after backward() and its step()"
            )
        elif before != now:
            raise PolyakError(
                "the parameters moved without a step of the watched optimizer: was it replaced?"
            )
        return bool(steps)

    _ever = False

    def _sampled(self) -> tuple[object, ...]:
        """An entry of some tensors, from the middle of each: few, for this is looked at at every step; nan as None."""
        if self._where != (where := [x.data_ptr() for x in self._few]):  # at first, and on another device
            flat = [x.detach().reshape(-1) for x in self._few]
            self._where, self._entries = where, [x[len(x) // 2] for x in flat]
        values = [x.item() for x in self._entries]
        return tuple(None if math.isnan(value) else value for value in values)

    @property
    def lr_in_velocity(self) -> bool:
        """Whether the velocity holds the learning rate: never torch's own."""
        if not self.ours:
            return False
        rule = self.optimizer._rule_of(self.optimizer.param_groups[0])
        return bool(getattr(rule, "lr_in_velocity", False))

    def numbers(self) -> tuple[float, ...]:
        """All groups' numbers, to tell whether one has changed."""
        return tuple(
            float(value)
            for group in self.optimizer.param_groups
            for value in group.values()
            if isinstance(value, int | float)
        )

    def parameters(self) -> Arrays:
        """Views on a CPU, in the order of the bridge's names; half precision as float32."""
        return tuple(_numpy(x) for x in self.tensors)

    def gradients(self) -> Arrays | None:
        """Each tensor's `.grad`; None where one has none."""
        found = [x.grad for x in self.tensors]
        return None if any(g is None for g in found) else tuple(_numpy(g) for g in found)

    def slots(self) -> Mapping[str, Arrays]:
        """Of those that every tensor has; a count is an array of one number."""
        held = [self.optimizer.state.get(x, {}) for x in self.tensors]
        names = {str(name): (str(name),) for name in held[0]} if self.ours else SLOTS
        found = {}
        for name, theirs in names.items():
            values = [_first_of(each, theirs) for each in held]
            if values and all(value is not None for value in values):
                found[name] = tuple(_numpy(torch.as_tensor(value)) for value in values)
        return found

    def settings(self) -> Mapping[str, float]:
        """The first group's; betas under our names, and beta1 as the momentum too."""
        group = self.optimizer.param_groups[0]
        found = {
            name: float(value)
            for name, value in group.items()
            if isinstance(value, int | float) and not isinstance(value, bool)
        }
        if "betas" in group:
            found["beta1"], found["beta2"] = (float(beta) for beta in group["betas"])
        if "beta1" in found:
            found.setdefault("momentum", found["beta1"])
        return found

    def modes(self) -> Mapping[str, bool]:
        """Of each module by its name."""
        return {name: each.training for name, each in self.bridge.net.named_modules()}

    def count(self) -> float:
        """The optimizer's own count of steps; nan where it keeps none."""
        held = self.optimizer.state.get(self.tensors[0], {})
        return float(next((held[name] for name in ("step", *ONE_FOR_ALL) if name in held), np.nan))

    def batch_numbers(self, batch: object) -> tuple[float, bool]:
        """The mean size of a batch's real numbers, and whether all are finite."""
        plain = isinstance(batch, tuple | list) and all(isinstance(x, torch.Tensor) for x in batch)
        leaves = list(batch) if plain and isinstance(batch, tuple | list) else _pytree.tree_leaves(batch)
        real = [x for x in leaves if isinstance(x, torch.Tensor) and x.is_floating_point()]
        count = sum(x.numel() for x in real)
        if not count:
            return np.nan, True
        size = sum(float(torch.linalg.vector_norm(x.detach(), 1, dtype=torch.float64)) for x in real)
        return size / count, math.isfinite(size)


def _first_of(state: Mapping[str, Any], names: tuple[str, ...]) -> Any:  # noqa: ANN401 - whatever torch holds
    """What an optimizer holds under the first of some names that is there; None where none is."""
    return next((state[name] for name in names if state.get(name) is not None), None)


def _numpy(x: torch.Tensor) -> NDArray[np.floating[Any]]:
    x = x.detach()
    x = x.float() if x.dtype in (torch.float16, torch.bfloat16) else x
    found: NDArray[np.floating[Any]] = x.cpu().numpy()
    return found
