"""A fair comparison: every rule with the same budget, tuned on some seeds and judged on others."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, cast

import numpy as np

from polyak.data import Data
from polyak.ground.errors import PolyakError, unknown, whole_number
from polyak.ground.extras import need
from polyak.ground.progress import Progress, unasked
from polyak.models import Model
from polyak.models.task import ModelTask, as_task
from polyak.problems import Problem, Task
from polyak.run.evaluation import HELD_OUT, LOSS, Evaluation
from polyak.run.train import batch_size_of, train
from polyak.sweeps.best import best, deaths, interval_of_median, medians, near_best, sign_of
from polyak.sweeps.comparison import Comparison, Entry
from polyak.sweeps.results import by_rule
from polyak.sweeps.search_space import SearchSpace, SettableRule, numbered
from polyak.sweeps.sweep import sweep
from polyak.sweeps.tuning_space import tuning_space

if TYPE_CHECKING:
    import xarray as xr

TUNING_SEEDS = 3


def compare(
    *rules: SettableRule | SearchSpace | Sequence[SettableRule | SearchSpace],
    on: Task | Model,
    budget: int = 64,
    seeds: int = 10,
    tuning_seeds: int = TUNING_SEEDS,
    seed: int = 0,
    epochs: int = 2,
    batch_size: int | None = None,
    held_out: float | Data | tuple[Any, Any] | None = None,
    measure: str | Callable[..., object] | None = None,
    by: str | None = None,
    progress: Progress | None = None,
) -> Comparison:
    """Compare rules on a problem or a model of the user's own, each with the same budget of settings.

    Args:
        rules: rules as for `sweep`, each tuned over its usual ranges; or search spaces; one after the other, or a list.
        on: the problem that they train, or a model of JAX or torch by `pk.model`.
        budget: settings that each rule is tuned with, at least 2.
        seeds: runs that the tuned rules are judged by.
        tuning_seeds: other runs, that each setting is tuned by.
        seed: the first tuning seed; the judging seeds follow on the last one.
        epochs: how often each row is seen.
        batch_size: rows in a mini-batch; by default 10, and of a model what its own batches have.
        held_out: a share of the rows that nothing is trained on, such as 0.2, or rows of their own: each rule is tuned
            and judged by the loss over them.
        measure: accuracy, or a function of (outputs, targets), the larger the better: reported beside the loss.
        by: what to judge by instead: loss, held_out_loss, or the measure's name.
        progress: called with (runs done, runs in all).

    Returns a Comparison; `print` it, `plot()` it. Raises PolyakError for input that cannot be used.

    >>> import polyak as pk
    >>> problem = pk.linear_regression(pk.data.diabetes())
    >>> comparison = pk.compare(["gradient_descent", "heavy_ball"], on=problem, budget=8, seeds=3)
    >>> sorted(entry.name for entry in comparison.entries), comparison.judging_seeds
    (['gradient_descent', 'heavy_ball'], (3, 4, 5))
    """
    need("xarray", what="a comparison", extra="sweep")
    import xarray as xr

    if not isinstance(on, Problem | Model | ModelTask):
        raise PolyakError(
            f"{on!r} is no problem: rules are compared on data, such as linear_regression(data), or on a model"
        )
    problem = as_task(on, held_out)
    batch_size = batch_size_of(problem, batch_size)
    evaluation = Evaluation.of(problem, measure)
    judged_by = _judged_by(by, evaluation.names(problem))
    budget = whole_number("budget", budget, at_least=2)
    tuning = whole_number("tuning_seeds", tuning_seeds, at_least=1)
    judging = whole_number("seeds", seeds, at_least=1)
    first = whole_number("seed", seed, at_least=0)
    for_tuning, for_judging = range(first, first + tuning), range(first + tuning, first + tuning + judging)
    spaces = _spaces(rules)
    progress = progress or unasked("runs")
    entries: list[Entry] = []
    sweeps: dict[str, xr.Dataset] = {}
    each = budget * tuning + judging
    for done, space in enumerate(spaces):
        name = numbered(space.name, sweeps)
        # Each rule is swept alone, so that progress tells of it; one seed draws the same strata for all.
        result = sweep(
            space,
            on=problem,
            epochs=epochs,
            batch_size=batch_size,
            measure=measure,
            sampling="latin_hypercube",
            cells=budget,
            seed=first,
            seeds=for_tuning,
            progress=_on_from(done * each, len(spaces) * each, progress),
        )
        ((_, sweeps[name]),) = by_rule(result).items()
        judge = _Judge(problem, for_judging, epochs, batch_size, measure, judged_by)
        entries.append(judge.entry(name, space, sweeps[name]))
    progress(len(spaces) * each, len(spaces) * each)
    higher = judged_by == evaluation.name
    return Comparison(
        entries=tuple(sorted(entries, key=lambda entry: -entry.median if higher else entry.median)),
        problem=problem,
        budget=budget,
        tuning_seeds=tuple(for_tuning),
        judging_seeds=tuple(for_judging),
        epochs=epochs,
        batch_size=batch_size,
        sweeps=xr.DataTree.from_dict({name.replace("/", "_"): one for name, one in sweeps.items()}),
        judged_by=judged_by,
        measure=evaluation.name,
    )


def _judged_by(by: str | None, seen: tuple[str, ...]) -> str:
    """What the rules are judged by: the loss over rows held out, where some are, unless another is asked for."""
    if by is None:
        return HELD_OUT if HELD_OUT in seen else LOSS
    if by not in seen:
        raise unknown("quantity to judge by", str(by), seen)
    return by


def _listed(
    rules: Sequence[SettableRule | SearchSpace | Sequence[SettableRule | SearchSpace]],
) -> list[SettableRule | SearchSpace]:
    """The rules, given one after the other or as one list."""
    if len(rules) == 1 and isinstance(rules[0], list | tuple):
        return [*rules[0]]
    return cast("list[SettableRule | SearchSpace]", [*rules])


def _spaces(
    rules: Sequence[SettableRule | SearchSpace | Sequence[SettableRule | SearchSpace]],
) -> list[SearchSpace]:
    spaces = [rule if isinstance(rule, SearchSpace) else tuning_space(rule) for rule in _listed(rules)]
    if len(spaces) < 2:
        raise PolyakError(
            f"{len(spaces)} rule is given, expected two at least to compare" if spaces else "no rules"
        )
    return spaces


def _on_from(done: int, total: int, progress: Progress) -> Progress:
    """Progress of a part, told as progress of the whole."""
    return lambda cells, _: progress(done + cells, total)


class _Judge(NamedTuple):
    """How a rule at the best of its settings is judged: on seeds that it was not tuned by."""

    on: Task
    seeds: range
    epochs: int
    batch_size: int
    measure: str | Callable[..., object] | None
    by: str

    def entry(self, name: str, space: SearchSpace, dataset: xr.Dataset) -> Entry:
        """One rule of the comparison."""
        variable = f"final_{self.by}"
        values = np.sort(np.asarray(medians(dataset, variable).values, dtype=np.float64))
        if not np.isfinite(values[0]):
            died, reason = deaths(dataset)
            ended = f"died or diverged ({reason})" if died else "diverged"
            raise PolyakError(f"every setting of {name} {ended}: give it other ranges by search_space(...)")
        chosen = best(dataset, by=variable)
        assert not isinstance(chosen, dict)
        rule, sign = space.at(**chosen.settings), sign_of(variable, dataset)
        for _timed in (False, True):  # the first one compiles
            history = train(
                rule,
                self.on,
                epochs=self.epochs,
                batch_size=self.batch_size,
                seeds=self.seeds,
                measure=self.measure,
            )
        last = sign * np.asarray(history.seen(self.by)[:, -1], np.float64)
        ends = np.where(np.isfinite(last), last, np.inf)
        with np.errstate(invalid="ignore"):
            median = float(np.nan_to_num(np.median(ends), nan=np.inf, posinf=np.inf))
        interval = interval_of_median(ends)
        return Entry(
            name=name,
            space=space,
            settings=chosen.settings,
            edges=_edges(space, chosen.settings, len(values)),
            tuned=values if sign > 0 else -values,
            history=history,
            median=sign * median,
            interval=interval if interval is None or sign > 0 else (-interval[1], -interval[0]),
            near=float((values <= near_best(values)).mean()),
            diverged=float((~np.isfinite(values)).mean()),
            seconds_a_step=history.seconds / (int(history.steps_taken[-1]) * len(self.seeds)),
        )


def _edges(space: SearchSpace, settings: dict[str, float], cells: int) -> dict[str, str]:
    """Which settings lie in the outermost stratum of their range, but for momenta near 0, the least there is."""
    edges = {}
    for name, axis in space.axes.items():
        if settings[name] > float(axis.at(1 - 1 / cells)):
            edges[name] = "upper"
        elif settings[name] < float(axis.at(1 / cells)) and float(axis.at(0.0)) != 0:
            edges[name] = "lower"
    return edges
