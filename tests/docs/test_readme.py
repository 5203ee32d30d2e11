"""Every line of the README runs as it is typed, one after the other, in an environment that `make study` alone made.

Whatever else the tests have, torch and keras, is not in it. Where the chapter has run in it already, for the tests of
the chapters, its line finds that run.
"""

from __future__ import annotations

import re
import shlex
import signal
import subprocess
import sys
import urllib.request
from pathlib import Path

from house import House
from patience import PATIENCE

ROOT = Path(__file__).parents[2]
FENCE = re.compile(r"^```(\w*)\n(.*?)^```", re.DOTALL | re.MULTILINE)
NEEDS = re.compile(r"# needs \[(\w+)\]$")
# Ctrl-C is heard even if these tests were started where it is ignored, behind a shell's `&`.
HEARD = "import os, signal, sys; signal.signal(signal.SIGINT, signal.SIG_DFL); os.execv(sys.argv[1], sys.argv[1:])"


def lines() -> list[str]:
    """What the README has typed, in order; a block of Python is one line of the shell."""
    typed = []
    for language, text in FENCE.findall((ROOT / "README.md").read_text("utf-8")):
        typed += [f"python -c {shlex.quote(text)}"] if language == "python" else text.splitlines()
    return typed


def test_torch_is_not_in_it(house: House) -> None:
    """Without this the test of the lines would prove nothing."""
    done = house.run(".venv/bin/python -c 'import jax, polyak, optax, cvxpy, torch'")
    assert done.returncode == 1
    assert done.stderr.endswith("No module named 'torch'\n")


def test_every_line_runs_as_typed(house: House) -> None:
    entered = ""
    for line in lines():
        if line.startswith(". "):  # what it does lasts
            entered = f"{line}; "
        elif re.match(r"\S*polyak lab\b", line):
            opened(house, f"{entered}exec {line}")
        elif needed := NEEDS.search(line):
            done = house.run(entered + line)
            assert (done.returncode, done.stderr.count("\n")) == (2, 1), (line, done)
            assert f"pip install 'polyak[{needed[1]}]'" in done.stderr, (line, done)
        else:
            done = house.run(entered + line)
            assert (done.returncode, "Traceback" in done.stderr) == (0, False), (line, done)
    made = ("study/index.html", "trace.svg", "momentum.html")
    assert [name for name in made if not (house.folder / name).is_file()] == []


def opened(house: House, line: str) -> None:
    """The lab's page answers, and Ctrl-C ends it."""
    lab = subprocess.Popen(
        [sys.executable, "-c", HEARD, "/bin/bash", "-c", line],
        cwd=house.folder,
        env=house.environment,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert lab.stdout is not None
        address = next(found[0] for said in lab.stdout if (found := re.search(r"http://\S+", said)))
        with urllib.request.urlopen(address, timeout=PATIENCE) as page:
            assert b"<title>" in page.read()
    finally:
        lab.send_signal(signal.SIGINT)  # Ctrl-C
        said, _ = lab.communicate(timeout=PATIENCE)
    assert (lab.returncode, said.strip()) == (0, "the lab is closed")


def test_the_files_it_names_are_examples_or_documents() -> None:
    named = re.findall(r"[\w./]+\.(?:py|md|svg)\b", "\n".join(lines()))
    assert [name for name in named if not name.startswith(("examples/", "docs/", "trace.svg"))] == []


def test_it_is_one_screen() -> None:
    assert len((ROOT / "README.md").read_text("utf-8").splitlines()) <= 80
