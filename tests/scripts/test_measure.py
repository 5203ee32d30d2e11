"""The house is held to its own measure, and the measure can tell."""

from __future__ import annotations

import ast
import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def measure() -> ModuleType:
    spec = importlib.util.spec_from_file_location("measure_script", ROOT / "scripts" / "measure.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module


def test_the_house_stands_by_its_measure(measure: ModuleType) -> None:
    every = list(measure.functions())
    annotations = [one for function in every for one in function.annotations]
    assert annotations.count("Any") < 0.05 * len(annotations)
    branching = [function.place for function in every if function.branches > measure.MANY]
    assert len(branching) < 15, branching
    assert measure.circles() == []
    assert len(measure.needed()) <= 9
    assert {
        kind: count for kind, count in measure.to_touch().items() if count != 1 and kind != "framework"
    } == {}


def test_a_branch_is_whatever_parts_the_way(measure: ModuleType) -> None:
    text = "def f(a):\n    if a and a > 1 or a < 0:\n        return [b for b in a if b]\n    return 1 if a else 2"
    # if, `and`, `or`, the comprehension and its own if, the conditional expression
    assert measure._branches(ast.parse(text)) == 6


def test_a_circle_is_found_through_others(measure: ModuleType) -> None:
    imports = {"a": {"b"}, "b": {"c"}, "c": {"a", "d"}, "d": set(), "e": {"a"}}
    assert sorted(map(sorted, measure._components(imports))) == [["a", "b", "c"], ["d"], ["e"]]
