"""Every mutation can be made, its tests are there, and `scripts/mutate.py` says so where one is not noticed."""

from __future__ import annotations

import importlib.util
import shlex
import subprocess
import sys
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest
from _pytest.mark import KeywordMatcher
from _pytest.mark.expression import Expression

from patience import PATIENCE

ROOT = Path(__file__).parents[2]
SCRIPT = ROOT / "scripts" / "mutate.py"

MODULE = """
def doubled(x):
    return 2 * x


def halved(x):
    return x / 2
"""
TESTS = """
from polyak import doubled, halved

def test_doubled():
    assert doubled(3) == 6

def test_halved():
    assert halved(0) == 0
"""
NOTICED = """
[[mutation]]
breaks = "three times"
file = "__init__.py"
old = "2 * x"
new = "3 * x"
tests = "tests/test_numbers.py -k doubled"
chosen = true
"""
SURVIVES = """
[[mutation]]
breaks = "a third"
file = "__init__.py"
old = "x / 2"
new = "x / 3"
tests = "tests/test_numbers.py -k halved"
"""


@pytest.fixture(scope="module")
def script() -> ModuleType:
    spec = importlib.util.spec_from_file_location("mutate", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["mutate"] = module  # where a dataclass looks up its annotations
    spec.loader.exec_module(module)
    return module


def test_every_mutation_can_be_made(script: ModuleType) -> None:
    mutations = script.read(ROOT / "scripts" / "mutations.toml")
    assert mutations
    assert [complaint for mutation in mutations if (complaint := mutation.complaint())] == []
    assert len({(m.file, m.old, m.new, m.tests) for m in mutations}) == len(mutations)
    assert all(m.old != m.new for m in mutations)


def test_a_dozen_are_chosen(script: ModuleType) -> None:
    chosen = [m for m in script.read(ROOT / "scripts" / "mutations.toml") if m.chosen]
    assert 12 <= len(chosen) <= 15
    assert len({Path(m.file).parts[0] for m in chosen}) >= 5, "on as many floors"


def test_what_a_mutation_asks_for_is_among_the_tests(
    script: ModuleType, request: pytest.FixtureRequest
) -> None:
    """Of the files that this session has collected: in `make test`, all."""
    collected = defaultdict(list)
    for item in request.session.items:
        collected[item.path].append(item)
    for mutation in script.read(ROOT / "scripts" / "mutations.toml"):
        words = shlex.split(mutation.tests)
        assert [word for word in words if word.startswith("-")] in ([], ["-k"])
        if "-k" not in words or request.config.getoption("keyword"):
            continue
        asked = Expression.compile(words[words.index("-k") + 1])
        for file in mutation.test_files():
            tests = collected.get(ROOT / file, [])
            matching = [test for test in tests if asked.evaluate(KeywordMatcher.from_item(test))]
            assert matching or not tests, mutation.tests


@pytest.fixture
def house(tmp_path: Path) -> Callable[[str], Path]:
    """A house of one module, with these mutations."""

    def made(mutations: str) -> Path:
        texts = {
            "src/polyak/__init__.py": MODULE,
            "tests/test_numbers.py": TESTS,
            "scripts/mutate.py": SCRIPT.read_text("utf-8"),
            "scripts/mutations.toml": mutations,
        }
        for name, text in texts.items():
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name).write_text(text, "utf-8")
        return tmp_path

    return made


def mutate(house: Path, *words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "scripts/mutate.py", *words]
    return subprocess.run(command, cwd=house, capture_output=True, text=True, timeout=PATIENCE, check=False)


def test_what_is_not_noticed_is_said(house: Callable[[str], Path]) -> None:
    folder = house(NOTICED + SURVIVES)
    done = mutate(folder)
    assert done.returncode == 1
    assert "'a third' did not end as it must" in done.stdout
    assert "2 mutations, 1 did not end as they must" in done.stdout
    assert (folder / "src" / "polyak" / "__init__.py").read_text("utf-8") == MODULE

    again = mutate(folder)
    assert again.returncode == 1
    assert "4 of 4 runs were made before" in again.stdout
    (folder / "tests" / "test_numbers.py").write_text(TESTS.replace("halved(0) == 0", "halved(6) == 3"))
    mended = mutate(folder)
    assert (mended.returncode, "made before" in mended.stdout) == (0, False)


def test_the_chosen_are_made(house: Callable[[str], Path]) -> None:
    done = mutate(house(NOTICED + SURVIVES), "--chosen")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "1 mutations, 0 did not end as they must" in done.stdout


def test_a_text_that_does_not_stand_is_said(house: Callable[[str], Path]) -> None:
    done = mutate(house(NOTICED.replace("2 * x", "4 * x")))
    assert done.returncode == 1
    assert "'three times': __init__.py holds its old text 0 times, not once" in done.stdout
    done = mutate(house(NOTICED.replace("test_numbers", "test_number")))
    assert (done.returncode, "there is no tests/test_number.py" in done.stdout) == (1, True)
