"""Cold starts: a process from its start to its end, what a user waits for at the terminal."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from report import Row, Section, Target
from rich.progress import Progress
from timing import Sample, Timing, side_by_side

BIN = Path(sys.executable).parent
POLYAK = str(BIN / "polyak")
SETTINGS = "heavy_ball --lr 0.6 --momentum 0.5 --on ravine --steps 20 --out trace.svg"
TRACE, HELP = "`polyak trace`, 20 steps to an SVG", "`polyak --help`"
COMMANDS: dict[str, Sequence[str]] = {
    TRACE: (POLYAK, "trace", *SETTINGS.split()),
    HELP: (POLYAK, "--help"),
    "`polyak rules`": (POLYAK, "rules"),
    '`python -c "import jax"`': (sys.executable, "-c", "import jax"),
    '`python -c "pass"`': (sys.executable, "-c", "pass"),
}
LIMITS = {TRACE: 2.5, HELP: 0.3}


def sample(command: Sequence[str], folder: str) -> Sample:
    """A turn of a command, after one that is not timed: the first writes the caches of bytecode and fonts."""

    def turn() -> float:
        start = time.perf_counter()
        subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True)
        return time.perf_counter() - start

    turn()
    return turn


def measure(progress: Progress, rounds: int = 5) -> Section:
    """The cold starts of COMMANDS."""
    samples: dict[str, Sample] = {}
    failed: dict[str, str] = {}
    with tempfile.TemporaryDirectory() as folder:
        for name, command in COMMANDS.items():
            try:
                samples[name] = sample(command, folder)
            except subprocess.CalledProcessError as error:
                failed[name] = (error.stderr.strip().splitlines() or [str(error)])[-1]
        timings = side_by_side("cold starts", samples, rounds, progress)
    rows = tuple(Row(name, timings.get(name), why_not=failed.get(name, "")) for name in COMMANDS)
    return Section(
        "Cold starts: the whole process, from its start to its end",
        "s",
        rows,
        reference=TRACE,
        targets=tuple(target(name, timings.get(name)) for name in LIMITS),
    )


def target(name: str, timing: Timing | None) -> Target:
    text, limit = f"{name} under {LIMITS[name]} s", LIMITS[name]
    return Target(text, f"{timing.median:.2f} s", timing.median < limit) if timing else Target(text)
