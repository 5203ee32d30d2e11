"""The edges of mini-batch training along a setting, such as the momentum: the lines of its phase diagram."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from polyak.ground.errors import PolyakError, whole_number
from polyak.ground.progress import Progress, silent
from polyak.problems import Problem
from polyak.theory.batch_edges import batch_edges
from polyak.theory.datasets import dataset
from polyak.theory.rows import rows_of
from polyak.theory.rule_family import Family

if TYPE_CHECKING:
    import xarray as xr

MEMORIES = (1.0, 1.25, 2.0, 4.0, 7.0, 10.0, 20.0, 50.0)  # 1/(1 - momentum), where no values are given
EDGES = ("full_batch", "mean_square", "typical")


def edges_of(
    free: Family,
    over: str | None,
    on: object,
    batch_size: int | None,
    *,
    replace: bool,
    typical: bool,
    progress: Progress | None = None,
) -> xr.Dataset | None:
    """The three edges at each value of a setting, in learning rate times the problem's largest curvature.

    Args:
        free: the family of the rule.
        over: the setting.
        on: a Problem that is least squares of one number a row.
        batch_size: rows in a batch.
        replace: whether they are drawn with replacement.
        typical: whether a typical run's edge is simulated too, in some seconds for each value; nan else.
        progress: called with (values done, values in all).

    Returns a Dataset over `<over>_of_edges`, the values whose 1/(1 - value) are memories from 1 to 50; None where
    neither problem nor batch size was given. Raises PolyakError where one of them is missing, and as `batch_edges`.
    """
    if on is None and batch_size is None:
        return None
    if on is None or batch_size is None or over is None:
        raise PolyakError(
            "edges in mini-batches need both on=problem and batch_size=, and a rule of two settings"
        )
    if not isinstance(on, Problem):
        raise PolyakError(f"{on!r} is no problem: expected one such as linear_regression(data)")
    batch_size = whole_number("batch_size", batch_size, at_least=1, at_most=on.data.rows)
    low, high = free.others[over]
    values = 1 - 1 / np.array(MEMORIES)
    values = values[(values >= low) & (values <= high)]
    top, found = float(rows_of(on).curvatures.max()), np.full((len(EDGES), len(values)), np.nan)
    for k, value in enumerate(values):
        (progress or silent)(k, len(values))
        edges = batch_edges(
            free.member({free.lr: 1 / top, over: value}), on, batch_size=batch_size, replace=replace
        )
        found[:, k] = edges.full_batch, edges.mean_square, edges.typical.lr if typical else np.nan
    dim, about = f"{over}_of_edges", {"long_name": f"of {free.lr} times the largest curvature"}
    lines = {name: (dim, line, about) for name, line in zip(EDGES, found * top, strict=True)}
    which = {"batch_size": batch_size, "replace": int(replace)}
    return dataset(free.name, lines, {dim: values}, on=on.data.name, **which)
