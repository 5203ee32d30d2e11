"""The edges of mini-batch training along a setting, such as the momentum: the lines of its phase diagram."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from polyak.ground.errors import PolyakError, whole_number
from polyak.ground.progress import Progress, silent
from polyak.problems import Problem
from polyak.theory.batch_edges import batch_edges
from polyak.theory.rows import rows_of
from polyak.theory.rule_family import Family

MEMORIES = (1.0, 1.25, 2.0, 4.0, 7.0, 10.0, 20.0, 50.0)  # 1/(1 - momentum), where no values are given
EDGES = ("full_batch", "mean_square", "typical")


def edges_along(
    free: Family,
    over: str,
    on: object,
    *,
    batch_size: int,
    replace: bool,
    typical: bool,
    values: Sequence[float] | None = None,
    progress: Progress | None = None,
) -> tuple[NDArray[np.float64], Mapping[str, NDArray[np.float64]]]:
    """The three edges at each value of a setting, in learning rate times the problem's largest curvature.

    Args:
        free: the family of the rule.
        over: the setting.
        on: a Problem that is least squares of one number a row.
        batch_size: rows in a batch.
        replace: whether they are drawn with replacement.
        typical: whether a typical run's edge is simulated too, in some seconds for each value; nan else.
        values: of the setting; by default those whose 1/(1 - value) are memories from 1 to 50.
        progress: called with (values done, values in all).

    Returns the values, shape (e,), and arrays of the same shape by their names. Raises PolyakError as `batch_edges`.
    """
    if not isinstance(on, Problem):
        raise PolyakError(f"{on!r} is no problem: expected one such as linear_regression(data)")
    batch_size = whole_number("batch_size", batch_size, at_least=1, at_most=on.data.rows)
    progress = progress or silent
    low, high = free.others[over]
    given = 1 - 1 / np.array(MEMORIES) if values is None else np.asarray(values, dtype=np.float64)
    given = given[(given >= low) & (given <= high)]
    top, found = float(rows_of(on).curvatures.max()), np.full((len(EDGES), len(given)), np.nan)
    for k, value in enumerate(given):
        progress(k, len(given))
        member = free.member({free.lr: 1 / top, over: value})
        edges = batch_edges(member, on, batch_size=batch_size, replace=replace)
        found[:2, k] = edges.full_batch, edges.mean_square
        if typical:
            found[2, k] = edges.typical.lr
    progress(len(given), len(given))
    return given, dict(zip(EDGES, found * top, strict=True))
