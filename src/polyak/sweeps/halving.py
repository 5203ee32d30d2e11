r"""Spend less: many settings are trained for a little, the best of them for longer, and so on to the whole training.

Of n settings the n / r best by their median over the seeds are trained r times as long, then the best of these r^2
times, until what is left is trained to the end; each round is one sweep, its settings side by side, from the beginning.

Source: Jamieson, K. & Talwalkar, A. (2016). Non-stochastic best arm identification and hyperparameter optimization, for
successive halving. Optuna's pruner of that name judges one trial at a time as it reports, and of settings that report
together it keeps one or all: the cut is made here, and Optuna's storage is told of every trial.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, partial
from typing import Any

import numpy as np

from polyak.data import Data
from polyak.ground.errors import PolyakError, whole_number
from polyak.ground.extras import need
from polyak.ground.progress import Progress, silent
from polyak.models import Model
from polyak.models.task import as_task
from polyak.problems import Task
from polyak.run.evaluation import HELD_OUT, LOSS, Evaluation
from polyak.run.seeds import seeds_from
from polyak.run.train import batch_size_of
from polyak.sweeps import local
from polyak.sweeps.best import medians, sign_of
from polyak.sweeps.chunks import size
from polyak.sweeps.job import Job
from polyak.sweeps.on_problem import OnProblem
from polyak.sweeps.one_by_one import REASON
from polyak.sweeps.recording import Recording
from polyak.sweeps.sampling import sampled
from polyak.sweeps.search_space import SearchSpace, SettableRule
from polyak.sweeps.tuned import Trial, Tuned
from polyak.sweeps.tuning_space import tuning_space

Guide = Callable[[Sequence[Mapping[str, float]]], tuple[np.ndarray, np.ndarray]]
"""guide(settings) -> which of them are past an edge, and what is expected of each, less being better."""


def halving(
    rule: SettableRule | SearchSpace,
    *,
    on: Task | Model | Data | str,
    cells: int = 64,
    epochs: int = 9,
    reduction: int = 3,
    seeds: int | Sequence[int] = 3,
    seed: int = 0,
    batch_size: int | None = None,
    held_out: float | Data | tuple[Any, Any] | None = None,
    measure: str | Callable[..., object] | None = None,
    by: str | None = None,
    guide: Guide | None = None,
    storage: object = None,
    progress: Progress | None = None,
    **settings: Any,
) -> Tuned:
    """The best settings of a rule by successive halving; see `polyak.tune`.

    Args:
        rule, on, cells, epochs, reduction, seeds, seed, batch_size, held_out, measure, by, storage, progress, settings:
            as `tune` takes them.
        guide: what theory says of settings: twice as many are drawn then, tried in the order of what is expected of
            them, those past an edge last.

    Raises PolyakError for input that cannot be used, and where no setting came to the end of its first round.
    """
    need("xarray", what="tuning", extra="sweep")
    space = rule if isinstance(rule, SearchSpace) and not settings else tuning_space(rule, **settings)  # type: ignore[arg-type]
    task = as_task(on, held_out)
    evaluation = Evaluation.of(task, measure)
    quantity = _judged_by(by, evaluation.names(task))
    cells, epochs = whole_number("cells", cells, at_least=2), whole_number("epochs", epochs, at_least=1)
    reduction = whole_number("reduction", reduction, at_least=2)
    size, runs = batch_size_of(task, batch_size), seeds_from(seed, seeds)
    _require_optuna(storage)
    drawn, last = _drawn(space, cells, seed, guide)
    progress = progress or silent
    rounds = _rounds(cells, epochs, reduction)
    total = sum(count * length for length, count in rounds)
    done, left = 0, np.arange(cells)
    trials = [Trial({name: float(x[k]) for name, x in drawn.items()}, {}) for k in range(cells)]
    for length, count in rounds:
        left = left[:count]
        told = partial(_told, progress, done, length, total)
        on_rows = OnProblem(task, size, length, task.data.rows, "float32", measure)
        kept = Recording.of("final", LOSS, None, on_rows.beside, task.held_out_rows())
        given = {name: x[left] for name, x in drawn.items()}
        job = _GivenCells(space, on_rows, runs, kept, "latin_hypercube", len(left), seed, given=given)
        if length == rounds[0][0]:
            on_rows.check()
        values, reasons, sign = _trained(job, quantity, told)
        _note(trials, left, length, sign * values, reasons)
        done += length * count
        left = left[np.argsort(values, kind="stable")]
        _require_one(values, reasons, space.name)
    best = trials[left[0]]
    found = Tuned(
        space.name,
        best.settings,
        quantity,
        best.values[epochs],
        rounds,
        tuple(trials),
        runs,
        last,
        guided=guide is not None,
    )
    if storage is not None:
        from polyak.sweeps.optuna_storage import tell

        tell(storage, found, space, higher=quantity == evaluation.name)
    return found


def _judged_by(by: str | None, seen: Sequence[str]) -> str:
    """What settings are judged by: what is asked for, else the held-out loss where there is one."""
    quantity = by or (HELD_OUT if HELD_OUT in seen else LOSS)
    if quantity not in seen:
        raise PolyakError(f"by is {quantity!r}, expected {', '.join(seen)}")
    return quantity


def _require_one(values: np.ndarray, reasons: Sequence[str], name: str) -> None:
    """Refuse to go on where no setting came to the end of a round."""
    if not np.isfinite(values).any():
        ended = next((reason for reason in reasons if reason), "not finite")
        raise PolyakError(f"every setting of {name} died or diverged ({ended}): give it other ranges")


@dataclass(frozen=True, eq=False)
class _GivenCells(Job):
    """A job on settings that are given one by one."""

    given: Mapping[str, np.ndarray] = field(default_factory=dict)

    @cached_property
    def coordinates(self) -> dict[str, np.ndarray]:
        """The settings as they are given."""
        return dict(self.given)


def _note(
    trials: list[Trial], places: np.ndarray, length: int, values: np.ndarray, reasons: Sequence[str]
) -> None:
    """What the settings in these places came to after so many epochs, each in its trial."""
    for place, value, reason in zip(places, values, reasons, strict=True):
        trial = trials[place]
        trials[place] = Trial(trial.settings, {**trial.values, length: value}, reason)


def _require_optuna(storage: object) -> None:
    if storage is not None:
        need("optuna", what="a storage", extra="tune")


def _trained(job: Job, quantity: str, progress: Progress) -> tuple[np.ndarray, list[str], float]:
    """The medians of the job's cells over the seeds, less being better, and why runs ended early."""
    from polyak.sweeps.dataset import dataset, empty

    arrays = empty(job)

    def keep(region: tuple[slice, ...]) -> None:
        for name, array in job.compute(region).items():
            arrays[name][region] = array

    tasks = ((size(region), partial(keep, region)) for region in job.regions())
    local.run(tasks, 0, job.cells, progress, first_alone=job.one_by_one)
    found = dataset(job, arrays)
    variable = f"final_{quantity}"
    values = np.asarray(medians(found, variable).values, np.float64)
    reasons = [""] * len(values)
    if REASON in arrays:
        reasons = [next((str(each) for each in of if each), "") for of in arrays[REASON].T]
    return values, reasons, sign_of(variable, found)


