"""A recipe as it was pasted, read: the optimizer, its arguments, and what stands around it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from polyak.frameworks.called import borrowed, by_any_name
from polyak.frameworks.catalogue import find
from polyak.frameworks.spelling import Spelling
from polyak.ground.errors import PolyakError
from polyak.translate.around import Around, around_of
from polyak.translate.around.accumulate import Accumulate, steps_of
from polyak.translate.around.average import OF_KERAS, of_keras
from polyak.translate.around.clip import ARGUMENTS, Clip, amount_of
from polyak.translate.paste.binding import Bound, bound, checked
from polyak.translate.paste.chains import GROUPS, is_chain, parts_of_chain
from polyak.translate.paste.configs import parts_of, parts_of_call
from polyak.translate.paste.parts import Parts
from polyak.translate.paste.text import Pasted, taken_apart
from polyak.translate.paste.values import Call
from polyak.translate.schedules import Schedule, is_schedule, read_schedule
from polyak.translate.schedules.courses.constant import Constant


@dataclass(frozen=True)
class Recipe:
    """A pasted recipe.

    Attributes:
        spelling: the optimizer's.
        arguments: its arguments, by its framework's names.
        said: what was read how, and what was left out, in words.
        schedule: of its learning rate, which is then the largest of it; None where it is constant.
        around: what is done to the gradients before it, the outermost first.
        decay: the kind and the strength of a weight decay beside the optimizer's own; None where there is none.
        inside: whether the learning rate is inside the velocity, where its name says that it is not.
        links: of a chain of Optax's, those that are the optimizer.
        groups: of parameters, each by its name and with a recipe of its own; the first is then the recipe's own.
    """

    spelling: Spelling
    arguments: Mapping[str, Any]
    said: tuple[str, ...] = ()
    schedule: Schedule | None = None
    around: tuple[Around, ...] = ()
    decay: tuple[str, float] | None = None
    inside: bool = False
    links: tuple[Call, ...] = ()
    groups: tuple[tuple[str, Recipe], ...] = ()


@dataclass(frozen=True)
class Clock:
    """How long a training is.

    Attributes:
        steps_per_epoch: what an epoch has, for schedules that are stepped once in each; None for those in steps.
        total_steps: of the whole training, for schedules that end with it and do not say when.
    """

    steps_per_epoch: int | None = None
    total_steps: int | None = None


STEP_BY_STEP = Clock()


def read_recipe(text: str, given: Mapping[str, Any] | None = None, clock: Clock = STEP_BY_STEP) -> Recipe:
    """A pasted text as a recipe. It is parsed, and nothing of it is run.

    Args:
        text: a call of an optimizer as it is written in a framework; a few lines with their imports; a dict, JSON or
            YAML; or the name of a file with one of these (.py, .yaml, .yml, .json).
        given: arguments for what only a run would tell, such as lr where the text says `lr=args.lr`.
        clock: how long an epoch and the training are, where a schedule needs to know.

    Raises PolyakError, in one line, for a text that is no call, for a name of no framework, for what would have to
    be run, and for an argument that is not known.

    >>> found = read_recipe("keras.optimizers.legacy.SGD(0.01, momentum=.9)")
    >>> found.spelling.name, found.arguments
    ('keras:SGD', {'learning_rate': 0.01, 'momentum': 0.9})
    """
    pasted = taken_apart(text)
    parts = parts_of(pasted.mapping) if pasted.mapping is not None else parts_in(pasted)
    return recipe_of(parts, given or {}, clock)


def recipe_of(parts: Parts, given: Mapping[str, Any], clock: Clock = STEP_BY_STEP) -> Recipe:
    """The parts, each bound to its framework."""
    around = [_around(part) for part in (*parts.wrappers, *parts.clips)]
    if parts.optimizer.last in GROUPS:
        return _grouped(_labelled(parts.optimizer), given, clock, around)
    found = bound(parts.optimizer)
    if isinstance(found.parameters, tuple) and any(isinstance(each, dict) for each in found.parameters):
        return _grouped(_groups_of(parts, found), given, clock, around)
    read = filled(found.spelling, found.arguments, given)
    if parts.steps is not None and clock.total_steps is None:
        clock = replace(clock, total_steps=parts.steps)
    schedule, read = scheduled(found.spelling, read, parts.scheduler, clock)
    read, own = _arguments_around(read)
    around += own
    arguments = checked(found.spelling, read)
    named = () if parts.optimizer.name == found.spelling.name else _read_as(parts.optimizer, found.spelling)
    said = (*named, *parts.said, *(schedule.said if schedule else ()), *_left_out(found.left_out))
    return Recipe(
        found.spelling,
        arguments,
        said,
        _that_changes(schedule),
        tuple(sorted(around, key=lambda each: -each.every)),  # gradients are summed first
        parts.decay,
        parts.inside,
        parts.links,
    )


def _that_changes(schedule: Schedule | None) -> Schedule | None:
    constant = schedule is not None and isinstance(schedule.course, Constant)
    return None if constant else schedule


def _left_out(names: Sequence[str]) -> tuple[str, ...]:
    they = "they change" if len(names) > 1 else "it changes"
    return (f"left out, since {they} no number: {', '.join(names)}",) if names else ()


def _grouped(
    groups: list[tuple[str, Parts]], given: Mapping[str, Any], clock: Clock, around: list[Around]
) -> Recipe:
    """Groups of parameters, each read by itself; what is done to the gradients is done to all together."""
    names = [name for name, _ in groups]
    if len({*names}) < len(names) or len(names) < 2:
        raise PolyakError(
            f"the groups of parameters are {', '.join(names)}, expected two or more, each with a name"
        )
    each = [(name, recipe_of(parts, given, clock)) for name, parts in groups]
    if any(recipe.around or recipe.groups for _, recipe in each):
        raise PolyakError("a group of parameters with its own clipping or groups is not read")
    said = tuple(dict.fromkeys(line for _, recipe in each for line in recipe.said))
    return replace(
        each[0][1], around=tuple(sorted(around, key=lambda it: -it.every)), groups=tuple(each), said=said
    )


def _labelled(call: Call) -> list[tuple[str, Parts]]:
    """The optimizers of Optax's multi_transform, by their labels."""
    inside = call.named.get("transforms", call.positional[0] if call.positional else None)
    if not isinstance(inside, dict) or not all(isinstance(value, Call) for value in inside.values()):
        raise PolyakError(
            f"{call!r} is not read, expected optax.multi_transform({{'name': optimizer, ...}}, labels)"
        )
    return [
        (str(name), parts_of_chain(value) if is_chain(value) else Parts(value))
        for name, value in inside.items()
    ]


