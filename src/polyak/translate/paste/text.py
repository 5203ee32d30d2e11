"""A pasted text taken apart: Python's lines, a dict, JSON or YAML. Whatever would have to be run is refused."""

from __future__ import annotations

import ast
import importlib
import json
import textwrap
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from polyak.ground.errors import PolyakError, cut
from polyak.ground.extras import need
from polyak.translate.paste.values import Call, Imported, Unread, read_value

LONGEST = 1_000_000  # letters of a text: a config has thousands
FILES = (".yaml", ".yml", ".json", ".py", ".txt")


@dataclass
class Pasted:
    """What a text holds.

    Attributes:
        calls: the calls that stand in it as statements or that a name is given, in their order.
        names: for each call the name that it is given; empty where it is given none.
        mapping: the dict, where the text is one.
        assigned: what names stand for.
    """

    calls: list[Call] = field(default_factory=list)
    names: list[str] = field(default_factory=list)
    mapping: Mapping[str, Any] | None = None
    assigned: dict[str, Any] = field(default_factory=dict)


def is_pasted(text: str) -> bool:
    """Whether a text is more than an optimizer's name.

    >>> [is_pasted(text) for text in ("torch:SGD", "torch.optim.SGD(p)", "lr: 0.1", "config.yaml", "{'lr': 1}")]
    [False, True, True, True, True]
    """
    return any(sign in text for sign in "({\n") or ": " in text or is_file(text)


def is_file(text: str) -> bool:
    """Whether a text is a file's name, by its ending."""
    return "\n" not in text and "(" not in text and text.strip().lower().endswith(FILES)


def taken_apart(text: str) -> Pasted:
    """The calls in a text, or the dict that it is.

    Raises PolyakError for what is neither Python, JSON nor YAML, and for statements that would have to be run.

    >>> found = taken_apart("from torch.optim import SGD; opt = SGD(model.parameters(), lr=0.1)")
    >>> found.names, found.calls[0].name, dict(found.calls[0].named)
    (['opt'], 'torch.optim.SGD', {'lr': 0.1})
    >>> taken_apart("optimizer:\\n  name: sgd\\n  lr: 1e-4").mapping
    {'optimizer': {'name': 'sgd', 'lr': 0.0001}}
    """
    if is_file(text):
        text = _file(text.strip())
    if len(text) > LONGEST:
        raise PolyakError(f"the text has {len(text):,} letters, expected a recipe of at most {LONGEST:,}")
    mapping = _json(text)
    if mapping is not None:
        return Pasted(mapping=mapping)
    tree = _tree(text)
    if tree is None:
        return Pasted(mapping=_yaml(text))
    found = Pasted()
    for statement in tree.body:
        _take(statement, found)
    if not found.calls and found.mapping is None:
        if found.assigned and all(not isinstance(value, Imported) for value in found.assigned.values()):
            found.mapping = found.assigned  # lines such as `optimizer = dict(type='SGD', lr=0.1)`
        else:
            raise PolyakError(
                f"'{cut(text.strip())}' is no call: expected such as torch.optim.SGD(params, lr=0.1)"
            )
    return found


def _file(name: str) -> str:
    try:
        return Path(name).read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise PolyakError(f"{name} is no text in UTF-8") from None
    except OSError as error:
        raise PolyakError(f"{name} cannot be read: {error.strerror or error}") from None


def _tree(text: str) -> ast.Module | None:
    """The text as Python: as it is, or without what a cut-out piece has at its ends; None where it is none."""
    bare = textwrap.dedent(text).strip()
    for attempt in (bare.rstrip(","), f"dict({bare.rstrip(',')})" if "=" in bare else bare):
        try:
            tree = ast.parse(attempt)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            continue
        if _is_yaml(tree):
            return None
        return tree
    if "(" in bare and ":" not in bare:
        raise PolyakError(
            f"'{cut(bare)}' is no Python: expected a whole call, such as torch.optim.SGD(params, lr=0.1)"
        )
    return None


