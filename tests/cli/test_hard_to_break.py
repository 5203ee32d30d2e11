"""What could not be had, was not meant, or had no end: one line, exit code 2, and nothing written."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pytest

from polyak.ground import limits
from polyak.ground.errors import PolyakError, in_short

RULE = "heavy_ball --lr 0.1 --momentum 0.5"

OWN = """
import sys

number = 3


def exits(x1, x2, s1, s2): sys.exit(0)
def interrupts(x1, x2, s1, s2): raise KeyboardInterrupt
def odd(x1, x2, s1, s2): raise BaseException("odd")
def generator(x1, x2, s1, s2): raise GeneratorExit
def hill(x1, x2): sys.exit(7)


calls = []


def late(x1, x2, s1, s2):
    calls.append(float(x1))
    if len(calls) > 5:
        sys.exit(0)
    return x1, x2, s1, s2
"""


@pytest.fixture
def own(folder):
    (folder / "own.py").write_text(OWN)
    for name, error in (("interrupt", "KeyboardInterrupt"), ("generator", "GeneratorExit")):
        (folder / f"{name}.py").write_text(f"raise {error}\n")
    (folder / "odd.py").write_text("class Odd(BaseException): pass\nraise Odd('no way')\n")
    return folder


@pytest.mark.parametrize(
    ("place", "words"),
    [
        ("own.py:exits", ["own.py, line 7: SystemExit: 0"]),
        ("own.py:interrupts", ["own.py, line 8: KeyboardInterrupt"]),
        ("own.py:odd", ["own.py, line 9: BaseException: odd"]),
        ("own.py:generator", ["own.py, line 10: GeneratorExit"]),
        (f"{RULE} --on own.py:hill", ["own.py, line 11: SystemExit: 7"]),
        ("interrupt.py:f", ["interrupt.py fails: KeyboardInterrupt"]),
        ("generator.py:f", ["generator.py fails: GeneratorExit"]),
        ("odd.py:f", ["odd.py fails: Odd: no way"]),
    ],
)
def test_an_own_file_cannot_end_the_command_in_silence(fails, own, place, words):
    fails(f"trace {place}", *words)


def test_nor_in_the_middle_of_a_run(here, own):
    found = here("trace own.py:late --steps 20")
    assert (found.code, found.out) == (2, "")
    note, line = found.err.splitlines()
    assert note.startswith("polyak: note: late runs step by step")
    assert line == "polyak: own.py, line 20: SystemExit: 0"


def test_an_interrupt_of_its_own_is_no_ctrl_c(fails, own):
    fails("train own.py:interrupts --data diabetes", "own.py, line 8: KeyboardInterrupt")


def test_an_endless_loop_is_told_of(folder, interruptible):
    (folder / "turns.py").write_text("def turns(x1, x2):\n    while True:\n        pass\n")
    (folder / "loop.py").write_text("while 1: pass\n")
    polyak = str(Path(sys.executable).with_name("polyak"))
    lines = (f"trace {RULE} --on turns.py:turns", "turns.py, line "), ("rules loop.py:f", "loop.py, line 1 ")
    both = [
        (subprocess.Popen(interruptible([polyak, *line.split()]), stderr=subprocess.PIPE, text=True), place)
        for line, place in lines  # both at once: each waits for five seconds
    ]
    for process, place in both:
        assert process.stderr is not None
        said = process.stderr.readline()
        assert place in said
        assert "still running after 5 s" in said
        assert process.poll() is None  # it goes on
        process.send_signal(2)
        _, err = process.communicate(timeout=60)
        assert (process.returncode, err) == (130, "polyak: interrupted\n")


def test_calls_that_come_back_are_not_told_of(here, folder, monkeypatch):
    from polyak.cli import own_code

    monkeypatch.setattr(own_code, "PATIENCE", 1.0)
    (folder / "slow.py").write_text(
        "import time\n\n\ndef slow(x1, x2, s1, s2):\n    time.sleep(0.02)\n    return float(x1), x2, s1, s2\n"
    )
    began = time.monotonic()
    found = here("trace slow.py:slow --steps 60")
    assert time.monotonic() - began > 1.2
    assert (found.code, "still running" in found.err) == (0, False)


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (f"train {RULE} --data diabetes --seeds 1000000000000", ["1,000,000,000,000 runs", "GB of memory"]),
        (
            f"train {RULE} --data diabetes --epochs 1000000000000",
            ["1,000,000,000,000 epochs", "GB of memory"],
        ),
        (f"train {RULE} --data diabetes --seed 18446744073709551616", ["seed is 18446744073709551616"]),
        (
            "sweep heavy_ball --momentum 0.5 --grid lr=0.1,0.2 --data diabetes --seeds 1000000000000",
            ["GB of memory"],
        ),
        (f"predict {RULE} --data diabetes --seeds 1000000000000", ["1,000,000,000,000 runs", "GB of memory"]),
        (f"predict {RULE} --curvature 1 --steps 0", ["steps is 0", "1 to 100000"]),
        ("compare heavy_ball adam --data diabetes --budget 1000000000000", ["days, expected at most one"]),
        ("compare heavy_ball Heavy-Ball --data diabetes", ["is named twice"]),
        ("sweep heavy_ball,heavy_ball --grid lr=0.1,0.2 --momentum 0.1", ["heavy_ball is named twice"]),
        ("optimal heavy_ball --curvature 1e308,1e-308", ["condition number beyond double precision"]),
        ("verify torch:SGD --set lr=nan", ["lr is nan, expected a number"]),
        ("rules own.py:number", ["own.py:number is 3, expected a rule"]),
        ("slots page.md --target-language !!", ["target_language is '!!'", "zh-CN"]),
        ("slots page.md --target-language ''", ["target_language is ''"]),
        ("slots page.md --source-language ../x", ["source_language is '../x'"]),
        ("lab --no-browser --origin http://evil/x", ["origin is 'http://evil/x'", "HOST:PORT"]),
        ("lab --no-browser --origin ''", ["origin is ''", "HOST:PORT"]),
        ("lab --no-browser --origin 'a b'", ["origin is 'a b'", "HOST:PORT"]),
        ("lab --no-browser --origin '*'", ["origin is '*'", "HOST:PORT"]),
        ("lab --no-browser --address ''", ["address is empty"]),
        ("lab --no-browser --address 192.0.2.1", ["cannot listen on '192.0.2.1'"]),
        ("lab --no-browser heavy_ball adam nesterov lion adagrad", ["5 rules at once, expected at most 4"]),
    ],
)
def test_one_line(fails, own, line, words):
    (own / "page.md").write_text("# A page\n\nSome words.\n")
    fails(line, *words)


def test_a_quadratic_that_no_machine_holds(fails, monkeypatch):
    monkeypatch.setattr(limits, "memory", lambda: 16 * 2**30)
    fails(
        ["trace", *RULE.split(), "--on", f"quadratic:{','.join('1' * 100_000)}"],
        "100,000 curvatures",
        "240 GB",
    )


def test_trainings_that_fit_neither_in_memory_nor_in_a_day(fails, refused, monkeypatch):
    import polyak as pk
    from polyak.run.affordable import check_time_of

    monkeypatch.setattr(limits, "memory", lambda: 16 * 2**30)
    line = f"train {RULE} --data diabetes"
    fails(
        f"{line} --seeds 10000000", "10,000,000 runs of 2 epochs: at least 35.4", "this machine has 17.18 GB"
    )
    problem = pk.linear_regression(pk.data.diabetes())
    with refused("runs of 2 epochs", "GB"):
        pk.train(pk.HeavyBall(lr=0.1, momentum=0.5), problem, seeds=10**7)
    # 442 rows are 45 batches of 10: an epoch takes at least 45 microseconds, and 5 for its order.
    check_time_of(problem, batch_size=10, epochs=1_700_000_000, runs=1)
    with refused("1,800,000,000 epochs", "days"):
        check_time_of(problem, batch_size=10, epochs=1_800_000_000, runs=1)


def test_a_limit_of_the_shell_counts():
    limited = (
        "import resource, sys; resource.setrlimit(resource.RLIMIT_AS, (2**33, 2**33));"
        "from polyak.ground.limits import memory; print(memory())"
    )
    found = subprocess.run([sys.executable, "-c", limited], capture_output=True, text=True, check=True)
    assert int(found.stdout) <= 2**33


@pytest.mark.parametrize("letters", [300, 5000])
@pytest.mark.parametrize(
    "line",
    [
        "trace heavy_ball --lr 0.1 --momentum 0.5 --steps {}",
        "trace heavy_ball --lr {} --momentum 0.5",
        "trace {}",
        "trace {}.py:f",
        "trace heavy_ball --on {}",
        "trace heavy_ball --on quadratic:{}",
        "sweep heavy_ball --grid lr={}",
        "sweep heavy_ball --grid lr=0.1,0.2 --momentum 0.5 --store {}",
        "best {}",
        "show {}",
        "train heavy_ball --data {}.csv",
        "translate {} --to torch",
        "lab --origin {}",
        "read {}.md",
        "{}",
    ],
)
def test_nothing_is_echoed_at_length(fails, line, letters):
    for word in ("x" * letters, "a b " * (letters // 4), "a'b\"" * (letters // 4)):
        said = fails([part.replace("{}", word) for part in line.split()])
        assert len(said) < 1100
        assert word[:81] not in said


def test_what_is_short_is_left_as_it_is():
    for line in ("heavy_ball's lr is '0.1', expected a number", "a " * 90, f"'{'x' * 78}' is no rule"):
        assert in_short(line) == line
    assert len(str(PolyakError(f"unknown rule '{'x' * 10**6}'"))) < 100


def test_half_a_character_is_no_file(fails, folder):
    fails(["best", "\ud800"], "is half a character, which no file's name or text may hold")
