"""Which change of the reference the candidate matches, to rounding, in every scenario."""

from __future__ import annotations

import itertools
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from polyak.ground.numbers import readable
from polyak.rules import Coefficients
from polyak.rules.description import shown
from polyak.verify.change import Hypothesis
from polyak.verify.decays import NONE, Amounts, besides, measured
from polyak.verify.evidence import Evidence
from polyak.verify.hypotheses import hypotheses
from polyak.verify.other_settings import other_settings
from polyak.verify.reference_model import Model
from polyak.verify.single_precision import DIGITS

Key = tuple[str, str]  # a verdict, and its words
Named = dict[Key, Hypothesis]

MOST_CHANGES = 4
LIKELY = 4  # changes that are tried with other settings
QUICK_STEPS, MANY = 30, 100
FITTED = 1e4  # times rounding: what is left of a momentum that was measured


def diagnose(evidence: list[Evidence], known: Model | None = None, *, quick: bool = False) -> Key | None:
    """The verdict and the words of what explains every scenario; None if nothing known does.

    One change, if one suffices; else the same rule's other settings; else several changes, each of which explains
    scenarios more; else what the candidate is `known` to be, in our words; else a change and other settings, or any two
    changes.
    """
    sound = _sound(evidence)
    if not any(each.parted for each in sound):
        return None
    amounts = measured(sound)
    models = [each.spelled for each in sound]
    lists = _lists(sound, models, amounts)
    keys = list(dict.fromkeys(itertools.chain.from_iterable(lists)))
    for key in keys:
        if _explains(sound, _changed(models, lists, key)):
            return key
    if quick:
        return _meant(sound, known)
    others = _others(sound, models) if known is None else None
    if others is not None:
        return "other settings", others
    return (
        _one_by_one(sound, amounts)
        or _meant(sound, known)
        or _and_settings(sound, models, lists, keys)
        or _two_changes(sound, lists, keys, amounts)
    )


def _others(sound: list[Evidence], models: list[Model], starts: int | None = None) -> str | None:
    """The settings that are others, in words; a linear rule's are read off its response, and not here."""
    if models[0].linear:
        return None
    found = other_settings(sound, models, lambda changed: _explains(sound, changed), starts)
    return None if found is None else found[0]


def _and_settings(
    sound: list[Evidence], models: list[Model], lists: list[Named], keys: list[Key]
) -> Key | None:
    """One change and other settings: of the changes that explain most by themselves."""
    if models[0].linear:
        return None
    ranked = sorted(keys, key=lambda key: -_nearness(sound, _changed(models, lists, key)))
    for key in ranked[:LIKELY]:
        others = _others(sound, _changed(models, lists, key), starts=1)
        if others is not None:
            return (
                f"{key[0]}; other settings",
                f"{key[1]}; and {others.removeprefix('same rule, other settings: ')}",
            )
    return None


def _nearness(sound: list[Evidence], models: list[Model]) -> int:
    """How many of the scenarios of one array and few steps a change explains."""
    return sum(
        each.explained_by(model)
        for each, model in zip(sound, models, strict=True)
        if each.scenario.steps <= QUICK_STEPS and each.scenario.size < MANY
    )


def _sound(evidence: list[Evidence]) -> list[Evidence]:
    """The scenarios in which the model is the reference; those first in which most hypotheses fall soonest."""
    found = [each for each in evidence if each.sound]
    return sorted(found, key=lambda each: (not each.parted, each.scenario.steps))


def _lists(sound: list[Evidence], models: list[Model], amounts: Amounts) -> list[Named]:
    """In each scenario the changes of its model, by what is said of them."""
    made = dict[tuple[int, bool], Named]()  # most scenarios have one and the same model
    for run, model in zip(sound, models, strict=True):
        if (id(model), run.plain) not in made:
            each_of = list(hypotheses(model, amounts if run.plain else NONE))
            if not run.plain:  # a weight decay that both were given is not the one that was measured
                each_of += [besides(model, kind, value) for kind in amounts for value in amounts[kind]]
            made[id(model), run.plain] = {(each.verdict, each.words): each for each in each_of}
    return [made[id(model), run.plain] for run, model in zip(sound, models, strict=True)]


def _changed(models: list[Model], lists: list[Named], key: Key) -> list[Model]:
    """The models with one change, where they can be given it."""
    return [named[key].model if key in named else model for model, named in zip(models, lists, strict=True)]


def _explains(sound: list[Evidence], models: list[Model], room: float = 1.0) -> bool:
    return all(each.explained_by(model, room) for each, model in zip(sound, models, strict=True))


