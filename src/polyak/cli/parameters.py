"""What a public function takes, read from its source: each argument's type, default, and what its docstring says.

It is read, not imported: an import would bring JAX, which takes most of a second, and `--help` needs none of it.
"""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Collection, Iterator
from functools import cache
from itertools import takewhile
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[1]


class Parameter(NamedTuple):
    """An argument of a function: its type as it is written, its default (`...` for none), and a sentence on it."""

    name: str
    type: str
    default: object
    help: str


@cache
def parameters_of(verb: str) -> dict[str, Parameter]:
    """The arguments of a public function by name; those whose default is no plain value are left out.

    Args:
        verb: its name below `polyak`, such as "train" or "book.separate".

    >>> parameters_of("train")["epochs"]
    Parameter(name='epochs', type='int', default=2, help='How often each row is seen, at least 1.')
    """
    home, _, name = f"polyak.{verb}".rpartition(".")
    function, constants = _definition(home, name)
    helps = _helps(ast.get_docstring(function) or "")
    found = {}
    for argument, default in _arguments(function.args):
        try:
            value = _value(default, constants)
        except ValueError:
            continue
        kind = "" if argument.annotation is None else ast.unparse(argument.annotation)
        found[argument.arg] = Parameter(argument.arg, kind, value, helps.get(argument.arg, ""))
    return found


def _definition(module: str, name: str) -> tuple[ast.FunctionDef, dict[str, object]]:
    """The function of that name, wherever the module has it from, and the constants beside it."""
    source, is_package = _source(module)
    tree = ast.parse(source)
    for node in tree.body:
        if isinstance(node, ast.FunctionDef) and node.name == name:
            return node, dict(_constants(tree))
    for home, own, known_as in _imported(tree):
        if name == known_as:
            package = module if is_package else module.rpartition(".")[0]
            return _definition(f"{package}{home}" if home.startswith(".") else home, own)
    raise LookupError(f"{module} has no function {name}")


def _imported(tree: ast.Module) -> Iterator[tuple[str, str, str]]:
    """What a module imports from where, and what it calls it; what it imports only when asked stands deeper in it."""
    for part in ast.walk(tree):
        if isinstance(part, ast.ImportFrom) and part.module is not None:
            home = f".{part.module}" if part.level else part.module
            yield from ((home, alias.name, alias.asname or alias.name) for alias in part.names)


def _source(module: str) -> tuple[str, bool]:
    """A module's text, and whether it is a folder's own."""
    place = ROOT.joinpath(*module.split(".")[1:])
    for file in (place / "__init__.pyi", place / "__init__.py", place.with_suffix(".py")):
        if file.is_file():
            return file.read_text("utf-8"), file.parent == place
    raise LookupError(f"there is no module {module}")


def _constants(tree: ast.Module) -> Iterator[tuple[str, object]]:
    for node in tree.body:
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant):
            yield from (
                (target.id, node.value.value) for target in node.targets if isinstance(target, ast.Name)
            )


def _arguments(given: ast.arguments) -> Iterator[tuple[ast.arg, ast.expr | None]]:
    positional = [*given.posonlyargs, *given.args]
    none = [None] * (len(positional) - len(given.defaults))
    yield from zip(positional, [*none, *given.defaults], strict=True)
    yield from zip(given.kwonlyargs, given.kw_defaults, strict=True)


def _value(default: ast.expr | None, constants: dict[str, object]) -> object:
    if default is None:
        return ...
    if isinstance(default, ast.Name) and default.id in constants:
        return constants[default.id]
    value: object = ast.literal_eval(default)
    return value


def _helps(docstring: str) -> dict[str, str]:
    """What a docstring says of each argument below `Args:`, as sentences."""
    texts: dict[str, str] = {}
    names: list[str] = []
    block = inspect.cleandoc(docstring).partition("\nArgs:\n")[2].splitlines()
    for line in takewhile(lambda line: not line or line.startswith(" "), block):
        if begins := re.match(r" {4}\*?(\w+(?:, \w+)*): (.*)", line):
            names = begins[1].split(", ")
        text = begins[2] if begins else line.strip()
        for name in names:
            texts[name] = f"{texts.get(name, '')} {text}".strip()
    return {name: _sentence(name, text, texts) for name, text in texts.items()}


def _sentence(name: str, text: str, names: Collection[str]) -> str:
    """An argument's line as a sentence that stands alone, other arguments in it spelled as options.

    >>> _sentence("steps", "of each descent, by `seed`; see `descend`", ["steps", "seed"])
    'Steps of each descent, by --seed; see descend.'
    """
    text = re.sub(r"`(\w+)`", lambda word: f"{'--' if word[1] in names else ''}{word[1]}", text).rstrip(".")
    if text.startswith(("of ", "that ")):
        text = f"{name.replace('_', ' ')} {text}"
    first = text.partition(" ")[0]
    return f"{text[:1].upper() if first.isalpha() else text[:1]}{text[1:]}." if text else ""
