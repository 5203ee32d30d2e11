"""torch: `optimizer.state_dict()`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from polyak.frameworks.state_families import Family
from polyak.frameworks.state_format import (
    Arrays,
    Moments,
    Places,
    fitting,
    in_common,
    in_words,
    owned,
    settled,
)
from polyak.ground.errors import PolyakError
from polyak.ground.types import Pytree

if TYPE_CHECKING:
    import torch

expected = "optimizer.state_dict(), with 'state' and 'param_groups'"
naming = "make the optimizer of model.named_parameters()"
KEYS = {  # what a slot is called in torch, by the family
    "momentum": {"velocity": "momentum_buffer"},
    "Adam": {"mean": "exp_avg", "squares": "exp_avg_sq", "largest": "max_exp_avg_sq"},
    "NAdam": {"mean": "exp_avg", "squares": "exp_avg_sq"},
    "RMSprop": {"squares": "square_avg", "velocity": "momentum_buffer", "mean": "grad_avg"},
    "Adagrad": {"squares": "sum"},
    "Adadelta": {"squares": "square_avg", "step_squares": "acc_delta"},
}
SETTINGS = {  # of a group: whether it has a slot
    "Adam": {"largest": "amsgrad"},
    "RMSprop": {"velocity": "momentum", "mean": "centered"},
}
PRODUCT = "mu_product"
Slot = dict[str, Any]


def held(state: Pytree, family: Family) -> tuple[str, ...] | None:
    """What the groups' settings say."""
    _order(state)
    told = list[str]()
    for name in KEYS.get(family.name, ()):
        setting = SETTINGS.get(family.name, {}).get(name)
        has = {bool(group.get(setting)) if setting else True for group in state["param_groups"]}
        if len(has) > 1:
            raise PolyakError(f"torch: some groups have {setting} and some have none, expected one kind")
        told += [name] if has == {True} else []
    return tuple(told)


def read(state: Pytree, family: Family) -> Moments:
    """The slots in the order of the parameters; the learning rate of every group."""
    order = _order(state)
    slots = [state["state"].get(index, {}) for index in order]
    arrays: dict[str, Any] = _arrays(slots, order, family)
    count, counts = in_common([int(slot["step"]) if "step" in slot else None for slot in slots])
    return Moments(
        count,
        lr=tuple(dict.fromkeys(float(group["lr"]) for group in state["param_groups"])),
        names=_names(state),
        counts=counts,
        products=tuple(float(slot.get(PRODUCT, 1.0)) for slot in slots) if family.product else (),
        share=_share(state, family),
        **arrays,
    )


def places(state: Pytree, family: Family) -> Places:
    """A fresh optimizer holds no arrays yet, and may know its parameters' names; momentum alone counts nothing."""
    slots = [state["state"].get(index, {}) for index in _order(state)]
    kept = [
        next((slot[key] for key in _keys(family).values() if slot.get(key) is not None), None)
        for slot in slots
    ]
    known = [tuple(x.shape) for x in kept if x is not None]
    shapes = tuple(known) if len(known) == len(kept) else None
    settled("torch", family, family.slots if family.optional else held(state, family) or ())
    return Places(
        _names(state),
        shapes,
        counts=family.name != "momentum",
        share=_share(state, family),
        corrected=False,
        starts=True,
    )


def rewritten(state: Pytree, moments: Moments, family: Family) -> Pytree:
    """The state_dict with these slots, its groups as they are; an array without a step has no state."""
    order, keys = _order(state), _keys(family)
    new: dict[Any, Slot] = {index: dict(slot) for index, slot in state["state"].items()}
    names = [name for name in moments.held if name in keys]
    for name in names:
        values = getattr(moments, name)
        if len(values) != len(order):
            raise PolyakError(f"torch: the slots of {len(values)} arrays, for {len(order)} parameters")
        for index, value in zip(order, values, strict=True):
            if value is None:
                new.pop(index, None)
                continue
            slot = new.setdefault(index, {})
            old = slot.get(keys[name])
            slot[keys[name]] = as_tensor(
                value if old is None else fitting("torch", [value], [as_array(old)])[0]
            )
    if family.name != "momentum":
        _counted(new, order, moments, family)
    return {**state, "state": new}


