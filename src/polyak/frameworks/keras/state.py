"""Keras: what `optimizer.save_own_variables(store)` stores, by number; or `optimizer.variables`, which have names."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from polyak.frameworks.keras.stepper import quiet
from polyak.frameworks.state_families import Family
from polyak.frameworks.state_format import (
    Arrays,
    Moments,
    Places,
    fitting,
    in_words,
    negated,
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
TURNS = {  # our slots and what Keras calls them, array by array
    "momentum": {"velocity": "momentum"},
    "Adam": {"mean": "momentum", "squares": "velocity"},
    "NAdam": {"mean": "momentum", "squares": "velocity"},
    "RMSprop": {"squares": "velocity"},
    "Adagrad": {"squares": "accumulator"},
    "Lion": {"mean": "momentum"},
    "Adadelta": {"squares": "accumulated_grad", "step_squares": "accumulated_delta_var"},
}
BLOCKS = {  # those that come after them, one slot of all arrays after the other
    "Adam": {"largest": "velocity_hat"},
    "RMSprop": {"velocity": "momentum", "mean": "average_gradient"},
}


class _Variables(NamedTuple):
    """Iterations, the learning rate (none under a schedule), the slots as they are laid out, the product of momenta."""

    iterations: NDArray[Any]
    lr: NDArray[Any] | None
    slots: list[NDArray[Any]]
    names: tuple[str, ...]
    product: NDArray[Any] | None


class _Layout(NamedTuple):
    """Which slots there are, and of how many arrays."""

    turns: tuple[str, ...]
    blocks: tuple[str, ...]
    arrays: int

    @property
    def slots(self) -> tuple[str, ...]:
        return (*self.turns, *self.blocks)

    def places(self, name: str) -> list[int]:
        """Where the slots of a kind stand."""
        each = len(self.turns)
        if name in self.turns:
            return [k * each + self.turns.index(name) for k in range(self.arrays)]
        begin = (each + self.blocks.index(name)) * self.arrays
        return list(range(begin, begin + self.arrays))


def held(state: Pytree, family: Family) -> tuple[str, ...] | None:
    """Those of the one layout that fits; None where several do."""
    layouts = _layouts(_variables(state, family), family)
    return layouts[0].slots if len(layouts) == 1 else None


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
        names=_names(variables, layout, family),
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
    arrays = [x for x in moments.arrays if x is not None]
    kind = arrays[0].dtype if arrays else np.dtype(float)
    rate = arguments["learning_rate"]
    first = [np.asarray(0, dtype=np.int32), *([] if callable(rate) else [np.asarray(rate, dtype=kind)])]
    turns = [x for x in arrays for name in _turns(family) if name in family.slots]
    blocks = [x for name in BLOCKS.get(family.name, ()) if name in family.slots for x in arrays]
    slots = [np.broadcast_to(np.zeros((), x.dtype), x.shape) for x in (*turns, *blocks)]
    last = [np.ones((), dtype=kind)] if family.product else []
    return {str(k): value for k, value in enumerate([*first, *slots, *last])}


def _turns(family: Family) -> dict[str, str]:
    if family.name not in TURNS:
        raise PolyakError(f"keras: there are no states of the {family.name} family")
    return TURNS[family.name]


def _variables(state: object, family: Family) -> _Variables:
    """In their order, whichever of the two shapes they came in."""
    kept = _held(state)
    paths = [str(getattr(each, "path", "")) for each in kept]
    with quiet():
        arrays = [np.asarray(each.numpy() if hasattr(each, "numpy") else each) for each in kept]
    if not arrays or arrays[0].ndim or arrays[0].dtype.kind not in "iuf":
        raise PolyakError(
            f"keras: the state does not begin with iterations and learning rate, expected {expected}"
        )
    product = arrays.pop() if family.product and len(arrays) > 1 and not arrays[-1].ndim else None
    if family.product and product is None:
        raise PolyakError("keras: the state lacks the product of its momenta, expected it last")
    names = tuple(path.rpartition("/")[2] for path in paths[: len(arrays)]) if all(paths) else ()
    begin = (2 if names[1:2] == ("learning_rate",) else 1) if names else _begin(arrays, family)
    lr = arrays[1] if begin == 2 else None
    return _Variables(arrays[0], lr, arrays[begin:], names[begin:], product)


def _held(state: object) -> list[Any]:
    """The variables, from a store by their numbers, from a list as they stand."""
    if isinstance(state, dict) and all(str(key).isdigit() for key in state):
        return [state[key] for key in sorted(state, key=int)]
    if isinstance(state, list | tuple):
        return list(state)
    raise PolyakError(f"keras: the state is {in_words(state)}, expected {expected}")


def _begin(arrays: list[NDArray[Any]], family: Family) -> int:
    """Under a schedule no learning rate is stored: then a slot comes second, and the rest fits none otherwise."""
    if len(arrays) == 1 or arrays[1].ndim:
        return 1
    with_lr, without = (_fitting_layouts(arrays[begin:], (), family) for begin in (2, 1))
    return 1 if without and not with_lr else 2


def _layout(variables: _Variables, family: Family) -> _Layout:
    """The one that fits."""
    layouts = _layouts(variables, family)
    if len(layouts) > 1:
        told = " or ".join(" and ".join(layout.slots) for layout in layouts)
        raise PolyakError(
            f"keras: {len(variables.slots)} arrays are {told}, which their shapes do not tell: {naming}"
        )
    return layouts[0]


def _layouts(variables: _Variables, family: Family) -> list[_Layout]:
    """Those that fit; at least one."""
    found = _fitting_layouts(variables.slots, variables.names, family)
    if found:
        return found
    ends = [f"_{word}" for word in (*_turns(family).values(), *BLOCKS.get(family.name, {}).values())]
    strange = [name for name in variables.names if not name.endswith(tuple(ends))]
    if strange:
        raise PolyakError(
            f"keras: the variable {strange[0]} has no place in another's state, expected"
            f" {' or '.join(_turns(family).values())}"
        )
    raise PolyakError(
        f"keras: {len(variables.slots)} arrays of an {family.name}, expected"
        f" {' and '.join(family.slots)} by turns: those of moving averages and of gradients summed have no place in"
        " another's state"
    )


def _fitting_layouts(slots: list[NDArray[Any]], names: tuple[str, ...], family: Family) -> list[_Layout]:
    """Every layout whose slots of one array have one shape, and one name."""
    turns = tuple(_turns(family))
    optional = tuple(name for name in BLOCKS.get(family.name, {}) if name in family.all)
    needed = {name for name in optional if name in family.slots}
    choices = [
        blocks
        for size in range(len(optional) + 1)
        for blocks in combinations(optional, size)
        if needed <= {*blocks} and (family.optional or needed == {*blocks})
    ]
    fit = []
    for blocks in choices:
        arrays, rest = divmod(len(slots), len(turns) + len(blocks))
        layout = _Layout(turns, blocks, arrays)
        if not rest and _one_shape(slots, layout) and (not names or _bases(names, layout, family)):
            fit.append(layout)
    return fit[:1] if not slots else fit


def _one_shape(slots: list[NDArray[Any]], layout: _Layout) -> bool:
    kinds = [[slots[k].shape for k in layout.places(name)] for name in layout.slots]
    return all(shapes == kinds[0] for shapes in kinds)


def _bases(names: tuple[str, ...], layout: _Layout, family: Family) -> tuple[str, ...] | None:
    """What the arrays are called: `dense_kernel` of `dense_kernel_velocity`; None where that does not fit."""
    words, found = {**_turns(family), **BLOCKS.get(family.name, {})}, []
    for slot in layout.slots:
        own = [names[k] for k in layout.places(slot)]
        if not all(name.endswith(f"_{words[slot]}") for name in own):
            return None
        found.append(tuple(name.removesuffix(f"_{words[slot]}") for name in own))
    return found[0] if len({*found}) == 1 else None


def _names(variables: _Variables, layout: _Layout, family: Family) -> tuple[str, ...]:
    return (_bases(variables.names, layout, family) or ()) if variables.names else ()
