"""A recipe as it was pasted, read: the optimizer, its arguments, and what stands around it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from polyak.frameworks.called import borrowed, by_any_name
from polyak.frameworks.catalogue import find
from polyak.frameworks.spelling import Spelling
from polyak.ground.errors import PolyakError
from polyak.translate.paste.binding import bound, checked
from polyak.translate.paste.configs import parts_of, parts_of_call
from polyak.translate.paste.parts import Parts
from polyak.translate.paste.text import Pasted, taken_apart
from polyak.translate.paste.values import Call


@dataclass(frozen=True)
class Recipe:
    """A pasted recipe.

    Attributes:
        spelling: the optimizer's.
        arguments: its arguments, by its framework's names.
        said: what was read how, and what was left out, in words.
    """

    spelling: Spelling
    arguments: Mapping[str, Any]
    said: tuple[str, ...] = ()


def read_recipe(text: str, given: Mapping[str, Any] | None = None) -> Recipe:
    """A pasted text as a recipe. It is parsed, and nothing of it is run.

    Args:
        text: a call of an optimizer as it is written in a framework; a few lines with their imports; a dict, JSON or
            YAML; or the name of a file with one of these (.py, .yaml, .yml, .json).
        given: arguments for what only a run would tell, such as lr where the text says `lr=args.lr`.

    Raises PolyakError, in one line, for a text that is no call, for a name of no framework, for what would have to
    be run, and for an argument that is not known.

    >>> found = read_recipe("keras.optimizers.legacy.SGD(0.01, momentum=.9)")
    >>> found.spelling.name, found.arguments
    ('keras:SGD', {'learning_rate': 0.01, 'momentum': 0.9})
    """
    pasted = taken_apart(text)
    parts = parts_of(pasted.mapping) if pasted.mapping is not None else parts_in(pasted)
    return recipe_of(parts, given or {})


def recipe_of(parts: Parts, given: Mapping[str, Any]) -> Recipe:
    """The parts, each bound to its framework."""
    for part in (parts.scheduler, *parts.clips, *parts.wrappers):
        if part is not None:
            raise PolyakError(
                f"{part!r} stands beside the optimizer: schedules, clipping and what wraps an optimizer are not"
                " translated, expected the optimizer alone"
            )
    found = bound(parts.optimizer)
    arguments = checked(found.spelling, filled(found.spelling, found.arguments, given))
    named = () if parts.optimizer.name == found.spelling.name else _read_as(parts.optimizer, found.spelling)
    left = f"left out, since it changes no number: {', '.join(found.left_out)}"
    if len(found.left_out) > 1:
        left = left.replace("it changes", "they change")
    return Recipe(found.spelling, arguments, (*named, *parts.said, *((left,) if found.left_out else ())))


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
    configs = [parts for call in pasted.calls if (parts := parts_of_call(call)) is not None]
    if len(configs) == 1 and len(pasted.calls) == 1:
        return configs[0]
    optimizer = _only_optimizer(pasted.calls)
    return Parts(optimizer, wrappers=tuple(call for call in pasted.calls if call is not optimizer))


def _only_optimizer(calls: list[Call]) -> Call:
    """The one call that is of an optimizer, else the refusal."""
    optimizers = [call for call in calls if _is_optimizer(call)]
    if not optimizers and len(calls) == 1:
        bound(calls[0])  # which says what is wrong with it
    if len(optimizers) != 1:
        count = "no optimizer" if not optimizers else f"{len(optimizers)} optimizers"
        raise PolyakError(f"the text has {count}, expected one: {', '.join(map(repr, optimizers or calls))}")
    return optimizers[0]


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