def _drawn(
    space: SearchSpace, cells: int, seed: int, guide: Guide | None
) -> tuple[dict[str, np.ndarray], int]:
    """The settings in the order in which they are tried, and how many of those drawn are past an edge."""
    if guide is None:
        return sampled(space.axes, "latin_hypercube", cells, seed), 0
    drawn = sampled(space.axes, "latin_hypercube", 2 * cells, seed)
    past, expected = guide([{name: float(x[k]) for name, x in drawn.items()} for k in range(2 * cells)])
    order = np.lexsort((np.nan_to_num(expected, nan=np.inf), past))[:cells]
    return {name: x[order] for name, x in drawn.items()}, int(past.sum())


def _rounds(cells: int, epochs: int, reduction: int) -> tuple[tuple[int, int], ...]:
    """(epochs, settings) of each round, the last to the whole training.

    >>> _rounds(64, 9, 3)
    ((1, 64), (3, 21), (9, 7))
    >>> _rounds(4, 100, 3)
    ((33, 4), (100, 1))
    """
    most = min(math.floor(math.log(cells, reduction) + 1e-9), math.floor(math.log(epochs, reduction) + 1e-9))
    return tuple((epochs // reduction ** (most - k), max(1, cells // reduction**k)) for k in range(most + 1))


def _told(progress: Progress, done: int, length: int, total: int, cells: int, of: int) -> None:
    """Progress of a round, told in epochs of all."""
    del of
    progress(min(done + cells * length, total), total)
