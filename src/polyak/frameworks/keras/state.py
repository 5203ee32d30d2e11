"""Keras: what `optimizer.save_own_variables(store)` stores, by number; or `optimizer.variables`, which have names."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from polyak.frameworks.keras.stepper import quiet
from polyak.frameworks.state_format import ADAM, Moments, Places, fitting, in_words, places_of
from polyak.ground.errors import PolyakError
from polyak.ground.types import Pytree

expected = (
    "what save_own_variables stores, {'0': iterations, '1': learning rate, '2': ...}, or optimizer.variables"
)
naming = "give optimizer.variables, which have names"
SLOTS = {"momentum": ("momentum",), "Adam": ("momentum", "velocity")}


class _Variables(NamedTuple):
    """Iterations, the learning rate (none under a schedule), the slots of one array after those of the other."""

    iterations: NDArray[Any]
    lr: NDArray[Any] | None
    slots: list[NDArray[Any]]
    names: tuple[str, ...]


def read(state: Pytree, family: str) -> Moments:
    """The slots, the velocity's sign turned: Keras adds it."""
    count, lr, slots, names = _variables(state, family)
    found: Any = {
        "count": int(count),
        "lr": () if lr is None else (float(lr),),
        "names": names,
        "scheduled": lr is None,
    }
    if family != ADAM:
        return Moments(velocity=tuple(-v for v in slots), **found)
    mean, squares = tuple(slots[::2]), tuple(slots[1::2])
    if not slots or [x.shape for x in mean] != [x.shape for x in squares]:
        raise PolyakError(
            f"keras: {len(slots)} arrays of an Adam, expected mean and squares by turns: those of amsgrad, of moving"
            " averages and of gradients summed have no place in another's state"
        )
    return Moments(mean=mean, squares=squares, **found)


def places(state: Pytree, family: str) -> Places:
    """Those of the store; without a learning rate in it a schedule goes by the iterations."""
    held = read(state, family)
    return places_of(held, scheduled=held.scheduled)


def rewritten(state: Pytree, moments: Moments, family: str) -> dict[str, Any]:
    """The same store with these slots."""
    count, lr, old, _ = _variables(state, family)
    pairs = zip(moments.mean, moments.squares, strict=True)
    new = [x for pair in pairs for x in pair] if family == ADAM else [-v for v in moments.velocity]
    taken = moments.steps("keras")
    if taken is not None:
        count = np.asarray(taken, dtype=count.dtype)
    first = [count] if lr is None else [count, lr]
    return {str(k): value for k, value in enumerate([*first, *fitting("keras", new, old)])}


def fresh(name: str, moments: Moments, arguments: dict[str, Any]) -> dict[str, Any]:
    """The store of a new optimizer."""
    arrays = moments.velocity or moments.mean
    each = 2 if moments.mean else 1
    kind = arrays[0].dtype if arrays else np.dtype(float)
    rate = arguments["learning_rate"]
    first = [np.asarray(0, dtype=np.int32), *([] if callable(rate) else [np.asarray(rate, dtype=kind)])]
    slots = [np.zeros_like(x) for x in arrays for _ in range(each)]
    return {str(k): value for k, value in enumerate([*first, *slots])}


def _variables(state: object, family: str) -> _Variables:
    """In their order, whichever of the two shapes they came in."""
    held = _held(state)
    paths = [str(getattr(each, "path", "")) for each in held]
    with quiet():
        arrays = [np.asarray(each.numpy() if hasattr(each, "numpy") else each) for each in held]
    if not arrays or arrays[0].ndim or arrays[0].dtype.kind not in "iuf":
        raise PolyakError(
            f"keras: the state does not begin with iterations and learning rate, expected {expected}"
        )
    if all(paths):
        return _named(arrays, paths, family)
    begin = 2 if _has_lr(arrays, family) else 1
    return _Variables(arrays[0], arrays[1] if begin == 2 else None, arrays[begin:], ())


def _held(state: object) -> list[Any]:
    """The variables, from a store by their numbers, from a list as they stand."""
    if isinstance(state, dict) and all(str(key).isdigit() for key in state):
        return [state[key] for key in sorted(state, key=int)]
    if isinstance(state, list | tuple):
        return list(state)
    raise PolyakError(f"keras: the state is {in_words(state)}, expected {expected}")


def _has_lr(arrays: list[NDArray[Any]], family: str) -> bool:
    """Under a schedule no learning rate is stored: then a slot comes second, and an Adam's are two by two."""
    return len(arrays) > 1 and not arrays[1].ndim and not (family == ADAM and len(arrays) % 2)


def _named(arrays: list[NDArray[Any]], paths: list[str], family: str) -> _Variables:
    """By what Keras calls them: `adam/sequential_dense_kernel_velocity`."""
    last = [path.rpartition("/")[2] for path in paths]
    lr = arrays[1] if last[1:2] == ["learning_rate"] else None
    begin = 1 if lr is None else 2
    names = []
    for index, name in enumerate(last[begin:]):
        slot = SLOTS[family][index % len(SLOTS[family])]
        if not name.endswith(f"_{slot}"):
            raise PolyakError(
                f"keras: the variable {name} has no place in another's state, expected a {slot}"
            )
        names.append(name.removesuffix(f"_{slot}"))
    return _Variables(arrays[0], lr, arrays[begin:], tuple(names[:: len(SLOTS[family])]))