def _one_by_one(sound: list[Evidence], amounts: Amounts) -> Key | None:
    """Changes made on top of each other, each the one that explains most scenarios more and gives none up."""
    models = [each.spelled for each in sound]
    explained = {index for index, each in enumerate(sound) if not each.parted}
    chosen = list[Key]()
    while len(explained) < len(sound):
        best = _best(sound, models, explained, amounts)
        if best is None or len(chosen) == MOST_CHANGES:
            return None
        key, explained, models = best
        chosen.append(key)
    return "; ".join(verdict for verdict, _ in chosen), "; and ".join(words for _, words in chosen)


def _best(
    sound: list[Evidence], models: list[Model], explained: set[int], amounts: Amounts
) -> tuple[Key, set[int], list[Model]] | None:
    """The change that explains most scenarios more, what is explained then, and the models with it."""
    lists = _lists(sound, models, amounts)
    best, most = None, len(explained)
    for key in dict.fromkeys(itertools.chain.from_iterable(lists)):
        tried = _changed(models, lists, key)
        # Most explain nothing more: what is explained already is not run again for them.
        others = [index for index in range(len(sound)) if index not in explained]
        now = explained | {index for index in others if sound[index].explained_by(tried[index])}
        if len(now) > most and all(sound[index].explained_by(tried[index]) for index in explained):
            best, most = (key, now, tried), len(now)
    return best


def _meant(sound: list[Evidence], known: Model | None) -> Key | None:
    """What a candidate's own name means, if that is where it goes: another rule, or other settings of the same."""
    plain = [each for each in sound if not each.scenario.settings]
    if known is None or not plain or not all(each.skips or each.explained_by(known) for each in plain):
        return None
    return _told_apart(known, plain[0].spelled)


def _told_apart(known: Model, reference: Model) -> Key | None:
    """What tells two rules apart, in words; None where nothing does."""
    rule = known.rule
    if type(rule) is not type(reference.rule):
        return "another rule", f"it is {rule}; the reference is {reference.rule}"
    theirs = {**reference.rule.settings(), "weight_decay": reference.decay}
    changed = [
        f"{name} is {shown(value)}, the reference's {shown(theirs[name])}"
        for name, value in {**rule.settings(), "weight_decay": known.decay}.items()
        if value != theirs[name]
    ]
    return ("other settings", f"its {'; its '.join(changed)}") if changed else None


def _two_changes(sound: list[Evidence], lists: list[Named], keys: list[Key], amounts: Amounts) -> Key | None:
    """Two changes at once: the second made of the model that the first has changed."""
    models = [each.spelled for each in sound]
    first, measured_there = sound[0], amounts if sound[0].plain else NONE
    for one in keys:
        changed, further = _changed(models, lists, one), list[Named]()
        # Nearly all pairs part in the first scenario already: the others are asked of those alone that do not.
        for found in hypotheses(changed[0], measured_there):
            two = found.verdict, found.words
            if two[0] == one[0] or not first.explained_by(found.model):
                continue
            further = further or _lists(sound, changed, amounts)
            if _explains(sound, _changed(changed, further, two)):
                return f"{one[0]}; {two[0]}", f"{one[1]}; and {two[1]}"
    return None


class Recurrence(NamedTuple):
    """A linear one, by its response: what a unit gradient takes off x at once and in the step after, and the rest."""

    now: float
    then: float
    fade: float

    @classmethod
    def of(cls, response: NDArray[np.float64]) -> Recurrence | None:
        """The one with this response; None where it is not finite, or moves nothing."""
        now, then, later = (float(weight) for weight in response[:3])
        moves = np.isfinite(response).all() and (now != 0 or then != 0)
        return cls(now, then, later / then if then else 0.0) if moves else None

    def model(self, reference: Model) -> Model:
        """The reference with these numbers, its learning rate on them."""
        kept = self.then / self.fade if self.fade else 0.0

        def row(rule: Any, _: int) -> Coefficients:  # noqa: ANN401
            share = float(rule.lr) / float(reference.rule.lr)
            return Coefficients(self.fade, 1.0, share * kept, share * (self.now - kept))

        return reference.but(row=row)


def fitted_numbers(
    evidence: list[Evidence], response: NDArray[np.float64], references: NDArray[np.float64]
) -> Key | None:
    """A linear reference with another momentum and learning rate, read off the candidate's response."""
    sound, seen = _sound(evidence), Recurrence.of(response)
    if not sound or not sound[0].spelled.linear or seen is None:
        return None
    in_single = any(each.allowed is not None for each in sound)
    if np.allclose(response, references, rtol=1e-6 if in_single else 1e-12, atol=0.0):
        return None
    if not _explains(sound, [seen.model(each.spelled) for each in sound], DIGITS if in_single else FITTED):
        return None
    now, then, fade = seen
    momentum = f"a momentum of {readable(fade, 6)}" if fade else "no momentum"
    return (
        "other numbers",
        f"it is the same recurrence with {momentum}: a unit gradient moves x by {readable(now, 6)} at once and by"
        f" {readable(then, 6)} in the step after",
    )
