"""Keras: what `optimizer.save_own_variables(store)` stores, by number; or `optimizer.variables`, which have names."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from polyak.frameworks.keras.slot_layout import Layout, array_names, fitting_layouts, laid_out, layouts
from polyak.frameworks.keras.stepper import quiet
from polyak.frameworks.state_families import Family
from polyak.frameworks.state_format import (
    Arrays,
    Moments,
    Places,
    fitting,
    in_words,
    negated,
    nothing_of,
    places_of,
    read_only,
    settled,
)
from polyak.ground.errors import PolyakError
from polyak.ground.types import Pytree

expected = (
    "what save_own_variables stores, {'0': iterations, '1': learning rate, '2': ...}, or optimizer.variables"
)
naming = "give optimizer.variables, which have names"


class _Variables(NamedTuple):
    """Iterations, the learning rate (none under a schedule), the slots as they are laid out, the product of momenta."""

    iterations: NDArray[Any]
    lr: NDArray[Any] | None
    slots: list[NDArray[Any]]
    names: tuple[str, ...]
    product: NDArray[Any] | None


def held(state: Pytree, family: Family) -> tuple[str, ...] | None:
    """Those of the one layout that fits; None where several do."""
    variables = _variables(state, family)
    found = layouts(variables.slots, variables.names, family)
    return found[0].slots if len(found) == 1 else None


def read(state: Pytree, family: Family) -> Moments:
    """The slots, the velocity of momentum turned: Keras adds it."""
    variables = _variables(state, family)
    layout = _layout(variables, family)
    arrays: dict[str, Any] = {
        name: read_only(variables.slots[k] for k in layout.places(name)) for name in layout.slots
    }
    if layout.arrays:
        settled("keras", family, arrays)
    if family.name == "momentum":
        arrays["velocity"] = negated(arrays["velocity"])
    product = () if variables.product is None else (float(variables.product),) * layout.arrays
    lr = variables.lr
    return Moments(
        int(variables.iterations),
        lr=() if lr is None else (float(lr),),
        names=array_names(variables.names, layout, family) if variables.names else (),
        scheduled=lr is None,
        products=product,
        **arrays,
    )


def places(state: Pytree, family: Family) -> Places:
    """Those of the store; without a learning rate in it a schedule goes by the iterations."""
    there = read(state, family)
    return replace(places_of(there, scheduled=there.scheduled), corrected=False if there.largest else None)


def rewritten(state: Pytree, moments: Moments, family: Family) -> dict[str, Any]:
    """The same store with these slots."""
    variables = _variables(state, family)
    layout, count = _layout(variables, family), variables.iterations
    taken = moments.steps("keras", family)
    if taken is not None:
        count = np.asarray(taken, dtype=count.dtype)
    new = list(variables.slots)
    for name in layout.slots:
        values: Arrays = getattr(moments, name)
        values = negated(values) if family.name == "momentum" else values
        where = layout.places(name)
        for k, value in zip(where, fitting("keras", values, [new[k] for k in where]), strict=True):
            new[k] = value
    first = [count] if variables.lr is None else [count, variables.lr]
    last = [] if variables.product is None else [_product(moments, variables.product)]
    return {str(k): value for k, value in enumerate([*first, *new, *last])}


def _product(moments: Moments, old: NDArray[Any]) -> NDArray[Any]:
    """One product for all arrays."""
    if len({*moments.products}) != 1:
        raise PolyakError(
            "keras: the arrays have products of their momenta of their own, and it keeps one for all"
        )
    return np.asarray(moments.products[0], dtype=old.dtype)


def fresh(name: str, moments: Moments, arguments: dict[str, Any], family: Family) -> dict[str, Any]:
    """The store of a new optimizer."""
    arrays = nothing_of(moments.arrays)
    kind = arrays[0].dtype if arrays else np.dtype(float)
    rate = arguments["learning_rate"]
    first = [np.asarray(0, dtype=np.int32), *([] if callable(rate) else [np.asarray(rate, dtype=kind)])]
    last = [np.ones((), dtype=kind)] if family.product else []
    return {str(k): value for k, value in enumerate([*first, *laid_out(arrays, family), *last])}


def _variables(state: object, family: Family) -> _Variables:
    """In their order, whichever of the two shapes they came in."""
    kept = _held(state)
    arrays = _numbers(kept)
    product = _product_last(arrays, family)
    if product is not None:
        arrays = arrays[:-1]
    names = _last_words(kept)[: len(arrays)]
    begin = _begin(arrays, names, family)
    return _Variables(arrays[0], arrays[1] if begin == 2 else None, arrays[begin:], names[begin:], product)


def _held(state: object) -> list[Any]:
    """The variables, from a store by their numbers, from a list as they stand."""
    if isinstance(state, dict) and all(str(key).isdigit() for key in state):
        return [state[key] for key in sorted(state, key=int)]
    if isinstance(state, list | tuple):
        return list(state)
    raise PolyakError(f"keras: the state is {in_words(state)}, expected {expected}")


def _numbers(kept: list[Any]) -> list[NDArray[Any]]:
    """The variables' values; refuse a state that does not begin with a number of steps."""
    with quiet():
        arrays = [np.asarray(each.numpy() if hasattr(each, "numpy") else each) for each in kept]
    if not arrays or arrays[0].ndim or arrays[0].dtype.kind not in "iuf":
        raise PolyakError(
            f"keras: the state does not begin with iterations and learning rate, expected {expected}"
        )
    return arrays


def _product_last(arrays: list[NDArray[Any]], family: Family) -> NDArray[Any] | None:
    """The product of the momenta, of a family that keeps it."""
    if not family.product:
        return None
    if len(arrays) == 1 or arrays[-1].ndim:
        raise PolyakError("keras: the state lacks the product of its momenta, expected it last")
    return arrays[-1]


def _last_words(kept: list[Any]) -> tuple[str, ...]:
    """What the variables are called, without the optimizer's name; nothing where one of them has no name."""
    paths = [str(getattr(each, "path", "")) for each in kept]
    return tuple(path.rpartition("/")[2] for path in paths) if all(paths) else ()


def _begin(arrays: list[NDArray[Any]], names: tuple[str, ...], family: Family) -> int:
    """Where the slots begin. Under a schedule no learning rate is stored: then a slot comes second.

    Without names the shapes tell, where the rest fits none otherwise.
    """
    if names:
        return 2 if names[1:2] == ("learning_rate",) else 1
    if len(arrays) == 1 or arrays[1].ndim:
        return 1
    with_lr, without = (fitting_layouts(arrays[begin:], (), family) for begin in (2, 1))
    return 1 if without and not with_lr else 2


def _layout(variables: _Variables, family: Family) -> Layout:
    """The one that fits."""
    found = layouts(variables.slots, variables.names, family)
    if len(found) > 1:
        told = " or ".join(" and ".join(layout.slots) for layout in found)
        raise PolyakError(
            f"keras: {len(variables.slots)} arrays are {told}, which their shapes do not tell: {naming}"
        )
    return found[0]