def _groups_of(parts: Parts, found: Bound) -> list[tuple[str, Parts]]:
    """torch's groups, each with the arguments of the call but for its own."""
    groups = []
    for number, group in enumerate(found.parameters, start=1):
        if not isinstance(group, dict) or "params" not in group:
            raise PolyakError(f"{found.spelling.name}: a group is {group!r}, expected a dict with 'params'")
        own = {name: value for name, value in group.items() if name not in ("params", "name")}
        text = group.get("name", repr(group["params"]))
        name = text if isinstance(text, str) and text.isidentifier() else f"group_{number}"
        call = Call(parts.optimizer.name, (), {**found.arguments, **own}, parts.optimizer.text)
        groups.append((name, replace(parts, optimizer=call, clips=(), wrappers=())))
    return groups


def _around(call: Call) -> Around:
    """What a call does around the optimizer, else the refusal."""
    found = around_of(call)
    if found is None:
        raise PolyakError(
            f"{call!r} stands beside the optimizer and is not read: expected the optimizer with its schedule, the"
            " clipping of its gradients, their accumulation and the average of the weights"
        )
    return found


def _arguments_around(read: Mapping[str, Any]) -> tuple[dict[str, Any], list[Around]]:
    """Keras's arguments that are no optimizer's own, taken out of the others."""
    kept, around = dict(read), list[Around]()
    for name, how in ARGUMENTS.items():
        if kept.get(name) is not None and isinstance(kept[name], int | float):
            around.append(Clip(how, amount_of(name, kept.pop(name))))
    if len(around) > 1:
        raise PolyakError(f"expected one of {', '.join(ARGUMENTS)}, as Keras does")
    accumulated = "gradient_accumulation_steps"
    if kept.get(accumulated) is not None:
        around.append(Accumulate(steps_of(accumulated, kept.pop(accumulated))))
    average = of_keras(kept)
    if average is not None:
        around.append(average)
        kept = {name: value for name, value in kept.items() if name not in OF_KERAS}
    return kept, around


