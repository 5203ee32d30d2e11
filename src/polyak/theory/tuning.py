"""`pk.tune`: a rule's settings by successive halving, tried in the order that theory expects, past the edge last."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from polyak.data import Data
from polyak.ground.errors import PolyakError
from polyak.ground.progress import Progress
from polyak.models import Model
from polyak.models.task import as_task
from polyak.problems import Problem, Task
from polyak.run.train import batch_size_of
from polyak.sweeps.halving import Guide, halving
from polyak.sweeps.search_space import SearchSpace, SettableRule
from polyak.sweeps.tuned import Tuned
from polyak.sweeps.tuning_space import tuning_space
from polyak.theory.expected_fall import Measure, expected_fall
from polyak.theory.least_squares import least_squares, starts
from polyak.theory.local_quadratic import local_quadratic
from polyak.theory.mean_square import Growth, noise_factor
from polyak.theory.step_map import StepMap, step_map
from polyak.theory.suggest import some_of

SEEDS = 64  # starts that the expectation is over

Flags: TypeAlias = NDArray[np.bool_]
Numbers: TypeAlias = NDArray[np.float64]


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

    Of a rule that is linear in the gradient twice as many settings are drawn, and tried in the order of what is
    expected of them on the quadratic at the start: in least squares that is the loss itself; of a model it is what the
    curvatures, the gradient and its noise are when it begins, which ranks settings and forecasts nothing. Those past
    the edge come last: in least squares the mean-square edge of the batches, of a model the full batch's.

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
        guide=guide_of(space, on, batch_size, epochs, held_out),
        storage=storage,
        progress=progress,
        **options,  # type: ignore[arg-type]
    )


def guide_of(
    space: SearchSpace,
    on: Task | Model | Data | str,
    batch_size: int | None,
    epochs: int,
    held_out: object = None,
) -> Guide | None:
    """What theory says of settings; None of a rule that is not linear, and where there is no quadratic to ask."""
    try:
        step_map(space.rule)
        task = as_task(on, held_out)
        size = batch_size_of(task, batch_size)
        steps = epochs * math.ceil(task.data.rows / size)
        phi = noise_factor(size, task.data.rows, replace=False)
        if isinstance(on, Model):
            return partial(_of_model, space, *_quadratic(on), phi, steps)
        if not isinstance(task, Problem):
            return None
        found = least_squares(task)
        mean, covariance = starts(task, SEEDS)
        begun = Measure(found.rows.curvatures, found.rows.curvatures**2 * (mean**2 + np.diag(covariance)))
        noise = Measure(found.rows.curvatures, (found.rows.Z**2 * found.residuals[:, None] ** 2).mean(axis=0))
        return partial(_of_rows, space, Growth(found.rows, phi), begun, noise, phi, steps)
    except PolyakError:
        return None


def _of_rows(
    space: SearchSpace,
    growth: Growth,
    begun: Measure,
    noise: Measure,
    phi: float,
    steps: int,
    settings: Sequence[Mapping[str, float]],
) -> tuple[Flags, Numbers]:
    """In least squares: past the mean-square edge of the batches, and the expected loss."""
    maps = [step_map(space.at(**each)) for each in settings]
    past = np.array([not growth(each, exact=1e-2) < 1 for each in maps], np.bool_)
    return past, _fall(maps, begun, noise, phi, steps)


def _of_model(
    space: SearchSpace,
    begun: Measure,
    noise: Measure | None,
    phi: float,
    steps: int,
    settings: Sequence[Mapping[str, float]],
) -> tuple[Flags, Numbers]:
    """Of a model: past the full batch's edge at the largest curvature of the start, and the loss on its quadratic."""
    maps, top = [step_map(space.at(**each)) for each in settings], float(begun.nodes.max())
    radii = [float(np.abs(np.linalg.eigvals(each.on(top))).max()) for each in maps]
    return np.array(radii) > 1, _fall(maps, begun, noise, phi, steps)


def _fall(maps: Sequence[StepMap], begun: Measure, noise: Measure | None, phi: float, steps: int) -> Numbers:
    falls = [expected_fall(each.A, each.B, steps, begun, noise, phi) for each in maps]
    return np.array([float(brings + adds) for brings, adds in falls])


def _quadratic(model: Model) -> tuple[Measure, Measure | None]:
    """The gradient and its noise as the model's curvatures see them, when it begins."""
    batches = some_of(model.bridge, model.bridge.batches())
    found = local_quadratic(model.bridge, batches, kind="hessian")
    return found.gradient, found.noise
