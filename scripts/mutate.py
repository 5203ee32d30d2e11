"""Break Polyak in one place at a time; the tests named beside each break must turn red.

    python scripts/mutate.py [WORD]      all mutations of mutations.toml, or those whose text holds WORD
    python scripts/mutate.py --chosen    the dozen that `make test` makes after the tests themselves

Nothing in the working tree is changed: each mutation is made in a copy of src/ in a temporary folder, and
the tests import that copy. Exit code 1 if a mutation leaves its tests green, or if they are red without it.

How each ended is kept in .mutations/ for as long as src/ and tests/ stay as they are: what was interrupted goes on
where it was.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
import tomllib
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import asdict, dataclass
from pathlib import Path

from rich.console import Console
from rich.progress import track
from rich.table import Table

ROOT = Path(__file__).resolve().parent.parent
KEPT = ROOT / ".mutations"
AT_ONCE = os.cpu_count() or 1
SECONDS = 1200  # of one run of some tests, on a loaded machine too
GREEN, RED, NO_END = 0, 1, -1  # pytest's exit codes, and ours; any other means that the tests did not run
# Loading every installed pytest plugin takes longer than most of these tests.
LEAN = {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTHONDONTWRITEBYTECODE": "1"}
PYTEST = ["-m", "pytest", "-x", "-q", "-p", "no:cacheprovider"]


@dataclass(frozen=True)
class Mutation:
    """One change of one file below src/polyak, and the tests that must notice it.

    Those that are chosen are made in every `make test`; their tests are quick.
    """

    breaks: str
    file: str
    old: str
    new: str
    tests: str
    chosen: bool = False

    def apply(self, package: Path) -> None:
        """Make the change in a copy of the package."""
        path = package / self.file
        path.write_text(path.read_text("utf-8").replace(self.old, self.new), "utf-8")

    def complaint(self) -> str:
        """Why the change cannot be made, if it cannot."""
        path = ROOT / "src" / "polyak" / self.file
        times = path.read_text("utf-8").count(self.old) if path.is_file() else 0
        if times != 1:
            return f"'{self.breaks}': {self.file} holds its old text {times} times, not once"
        gone = [file for file in self.test_files() if not (ROOT / file).is_file()]
        return f"'{self.breaks}': there is no {gone[0]}" if gone else ""

    def test_files(self) -> list[str]:
        """The files of its tests; options such as -k stand behind them."""
        words = shlex.split(self.tests)
        return words[: next((k for k, word in enumerate(words) if word.startswith("-")), len(words))]


@dataclass(frozen=True)
class Outcome:
    """How the tests ended: pytest's exit code, the first test that failed, and all that was printed."""

    code: int
    failed: str
    output: str


