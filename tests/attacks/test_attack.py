"""A short part of `make attack`: each kind is found, tried once and counted; a miss says how to see it again."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

SCRIPTS = Path(__file__).resolve().parents[2] / "scripts"
sys.path.insert(0, str(SCRIPTS))

import attack  # noqa: E402  the script, as a module
from attacks.kind import Kind  # noqa: E402


def run(*words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(SCRIPTS / "attack.py"), *words]
    return subprocess.run(command, capture_output=True, text=True, timeout=500, check=False)


def test_a_try_of_each_kind() -> None:
    done = run("--tries", "1", "--short")
    assert done.returncode == 0, done.stdout + done.stderr
    header, *rows = done.stdout.splitlines()
    assert header.split() == ["what", "tried", "missed", "seconds"]
    found = {row[:-24].strip(): row[-24:].split()[:2] for row in rows}
    # The one that is not short is made once, with one kill, in tests/models/test_on_workers.py.
    assert found.keys() == {what for what, (_, kind) in attack.kinds().items() if kind.short}
    assert len(found) == len(attack.kinds()) - 1
    assert all(missed == "0" and tried == "1" for tried, missed in found.values())


def test_a_kind_is_tried_a_thousand_times() -> None:
    assert all(kind.tries >= 1 for _, kind in attack.kinds().values())
    ours = ("terminal", "messages", "links", "documents")
    for word in ours:
        assert [kind.tries for what, (_, kind) in attack.kinds().items() if word in what] == [1000]


def test_a_word_that_no_kind_has(monkeypatch, capsys) -> None:
    monkeypatch.setattr(sys, "argv", ["attack.py", "--only", "nothing of the kind"])
    assert attack.main() == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert "no kind of attack is called" in err


def test_a_miss_is_counted_and_told_with_its_seed(monkeypatch) -> None:
    def missed(seed: int, _: object) -> str | None:
        if seed == 3:
            raise KeyError("three")
        return "seven is odd" if seed == 7 else None

    monkeypatch.setattr(attack, "kinds", lambda *_: {"numbers": ("attacks.kind", Kind("numbers", missed))})
    outcome = attack.attack("attacks.kind", "numbers", list(range(10)))
    assert (outcome.tried, outcome.stands, sorted(outcome.missed)) == (10, False, [3, 7])
    assert re.fullmatch(r"KeyError: 'three' \(test_attack.py, line \d+\)", outcome.missed[3])
    told = attack.table([outcome])
    assert told[1].split()[:3] == ["numbers", "10", "2"]
    assert 'scripts/attack.py --only "numbers" --seed 7' in told
    assert "    seven is odd" in told


def test_what_is_not_tried_is_no_success(monkeypatch) -> None:
    monkeypatch.setattr(attack, "SECONDS", -1)
    monkeypatch.setattr(attack, "kinds", lambda *_: {"late": ("attacks.kind", Kind("late", lambda *_: None))})
    outcome = attack.attack("attacks.kind", "late", [0, 1])
    assert (outcome.tried, outcome.stands) == (0, False)
    assert attack.table([outcome])[1].endswith("of 2")
