"""A fair comparison: every rule with the same budget, tuned on some seeds and judged on others."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from polyak.ground.errors import PolyakError, whole_number
from polyak.ground.progress import Progress, silent
from polyak.problems import Problem
from polyak.run.train import train
from polyak.sweeps.best import best, interval_of_median, medians, near_best
from polyak.sweeps.comparison import Comparison, Entry
from polyak.sweeps.dataset import planes
from polyak.sweeps.plane import Plane, numbered
from polyak.sweeps.sensible_ranges import sensible_plane
from polyak.sweeps.sweep import sweep

TUNING_SEEDS = 3


def compare(
    rules: Sequence[Any],
    *,
    on: Problem,
    budget: int = 64,
    seeds: int = 10,
    tuning_seeds: int = TUNING_SEEDS,
    seed: int = 0,
    epochs: int = 2,
    batch_size: int = 10,
    progress: Progress | None = None,
) -> Comparison:
    """Compare rules on a problem, each with the same budget of settings.

    Args:
        rules: rules as for `sweep`, each tuned over its sensible ranges; or what `over` returns, over its own.
        on: the problem that they train.
        budget: settings that each rule is tuned with, at least 2.
        seeds: runs that the tuned rule is judged by.
        tuning_seeds: other runs, that each setting is tuned by.
        seed: the first tuning seed; the judging seeds follow on the last one.
        epochs, batch_size: of every training.
        progress: called with (runs done, runs in all).

    Returns a Comparison; `print` it, `plot()` it. Raises PolyakError for input that cannot be used.

    >>> import polyak as pk
    >>> problem = pk.linear_regression(pk.data.diabetes())
    >>> found = pk.compare([pk.GradientDescent, pk.HeavyBall], on=problem, budget=8, seeds=3)
    >>> sorted(entry.name for entry in found.entries), found.judging_seeds
    (['gradient_descent', 'heavy_ball'], (3, 4, 5))
    """
    if not isinstance(on, Problem):
        raise PolyakError(
            f"{on!r} is no problem: rules are compared on data, such as linear_regression(data)"
        )
    budget = whole_number("budget", budget, at_least=2)
    tuning = whole_number("tuning_seeds", tuning_seeds, at_least=1)
    judging = whole_number("seeds", seeds, at_least=1)
    first = whole_number("seed", seed, at_least=0)
    given = [rule if isinstance(rule, Plane) else sensible_plane(rule) for rule in rules]
    if len(given) < 2:
        raise PolyakError(
            f"{len(given)} rule is given, expected two at least to compare" if given else "no rules"
        )
    for_tuning, for_judging = range(first, first + tuning), range(first + tuning, first + tuning + judging)
    # Each rule is swept alone, so that progress tells of it; one seed draws the same strata for all.
    common: dict[str, Any] = {"on": on, "epochs": epochs, "batch_size": batch_size}
    told = progress or silent
    entries: list[Entry] = []
    found: dict[str, Any] = {}
    each = budget * tuning + judging
    for done, plane in enumerate(given):
        tuned = sweep(
            plane,
            sampling="latin_hypercube",
            cells=budget,
            seed=first,
            seeds=for_tuning,
            progress=_on_from(done * each, len(given) * each, told),
            **common,
        )
        name = numbered(plane.name, found)
        found[name] = tuned
        entries.append(_judged(name, plane, tuned, for_judging, common))
    told(len(given) * each, len(given) * each)
    import xarray as xr

    return Comparison(
        entries=tuple(sorted(entries, key=lambda entry: entry.median)),
        problem=on,
        budget=budget,
        tuning_seeds=tuple(for_tuning),
        judging_seeds=tuple(for_judging),
        epochs=epochs,
        batch_size=batch_size,
        sweeps=xr.DataTree.from_dict({name.replace("/", "_"): one for name, one in found.items()}),
    )


def _on_from(done: int, total: int, told: Progress) -> Progress:
    """Progress of a part, told as progress of the whole."""
    return lambda cells, _: told(done + cells, total)


def _judged(name: str, plane: Plane, tuned: Any, seeds: range, common: dict[str, Any]) -> Entry:
    """A rule at the best of its settings, on seeds that it was not tuned by."""
    ((_, dataset),) = planes(tuned).items()
    values = np.sort(np.asarray(medians(dataset).values, dtype=np.float64))
    if not np.isfinite(values[0]):
        raise PolyakError(f"every setting of {name} diverged: give it other ranges by over(...)")
    chosen = best(dataset)
    assert not isinstance(chosen, dict)
    rule = plane.at(**chosen.settings)
    options = {"epochs": common["epochs"], "batch_size": common["batch_size"], "seeds": seeds}
    train(rule, common["on"], **options)  # compiles
    history = train(rule, common["on"], **options)
    ends = np.where(np.isfinite(history.final_losses), history.final_losses, np.inf).astype(np.float64)
    with np.errstate(invalid="ignore"):
        median = float(np.nan_to_num(np.median(ends), nan=np.inf, posinf=np.inf))
    return Entry(
        name=name,
        plane=plane,
        settings=chosen.settings,
        edges=_edges(plane, chosen.settings, len(values)),
        tuned=values,
        history=history,
        median=median,
        interval=interval_of_median(ends),
        near=float((values <= near_best(values)).mean()),
        diverged=float((~np.isfinite(values)).mean()),
        seconds_a_step=history.seconds / (int(history.steps_taken[-1]) * len(seeds)),
    )


def _edges(plane: Plane, settings: dict[str, float], cells: int) -> dict[str, str]:
    """Which settings lie in the outermost stratum of their range, but for momenta near 0, the least there is."""
    found = {}
    for name, axis in plane.axes.items():
        if settings[name] > float(axis.at(1 - 1 / cells)):
            found[name] = "upper"
        elif settings[name] < float(axis.at(1 / cells)) and float(axis.at(0.0)) != 0:
            found[name] = "lower"
    return found
