"""The same optimizer in another framework's words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from polyak.frameworks.arguments_to_rule import read
from polyak.frameworks.called import by_prefix
from polyak.frameworks.catalogue import SPELLINGS, find, of_framework
from polyak.frameworks.spelling import Meaning, Spelling
from polyak.ground.errors import PolyakError, whole_number
from polyak.rules import CATALOGUE, HeavyBall, Nesterov, Rule
from polyak.translate.best_arguments import LEVELS, Fit, fits
from polyak.translate.grouped import GroupedTranslation, grouped
from polyak.translate.paste.recipe import Clock, Recipe, as_recipe, read_recipe
from polyak.translate.paste.text import is_pasted
from polyak.translate.translation import Translation
from polyak.translate.whole_recipe import with_recipe


def translate(
    name: str | Rule,
    /,
    *,
    to: str,
    curvature: float | Sequence[float] | None = None,
    steps_per_epoch: int | None = None,
    total_steps: int | None = None,
    **arguments: Any,
) -> Translation | GroupedTranslation:
    """A framework's optimizer in the words of another, by solving for its coefficients.

    In the linear family two optimizers are the same if they have the same impulse response: the other side's
    arguments are solved for. Elsewhere they are the same if they are the same rule with the same choices, and
    otherwise the nearest is taken and its distance measured.

    Args:
        name: what is translated. A pasted call, such as "torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)",
            a few lines, a dict, a config or the name of its file: it is parsed, and nothing of it is run. Or a name,
            such as "torch:SGD"; `polyak.frameworks.SPELLINGS` has all. Or a rule of ours, with its settings.
        to: a framework ("torch", "keras", "tf1", "optax", "mxnet", "jax", "sklearn", "polyak", "chapter"), or one
            of its optimizers, such as "mxnet:nag".
        curvature: one or several, to be told how near the edge of stability this setting is on them.
        steps_per_epoch: where the text has a schedule that is stepped once an epoch, how many steps an epoch has;
            without it PyTorch's schedulers are read as stepped after every step.
        total_steps: how many steps the training has, for a schedule that ends with it and does not say when.
        arguments: the optimizer's own, under its framework's names; the rest at that framework's defaults. Beside a
            pasted text, the values of what only a run would tell, such as `lr=args.lr`.

    Returns a Translation: `str()` is the line to paste, `words()` what is equal, under which conditions, what parts
    when the learning rate changes and what to do; `check()` runs the proof. Raises PolyakError for a framework, a
    name or an argument that is not known, and where the other side has no such rule.

    >>> found = translate("keras.SGD", learning_rate=0.01, momentum=0.9, nesterov=True, to="optax")
    >>> print(found)
    optax.sgd(learning_rate=0.01, momentum=0.9, nesterov=True)
    >>> found.equal
    'at constant lr'
    >>> print(translate("torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9, foreach=True)", to="optax"))
    optax.sgd(learning_rate=0.1, momentum=0.9, nesterov=False)
    >>> from polyak.rules import HeavyBall
    >>> print(translate(HeavyBall(lr=0.01, momentum=0.9), to="keras"))
    keras.optimizers.SGD(learning_rate=0.01, momentum=0.9, nesterov=False)
    """
    for what, number in (("steps_per_epoch", steps_per_epoch), ("total_steps", total_steps)):
        if number is not None:
            whole_number(what, number, at_least=1)
    recipe = _recipe(name, arguments, Clock(steps_per_epoch, total_steps))
    if recipe.groups:
        found = tuple((label, translated(each, to, curvature)) for label, each in recipe.groups)
        return grouped(found, recipe.around)
    return translated(recipe, to, curvature)


def translated(recipe: Recipe, to: str, curvature: float | Sequence[float] | None) -> Translation:
    """A recipe of one group in the words of another framework."""
    source, arguments = recipe.spelling, dict(recipe.arguments)
    if not isinstance(to, str):
        raise PolyakError(f"to is {_kind(to)}, expected the name of a framework or of one of its optimizers")
    for argument, value in arguments.items():
        if callable(value):
            raise PolyakError(
                f"{source.name}: {argument} is a schedule that only a run would tell: expected its value, or the call"
                " as text, such as 'optax.sgd(optax.cosine_decay_schedule(0.1, 1000))'"
            )
    meaning = _meant(recipe, arguments)
    targets = of_framework(to) if by_prefix(to) or not (":" in to or "." in to) else (find(to),)
    found = fits(targets, meaning)
    if not found:
        raise _nothing(source.name, to, meaning)
    best = min(found, key=lambda fit: _rank(fit, meaning.rule, source))
    made = Translation(source, dict(arguments), meaning, best, _curvatures(curvature), recipe.said)
    plain = recipe.schedule is None and not (recipe.around or recipe.links)
    return made if plain else with_recipe(made, recipe)


def _recipe(name: object, given: dict[str, Any], clock: Clock) -> Recipe:
    """What is translated: a pasted text, a name with its arguments, or a rule of ours, which brings its own."""
    if isinstance(name, str):
        return read_recipe(name, given, clock) if is_pasted(name) else as_recipe(name, given)
    if not isinstance(name, Rule):
        raise PolyakError(
            f"{_kind(name)} is not translated by itself: give its name and its arguments, such as"
            " translate('torch:SGD', lr=0.1, momentum=0.9, to=...), or one of Polyak's own rules"
        )
    if CATALOGUE.ours().get(name.name()) is not type(name):
        raise PolyakError(f"{name.name()} is a rule of your own, which no framework has")
    if given:
        raise PolyakError(f"{name.name()} has its settings already; {next(iter(given))} has no place")
    return Recipe(find(f"polyak:{name.name()}"), name.settings())


def _meant(recipe: Recipe, arguments: dict[str, Any]) -> Meaning:
    """What the optimizer means, with what a chain says of its decay and its velocity."""
    meaning = read(recipe.spelling, arguments)
    if recipe.inside and isinstance(meaning.rule, HeavyBall | Nesterov):
        meaning = replace(meaning, rule=meaning.rule.replace(lr_in_velocity=True))
    if recipe.decay is None or not recipe.decay[1]:
        return meaning
    if meaning.weight_decay:
        raise PolyakError(
            f"{recipe.spelling.name} decays already, and the chain once more: expected one of both"
        )
    return replace(meaning, weight_decay=recipe.decay[1], decay_kind=recipe.decay[0])


def _kind(value: object) -> str:
    """What was given instead of a name, in words."""
    named = getattr(value, "__name__", None)
    kind = value if named else type(value)
    package = str(kind.__module__).partition(".")[0]
    what = f"{'the class' if isinstance(value, type) else 'the function'} {named}" if named else ""
    return (
        f"{what or f'an object of {type(value).__name__}'}{'' if package == 'builtins' else f' of {package}'}"
    )


def _rank(fit: Fit, rule: Rule, source: Spelling) -> tuple[Any, ...]:
    """Best first: equal, with nothing to be done besides, near, of the same kind, of the same name."""
    return (
        LEVELS.index(fit.equal),
        len(fit.conditions),
        fit.distance,
        type(fit.meaning.rule) is not type(rule),
        _own(fit.spelling) != _own(source),
    )


def _own(spelling: Spelling) -> str:
    return spelling.name.partition(":")[2].lower()


def _nothing(name: str, to: str, meaning: Meaning) -> PolyakError:
    """Where a framework has no such rule: who has."""
    kind = type(meaning.rule)
    elsewhere = [
        row.name
        for row in SPELLINGS.values()
        if row.name != name and kind in {form.rule for form in row.forms}
    ]
    has = f" (these have: {', '.join(elsewhere)})" if elsewhere else ""
    return PolyakError(f"{to} has nothing that is {meaning.rule.name()}, which {name} is{has}")


def _curvatures(curvature: float | Sequence[float] | None) -> tuple[float, ...]:
    if curvature is None:
        return ()
    values = [curvature] if isinstance(curvature, int | float) else list(curvature)
    for value in values:
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < float("inf"):
            raise PolyakError(f"curvature is {value!r}, expected a number above 0, or several")
    return tuple(sorted(map(float, values)))
