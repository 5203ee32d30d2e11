"""A state that came in parts, as sharded checkpoints hold it: joined by name, or end to end along the first axis."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from polyak.frameworks.state_families import SLOTS
from polyak.frameworks.state_format import Moments
from polyak.ground.errors import PolyakError

Shapes = tuple[tuple[int, ...], ...]


def joined(parts: Sequence[Moments], source: str, shapes: Shapes | None = None) -> Moments:
    """One state of several parts.

    Parts whose arrays have other names are put one after the other; parts whose arrays are the same ones, by their
    names or, without names, by how many they are, hold pieces of each, in the order of the parts.

    Args:
        parts: as read, in their order.
        source: the optimizer's name, for messages.
        shapes: of the other side's arrays, where they are known: pieces must add up to them.

    Raises PolyakError for parts that have taken other numbers of steps, for arrays of which some parts have a piece
    and others none, and for pieces that do not fit together.
    """
    if len(parts) == 1:
        return parts[0]
    _refuse_other_states(parts, source)
    names = [name for part in parts for name in part.names]
    if all(part.names for part in parts) and len({*names}) == len(names):
        return _one_after_the_other(parts)
    first = parts[0]
    if any(part.names != first.names or len(part.arrays) != len(first.arrays) for part in parts):
        raise PolyakError(
            f"the parts of the state of {source} share some arrays and not all: expected arrays of their own in each,"
            " or a piece of every array"
        )
    return _end_to_end(parts, source, shapes)


def _refuse_other_states(parts: Sequence[Moments], source: str) -> None:
    """Refuse a part at another step than the first, of another learning rate or with other slots."""
    first = parts[0]
    for k, part in enumerate(parts[1:], start=2):
        if part.count != first.count or part.lr != first.lr:
            raise PolyakError(
                f"part 1 of the state of {source} is at step {first.count} with the learning rates {first.lr}, part {k}"
                f" at step {part.count} with {part.lr}: expected parts of one state"
            )
        if part.held != first.held or part.scheduled != first.scheduled:
            raise PolyakError(
                f"part {k} of the state of {source} has other slots than part 1: expected parts of one state"
            )


def _one_after_the_other(parts: Sequence[Moments]) -> Moments:
    changed: dict[str, Any] = {
        name: tuple(x for part in parts for x in getattr(part, name))
        for name in (*parts[0].held, "names", "counts", "products")
    }
    return replace(parts[0], **changed)


def _end_to_end(parts: Sequence[Moments], source: str, shapes: Shapes | None) -> Moments:
    changed: dict[str, Any] = {}
    for name in SLOTS:
        if getattr(parts[0], name):
            changed[name] = tuple(
                _piece_by_piece([getattr(part, name)[k] for part in parts], k, source)
                for k in range(len(parts[0].arrays))
            )
    found = replace(parts[0], **changed)
    if shapes is None:
        raise PolyakError(
            f"{len(parts)} parts of the state of {source} hold pieces of the same arrays: give like=..., whose shapes"
            " say that they are whole"
        )
    return found


def _piece_by_piece(pieces: list[Any], k: int, source: str) -> Any:  # noqa: ANN401
    if all(piece is None for piece in pieces):
        return None
    if any(piece is None or not piece.ndim or piece.shape[1:] != pieces[0].shape[1:] for piece in pieces):
        told = ", ".join("none" if piece is None else str(tuple(piece.shape)) for piece in pieces)
        raise PolyakError(
            f"the pieces of array {k} of {source} are {told}: expected one width along the first axis"
        )
    return np.concatenate(pieces)
