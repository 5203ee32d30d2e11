"""From words on the command line to rules: one of ours, optax:NAME, or my_file.py:name."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Sequence
from typing import Any

from polyak.cli.files import in_file, object_in_file
from polyak.cli.options import Options
from polyak.cli.settings import argument, number_or_word, refuse_unknown, settings_from, typed
from polyak.ground.errors import PolyakError, nearest
from polyak.rules import Rule, arity, as_rule, find, from_optax, from_page, from_plane, tabulated

NO_OPTIONS = Options()


def rule_from(name: str, words: Sequence[str], options: Options = NO_OPTIONS) -> Any:
    """The rule that a name and its settings spell; `options` are those of the terminal, for the nearest name."""
    if name.startswith("-"):
        raise PolyakError(f"the rule comes first: polyak COMMAND RULE {name} ...")
    settings = settings_from(words)
    if name.startswith("optax:"):
        return _tried(_from_optax(name, settings, options), name)
    if in_file(name):
        return _from_file(name, settings, options)
    kind = find(name)
    return kind.from_settings(**typed(kind, settings, options))


def kind_from(name: str) -> Any:
    """What a name stands for before it has settings: a class of ours, an Optax factory, a page's function as a rule."""
    if name.startswith("optax:"):
        return _factory(name)
    if not in_file(name):
        return find(name)
    found = object_in_file(name)
    if inspect.isfunction(found):
        # A page's function says what it needs only when it runs.
        return _from_page(found, {"lr": "0.1", "momentum": "0.5"} if arity(found) == 3 else {})
    return found


def description(name: str) -> str:
    """What `polyak rules NAME` says: the name and the documentation of what stands behind it."""
    if name.startswith("optax:"):
        return f"{name}\n\n{inspect.getdoc(_factory(name))}"
    found = object_in_file(name) if in_file(name) else find(name)
    if not (isinstance(found, type) or inspect.isfunction(found) or hasattr(found, "update")):
        raise PolyakError(f"{name} is {found!r}, expected a rule")
    if not (isinstance(found, type) and issubclass(found, Rule)):
        return f"{name}\n\n{inspect.getdoc(found)}"
    home = f"polyak.{found.__name__}" if found.__module__.startswith("polyak.") else name
    return f"{found.name()} ({home})\n\n{found.__doc__}"


def _from_file(name: str, settings: dict[str, str], options: Options) -> Any:
    found = object_in_file(name)
    if isinstance(found, type) and issubclass(found, Rule) and found is not Rule:
        return _tried(found.from_settings(**typed(found, settings, options)), name)
    if inspect.isfunction(found):
        return _from_page(found, settings)
    if settings:
        raise PolyakError(f"{name} is a rule with its settings; --{next(iter(settings))} has no place")
    return _tried(as_rule(found), name)


def _from_page(function: Any, settings: dict[str, str]) -> Any:
    """A page's function in either of its two spellings, by the number of its arguments."""
    numbers = {name: number_or_word(word) for name, word in settings.items()}
    takes = arity(function)
    if takes not in (3, 4):
        spellings = "f(params, states, hyperparams) or f(x1, x2, s1, s2)"
        raise PolyakError(f"{function.__name__} takes {takes} arguments, expected {spellings}")
    return (from_page if takes == 3 else from_plane)(function, **numbers)


def _from_optax(name: str, settings: dict[str, str], options: Options) -> Any:
    factory = _factory(name)
    parameters = inspect.signature(factory).parameters
    if "learning_rate" in parameters:
        if {"lr", "learning_rate"} <= settings.keys():
            raise PolyakError("--lr and --learning-rate are the same, give one")
        settings = {("learning_rate" if key == "lr" else key): word for key, word in settings.items()}
    refuse_unknown(name, settings, list(parameters), options)
    arguments = {key: argument(name, key, parameters[key].default, word) for key, word in settings.items()}
    rule = from_optax(factory, **arguments)
    try:
        made = rule.optimizer()
    except Exception as error:
        raise PolyakError(f"{name} fails: {_in_short(error)}") from error
    if not (hasattr(made, "init") and hasattr(made, "update")):
        raise PolyakError(f"{name} makes no optimizer")
    return rule


def _factory(name: str) -> Any:
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


def _tried(rule: Any, name: str) -> Any:
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
