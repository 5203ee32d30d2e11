"""torch.optim's optimizers, and those that `to_torch` makes, as they are in the middle of training."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from polyak.frameworks.arguments_to_rule import read
from polyak.frameworks.bridge import Bridge
from polyak.frameworks.catalogue import find
from polyak.frameworks.reading import Part, Reading, part_of
from polyak.frameworks.spelling import Meaning, Spelling
from polyak.frameworks.torch.export.optimizer import RuleOptimizer
from polyak.ground.errors import PolyakError
from polyak.ground.types import Pytree

SLOTS = {  # ours: torch's, the first of them that is there; amsgrad divides by its largest square so far
    "squares": ("max_exp_avg_sq", "exp_avg_sq", "square_avg", "sum"),
    "mean": ("exp_avg", "grad_avg"),
    "velocity": ("momentum_buffer",),
    "t": ("step",),
    "momentum_product": ("mu_product",),
}
ONE_FOR_ALL = ("t", "momentum_product")
NOT_SETTINGS = ("params", "param_names", "initial_lr")

Group = dict[str, Any]


def reading(optimizer: object, state: Pytree, bridge: Bridge) -> Reading | None:
    """A torch optimizer by its class, its param groups and its state."""
    if not isinstance(optimizer, torch.optim.Optimizer):
        return None
    _refuse(optimizer, type(optimizer).__name__, state, bridge)
    return read_off(optimizer, bridge, states=True)


def read_off(optimizer: torch.optim.Optimizer, bridge: Bridge, *, states: bool) -> Reading:
    """Its rules with their settings, and the moments with them or left where they are."""
    label = type(optimizer).__name__
    trained = _trained(optimizer, bridge)
    parts, steps = [], 0
    for group in optimizer.param_groups:
        for count, members in _by_steps(optimizer, [x for x in group["params"] if id(x) in trained]):
            arrays = tuple(trained[id(x)] for x in members)
            parts.append(_part(optimizer, group, members, arrays, states=states))
            steps = max(steps, count)
    return Reading(f"torch's {label}" if _spelled(optimizer) else label, tuple(parts), steps or None)


def _trained(optimizer: torch.optim.Optimizer, bridge: Bridge) -> dict[int, int]:
    """Which of the model's arrays each tensor is, by the tensor's identity; none of those that are frozen."""
    tensors = [x for group in optimizer.param_groups for x in group["params"]]
    places = bridge.places(tensors)
    return {id(x): place for x, place in zip(tensors, places, strict=True) if place is not None}


def _refuse(optimizer: torch.optim.Optimizer, label: str, state: Pytree, bridge: Bridge) -> None:
    """Refuse what cannot be this model's, and what no rule of ours is, before it is asked whose parameters it moves."""
    if state is not None:
        raise PolyakError(
            f"{label} holds its own state, expected state= for an Optax optimizer or a rule alone"
        )
    if bridge.framework == "jax":
        raise PolyakError(
            f"{label} is a torch optimizer, and the model is one of JAX: expected one of its parameters"
        )
    if not isinstance(optimizer, RuleOptimizer):
        for group in optimizer.param_groups:
            _meaning(optimizer, group)


def _spelled(optimizer: torch.optim.Optimizer) -> bool:
    return type(optimizer).__module__.startswith("torch.optim")


def _by_steps(
    optimizer: torch.optim.Optimizer, tensors: Iterable[torch.Tensor]
) -> list[tuple[int, list[torch.Tensor]]]:
    """The tensors that have taken the same number of steps together; 0 for those whose state does not say."""
    found: dict[int, list[torch.Tensor]] = {}
    for x in tensors:
        held = optimizer.state.get(x, {})
        found.setdefault(int(held.get("step", held.get("t", 0))), []).append(x)
    return list(found.items())


def _part(
    optimizer: torch.optim.Optimizer,
    group: Group,
    tensors: list[torch.Tensor],
    arrays: tuple[int, ...],
    *,
    states: bool,
) -> Part:
    n = sum(x.numel() for x in tensors)
    names: dict[str, tuple[str, ...]]
    held = [optimizer.state.get(x, {}) for x in tensors]
    lr = float(group["lr"]) if "lr" in group else 0.0
    if isinstance(optimizer, RuleOptimizer):
        meaning = Meaning(optimizer._rule_of(group), maximize=bool(group["maximize"]))
        names = {str(name): (str(name),) for name in held[0]}
    else:
        meaning, names = _meaning(optimizer, group), SLOTS
    slots = None
    if states:
        slots = {
            ours: value for ours, theirs in names.items() if (value := _slot(held, theirs, ours)) is not None
        }
    return part_of(meaning, arrays, slots, n, lr=lr, took=all(held))


def _meaning(optimizer: torch.optim.Optimizer, group: Group) -> Meaning:
    """What a class of torch's means with a group's settings; a PolyakError for another's class."""
    kind = type(optimizer)
    if not _spelled(optimizer):
        raise PolyakError(
            f"{kind.__name__} of {kind.__module__} is no optimizer of torch's own, and its rule is not known: give the "
            "rule, or an Optax optimizer with its state"
        )
    spelling: Spelling = find(f"torch:{kind.__name__}")
    given = {key: _number(value) for key, value in group.items() if key in spelling.defaults}
    given.pop("amsgrad", None)  # another square to divide by, which is held here as any
    return read(spelling, given)


def _number(value: object) -> object:
    """A setting as it would be typed: learning rates and betas may be tensors."""
    if isinstance(value, torch.Tensor):
        return value.item()
    if isinstance(value, tuple | list):
        return tuple(_number(each) for each in value)
    return value


def _slot(held: list[dict[str, Any]], names: tuple[str, ...], ours: str) -> NDArray[np.float64] | None:
    """A slot of all the tensors as one vector, or the number that all have; None where one has none."""
    for name in names:
        values = [each.get(name) for each in held]
        if values and all(value is not None for value in values):
            if ours in ONE_FOR_ALL:
                return np.asarray(values[0], dtype=np.float64)
            tensors = [torch.as_tensor(value).detach().reshape(-1) for value in values]
            whole, start = np.empty(sum(x.numel() for x in tensors)), 0
            for x in tensors:  # one after the other, so that no second copy is held
                whole[start : start + x.numel()] = x.double().cpu().numpy()
                start += x.numel()
            return whole
    return None
