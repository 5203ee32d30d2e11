"""Which change of the reference the candidate matches, to rounding, in every scenario."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from polyak.conventions.verify.comparison import NEXT, ROOM, ULP, Reference, rounding
from polyak.conventions.verify.hypotheses import Hypothesis, hypotheses
from polyak.conventions.verify.model import Model, ModelStepper
from polyak.conventions.verify.scenarios import Path
from polyak.rules import Coefficients
from polyak.rules.description import shown

Key = tuple[str, str]  # a verdict, and its words

MOST_CHANGES = 4
FITTED = 1e4  # times rounding: what is left of a momentum that was measured


@dataclass(frozen=True)
class Evidence:
    """What the candidate did in one scenario, beside the reference, and the reference in our words there."""

    reference: Reference
    candidate: Path
    model: Model
    parted: bool
    telling: int = 2  # steps after which most wrong models have parted from the candidate

    @property
    def skips(self) -> bool:
        """Whether gradients are missing, of which our words for a candidate say nothing."""
        return any(self.reference.scenario.missing)

    def explained_by(self, model: Model, room: float = 1.0) -> bool:
        """Whether a model goes where the candidate went, but for what the reference or it makes of roundings."""
        # Most models have parted soon, and are run no further.
        return all(self._as_far_as(steps, model, room) for steps in (1, self.telling, None))

    def _as_far_as(self, steps: int | None, model: Model, room: float) -> bool:
        path = _path(self, model, steps)
        candidate, bound = self.candidate[: len(path)], room * self.reference.rounding[: len(path)]
        if _same(path, candidate, bound):
            return True
        if steps == 1:
            return False
        moved = _path(self, model, steps, self.reference.problem.start * NEXT)
        return _same(path, candidate, np.fmax(room * rounding(path, moved), bound))


def diagnose(evidence: list[Evidence], known: Model | None = None) -> Key | None:
    """The verdict and the words of what explains every scenario; None if nothing known does.

    One change, if one suffices; else several, each of which explains scenarios more; else what the candidate is
    `known` to be, in our words; else any two changes.
    """
    sound = _sound(evidence)
    if not any(each.parted for each in sound):
        return None
    lists = [_by_words(each.model) for each in sound]
    keys = list(dict.fromkeys(itertools.chain.from_iterable(lists)))
    for key in keys:
        models = (
            found[key].model if key in found else each.model for each, found in zip(sound, lists, strict=True)
        )
        if _explains(sound, models):
            return key
    return _one_by_one(sound) or _meant(sound, known) or _two_changes(sound, lists, keys)


def _sound(evidence: list[Evidence]) -> list[Evidence]:
    """The scenarios in which the model is the reference; those first in which most hypotheses fall soonest."""
    found = [each for each in evidence if each.reference.equals(_path(each, each.model))]
    return sorted(found, key=lambda each: (not each.parted, each.reference.scenario.steps))


def _by_words(model: Model) -> dict[Key, Hypothesis]:
    return {(found.verdict, found.words): found for found in hypotheses(model)}


def _explains(sound: list[Evidence], models: Iterator[Model], room: float = 1.0) -> bool:
    return all(each.explained_by(model, room) for each, model in zip(sound, models, strict=True))


def _one_by_one(sound: list[Evidence]) -> Key | None:
    """Changes made on top of each other, each the one that explains most scenarios more and gives none up."""
    models = [each.model for each in sound]
    explained = {index for index, each in enumerate(sound) if not each.parted}
    chosen = list[Key]()
    while len(explained) < len(sound):
        lists = [_by_words(model) for model in models]
        best, gained = None, explained
        for key in dict.fromkeys(itertools.chain.from_iterable(lists)):
            tried = [
                found[key].model if key in found else model
                for found, model in zip(lists, models, strict=True)
            ]
            now = {index for index, each in enumerate(sound) if each.explained_by(tried[index])}
            if now > gained:
                best, gained, models_then = key, now, tried
        if best is None or len(chosen) == MOST_CHANGES:
            return None
        chosen, explained, models = [*chosen, best], gained, models_then
    return "; ".join(verdict for verdict, _ in chosen), "; and ".join(words for _, words in chosen)


def _meant(sound: list[Evidence], known: Model | None) -> Key | None:
    """What a candidate's own name means, if that is where it goes: another rule, or other settings of the same."""
    plain = [each for each in sound if not each.reference.scenario.settings]
    if known is None or not plain or not all(each.explained_by(known) for each in plain if not each.skips):
        return None
    rule, other = known.rule, plain[0].model.rule
    if type(rule) is not type(other):
        return "another rule", f"it is {rule}; the reference is {other}"
    settings = {**other.settings(), "weight_decay": plain[0].model.decay}
    changed = [
        f"{name} is {shown(value)}, the reference's {shown(settings[name])}"
        for name, value in {**rule.settings(), "weight_decay": known.decay}.items()
        if value != settings[name]
    ]
    return ("other settings", f"its {'; its '.join(changed)}") if changed else None


