"""Which change of the reference the candidate matches, to rounding, in every scenario."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from polyak.ground.numbers import readable
from polyak.rules import Coefficients
from polyak.rules.description import shown
from polyak.verify.decays import NONE, Amounts, measured
from polyak.verify.evidence import Evidence
from polyak.verify.hypotheses import Hypothesis, hypotheses
from polyak.verify.model import Model
from polyak.verify.single_precision import DIGITS

Key = tuple[str, str]  # a verdict, and its words

MOST_CHANGES = 4
FITTED = 1e4  # times rounding: what is left of a momentum that was measured


def diagnose(evidence: list[Evidence], known: Model | None = None) -> Key | None:
    """The verdict and the words of what explains every scenario; None if nothing known does.

    One change, if one suffices; else several, each of which explains scenarios more; else what the candidate is
    `known` to be, in our words; else any two changes.
    """
    sound = _sound(evidence)
    if not any(each.parted for each in sound):
        return None
    amounts = measured(sound)
    lists = [_by_words(each, each.spelled, amounts) for each in sound]
    keys = list(dict.fromkeys(itertools.chain.from_iterable(lists)))
    for key in keys:
        models = (
            found[key].model if key in found else each.spelled
            for each, found in zip(sound, lists, strict=True)
        )
        if _explains(sound, models):
            return key
    return _one_by_one(sound, amounts) or _meant(sound, known) or _two_changes(sound, lists, keys, amounts)


def _sound(evidence: list[Evidence]) -> list[Evidence]:
    """The scenarios in which the model is the reference; those first in which most hypotheses fall soonest."""
    found = [each for each in evidence if each.sound]
    return sorted(found, key=lambda each: (not each.parted, each.scenario.steps))


def _by_words(each: Evidence, model: Model, amounts: Amounts) -> dict[Key, Hypothesis]:
    # A weight decay that both were given is not the one that was measured.
    known = hypotheses(model, amounts if each.plain else NONE)
    return {(found.verdict, found.words): found for found in known}


def _explains(sound: list[Evidence], models: Iterator[Model], room: float = 1.0) -> bool:
    return all(each.explained_by(model, room) for each, model in zip(sound, models, strict=True))


def _one_by_one(sound: list[Evidence], amounts: Amounts) -> Key | None:
    """Changes made on top of each other, each the one that explains most scenarios more and gives none up."""
    models = [each.spelled for each in sound]
    explained = {index for index, each in enumerate(sound) if not each.parted}
    chosen = list[Key]()
    while len(explained) < len(sound):
        lists = [_by_words(each, model, amounts) for each, model in zip(sound, models, strict=True)]
        best, gained = None, explained
        for key in dict.fromkeys(itertools.chain.from_iterable(lists)):
            tried = [
                found[key].model if key in found else model
                for found, model in zip(lists, models, strict=True)
            ]
            # Most explain nothing more: what is explained already is not run again for them.
            more = {
                index
                for index, each in enumerate(sound)
                if index not in explained and each.explained_by(tried[index])
            }
            if len(explained | more) <= len(gained):
                continue
            if all(sound[index].explained_by(tried[index]) for index in explained):
                best, gained, models_then = key, explained | more, tried
        if best is None or len(chosen) == MOST_CHANGES:
            return None
        chosen, explained, models = [*chosen, best], gained, models_then
    return "; ".join(verdict for verdict, _ in chosen), "; and ".join(words for _, words in chosen)


def _meant(sound: list[Evidence], known: Model | None) -> Key | None:
    """What a candidate's own name means, if that is where it goes: another rule, or other settings of the same."""
    plain = [each for each in sound if not each.scenario.settings]
    if known is None or not plain or not all(each.explained_by(known) for each in plain if not each.skips):
        return None
    rule, other = known.rule, plain[0].spelled.rule
    if type(rule) is not type(other):
        return "another rule", f"it is {rule}; the reference is {other}"
    settings = {**other.settings(), "weight_decay": plain[0].spelled.decay}
    changed = [
        f"{name} is {shown(value)}, the reference's {shown(settings[name])}"
        for name, value in {**rule.settings(), "weight_decay": known.decay}.items()
        if value != settings[name]
    ]
    return ("other settings", f"its {'; its '.join(changed)}") if changed else None


def _two_changes(
    sound: list[Evidence], lists: list[dict[Key, Hypothesis]], keys: list[Key], amounts: Amounts
) -> Key | None:
    """Two changes at once: the second made of the model that the first has changed."""
    for one in keys:
        changed = [
            _by_words(each, found[one].model if one in found else each.spelled, amounts)
            for each, found in zip(sound, lists, strict=True)
        ]
        for two in keys:
            if two == one or two[0] == one[0]:
                continue
            if not any(two in found for found in changed):
                continue
            models = (
                after[two].model if two in after else (before[one].model if one in before else each.spelled)
                for each, before, after in zip(sound, lists, changed, strict=True)
            )
            if _explains(sound, models):
                return f"{one[0]}; {two[0]}", f"{one[1]}; and {two[1]}"
    return None


def fitted_numbers(
    evidence: list[Evidence], response: NDArray[np.float64], references: NDArray[np.float64]
) -> Key | None:
    """A linear reference with another momentum and learning rate, read off the candidate's response."""
    sound = _sound(evidence)
    if not sound or not sound[0].spelled.linear or not np.isfinite(response).all():
        return None
    in_single = any(each.allowed is not None for each in sound)
    if np.allclose(response, references, rtol=1e-6 if in_single else 1e-12, atol=0.0):
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

    room = DIGITS if in_single else FITTED
    if not _explains(sound, (fitted(each.spelled) for each in sound), room):
        return None
    momentum = f"a momentum of {readable(fade, 6)}" if fade else "no momentum"
    return (
        "other numbers",
        f"it is the same recurrence with {momentum}: a unit gradient moves x by {readable(now, 6)} at once and by"
        f" {readable(then, 6)} in the step after",
    )


def models_of(name: str, settings: Mapping[str, Any]) -> Model | None:
    """A reference in our words, where it has a spelling."""
    from polyak.frameworks.spellings import find, read
    from polyak.ground.errors import PolyakError

    try:
        spelling = find(name)
        spelled = {own: typed for typed, own in spelling.solver.items()}
        model = Model.of(read(spelling, {spelled.get(key, key): value for key, value in settings.items()}))
    except PolyakError:
        return None
    # Keras has one count of steps for all its variables.
    return model.but(missing="counted") if spelling.framework == "keras" else model
