"""What is worked out on paper of each rule and landscape: one file each, in a folder `worked` beside their tests."""

from __future__ import annotations

import functools
import importlib.util
from pathlib import Path
from types import ModuleType

TESTS = Path(__file__).parents[1]


@functools.cache
def worked(floor: str, name: str) -> ModuleType:
    """The file of a rule (`rules`) or of a landscape (`landscapes`); a failure says which to write."""
    path = TESTS / floor / "worked" / f"{name}.py"
    if not path.exists():
        beside = sorted(file.name for file in path.parent.glob("*.py"))[0]
        raise AssertionError(
            f"nothing is worked out on paper of {name}: write tests/{floor}/worked/{name}.py, as {beside} beside it"
        )
    spec = importlib.util.spec_from_file_location(f"worked_{floor}_{name}", path)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