def _two_changes(sound: list[Evidence], lists: list[dict[Key, Hypothesis]], keys: list[Key]) -> Key | None:
    """Two changes at once: the second made of the model that the first has changed."""
    for one in keys:
        changed = [
            _by_words(found[one].model if one in found else each.model)
            for each, found in zip(sound, lists, strict=True)
        ]
        for two in keys:
            if two == one or two[0] == one[0]:
                continue
            if not any(two in found for found in changed):
                continue
            models = (
                after[two].model if two in after else (before[one].model if one in before else each.model)
                for each, before, after in zip(sound, lists, changed, strict=True)
            )
            if _explains(sound, models):
                return f"{one[0]}; {two[0]}", f"{one[1]}; and {two[1]}"
    return None


def fitted_numbers(evidence: list[Evidence], response: NDArray[np.float64]) -> Key | None:
    """A linear reference with another momentum and learning rate, read off the candidate's response."""
    sound = _sound(evidence)
    if not sound or not sound[0].model.linear or not np.isfinite(response).all():
        return None
    now, then, later = (float(weight) for weight in response[:3])
    fade = later / then if then else 0.0
    if now == 0 and then == 0:
        return None
    at_once = now - then / fade if fade else now

    def fitted(model: Model) -> Model:
        def row(rule: Any, _: int) -> Coefficients:
            share = float(rule.lr) / float(model.rule.lr)
            kept = then / fade if fade else 0.0
            return Coefficients(fade, 1.0, share * kept, share * at_once)

        return model.but(row=row)

    if not _explains(sound, (fitted(each.model) for each in sound), FITTED):
        return None
    momentum = f"a momentum of {fade:.6g}" if fade else "no momentum"
    return (
        "other numbers",
        f"it is the same recurrence with {momentum}: a unit gradient moves x by {now:.6g} at once and by"
        f" {then:.6g} in the step after",
    )


def _path(each: Evidence, model: Model, steps: int | None = None, start: Path | None = None) -> Path:
    return each.reference.scenario.path(ModelStepper(model), each.reference.problem, start, steps)


def _same(path: Path, candidate: Path, bound: Path) -> bool:
    """Whether two paths are one but for rounding; both may leave the finite numbers, at the same step."""
    whole, others = (np.isfinite(each).all(axis=1) for each in (path, candidate))
    if not np.array_equal(whole, others):
        return False
    with np.errstate(all="ignore"):
        own = (
            ROOM * ULP * np.maximum.accumulate(np.abs(candidate).max(axis=1))[:, None]
        )  # it may have gone further
        return bool((np.abs(path - candidate)[whole] <= np.fmax(bound, own)[whole]).all())


def models_of(name: str, settings: Mapping[str, Any]) -> Model | None:
    """A reference in our words, where it has a spelling."""
    from polyak.conventions.spellings import find, read
    from polyak.errors import PolyakError

    try:
        spelling = find(name)
        spelled = {own: typed for typed, own in spelling.solver.items()}
        model = Model.of(read(spelling, {spelled.get(key, key): value for key, value in settings.items()}))
    except PolyakError:
        return None
    # Keras has one count of steps for all its variables.
    return model.but(missing="counted") if spelling.framework == "keras" else model
