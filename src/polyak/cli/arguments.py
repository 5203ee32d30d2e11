"""From words on the command line to rules, landscapes, data and problems."""

from __future__ import annotations

import importlib.util
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from polyak.errors import PolyakError, nearest, plain, unknown
from polyak.rules import Rule, as_rule, find, from_optax
from polyak.rules.hyperparameters import Choice

OPTIONS_OF_RUNS = (
    "steps",
    "out",
    "on",
    "start",
    "data",
    "target",
    "problem",
    "batch-size",
    "epochs",
    "seeds",
    "seed",
    "every",
)


def settings_from(words: Sequence[str]) -> dict[str, str]:
    """`--beta1 0.9 --centered` as {"beta1": "0.9", "centered": "true"}.

    >>> settings_from(["--beta1", "0.9", "--eps=1e-6", "--centered"])
    {'beta1': '0.9', 'eps': '1e-6', 'centered': 'true'}
    """
    settings: dict[str, str] = {}
    remaining = list(words)
    while remaining:
        word = remaining.pop(0)
        if not word.startswith("--"):
            raise PolyakError(f"'{word}' is one word too many; settings are given as --name value")
        name, equals, value = word[2:].partition("=")
        if not equals:
            value = remaining.pop(0) if remaining and not remaining[0].startswith("--") else "true"
        if plain(name) in settings:
            raise PolyakError(f"--{name} is given twice")
        settings[plain(name)] = value
    return settings


def rule_from(name: str, words: Sequence[str]) -> Any:
    """The rule that a name and its settings spell: one of ours, optax:NAME, or my_file.py:name."""
    if name.startswith("-"):
        raise PolyakError(f"the rule comes first: polyak COMMAND RULE {name} ...")
    settings = settings_from(words)
    if name.startswith("optax:"):
        return _from_optax(name.removeprefix("optax:"), settings)
    if ".py:" in name:
        found = object_in_file(name)
        if isinstance(found, type) and issubclass(found, Rule):
            return found.from_settings(**typed(found, settings))
        if settings:
            raise PolyakError(f"{name} is a rule with its settings; --{next(iter(settings))} has no place")
        return as_rule(found)
    kind = find(name)
    return kind.from_settings(**typed(kind, settings))


def typed(kind: type[Rule], settings: dict[str, str]) -> dict[str, Any]:
    """Settings with their words turned into numbers and choices; those that do not fit stay as they are."""
    known = [*kind.hyperparameters(), *kind.choices()]
    for name in settings:
        if name not in known:
            near = nearest(name, [*known, *OPTIONS_OF_RUNS])
            hint = f", did you mean --{near.replace('_', '-')}?" if near else ""
            raise PolyakError(f"{kind.name()} has no setting --{name}{hint} (it has: {', '.join(known)})")
    return {
        name: _choice(kind.choices()[name], word) if name in kind.choices() else _number(word)
        for name, word in settings.items()
    }


def landscape_from(name: str, start: str | None = None) -> Any:
    """The landscape that a word spells: one of ours, quadratic:1,10, or my_file.py:f."""
    from polyak import landscapes

    begin = None if start is None else numbers_from("start", start)
    if ".py:" in name:
        return landscapes.from_function(object_in_file(name), start=begin)
    if name.startswith("quadratic:"):
        found = landscapes.quadratic(numbers_from("eigenvalues", name.removeprefix("quadratic:")))
    elif plain(name) in landscapes.CATALOGUE:
        found = landscapes.CATALOGUE[plain(name)]
    else:
        raise unknown("landscape", name, [*landscapes.CATALOGUE, "quadratic:1,10", "my_file.py:f"])
    return found if begin is None else found.starting_at(begin)


def problem_from(data: str | None, target: str | None, problem: str | None) -> Any:
    """The problem on a data set of ours or in a file, of the kind that suits its labels unless named."""
    from polyak import data as datasets
    from polyak import problems
    from polyak.study.study import default_problem

    if data is None:
        if target or problem:
            raise PolyakError(f"--{'target' if target else 'problem'} needs --data")
        return default_problem()
    if plain(data) in datasets.CATALOGUE:
        if target is not None:
            raise PolyakError(f"--target has no place with {data}: its target is known")
        table = datasets.CATALOGUE[plain(data)]()
    elif Path(data).suffix or "/" in data:
        table = datasets.read(data, target=target, standardize=True)
    else:
        raise unknown("data", data, [*datasets.CATALOGUE, "a file such as table.csv"])
    if problem is None:
        problem = {0: "linear_regression", 2: "logistic_regression"}.get(
            len(table.classes), "softmax_regression"
        )
    if plain(problem) not in problems.CATALOGUE:
        raise unknown("problem", problem, problems.CATALOGUE)
    return problems.CATALOGUE[plain(problem)](table)


def numbers_from(name: str, words: str) -> list[float]:
    """Numbers parted by commas.

    >>> numbers_from("start", "-5, -2")
    [-5.0, -2.0]
    """
    try:
        return [float(word) for word in words.split(",")]
    except ValueError:
        raise PolyakError(f"{name} is '{words}', expected numbers parted by commas, such as -5,-2") from None


def object_in_file(place: str) -> Any:
    """What `name` stands for in `path`, of a place spelled path.py:name."""
    path, _, name = place.rpartition(":")
    file = Path(path)
    if not file.is_file():
        raise PolyakError(f"{path}: no such file")
    spec = importlib.util.spec_from_file_location(file.stem, file)
    if spec is None or spec.loader is None:
        raise PolyakError(f"{path} is no Python file")
    module = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except SyntaxError as error:
        raise PolyakError(f"{path}, line {error.lineno}: {error.msg}") from error
    except Exception as error:
        raise PolyakError(f"{path} fails: {type(error).__name__}: {error}") from error
    if not hasattr(module, name):
        raise unknown(f"name in {path}", name, [known for known in vars(module) if not known.startswith("_")])
    return getattr(module, name)


def _from_optax(name: str, settings: dict[str, str]) -> Any:
    import inspect

    import optax

    factories = [
        known
        for known, value in vars(optax).items()
        if inspect.isfunction(value) and not known.startswith("_")
    ]
    if name not in factories:
        suggestion = nearest(name, factories)
        hint = f", did you mean 'optax:{suggestion}'?" if suggestion else ""
        raise PolyakError(f"optax has no '{name}'{hint}")
    factory = getattr(optax, name)
    if "lr" in settings and "learning_rate" in inspect.signature(factory).parameters:
        settings = {("learning_rate" if key == "lr" else key): word for key, word in settings.items()}
    rule = from_optax(factory, **{key: _literal(word) for key, word in settings.items()})
    made = rule.optimizer()
    if not (hasattr(made, "init") and hasattr(made, "update")):
        raise PolyakError(f"optax:{name} makes no optimizer")
    return rule


def _choice(choice: Choice, word: str) -> Any:
    spelled = {str(option).lower(): option for option in choice.options}
    spelled |= {"yes": True, "no": False} if True in choice.options else {}
    return spelled.get(plain(word), word)


def _number(word: str) -> Any:
    try:
        return float(word)
    except ValueError:
        return word


def _literal(word: str) -> Any:
    flags = {"true": True, "false": False, "none": None}
    if word.lower() in flags:
        return flags[word.lower()]
    number = _number(word)
    if isinstance(number, str):
        raise PolyakError(f"'{word}' is no number, and neither true, false nor none")
    return number
