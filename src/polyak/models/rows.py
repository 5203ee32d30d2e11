"""The rows of a model's batches as arrays, so that batches of any size can be drawn from them anew."""

from __future__ import annotations

from collections.abc import Iterable

import jax
import numpy as np

from polyak.frameworks.bridge import Batch, Bridge
from polyak.frameworks.generators import all_seeded
from polyak.ground.errors import PolyakError, a_or_an
from polyak.ground.hashing import hashed
from polyak.ground.types import Pytree


def rows_of(bridge: Bridge, given: object = None) -> Batch:
    """One batch of all the rows.

    Of a list the rows stand as they come. A loader may shuffle by generators whose state is another in each process:
    its rows are put into an order of their own, by their content.

    Args:
        bridge: to the model.
        given: other batches of the same kind, or one of them; None for the model's own.

    Raises PolyakError for batches that are not made of arrays, or are not alike.
    """
    first = bridge.first
    batches = list(bridge.batches()) if given is None else _held_out(first, given)
    _check_made_up_alike(bridge, batches)
    leaves = _joined(batches)
    if given is None and not bridge.in_order:
        leaves = [leaf[_by_content(leaves)] for leaf in leaves]
    return jax.tree.unflatten(jax.tree.structure(first), leaves)


def _held_out(first: Batch, given: object) -> list[Batch]:
    """Batches such as the model's own, or one of them, as a list."""
    if _alike(first, given):
        return [given]
    batches = list(given) if isinstance(given, Iterable) else []
    if not batches or not all(_alike(first, batch) for batch in batches):
        raise PolyakError(
            f"the rows held out are {a_or_an(type(given).__name__)}, expected a share such as 0.2, or batches such"
            " as the model's own"
        )
    return batches


def _check_made_up_alike(bridge: Bridge, batches: list[Batch]) -> None:
    """Refuse batches of other arrays than the first one's, or whose arrays do not agree on their rows."""
    structure: object = jax.tree.structure(bridge.first)
    if any(jax.tree.structure(batch) != structure for batch in batches):
        raise PolyakError("the batches are not made up alike, expected the same arrays in each")
    for batch in batches:
        bridge.rows(batch)  # refused where the arrays do not agree


def _joined(batches: list[Batch]) -> list[np.ndarray]:
    """Each array with the rows of all batches."""
    parts = [[_array(leaf) for leaf in jax.tree.leaves(batch)] for batch in batches]
    try:
        return [np.concatenate(same) for same in zip(*parts, strict=True)]
    except ValueError:
        raise PolyakError(
            "the batches' arrays differ in shape beside their rows, expected one shape: padded to one length"
        ) from None


def are_others_in_each_reading(bridge: Bridge, rows: Batch) -> bool:
    """Whether another reading of a loader, by other random numbers, has other rows, and not these in another order.

    Args:
        bridge: to the model.
        rows: of one reading, as `rows_of` gives them.
    """
    if bridge.in_order:
        return False
    with all_seeded(1):
        again = list(bridge.batches_by_generators())
    leaves = _joined(again)
    leaves = [leaf[_by_content(leaves)] for leaf in leaves]
    return not all(
        np.array_equal(one, other) for one, other in zip(jax.tree.leaves(rows), leaves, strict=True)
    )


def taken(rows: Pytree, numbers: np.ndarray) -> Pytree:
    """Some of the rows."""
    return jax.tree.map(lambda leaf: leaf[numbers], rows)


def in_dtype(rows: Pytree, dtype: str) -> Pytree:
    """Real numbers in a precision; whole numbers as they are."""
    return jax.tree.map(lambda leaf: leaf.astype(dtype) if leaf.dtype.kind == "f" else leaf, rows)


def count(rows: Pytree) -> int:
    """How many there are."""
    return len(jax.tree.leaves(rows)[0])


def targets_of(rows: Batch) -> np.ndarray | None:
    """The second part of batches (inputs, targets); None of any others."""
    if isinstance(rows, tuple | list) and len(rows) == 2 and hasattr(rows[1], "shape"):
        return np.asarray(rows[1])
    return None


def labels_of(rows: Batch) -> np.ndarray | None:
    """The class of each row: whole numbers as targets, one for a row; None where there are no classes."""
    targets = targets_of(rows)
    if targets is None or targets.dtype.kind not in "iub" or targets.size != len(targets):
        return None
    return targets.reshape(-1)


def _array(leaf: object) -> np.ndarray:
    array = np.asarray(leaf)
    if array.dtype.kind not in "iubf" or array.ndim == 0:
        raise PolyakError(
            f"a batch holds {a_or_an(type(leaf).__name__)}, expected arrays of numbers, a row of each for a row"
        )
    return array


def _alike(first: Batch, other: object) -> bool:
    """Whether something is a batch of the same arrays, but for how many rows they have."""
    structures: list[object] = [jax.tree.structure(each) for each in (first, other)]
    if structures[0] != structures[1]:
        return False
    shapes = [[np.shape(leaf)[1:] for leaf in jax.tree.leaves(each)] for each in (first, other)]
    return shapes[0] == shapes[1]


def _by_content(leaves: list[np.ndarray]) -> np.ndarray:
    """The numbers of the rows in the order of their hashes."""
    return np.argsort(
        [hashed(leaf[k].tobytes() for leaf in leaves) for k in range(len(leaves[0]))], kind="stable"
    )