def _is_yaml(tree: ast.Module) -> bool:
    """Whether what Python takes for annotations (`lr: 0.1`) is a config."""
    return bool(tree.body) and all(
        isinstance(line, ast.AnnAssign) and line.value is None for line in tree.body
    )


def _take(statement: ast.stmt, found: Pasted) -> None:
    """What one statement adds."""
    match statement:
        case ast.Import(names=names):
            found.assigned.update(map(_import, names))
        case ast.ImportFrom(module=str(module), names=names):
            found.assigned.update(_import_from(module, alias) for alias in names)
        case ast.Assign(targets=[target], value=value):
            _assign(ast.unparse(target), read_value(value, found.assigned), found)
        case ast.AnnAssign(target=target, value=value) if value is not None:
            _assign(ast.unparse(target), read_value(value, found.assigned), found)
        case ast.Expr(value=ast.Constant(value=str())):
            pass  # a comment
        case ast.Expr(value=value):
            _express(read_value(value, found.assigned), found)
        case ast.Return(value=value) if value is not None:
            _express(read_value(value, found.assigned), found)
        case _:
            code = ast.unparse(statement).splitlines()[0]
            raise PolyakError(
                f"line {statement.lineno}: '{cut(code)}' would have to be run: expected the calls alone, such as"
                " torch.optim.SGD(params, lr=0.1)"
            )


def _import(alias: ast.alias) -> tuple[str, Imported]:
    """The name that `import a.b` or `import a.b as c` gives, and what it stands for."""
    first = alias.name.partition(".")[0]
    return (alias.asname, Imported(alias.name)) if alias.asname else (first, Imported(first))


def _import_from(module: str, alias: ast.alias) -> tuple[str, Imported]:
    """The name that `from module import a` or `... as b` gives, and what it stands for."""
    return alias.asname or alias.name, Imported(f"{module}.{alias.name}")


def _assign(name: str, value: object, found: Pasted) -> None:
    if isinstance(value, Call):
        found.calls.append(value)
        found.names.append(name)
    found.assigned[name] = value


def _express(value: object, found: Pasted) -> None:
    if isinstance(value, Call):
        found.calls.append(value)
        found.names.append("")
    elif isinstance(value, dict):
        found.mapping = value
    elif not isinstance(value, Unread) or found.calls == []:
        raise PolyakError(f"'{value!r}' is no call: expected such as torch.optim.SGD(params, lr=0.1)")


def _json(text: str) -> Mapping[str, Any] | None:
    if not text.lstrip().startswith("{"):
        return None
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return {key: _with_numbers(value) for key, value in found.items()} if isinstance(found, dict) else None


def _yaml(text: str) -> Mapping[str, Any]:
    need("yaml", what="a text in YAML", extra="yaml")
    yaml = importlib.import_module("yaml")
    try:
        found = yaml.safe_load(textwrap.dedent(text))
    except (yaml.YAMLError, RecursionError, ValueError):
        found = None
    if not isinstance(found, dict):
        raise PolyakError(
            f"'{cut(text.strip())}' is neither a call nor a config: expected such as torch.optim.SGD(params, lr=0.1)"
        )
    _small(found, [0])
    return {str(key): _with_numbers(value) for key, value in found.items()}


def _small(value: object, seen: list[int], most: int = 100_000) -> None:
    """Refuse a config whose anchors unfold without end."""
    seen[0] += 1
    if seen[0] > most:
        raise PolyakError(f"the config unfolds to more than {most:,} values, expected a recipe")
    inside = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    for each in inside:
        _small(each, seen, most)


def _with_numbers(value: object) -> Any:  # noqa: ANN401
    """1e-4 is a word in YAML 1.1, and a number to whoever wrote it."""
    if isinstance(value, dict):
        return {str(key): _with_numbers(each) for key, each in value.items()}
    if isinstance(value, list):
        return tuple(_with_numbers(each) for each in value)
    if isinstance(value, str):
        try:
            return float(value)
        except ValueError:
            return value
    return value
