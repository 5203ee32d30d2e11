"""torch: `optimizer.state_dict()`."""

from __future__ import annotations

import copy
from typing import Any

from polyak.frameworks.state_format import ADAM, Arrays, Moments, Places, fitting, in_words
from polyak.ground.errors import PolyakError
from polyak.ground.types import Pytree

expected = "optimizer.state_dict(), with 'state' and 'param_groups'"
naming = "make the optimizer of model.named_parameters()"
KEYS = {"velocity": "momentum_buffer", "mean": "exp_avg", "squares": "exp_avg_sq"}


def read(state: Pytree, family: str) -> Moments:
    """The slots in the order of the parameters; the learning rate of every group."""
    order = _order(state)
    slots = [state["state"].get(index, {}) for index in order]
    lr = tuple(dict.fromkeys(float(group["lr"]) for group in state["param_groups"]))
    wanted = ("mean", "squares") if family == ADAM else ("velocity",)
    found: dict[str, Any] = {name: _all(slots, KEYS[name]) for name in wanted}
    if family == ADAM and not found["mean"]:
        raise PolyakError("torch: the state holds no exp_avg, expected that of an Adam after a step")
    steps = tuple(int(slot["step"]) for slot in slots if "step" in slot)
    same = len({*steps}) == 1
    return Moments(
        steps[0] if same else None,
        lr=lr,
        names=_names(state),
        counts=() if same else steps,
        share=_share(state, family),
        **found,
    )


def places(state: Pytree, family: str) -> Places:
    """A fresh optimizer holds no arrays yet, and may know its parameters' names; momentum alone counts nothing."""
    slots = [state["state"].get(index, {}) for index in _order(state)]
    held = [slot.get(KEYS["mean" if family == ADAM else "velocity"]) for slot in slots]
    shapes = None if any(x is None for x in held) else tuple(tuple(x.shape) for x in held)
    return Places(_names(state), shapes, counts=family == ADAM, share=_share(state, family))


def rewritten(state: Pytree, moments: Moments, family: str) -> Pytree:
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
        counts = moments.counts or [moments.count or 0] * len(order)
        for index, count in zip(order, counts, strict=True):
            new["state"][index]["step"] = torch.tensor(float(count))
    return new


def fresh(name: str, moments: Moments, arguments: dict[str, Any]) -> Pytree:
    """The state_dict of a new optimizer."""
    import torch

    params = [torch.nn.Parameter(torch.zeros(x.shape)) for x in moments.velocity or moments.mean]
    made: Any = getattr(torch.optim, name.partition(":")[2])(params, **arguments)
    return made.state_dict()


def _order(state: Pytree) -> list[Any]:
    """The parameters' numbers, once it is seen that this is a state_dict, and none of amsgrad."""
    if not isinstance(state, dict) or not {"state", "param_groups"} <= state.keys():
        raise PolyakError(f"torch: the state is {in_words(state)}, expected {expected}")
    kept = any(slot.get("max_exp_avg_sq") is not None for slot in state["state"].values())
    if kept or any(group.get("amsgrad") for group in state["param_groups"]):
        raise PolyakError("torch: the state is of amsgrad, and is made into no other's")
    return [index for group in state["param_groups"] for index in group["params"]]


def _names(state: Pytree) -> tuple[str, ...]:
    """What `named_parameters` called them, where every group was made of it."""
    groups = state["param_groups"]
    if not all("param_names" in group for group in groups):
        return ()
    return tuple(name for group in groups for name in group["param_names"])


def _share(state: Pytree, family: str) -> float | None:
    """How much of a gradient the velocity takes in: what the dampening leaves."""
    if family == ADAM:
        return None
    shares = {1.0 - float(group.get("dampening", 0.0)) for group in state["param_groups"]}
    if len(shares) > 1:
        raise PolyakError(f"torch: groups with dampenings of their own, {len(shares)} of them, expected one")
    return shares.pop()


def _all(slots: list[dict[str, Any]], key: str) -> Arrays:
    held: list[Any] = [slot.get(key) for slot in slots]
    if all(x is None for x in held):
        return ()
    if any(x is None for x in held):
        raise PolyakError(f"torch: some parameters have a {key} and some have none, expected all or none")
    return tuple(x.detach().cpu().numpy().copy() for x in held)
