"""From words on the command line to rules: one of ours, optax:NAME, or my_file.py:name."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeGuard

from polyak.cli.command import number_or_word
from polyak.cli.files import in_file, object_in_file
from polyak.cli.settings import argument, refuse_unknown, settings_from, values
from polyak.cli.typed import Typed
from polyak.ground.errors import PolyakError, nearest
from polyak.ground.extras import need
from polyak.rules import Optimizer, Rule, arity, as_rule, find, from_optax, from_page, from_plane, tabulated

if TYPE_CHECKING:
    from polyak.frameworks.spelled_rule import SpelledRule
    from polyak.sweeps.search_space import SettableRule


def spelled(name: str) -> Any:  # noqa: ANN401
    """What a word stands for before it has settings: a class of ours, an Optax factory, or what stands in a file."""
    if name.startswith("optax:"):
        return _factory(name)
    if in_file(name):
        return object_in_file(name)
    if ":" not in name:  # one of ours: the frameworks stay unread
        return find(name)
    from polyak.frameworks.spelled_rule import is_spelled, spelled_rule

    return spelled_rule(name) if is_spelled(name) else find(name)


def rule_from(name: str, typed: Typed) -> Optimizer:
    """The rule that a name and the settings typed beside it spell."""
    if name.startswith("-"):
        raise PolyakError(f"the rule comes first: polyak COMMAND RULE {name} ...")
    settings, thing = settings_from(typed.words), spelled(name)
    if is_rule_class(thing):
        rule: Optimizer = thing.from_settings(**values(thing, settings, typed))
        return _tried(rule, name) if in_file(name) else rule
    if name.startswith("optax:") and callable(thing):
        return _tried(_from_optax(name, thing, settings, typed), name)
    if inspect.isfunction(thing):
        return from_function(thing, settings)
    if ":" in name and _is_spelled_rule(thing):
        refuse_unknown(name, settings, list(thing.settings()), typed)
        return thing.replace(**{key: number_or_word(word) for key, word in settings.items()})
    if settings:
        raise PolyakError(f"{name} is a rule with its settings; --{next(iter(settings))} has no place")
    return _tried(as_rule(thing), name)


def _is_spelled_rule(thing: object) -> TypeGuard[SpelledRule]:
    from polyak.frameworks.spelled_rule import SpelledRule

    return isinstance(thing, SpelledRule)


def kind_from(name: str) -> SettableRule:
    """What a name stands for before it has settings, for `tuning_space`: a page's function as a rule that runs."""
    thing = spelled(name)
    if inspect.isfunction(thing) and in_file(name):
        from polyak.rules.pages.first_settings import page_rule

        return page_rule(thing, {})
    kind: SettableRule = thing
    return kind


def is_rule_class(thing: object) -> TypeGuard[type[Rule]]:
    """Whether it is a class of rules, its settings free."""
    return isinstance(thing, type) and issubclass(thing, Rule) and thing is not Rule


def description(name: str) -> str:
    """What `polyak rules NAME` says: the name and the documentation of what stands behind it."""
    thing = spelled(name)
    if is_rule_class(thing):
        home = f"polyak.{thing.__name__}" if thing.__module__.startswith("polyak.") else name
        return f"{thing.name()} ({home})\n\n{thing.__doc__}"
    if isinstance(thing, type) or callable(thing) or hasattr(thing, "update"):
        return f"{name}\n\n{inspect.getdoc(thing)}"
    raise PolyakError(f"{name} is {thing!r}, expected a rule")


def from_function(function: Callable[..., Any], settings: dict[str, str]) -> Optimizer:
    """A page's function in either of its two spellings, by the number of its arguments."""
    takes = arity(function)
    if takes not in (3, 4):
        spellings = "f(params, states, hyperparams) or f(x1, x2, s1, s2)"
        raise PolyakError(f"{function.__name__} takes {takes} arguments, expected {spellings}")
    numbers = {name: number_or_word(word) for name, word in settings.items()}
    return from_page(function, **numbers) if takes == 3 else from_plane(function, **numbers)


def _from_optax(name: str, factory: Callable[..., Any], settings: dict[str, str], typed: Typed) -> Optimizer:
    parameters = inspect.signature(factory).parameters
    if "learning_rate" in parameters:
        if {"lr", "learning_rate"} <= settings.keys():
            raise PolyakError("--lr and --learning-rate are the same, give one")
        settings = {("learning_rate" if key == "lr" else key): word for key, word in settings.items()}
    refuse_unknown(name, settings, list(parameters), typed)
    arguments = {key: argument(name, key, parameters[key].default, word) for key, word in settings.items()}
    rule = from_optax(factory, **arguments)
    try:
        made = rule.optimizer()
    except Exception as error:
        raise PolyakError(f"{name} fails: {_in_short(error)}") from error
    if not (hasattr(made, "init") and hasattr(made, "update")):
        raise PolyakError(f"{name} makes no optimizer")
    return rule


def _factory(name: str) -> Callable[..., Any]:
    need("optax", what=name, extra="optax")
    import optax

    factories = {
        known: value
        for known, value in vars(optax).items()
        if (inspect.isfunction(value) or isinstance(value, functools.partial)) and not known.startswith("_")
    }
    wanted = name.removeprefix("optax:")
    if wanted not in factories:
        near = nearest(wanted, factories)
        hint = f", did you mean 'optax:{near}'?" if near else ""
        raise PolyakError(f"optax has no '{wanted}'{hint}")
    return factories[wanted]


def _tried(rule: Optimizer, name: str) -> Optimizer:
    """The rule, once it has taken a step in the abstract: what others wrote may fail."""
    import jax

    x = {"weight": jax.ShapeDtypeStruct((2,), "float32"), "bias": jax.ShapeDtypeStruct((), "float32")}
    try:
        steps, _ = jax.eval_shape(lambda rule, x: rule.update(x, rule.init(x), x), tabulated(rule, 1), x)
        shapes = [jax.tree.map(lambda leaf: leaf.shape, tree) for tree in (steps, x)]
    except PolyakError:
        raise
    except Exception as error:
        raise PolyakError(f"{name} fails at its first step: {_in_short(error)}") from error
    if shapes[0] != shapes[1]:
        raise PolyakError(f"{name}: its steps have the shapes {shapes[0]}, expected x's, {shapes[1]}")
    return rule


def _in_short(error: Exception) -> str:
    return ": ".join([type(error).__name__, *str(error).splitlines()[:1]])
