"""torch: `optimizer.state_dict()`."""

from __future__ import annotations

import copy
from typing import Any

from polyak.conventions.states.moments import ADAM, Moments, fitting, in_words
from polyak.errors import PolyakError

expected = "optimizer.state_dict(), with 'state' and 'param_groups'"
KEYS = {"velocity": "momentum_buffer", "mean": "exp_avg", "squares": "exp_avg_sq"}


def read(state: Any, family: str) -> Moments:
    """The slots in the order of the parameters; the learning rate of every group."""
    if not isinstance(state, dict) or not {"state", "param_groups"} <= state.keys():
        raise PolyakError(f"torch: the state is {in_words(state)}, expected {expected}")
    slots = [state["state"].get(index, {}) for index in _order(state)]
    if any(slot.get("max_exp_avg_sq") is not None for slot in slots):
        raise PolyakError("torch: the state is of amsgrad, and is made into no other's")
    steps = {int(slot["step"]) for slot in slots if "step" in slot}
    if len(steps) > 1:
        raise PolyakError(
            f"torch: the parameters have taken {sorted(steps)} steps, expected one number for all"
        )
    lr = tuple(dict.fromkeys(float(group["lr"]) for group in state["param_groups"]))
    wanted = ("mean", "squares") if family == ADAM else ("velocity",)
    found = {name: _all(slots, KEYS[name]) for name in wanted}
    if family == ADAM and not found["mean"]:
        raise PolyakError("torch: the state holds no exp_avg, expected that of an Adam after a step")
    return Moments(steps.pop() if steps else None, lr=lr, **found)


def rewritten(state: Any, moments: Moments, family: str) -> Any:
    """The state_dict with these slots, its groups as they are."""
    import torch

    order = _order(state)
    new = {**state, "state": copy.deepcopy(state["state"])}
    for name, key in KEYS.items():
        values = getattr(moments, name)
        if values and len(values) != len(order):
            raise PolyakError(f"torch: the slots of {len(values)} arrays, for {len(order)} parameters")
        for index, value in zip(order, values, strict=False):
            slot = new["state"].setdefault(index, {})
            if slot.get(key) is not None:
                (value,) = fitting("torch", [value], [slot[key].detach().cpu()])  # noqa: PLW2901
            slot[key] = torch.tensor(value)
            if family == ADAM:
                slot["step"] = torch.tensor(float(moments.count or 0))
    return new


def fresh(name: str, moments: Moments, arguments: dict[str, Any]) -> Any:
    """The state_dict of a new optimizer."""
    import torch

    params = [torch.nn.Parameter(torch.zeros(x.shape)) for x in moments.velocity or moments.mean]
    made: Any = getattr(torch.optim, name.partition(":")[2])(params, **arguments)
    return made.state_dict()


def _order(state: Any) -> list[Any]:
    return [index for group in state["param_groups"] for index in group["params"]]


def _all(slots: list[Any], key: str) -> Any:
    held = [slot.get(key) for slot in slots]
    if all(x is None for x in held):
        return ()
    if any(x is None for x in held):
        raise PolyakError(f"torch: some parameters have a {key} and some have none, expected all or none")
    return tuple(x.detach().cpu().numpy().copy() for x in held)