class Memory:
    """How runs ended on this very src/ and tests/, a file each, so that they need not be made again."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        files = sorted(
            path for part in ("src", "tests") for path in (ROOT / part).rglob("*") if path.is_file()
        )
        whole = hashlib.sha256()
        for path in files:
            if "__pycache__" not in path.parts:
                whole.update(str(path.relative_to(ROOT)).encode() + path.read_bytes())
        self.tree = whole.hexdigest()

    def get(self, tests: str, mutation: Mutation | None) -> Outcome | None:
        """How these tests ended; None where that is not known."""
        path = self._path(tests, mutation)
        return Outcome(**json.loads(path.read_text("utf-8"))) if path.is_file() else None

    def keep(self, tests: str, mutation: Mutation | None, outcome: Outcome) -> None:
        """Write down how they ended, unless they did not end or did not run."""
        if outcome.code in (GREEN, RED):
            self.folder.mkdir(exist_ok=True)
            path = self._path(tests, mutation)
            part = path.with_suffix(".part")
            part.write_text(json.dumps(asdict(outcome)), "utf-8")
            part.replace(path)

    def _path(self, tests: str, mutation: Mutation | None) -> Path:
        change = [mutation.file, mutation.old, mutation.new] if mutation else []
        key = hashlib.sha256(json.dumps([self.tree, tests, change]).encode()).hexdigest()
        return self.folder / f"{key[:32]}.json"


def run(tests: str, mutation: Mutation | None) -> Outcome:
    """The tests against a copy of src/, changed or as it is."""
    with tempfile.TemporaryDirectory(prefix="polyak-mutant-") as folder:
        copy = Path(folder) / "src"
        shutil.copytree(ROOT / "src", copy, ignore=shutil.ignore_patterns("__pycache__"))
        if mutation:
            mutation.apply(copy / "polyak")
        environment = {**os.environ, **LEAN, "PYTHONPATH": str(copy)}
        where = _python(["-c", "import polyak; print(polyak.__file__)"], environment).stdout.strip()
        if Path(where).resolve() != (copy / "polyak" / "__init__.py").resolve():
            raise RuntimeError(f"the tests would import {where}, expected the copy in {copy}")
        try:
            done = _python([*PYTEST, *shlex.split(tests)], environment)
        except subprocess.TimeoutExpired:
            return Outcome(NO_END, "", f"not done in {SECONDS} s")
    failed = re.search(r"^(?:FAILED|ERROR) (\S+)", done.stdout, re.MULTILINE)
    return Outcome(done.returncode, failed[1] if failed else "", done.stdout + done.stderr)


def _python(arguments: list[str], environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, *arguments]
    return subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=SECONDS, check=False
    )


def read(file: Path) -> list[Mutation]:
    """The mutations that a file lists."""
    return [Mutation(**entry) for entry in tomllib.loads(file.read_text("utf-8"))["mutation"]]


def main() -> int:
    """Run everything, print the table, and say how it ended."""
    parser = argparse.ArgumentParser(description="Break Polyak in one place at a time.")
    parser.add_argument("word", nargs="*", help="only the mutations whose text holds this")
    parser.add_argument("--chosen", action="store_true", help="those of every `make test`, made anew")
    asked = parser.parse_args()
    word = " ".join(asked.word)
    everything = read(ROOT / "scripts" / "mutations.toml")
    mutations = [m for m in everything if word in str(asdict(m)) and m.chosen >= asked.chosen]
    console = Console(width=None if sys.stdout.isatty() else 150)
    stale = [complaint for mutation in mutations if (complaint := mutation.complaint())]
    if stale or not mutations:
        console.print("\n".join(stale) or f"no mutation holds {word!r}", markup=False)
        return 1
    jobs: list[tuple[str, Mutation | None]] = [(m.tests, m) for m in mutations]
    if not asked.chosen:  # the tests of those have just been green
        jobs = [*((tests, None) for tests in dict.fromkeys(m.tests for m in mutations)), *jobs]
    memory = None if asked.chosen else Memory(KEPT)
    try:
        outcomes = _ended(jobs, memory, console)
    except KeyboardInterrupt:
        console.print("stopped; the next run goes on from here")
        return 130
    return _said(outcomes, mutations, console)


def _ended(
    jobs: list[tuple[str, Mutation | None]], memory: Memory | None, console: Console
) -> dict[tuple[str, Mutation | None], Outcome]:
    """How each job ended, from memory or by running it."""
    outcomes = {job: kept for job in jobs if memory and (kept := memory.get(*job))}
    if outcomes:
        console.print(f"{len(outcomes)} of {len(jobs)} runs were made before, on the same source and tests")
    pool = ThreadPoolExecutor(AT_ONCE)
    try:
        futures = {pool.submit(run, *job): job for job in jobs if job not in outcomes}
        for future in track(as_completed(futures), "mutating", total=len(futures), console=console):
            job, outcome = futures[future], future.result()
            outcomes[job] = outcome
            if memory:
                memory.keep(*job, outcome)
    finally:
        pool.shutdown(cancel_futures=True)
    return outcomes


def _said(
    outcomes: dict[tuple[str, Mutation | None], Outcome], mutations: list[Mutation], console: Console
) -> int:
    """The table, what did not end as it must, and the exit code."""
    table = Table("what breaks", "file", "tests turn", "the first that does")
    wrong = []
    for (tests, mutation), outcome in sorted(outcomes.items(), key=lambda item: _place(item[0], mutations)):
        expected = RED if mutation else GREEN
        colour = {GREEN: "green", RED: "red"}.get(outcome.code, f"did not run ({outcome.code})")
        style = "bold" if outcome.code != expected else ""
        breaks, file = (mutation.breaks, mutation.file) if mutation else ("nothing", "")
        shown = outcome.failed.removeprefix("tests/") if mutation else tests.removeprefix("tests/")
        table.add_row(breaks, file, colour, shown, style=style)
        if outcome.code != expected:
            wrong.append((breaks, outcome.output))
    console.print(table)
    for breaks, output in wrong:
        console.print(f"\n'{breaks}' did not end as it must:\n{output[-2000:]}", markup=False)
    console.print(f"{len(mutations)} mutations, {len(wrong)} did not end as they must")
    return 1 if wrong else 0


def _place(job: tuple[str, Mutation | None], mutations: list[Mutation]) -> int:
    return mutations.index(job[1]) if job[1] else -1


if __name__ == "__main__":
    sys.exit(main())
