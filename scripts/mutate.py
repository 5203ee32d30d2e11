"""Break Polyak in one place at a time; the tests named beside each break must turn red.

    python scripts/mutate.py [WORD]      all mutations of mutations.toml, or those whose text holds WORD

Nothing in the working tree is changed: each mutation is made in a copy of src/ in a temporary folder, and
the tests import that copy. Exit code 1 if a mutation leaves its tests green, or if they are red without it.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
import tomllib
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.progress import track
from rich.table import Table

ROOT = Path(__file__).resolve().parent.parent
AT_ONCE = os.cpu_count() or 1
SECONDS = 300
GREEN, RED = 0, 1  # pytest's exit codes; any other means that the tests did not run
# Loading every installed pytest plugin takes longer than most of these tests.
LEAN = {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTHONDONTWRITEBYTECODE": "1"}
PYTEST = ["-m", "pytest", "-x", "-q", "-p", "no:cacheprovider"]


@dataclass(frozen=True)
class Mutation:
    """One change of one file below src/polyak, and the tests that must notice it."""

    breaks: str
    file: str
    old: str
    new: str
    tests: str

    def apply(self, package: Path) -> None:
        """Make the change in a copy of the package."""
        path = package / self.file
        path.write_text(path.read_text().replace(self.old, self.new))

    def complaint(self) -> str:
        """Why the change cannot be made, if it cannot."""
        path = ROOT / "src" / "polyak" / self.file
        times = path.read_text().count(self.old) if path.is_file() else 0
        return (
            "" if times == 1 else f"'{self.breaks}': {self.file} holds its old text {times} times, not once"
        )


@dataclass(frozen=True)
class Outcome:
    """How the tests ended: pytest's exit code, the first test that failed, and all that was printed."""

    code: int
    failed: str
    output: str


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
        done = _python([*PYTEST, *shlex.split(tests)], environment)
    failed = re.search(r"^(?:FAILED|ERROR) (\S+)", done.stdout, re.MULTILINE)
    return Outcome(done.returncode, failed[1] if failed else "", done.stdout + done.stderr)


def _python(arguments: list[str], environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, *arguments]
    return subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=SECONDS, check=False
    )


def main() -> int:
    """Run everything, print the table, and say how it ended."""
    word = " ".join(sys.argv[1:])
    entries = tomllib.loads((ROOT / "scripts" / "mutations.toml").read_text())["mutation"]
    mutations = [Mutation(**entry) for entry in entries if word in str(entry)]
    console = Console(width=None if sys.stdout.isatty() else 150)
    stale = [complaint for mutation in mutations if (complaint := mutation.complaint())]
    if stale or not mutations:
        console.print("\n".join(stale) or f"no mutation holds {word!r}", markup=False)
        return 1
    jobs = [(tests, None) for tests in dict.fromkeys(m.tests for m in mutations)]
    with ThreadPoolExecutor(AT_ONCE) as pool:
        futures = {pool.submit(run, *job): job for job in [*jobs, *((m.tests, m) for m in mutations)]}
        finished = track(as_completed(futures), "mutating", total=len(futures), console=console)
        outcomes = {futures[future]: future.result() for future in finished}

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
