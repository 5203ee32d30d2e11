"""Rows that are held out: which they are, and a problem whose batches are drawn from the others alone.

Of classes each gives its share (stratified): of n_c rows the nearest whole number to share * n_c, one at the least, and
one at the least is left to train on.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from polyak.data import Data, as_data
from polyak.ground.errors import PolyakError, whole_number
from polyak.ground.numbers import readable
from polyak.problems.as_problem import as_problem
from polyak.problems.problem import Problem
from polyak.problems.sigma_points import sigma_points

Numbers = NDArray[np.int64]


def hold_out(on: object, held_out: object, *, seed: int = 0) -> Problem:
    """The problem with rows held out: nothing is trained on them, and its runs are judged by the loss over them.

    Args:
        on: a Problem, a data set or the name of one of ours.
        held_out: the share of the rows, above 0 and below 1, drawn by the seed and of each class alike; or rows of
            their own, a Data or a pair (features, labels), and all of the problem's are trained on then.
        seed: of the draw, the same rows for every run.

    A data set of ours comes standardized over all its rows: the held-out rows are in its means and spreads, as numbers
    that no label is in. Raises PolyakError for a share that leaves no row on one side, for a class of one row, and for
    rows with other columns or other classes than the problem's.

    >>> from polyak.data import diabetes
    >>> problem = hold_out(diabetes(), 0.2)
    >>> problem.data.rows, problem.held_out.rows
    (354, 88)
    """
    problem = as_problem(on)
    if problem.held_out is not None:
        raise PolyakError(f"{problem.name} holds rows out already, {problem.held_out.rows} of them")
    data = problem.data
    if not is_share(held_out):
        return replace(problem, held_out=_of_their_own(problem, held_out))
    labels = data.labels if problem.classes else None
    kept, out = parted(data.rows, held_out, seed, labels, data.name)
    training = _rows_of(data, kept)
    whole = None if problem.whole is None else sigma_points(training)
    return replace(problem, data=training, held_out=_rows_of(data, out), whole=whole)


def is_share(held_out: object) -> bool:
    """Whether rows are to be drawn, and not given."""
    return isinstance(held_out, int | float | str | np.number | None)


def parted(
    rows: int, held_out: object, seed: int, labels: ArrayLike | None, name: str
) -> tuple[Numbers, Numbers]:
    """The numbers of the rows that are trained on and of those that are held out, each ascending.

    Args:
        rows: how many there are.
        held_out: the share.
        seed: of the draw.
        labels: the class of each row; None where there are no classes.
        name: of the data, for words.

    >>> kept, out = parted(6, 1 / 3, 0, [0, 0, 0, 1, 1, 1], "data")
    >>> len(kept), len(out), sorted(bool(row < 3) for row in out)
    (4, 2, [False, True])
    """
    share = _share(held_out)
    generator = np.random.default_rng(
        np.random.SeedSequence(whole_number("seed", seed, at_least=0), spawn_key=(3,))
    )
    if labels is None:
        count = round(share * rows)
        if not 0 < count < rows:
            side = "none is" if count == 0 else "all are"
            raise PolyakError(
                f"held_out is {readable(share, 6)} of {rows} rows, of which {side} held out: expected some on each side"
            )
        return _sides(rows, generator.permutation(rows)[:count])
    classes, of = np.unique(np.asarray(labels), return_inverse=True)
    if len(classes) < 2:
        raise PolyakError(
            f"{name} has rows of one class alone, {readable(float(classes[0]), 6)}: expected two at least to part"
        )
    chosen = []
    for number, label in enumerate(classes):
        members = np.flatnonzero(of == number)
        if len(members) < 2:
            raise PolyakError(
                f"{name} has one row of class {readable(float(label), 6)}: expected two at least, one to hold out"
            )
        count = min(max(1, round(share * len(members))), len(members) - 1)
        chosen.append(generator.permutation(members)[:count])
    return _sides(rows, np.concatenate(chosen))


def _share(held_out: object) -> float:
    complaint = PolyakError(
        f"held_out is {held_out!r}, expected a share of the rows above 0 and below 1, or rows of their own"
    )
    if isinstance(held_out, bool) or not isinstance(held_out, int | float | np.number):
        raise complaint
    share = float(held_out)
    if not 0 < share < 1:
        raise complaint
    return share


def _sides(rows: int, out: Numbers) -> tuple[Numbers, Numbers]:
    held = np.zeros(rows, np.bool_)
    held[out] = True
    return np.flatnonzero(~held), np.flatnonzero(held)


def _rows_of(data: Data, numbers: Numbers) -> Data:
    return replace(data, features=data.features[numbers], labels=data.labels[numbers])


def _of_their_own(problem: Problem, given: object) -> Data:
    """Rows that were given to be held out, if they are like the problem's."""
    found, data = as_data(given), problem.data
    if found.features.shape[1] != data.features.shape[1]:
        raise PolyakError(
            f"the rows held out have {found.features.shape[1]} features, expected {data.features.shape[1]}, as"
            f" {data.name} has"
        )
    strange = set(np.unique(found.labels)) - set(range(problem.classes)) if problem.classes else set()
    if strange:
        shown = readable(float(min(strange)), 6)
        raise PolyakError(
            f"the rows held out are of class {shown}, expected 0 to {problem.classes - 1}, as {data.name} has"
        )
    return found
