"""What stands in a user's own file: my_rule.py:MyRule, my_function.py:f."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

from polyak.cli.own_code import raised_by, watched
from polyak.ground.errors import PolyakError, unknown


def in_file(place: str) -> bool:
    """Whether a word spells a name in a file, path.py:name; a file without a name is an error.

    >>> in_file("my_rule.py:MyRule"), in_file("heavy_ball")
    (True, False)
    """
    if place.endswith((".py", ".py:")):
        raise PolyakError(f"{place.rstrip(':')}: which name in it? spell it {place.rstrip(':')}:NAME")
    return ".py:" in place


def object_in_file(place: str) -> Any:  # noqa: ANN401
    """What `name` stands for in `path`, of a place spelled path.py:name."""
    path, _, name = place.rpartition(":")
    module = _module(Path(path))
    if not hasattr(module, name):
        raise unknown(f"name in {path}", name, [known for known in vars(module) if not known.startswith("_")])
    return getattr(module, name)


def _module(path: Path) -> ModuleType:
    if not path.is_file():
        raise PolyakError(f"{path}: no such file")
    spec = importlib.util.spec_from_file_location(f"_polyak_{path.stem}", path)
    if spec is None or spec.loader is None:
        raise PolyakError(f"{path} is no Python file")
    module = importlib.util.module_from_spec(spec)
    # Dataclasses look their module up, where annotations are postponed.
    sys.modules[spec.name] = module
    watched(path)
    writes_none, sys.dont_write_bytecode = (
        sys.dont_write_bytecode,
        True,
    )  # nothing is left in the user's folder
    try:
        spec.loader.exec_module(module)
    except SyntaxError as error:
        raise PolyakError(f"{path}, line {error.lineno}: {error.msg}") from error
    except BaseException as error:
        if isinstance(error, KeyboardInterrupt) and raised_by(error) is None:
            raise
        raise PolyakError(f"{path} fails: {type(error).__name__}: {error}".removesuffix(": ")) from error
    finally:
        sys.dont_write_bytecode = writes_none
    return module
