"""The best cell of a sweep, and what lies around it: is the optimum a ridge, a corner of the plane, an island?"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from polyak.ground.errors import PolyakError, unknown
from polyak.ground.numbers import readable
from polyak.ground.shown import Shown
from polyak.sweeps.one_by_one import DIVERGED, REASON
from polyak.sweeps.results import SweepResult, by_rule, swept

if TYPE_CHECKING:
    import xarray as xr

NEAR = 0.1  # as good as the best, but for so much of it
RESAMPLES = 2000
CONFIDENCE = 0.95
RIDGE = 3.0  # a near-best region so many times longer than it is wide is a ridge


@dataclass(frozen=True)
class Best(Shown):
    """The best cell of one rule's plane.

    Attributes:
        rule: the rule's name.
        settings: the swept settings there, by name.
        quantity: the variable that was compared, such as final_loss.
        median: its median over the seeds; the value itself where there are none.
        interval: a bootstrap interval of that median; None with fewer than three seeds.
        seeds: how many runs the median is over.
        neighbours: what stands one cell away along each axis, (below, above), nan beyond the edge.
        edges: on which ends of which axes the cell lies, such as {"lr": "upper"}.
        near: the share of the plane that is within a tenth of the best.
        diverged: the share of the plane that is not finite.
        shape: of the near-best region: "basin", "ridge", "island", "plateau" or "single cell".
        judged: on which rows, and what else was seen of the cell, in words; empty where there was no choice.
        died: how many runs of the plane did not come to their end: an exception, a lack of memory.
        reason: that of the most of them, in words.
    """

    rule: str
    settings: dict[str, float]
    quantity: str
    median: float
    interval: tuple[float, float] | None
    seeds: int
    neighbours: dict[str, tuple[float, float]]
    edges: dict[str, str]
    near: float
    diverged: float
    shape: str
    judged: str = ""
    died: int = 0
    reason: str = ""

    def __str__(self) -> str:
        where = ", ".join(f"{name}={readable(value, 6)}" for name, value in self.settings.items())
        interval = (
            ""
            if self.interval is None
            else f" ({CONFIDENCE:.0%}: {readable(self.interval[0], 6)} to {readable(self.interval[1], 6)})"
        )
        of = f"median {self.quantity} of {self.seeds} seeds" if self.seeds > 1 else self.quantity
        lines = [f"{self.rule}({where}): {of} {readable(self.median, 6)}{interval}"]
        if self.judged:
            lines.append(f"  {self.judged}")
        for name, (below, above) in self.neighbours.items():
            lines.append(f"  one cell along {name}: {_said(below)} below, {_said(above)} above")
        for name, end in self.edges.items():
            lines.append(f"  it lies on the {end} edge of {name}: the best may be outside the plane")
        lines.append(f"  {SHAPES[self.shape]}; {self.near:.1%} of the plane is within {NEAR:.0%} of it")
        if self.died:
            lines.append(f"  {self.died} run{'s' * (self.died > 1)} died: {self.reason}")
        if self.diverged:
            lines.append(f"  {self.diverged:.1%} of the plane diverged")
        return "\n".join(lines)


SHAPES = {
    "basin": "it lies in a basin, about as wide as it is long",
    "ridge": "it lies on a ridge: settings that trade one for another are as good",
    "island": "it is an island: other regions, apart from it, are as good",
    "plateau": "it lies on a plateau: a large part of the plane is as good",
    "single cell": "no cell beside it is as good: the plane is too coarse to say, or the optimum sharp",
}


def best(result: SweepResult, *, by: str | None = None) -> Best | dict[str, Best]:
    """The best cell by the median over the seeds, with its neighbours, what shape the optimum has, and an interval.

    Args:
        result: what `sweep` or `load_sweep` returned.
        by: the variable to judge by, such as final_loss, or final_accuracy, of which more is better; by default the
            loss over the rows held out, where some are, else the loss over all.

    Returns a Best; of several rules a dict of them by name. Raises PolyakError where nothing is finite, or where the
    sweep recorded neither a final nor a best value.

    >>> import polyak as pk
    >>> ds = pk.sweep("gradient_descent", on="ravine", steps=50, lr=pk.axes.linear(0.05, 0.6, 12))
    >>> round(pk.best(ds).settings["lr"], 3)  # 2 / (0.2 + 4) = 0.476 is best in the long run
    0.45
    """
    cells = {name: _of(name, dataset, by) for name, dataset in by_rule(result).items()}
    return next(iter(cells.values())) if len(cells) == 1 else cells


def compared(dataset: xr.Dataset, by: str | None = None) -> str:
    """The variable that cells are compared by: the loss over rows held out where there are some.

    Raises PolyakError where there is none, or none of that name.
    """
    losses = ("held_out_loss", "loss", "value")
    of = [f"{kind}_{loss}" for kind in ("final", "best") for loss in losses]
    if by is not None:
        measure = dataset.attrs.get("measure", "")
        known = [name for name in (*of, f"final_{measure}", f"best_{measure}") if name in dataset]
        if by not in known:
            raise unknown("variable to judge by", str(by), known)
        return by
    for name in of:
        if name in dataset:
            return name
    raise PolyakError(
        f"the sweep recorded {', '.join(map(str, dataset.data_vars))}, expected final or best among it"
    )


def sign_of(variable: str, dataset: xr.Dataset) -> float:
    """1 where less is better, as of a loss; -1 of a measure, of which more is."""
    measure = str(dataset.attrs.get("measure", ""))
    return -1.0 if measure and variable.endswith(f"_{measure}") else 1.0


def medians(dataset: xr.Dataset, by: str | None = None) -> xr.DataArray:
    """The compared value of each cell, less being better, its median over the seeds; inf where a run of it diverged.

    A median of runs of which fewer than half diverged is finite: divergence is infinitely bad, not missing.
    """
    variable = compared(dataset, by)
    values = dataset[variable] * np.float32(sign_of(variable, dataset)) if by else dataset[variable]
    values = values.where(np.isfinite(values), np.inf)
    if "seed" not in values.dims:
        return values
    with np.errstate(invalid="ignore"):  # the mean of two infinite ones
        middle = values.median("seed")
    return middle.where(~np.isnan(middle), np.inf)


def _of(rule: str, dataset: xr.Dataset, by: str | None) -> Best:
    variable = compared(dataset, by)
    sign, middle = sign_of(variable, dataset), medians(dataset, by)
    died, reason = deaths(dataset)
    values = np.asarray(middle.values, dtype=np.float64)
    if not np.isfinite(values).any():
        raise PolyakError(f"the sweep of {rule} has no best cell: {_why_none(dataset, reason)}")
    place = tuple(int(k) for k in np.unravel_index(np.argmin(values), values.shape))
    dims = [str(dim) for dim in middle.dims]
    cell = middle[dict(zip(dims, place, strict=True))]
    here = dict(zip(dims, place, strict=True))
    runs = dataset[variable].isel(here).values.ravel()
    interval = interval_of_median(sign * runs)
    grid = "cell" not in dims
    near = values <= near_best(values)
    return Best(
        rule=str(dataset.attrs.get("rule", rule)),
        settings={name: float(cell[name]) for name in swept(dataset)},
        quantity=variable,
        median=sign * float(values[place]),
        interval=interval if interval is None or sign > 0 else (-interval[1], -interval[0]),
        seeds=len(runs),
        neighbours=_neighbours(sign * values, place, dims) if grid else {},
        edges=_edges(dataset, place, dims) if grid else {},
        near=float(near.mean()),
        diverged=float((~np.isfinite(values)).mean()),
        shape=_shape(near, place) if grid else "basin",
        judged=_judged(dataset, variable, here),
        died=died,
        reason=reason,
    )


def _why_none(dataset: xr.Dataset, reason: str) -> str:
    if dataset.attrs.get("unfinished_chunks", 0):
        return "no chunk of it is finished yet"
    return f"every cell died or diverged ({reason})" if reason else "every cell diverged"


def deaths(dataset: xr.Dataset) -> tuple[int, str]:
    """How many runs of a sweep did not come to their end, and the reason of most of them; one that diverged did."""
    if REASON not in dataset:
        return 0, ""
    reasons = dataset[REASON].values.ravel()
    found = Counter(str(each) for each in reasons if each and not str(each).startswith(DIVERGED))
    return (found.total(), found.most_common(1)[0][0]) if found else (0, "")


def _judged(dataset: xr.Dataset, variable: str, here: dict[str, int]) -> str:
    """What the cell was judged by, where there was a choice: on rows held out, or not; and what else was seen there."""
    kept = dataset.attrs.get("held_out_rows", 0)
    measure = dataset.attrs.get("measure", "")
    others = [f"final_{name}" for name in ("loss", "held_out_loss", measure) if name]
    seen = [
        f"{name} {readable(float(np.median(dataset[name].isel(here).values)), 6)}"
        for name in others
        if name in dataset and name != variable
    ]
    if not kept and not seen:
        return ""
    return f"{_rows_judged_on(dataset, variable, kept)}{'; there ' + ', '.join(seen) if seen else ''}"


def _rows_judged_on(dataset: xr.Dataset, variable: str, kept: int) -> str:
    if variable.endswith("held_out_loss") or (kept and sign_of(variable, dataset) < 0):
        return f"judged on {kept} rows held out"
    return "judged on the rows trained on" if kept else "judged on all"


def near_best(values: NDArray[np.float64]) -> float:
    """What is within a tenth of the best, also where that is 0 or less."""
    low = float(values.min())
    return low + NEAR * abs(low)


def interval_of_median(runs: NDArray[np.floating[Any]]) -> tuple[float, float] | None:
    """A percentile bootstrap interval of the median (Efron & Tibshirani 1993, chapter 13), the draw seeded."""
    if len(runs) < 3:
        return None
    drawn = np.random.default_rng(0).choice(np.where(np.isfinite(runs), runs, np.inf), (RESAMPLES, len(runs)))
    with np.errstate(invalid="ignore"):
        medians = np.nan_to_num(np.median(drawn, axis=1), nan=np.inf, posinf=np.inf)
    tail = (1 - CONFIDENCE) / 2
    low, high = np.quantile(medians, [tail, 1 - tail], method="closest_observation")
    return float(low), float(high)


def _neighbours(
    values: NDArray[np.float64], place: tuple[int, ...], dims: list[str]
) -> dict[str, tuple[float, float]]:
    def at(axis: int, index: int) -> float:
        inside = 0 <= index < values.shape[axis]
        return float(values[(*place[:axis], index, *place[axis + 1 :])]) if inside else float("nan")

    return {name: (at(axis, place[axis] - 1), at(axis, place[axis] + 1)) for axis, name in enumerate(dims)}


def _edges(dataset: xr.Dataset, place: tuple[int, ...], dims: list[str]) -> dict[str, str]:
    """The ends of the axes that the cell lies on, but for a momentum of 0, beyond which there is none."""
    edges = {}
    for index, name in zip(place, dims, strict=True):
        axis = dataset[name].values
        if index == 0 and axis[0] != 0:
            edges[name] = "lower"
        elif index == len(axis) - 1:
            edges[name] = "upper"
    return edges


def _shape(near: NDArray[np.bool_], place: tuple[int, ...]) -> str:
    from scipy import ndimage

    regions, count = ndimage.label(near, structure=np.ones((3,) * near.ndim))
    own = regions == regions[place]
    if near.mean() > 0.25:
        return "plateau"
    others = [int((regions == k).sum()) for k in range(1, count + 1) if k != regions[place]]
    if others and max(others) >= own.sum():
        return "island"
    if own.sum() == 1:
        return "single cell"
    cells = np.argwhere(own).astype(float)
    if near.ndim > 1 and len(cells) > 3:
        spread = np.sqrt(np.linalg.eigvalsh(np.cov(cells.T)) + 1 / 12)  # a cell is one wide itself
        if spread[-1] > RIDGE * spread[0]:
            return "ridge"
    return "basin"


def _said(value: float) -> str:
    return "nothing" if np.isnan(value) else "diverged" if np.isinf(value) else readable(value, 6)
