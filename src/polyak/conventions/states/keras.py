"""Keras: what `optimizer.save_own_variables(store)` stores, by number; or `optimizer.variables`."""

from __future__ import annotations

from typing import Any

import numpy as np

from polyak.conventions.states.moments import ADAM, Moments, fitting, in_words
from polyak.errors import PolyakError

expected = (
    "what save_own_variables stores, {'0': iterations, '1': learning rate, '2': ...}, or optimizer.variables"
)


def read(state: Any, family: str) -> Moments:
    """The slots, the velocity's sign turned: Keras adds it."""
    count, lr, *slots = _variables(state)
    found = {"count": int(count), "lr": (float(lr),)}
    if family != ADAM:
        return Moments(velocity=tuple(-v for v in slots), **found)  # type: ignore[arg-type]
    if not slots or len(slots) % 2:
        raise PolyakError(f"keras: {len(slots)} arrays of an Adam, expected mean and squares by turns")
    return Moments(mean=tuple(slots[::2]), squares=tuple(slots[1::2]), **found)  # type: ignore[arg-type]


def rewritten(state: Any, moments: Moments, family: str) -> dict[str, Any]:
    """The same store with these slots."""
    count, lr, *old = _variables(state)
    pairs = zip(moments.mean, moments.squares, strict=True)
    new = [x for pair in pairs for x in pair] if family == ADAM else [-v for v in moments.velocity]
    if moments.count is not None:
        count = np.asarray(moments.count, dtype=count.dtype)
    return {str(k): value for k, value in enumerate([count, lr, *fitting("keras", new, old)])}


def fresh(name: str, moments: Moments, arguments: dict[str, Any]) -> dict[str, Any]:
    """The store of a new optimizer."""
    arrays = moments.velocity or moments.mean
    each = 2 if moments.mean else 1
    kind = arrays[0].dtype if arrays else np.dtype(float)
    lr = np.asarray(arguments["learning_rate"], dtype=kind)
    slots = [np.zeros_like(x) for x in arrays for _ in range(each)]
    return {str(k): value for k, value in enumerate([np.asarray(0, dtype=np.int32), lr, *slots])}


def _variables(state: Any) -> list[Any]:
    """In their order, whichever of the two shapes they came in."""
    if isinstance(state, dict) and all(str(key).isdigit() for key in state):
        found = [np.asarray(state[key]) for key in sorted(state, key=int)]
    elif isinstance(state, list | tuple):
        found = [np.asarray(value) for value in state]
    else:
        raise PolyakError(f"keras: the state is {in_words(state)}, expected {expected}")
    if len(found) < 2 or found[0].ndim or found[1].ndim:
        raise PolyakError(
            f"keras: the state does not begin with iterations and learning rate, expected {expected}"
        )
    return found