def scheduled(
    spelling: Spelling, read: Mapping[str, Any], beside: Call | None, clock: Clock
) -> tuple[Schedule | None, dict[str, Any]]:
    """The schedule of an optimizer, as its learning rate or beside it, and its arguments with the largest of it.

    Raises PolyakError for two schedules, for one whose learning rate is always 0, and as `read_schedule` does.
    """
    name = next(argument.name for argument in spelling.arguments if "lr" in argument.settings)
    own, arguments = read.get(name, spelling.defaults[name]), dict(read)
    if not is_schedule(own) and beside is None:
        return None, arguments
    if is_schedule(own) and beside is not None:
        raise PolyakError(f"{spelling.name} has two schedules, {own!r} and {beside!r}: expected one")
    if beside is None:
        found = read_schedule(own, None, clock.steps_per_epoch, clock.total_steps)
    else:
        base = checked(spelling, {name: own})[name]
        if isinstance(base, bool) or not isinstance(base, int | float):
            raise PolyakError(f"{spelling.name} needs {name}, which {beside.last} multiplies")
        found = read_schedule(beside, float(base), clock.steps_per_epoch, clock.total_steps)
    peak = found.course.peak
    if peak == 0:
        raise PolyakError(f"the learning rate of {found.row.name} is always 0")
    arguments[name] = peak
    return found, arguments


def _read_as(call: Call, spelling: Spelling) -> tuple[str, ...]:
    """Whose a call was taken to be, where it does not say so itself."""
    bare = "." not in call.name and ":" not in call.name
    return (f"read as {spelling.name}, whose arguments these are",) if bare else ()


def filled(spelling: Spelling, read: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """What was read, with the values that were given for what could not be."""
    for name in given:
        if name in read and isinstance(read[name], int | float | str | tuple):
            raise PolyakError(f"{spelling.name}: {name} is given twice, in the text and beside it")
    return {**read, **given}


def parts_in(pasted: Pasted) -> Parts:
    """The calls of a text, told apart: one is the optimizer's, the others stand beside it."""
    config = parts_of_call(pasted.calls[0]) if len(pasted.calls) == 1 else None
    if config is not None:
        return config
    optimizer = _only_optimizer(pasted.calls)
    taken = parts_of_chain(optimizer) if is_chain(optimizer) else Parts(optimizer)
    beside = [call for call in _outer(pasted.calls) if call is not optimizer]
    schedules = [call for call in beside if is_schedule(call)]
    _refuse_several(schedules)
    wrappers = tuple(call for call in beside if call not in schedules)
    return replace(
        taken, scheduler=schedules[0] if schedules else None, wrappers=(*wrappers, *taken.wrappers)
    )


def _refuse_several(schedules: list[Call]) -> None:
    if len(schedules) > 1:
        raise PolyakError(
            f"the text has {len(schedules)} schedules, {', '.join(map(repr, schedules))}: expected one, or one of them"
            " that names the others, such as SequentialLR"
        )


def _outer(calls: list[Call]) -> list[Call]:
    """The calls that stand in no other."""
    inside = [each for call in calls for each in _within(call)]
    return [call for call in calls if not any(call is each for each in inside)]


def _within(value: object) -> Iterator[Call]:
    """Every call inside a call."""
    parts: Iterable[object] = ()
    if isinstance(value, Call):
        parts = (*value.positional, *value.named.values())
    elif isinstance(value, tuple | dict):
        parts = value.values() if isinstance(value, dict) else value
    for part in parts:
        if isinstance(part, Call):
            yield part
        yield from _within(part)


def _only_optimizer(calls: list[Call]) -> Call:
    """The one call that is of an optimizer, else the refusal."""
    optimizers = _optimizers(calls)
    if not optimizers and len(calls) == 1:
        bound(calls[0])  # which says what is wrong with it
    if len(optimizers) != 1:
        count = "no optimizer" if not optimizers else f"{len(optimizers)} optimizers"
        raise PolyakError(f"the text has {count}, expected one: {', '.join(map(repr, optimizers or calls))}")
    return optimizers[0]


def _optimizers(calls: list[Call]) -> list[Call]:
    """The calls of optimizers, those inside a chain left out."""
    within = [id(each) for call in calls if is_chain(call) for each in _within(call)]
    outside = [call for call in calls if id(call) not in within and not is_schedule(call)]
    return [call for call in outside if is_chain(call) or _is_optimizer(call)]


def _is_optimizer(call: Call) -> bool:
    """Whether a call is one of a framework's optimizers, by its path or its bare name."""
    if by_any_name(call.name) is not None:
        return True
    try:
        bound(call)
    except PolyakError:
        return False
    return True


def as_recipe(name: str, given: Mapping[str, Any]) -> Recipe:
    """An optimizer's name with its arguments, as a recipe."""
    lent = borrowed(name)
    if lent is None:
        return Recipe(find(name), dict(given))
    whose, defaults = lent
    return Recipe(find(whose), {**defaults, **given}, (f"{name} is {whose} with {_shown(defaults)}",))


def _shown(arguments: Mapping[str, Any]) -> str:
    return ", ".join(f"{name}={value!r}" for name, value in arguments.items()) or "its own defaults"
