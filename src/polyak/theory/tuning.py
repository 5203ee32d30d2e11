"""`pk.tune`: a rule's settings by successive halving, those past the edge of stability tried last."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from polyak.data import Data
from polyak.ground.errors import PolyakError
from polyak.ground.progress import Progress
from polyak.models import Model
from polyak.models.task import as_task
from polyak.problems import Problem, Task
from polyak.run.train import batch_size_of
from polyak.sweeps.halving import Past, halving
from polyak.sweeps.search_space import SearchSpace, SettableRule
from polyak.sweeps.tuned import Tuned
from polyak.sweeps.tuning_space import tuning_space
from polyak.theory.curvature import curvature
from polyak.theory.mean_square import Growth, noise_factor
from polyak.theory.rows import rows_of
from polyak.theory.step_map import step_map


def tune(
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
    storage: object = None,
    progress: Progress | None = None,
    **settings: Any,
) -> Tuned:
    """The best settings of a rule by successive halving: many trained for a little, the best of them to the end.

    Args:
        rule: as for `compare`, over the ranges that it names itself; or a search space.
        on: a problem, a data set, or a model of the user's own by `pk.model`.
        cells: how many settings are tried, at least 2.
        epochs: of the whole training.
        reduction: each round keeps one in so many, for so many times the epochs; at least 2.
        seeds: how many runs of each setting, or their seeds.
        seed: the first of them, and of the draw of settings.
        batch_size: as for `sweep`.
        held_out, measure: as for `sweep`.
        by: loss, held_out_loss or the measure's name; by default the held-out loss where rows are held out.
        storage: of Optuna, such as sqlite:///tuned.db: every setting becomes a trial of a study of the rule's name.
        progress: called with (epochs done, epochs in all).
        settings: numbers and axes that stand instead of the rule's own ranges.

    Of a rule that is linear in the gradient twice as many settings are drawn, and those past the edge are tried last,
    after all others: in least squares the mean-square edge of the batches, of a model the full batch's at the largest
    curvature that it has when it begins.

    Returns a Tuned. Raises PolyakError for input that cannot be used.

    >>> import polyak as pk
    >>> tuned = tune("heavy_ball", on=pk.linear_regression(pk.data.diabetes()), cells=9, epochs=3, seeds=2)
    >>> tuned.rounds, tuned.spent, tuned.of_all
    (((1, 9), (3, 3)), 36, 54)
    """
    space = rule if isinstance(rule, SearchSpace) and not settings else tuning_space(rule, **settings)  # type: ignore[arg-type]
    options = {"reduction": reduction, "seeds": seeds, "seed": seed, "batch_size": batch_size}
    return halving(
        space,
        on=on,
        cells=cells,
        epochs=epochs,
        held_out=held_out,
        measure=measure,
        by=by,
        past=past_edge(space, on, batch_size, held_out),
        storage=storage,
        progress=progress,
        **options,  # type: ignore[arg-type]
    )


def past_edge(
    space: SearchSpace, on: Task | Model | Data | str, batch_size: int | None, held_out: object = None
) -> Past | None:
    """Whether settings are past the edge of stability; None where there is no edge to be past of."""
    try:
        step_map(space.rule)
        if isinstance(on, Model):
            top = curvature(on, top=1, bottom=0).top
            return lambda settings: _spectral_radius(space, settings, top) > 1
        task = as_task(on, held_out)
        if not isinstance(task, Problem):
            return None
        size = batch_size_of(task, batch_size)
        growth = Growth(rows_of(task), noise_factor(size, task.data.rows, replace=False))
    except PolyakError:
        return None
    return lambda settings: not growth(step_map(space.at(**settings)), exact=1e-2) < 1


def _spectral_radius(space: SearchSpace, settings: Mapping[str, float], top: float) -> float:
    return float(np.abs(np.linalg.eigvals(step_map(space.at(**settings)).on(top))).max())