def _counted(new: dict[Any, Slot], order: list[Any], moments: Moments, family: Family) -> None:
    """The steps of each parameter in its slots, and the product of its momenta."""
    import torch

    counts = moments.counts or [moments.count or 0] * len(order)
    for k, index in enumerate(order):
        if index in new:
            new[index]["step"] = torch.tensor(float(counts[k]))
            if family.product:
                new[index][PRODUCT] = torch.tensor(moments.products[k], dtype=torch.float64)


def fresh(name: str, moments: Moments, arguments: dict[str, Any], family: Family) -> Pytree:
    """The state_dict of a new optimizer."""
    import torch

    params = [
        torch.nn.Parameter(torch.zeros(x.shape, device="meta")) for x in moments.arrays if x is not None
    ]
    made: Any = getattr(torch.optim, name.partition(":")[2])(params, **arguments)
    return {**made.state_dict(), "state": {}}


def as_array(tensor: torch.Tensor) -> NDArray[Any]:
    """A tensor's numbers as they lie in memory, bfloat16 too; of another device, and of a sparse one, a copy."""
    import torch

    plain = tensor.detach().cpu()
    if plain.dtype != torch.bfloat16:
        return np.asarray(plain.numpy())
    import ml_dtypes

    return np.asarray(plain.contiguous().view(torch.int16).numpy()).view(ml_dtypes.bfloat16)


def as_tensor(value: NDArray[Any]) -> torch.Tensor:
    """An array's numbers as a tensor in memory of its own; what is ours is not copied again."""
    import torch

    own = owned(value)
    if own.dtype.name != "bfloat16":
        return torch.from_numpy(own)
    return torch.from_numpy(own.view(np.int16)).view(torch.bfloat16)


def _keys(family: Family) -> dict[str, str]:
    if family.name not in KEYS:
        raise PolyakError(f"torch: there are no states of the {family.name} family")
    return {name: key for name, key in KEYS[family.name].items() if name in family.all}


def _order(state: Pytree) -> list[Any]:
    """The parameters' numbers, once it is seen that this is a state_dict."""
    if not isinstance(state, dict) or not {"state", "param_groups"} <= state.keys():
        raise PolyakError(f"torch: the state is {in_words(state)}, expected {expected}")
    return [index for group in state["param_groups"] for index in group["params"]]


def _names(state: Pytree) -> tuple[str, ...]:
    """What `named_parameters` called them, where every group was made of it."""
    groups = state["param_groups"]
    if not all("param_names" in group for group in groups):
        return ()
    return tuple(name for group in groups for name in group["param_names"])


def _share(state: Pytree, family: Family) -> float | None:
    """How much of a gradient the velocity takes in: what the dampening leaves."""
    if family.name != "momentum":
        return None
    shares = {1.0 - float(group.get("dampening", 0.0)) for group in state["param_groups"]}
    if len(shares) > 1:
        raise PolyakError(f"torch: groups with dampenings of their own, {len(shares)} of them, expected one")
    return shares.pop()


def _arrays(slots: list[Slot], order: list[Any], family: Family) -> dict[str, Arrays]:
    """The kinds of slots that there are; refuse other kinds than the family's, and a parameter that lacks one."""
    every = {name: _all(slots, key) for name, key in _keys(family).items()}
    found = {name: arrays for name, arrays in every.items() if arrays}
    if not found and family.counted:
        raise PolyakError(
            f"torch: the state holds no exp_avg, expected that of an {family.name} after a step"
        )
    if found:
        settled("torch", family, found)
    _same_arrays(found, order)
    return found


def _all(slots: list[Slot], key: str) -> Arrays:
    """One kind of slot of each parameter, None for one without a step; nothing where none has any."""
    kept: list[Any] = [slot.get(key) for slot in slots]
    if all(x is None for x in kept):
        return ()
    return tuple(None if x is None else _frozen(as_array(x)) for x in kept)


def _frozen(x: NDArray[Any]) -> NDArray[Any]:
    view = x.view()
    view.flags.writeable = False
    return view


def _same_arrays(found: dict[str, Arrays], order: list[Any]) -> None:
    """Refuse a parameter that has one of the slots and not the other."""
    for k, index in enumerate(order):
        if len({arrays[k] is None for arrays in found.values()}) > 1:
            raise PolyakError(f"torch: parameter {index} has some of {', '.join(found)} and not all")
