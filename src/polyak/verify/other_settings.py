"""The same rule with other settings: every number of it, and a weight decay, measured together on the candidate.

Where the candidate parts from the reference while both are the same rule, its numbers are those that take the model
where the candidate went: least squares over all of them at once, on the first steps of two scenarios, and then each as
it may have been typed. What was found is checked in every scenario, as any other cause is.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from polyak.ground.errors import PolyakError
from polyak.ground.numbers import readable
from polyak.rules import Rule
from polyak.verify.evidence import Evidence
from polyak.verify.reference_model import Model

STEPS, FEW = 16, 12
DIGITS = (1, 2, 3, 6)  # in which people type a setting
NEAR = 1e-5  # of a setting, or of what it lacks to 1: what rounding leaves of its measurement
TURNS = 60
EPS = (1e-8, 1e-3, 1e-12)  # where an eps is begun to be sought, beside the reference's own
Vector = NDArray[np.float64]
Explains = Callable[[list[Model]], bool]
Changes = dict[str, float]


def other_settings(
    sound: Sequence[Evidence], models: Sequence[Model], explains: Explains, starts: int | None = None
) -> tuple[str, list[Model]] | None:
    """In words the settings that are others, and the models with them; None where no settings explain everything.

    They are sought from so many starts, by default from all.
    """
    if not models or not isinstance(models[0].rule, Rule):
        return None
    chosen = _telling(sound)
    for begun in _starts(models[0])[:starts]:
        found = _fitted([(sound[k], models[k]) for k in chosen], begun)
        if found is None:
            continue
        for changes in _typed(models[0], found):
            changed = [with_settings(model, changes) for model in models]
            if all(changed) and explains([model for model in changed if model is not None]):
                return _in_words(models[0], changes), [model for model in changed if model is not None]
    return None


def with_settings(model: Model, changes: Mapping[str, float]) -> Model | None:
    """A model with other numbers; None where they are out of their range."""
    try:
        rule = model.rule.replace(
            **{name: value for name, value in changes.items() if name != "weight_decay"}
        )
    except PolyakError:
        return None
    # A learning rate is a share of that which the scenario sets.
    changed = model.but(rule=rule)
    return changed.but(decay=changes["weight_decay"]) if "weight_decay" in changes else changed


def _telling(sound: Sequence[Evidence]) -> list[int]:
    """A plain run, and one in which eps is large: what its numbers are measured on."""
    plain = [
        k
        for k, each in enumerate(sound)
        if each.plain
        and not each.skips
        and each.scenario.lr_factors is None
        and each.scenario.reload is None
        and each.scenario.start == 1
        and each.scenario.steps >= FEW
        and each.scenario.size < 100
        and not each.scenario.turns
        and each.scenario.zeros == (0, 0)
    ]
    plain.sort(key=lambda k: len(sound[k].scenario.shapes))  # one array is quicker than three
    usual = [k for k in plain if sound[k].scenario.gradient == 1][:1]
    return usual + [k for k in plain if sound[k].scenario.gradient < 1][:1]


def _names(model: Model) -> list[str]:
    return [name for name in model.rule.hyperparameters() if isinstance(getattr(model.rule, name), float)]


def _starts(model: Model) -> list[Changes]:
    """Where the settings are begun to be sought: the reference's, with other eps."""
    own = {name: float(getattr(model.rule, name)) for name in _names(model)}
    return [own, *({**own, "eps": eps} for eps in EPS if "eps" in own and eps != own["eps"])]


def _fitted(runs: Sequence[tuple[Evidence, Model]], begun: Changes) -> Changes | None:
    """The settings by least squares, in coordinates in which each may be any number."""
    from scipy.optimize import least_squares

    names = [*begun, "weight_decay"]
    model = runs[0][1] if runs else None
    if model is None:
        return None
    about = model.rule.hyperparameters()
    maps = [
        _coordinate(about[name].interval.ends if name in about else (-np.inf, np.inf), name) for name in names
    ]
    start = np.array(
        [there(value) for (there, _), value in zip(maps, [*begun.values(), model.decay], strict=True)]
    )

    def numbers(u: Vector) -> Changes:
        return {name: back(float(value)) for name, (_, back), value in zip(names, maps, u, strict=True)}

    def residuals(u: Vector) -> Vector:
        rows = []
        for each, before in runs:
            changed = with_settings(before, numbers(u))
            steps = min(STEPS, each.scenario.steps)
            path = (
                np.full((steps + 1, each.scenario.size), np.nan)
                if changed is None
                else each.path_of(changed, steps)
            )
            scale = np.abs(each.candidate[: steps + 1] - each.candidate[0]).max() or 1.0
            rows.append(((path - each.candidate[: steps + 1]) / scale).ravel())
        found = np.concatenate(rows)
        return np.where(np.isfinite(found), found, 1e3)

    with np.errstate(all="ignore"):
        try:
            found = least_squares(
                residuals, start, xtol=1e-15, ftol=1e-15, gtol=1e-15, max_nfev=TURNS, x_scale="jac"
            )
        except (ValueError, np.linalg.LinAlgError):
            return None
    return numbers(found.x) if np.isfinite(found.cost) and found.cost < 1e-6 else None


def _coordinate(
    ends: tuple[float, float], name: str
) -> tuple[Callable[[float], float], Callable[[float], float]]:
    """A coordinate of a setting that has no ends, and the way back."""
    if name.startswith("eps"):
        return (lambda v: float(np.log(max(v, 1e-300)))), (lambda u: float(np.exp(min(u, 50.0))))
    if ends == (0.0, 1.0):
        return (lambda v: float(np.log(max(v, 1e-12) / (1 - v)))), (lambda u: float(1 / (1 + np.exp(-u))))
    if name == "lr":
        return (lambda v: float(np.log(max(v, 1e-300)))), (lambda u: float(np.exp(min(u, 50.0))))
    return float, (lambda u: max(float(u), ends[0]))


def _typed(model: Model, found: Changes) -> list[Changes]:
    """What was measured, each number as it may have been typed; the plainest first; only what is another."""
    own = {**{name: float(getattr(model.rule, name)) for name in _names(model)}, "weight_decay": model.decay}
    rounds = []
    for digits in DIGITS:
        changes = {}
        for name, value in found.items():
            kept = _rounded(value, digits)
            if _alike(value, own[name]):
                continue
            changes[name] = kept if _alike(value, kept) else value
        rounds.append(changes)
    unique = list({tuple(each.items()): each for each in rounds if each}.values())
    # Of what is hardly felt, such as an eps beside large squares, the measure is rough: without it, then.
    fewer = [
        {name: each[name] for name in names}
        for each in unique
        for size in (1, 2, 3)
        for names in itertools.combinations(each, size)
        if size < len(each)
    ]
    return [*fewer, *unique]


def _rounded(value: float, digits: int) -> float:
    """Of digits as typed: those of 1 - value for what is nearly 1, as 0.999 is."""
    return float(readable(value, digits)) if value < 0.9 else 1 - float(readable(1 - value, digits))


def _alike(value: float, other: float) -> bool:
    near = NEAR * max(abs(value), abs(other), 1e-300)
    return abs(value - other) <= max(near, 1e-9 if max(abs(value), abs(other)) < 1e-6 and other == 0 else 0.0)


def _in_words(model: Model, changes: Mapping[str, float]) -> str:
    own = {**{name: float(getattr(model.rule, name)) for name in _names(model)}, "weight_decay": model.decay}
    said = [f"{name} {readable(value, 6)}, not {readable(own[name], 6)}" for name, value in changes.items()]
    return f"same rule, other settings: {'; '.join(said)}"
