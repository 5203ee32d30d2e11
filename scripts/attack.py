"""Attack Polyak: every kind of every module in scripts/attacks/, a table of what was tried and missed.

    python scripts/attack.py [--only WORD] [--tries N] [--seed N] [--short]

--only WORD takes the kinds whose names hold the word; --tries N so many of each instead of the kind's own number;
--seed N that one try, to see a miss again; --short leaves out the kinds of which one try takes minutes. Exit code 1 if
anything was missed, 2 where no kind has the word.
"""

from __future__ import annotations

import argparse
import contextlib
import faulthandler
import importlib
import multiprocessing
import sys
import time
import traceback
from collections.abc import Iterator
from concurrent.futures import FIRST_COMPLETED, ProcessPoolExecutor, ThreadPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

SCRIPTS = Path(__file__).resolve().parent
sys.path.insert(0, str(SCRIPTS))

from attacks.kind import Kind  # noqa: E402  found beside this file

AT_ONCE = 2  # kinds, each in a process of its own
SECONDS = 500  # of one kind: what is not tried by then is not tried, and the table says so
HUNG = 90  # seconds more, after which a try that does not come back ends its process


@dataclass
class Outcome:
    """What came of one kind: how many were asked for and tried, and each miss by its seed."""

    what: str
    asked: int
    tried: int = 0
    missed: dict[int, str] = field(default_factory=dict)
    trouble: str = ""
    seconds: float = 0.0

    @property
    def stands(self) -> bool:
        """Whether all was tried and nothing missed."""
        return not self.missed and not self.trouble and self.tried == self.asked


def kinds(module: str = "attacks.*") -> dict[str, tuple[str, Kind]]:
    """Every kind by what it tries, with the module that holds it; those of one module alone are quicker had."""
    found = {}
    for path in sorted((SCRIPTS / "attacks").glob(f"{module.removeprefix('attacks.')}.py")):
        held = importlib.import_module(f"attacks.{path.stem}")
        for value in vars(held).values():
            for kind in value if isinstance(value, list | tuple) else [value]:
                if isinstance(kind, Kind):
                    found[kind.what] = (held.__name__, kind)
    return found


def attack(module: str, what: str, seeds: list[int]) -> Outcome:
    """Try a kind with each seed, in this process."""
    faulthandler.dump_traceback_later(SECONDS + HUNG, exit=True)
    kind = kinds(module)[what][1]
    outcome, began = Outcome(what, len(seeds)), time.monotonic()
    try:
        with kind.ready() as shared, ThreadPoolExecutor(kind.side_by_side) as pool:
            for seed, miss in pool.map(lambda seed: _tried(kind, seed, shared, began), seeds):
                outcome.tried += miss is not _LATE
                if isinstance(miss, str):
                    outcome.missed[seed] = miss
    except Exception as error:
        traceback.print_exc()
        outcome.trouble = f"{type(error).__name__}: {error}"
    outcome.seconds = time.monotonic() - began
    faulthandler.cancel_dump_traceback_later()
    return outcome


_LATE = object()


def _tried(kind: Kind, seed: int, shared: Any, began: float) -> tuple[int, Any]:
    if time.monotonic() - began > SECONDS:
        return seed, _LATE
    try:
        return seed, kind.attack(seed, shared)
    except BaseException as error:
        where = traceback.extract_tb(error.__traceback__)[-1]
        return seed, f"{type(error).__name__}: {error} ({Path(where.filename).name}, line {where.lineno})"


def main() -> int:
    """Run what was asked for and print the table."""
    words = argparse.ArgumentParser(description="Attack Polyak, and count what it does not stand.")
    words.add_argument("--only", default="", metavar="WORD", help="the kinds whose names hold this")
    words.add_argument(
        "--tries", type=int, metavar="N", help="so many of each kind, instead of its own number"
    )
    words.add_argument("--seed", type=int, metavar="N", help="this one try")
    words.add_argument("--short", action="store_true", help="without the kinds whose one try takes minutes")
    given = words.parse_args()
    every = kinds().items()
    found = {
        what: place for what, place in every if given.only in what and (place[1].short or not given.short)
    }
    if not found:
        print(f"no kind of attack is called '{given.only}': {'; '.join(kinds())}", file=sys.stderr)
        return 2
    jobs = {what: (module, seeds_of(kind, given)) for what, (module, kind) in found.items()}
    outcomes = list(_all(jobs))
    for line in table(outcomes):
        print(line)
    return 0 if all(outcome.stands for outcome in outcomes) else 1


def seeds_of(kind: Kind, given: argparse.Namespace) -> list[int]:
    """Which seeds are tried: 0 to the number of tries, or the one that is asked for."""
    if given.seed is not None:
        return [given.seed]
    return list(range(min(kind.tries, given.tries) if given.tries is not None else kind.tries))


def _all(jobs: dict[str, tuple[str, list[int]]]) -> Iterator[Outcome]:
    """The outcomes as they come, two kinds at a time; a kind that takes its process along is said to."""
    waiting = list(jobs.items())
    with contextlib.ExitStack() as running:
        under_way: dict[Any, str] = {}
        while waiting or under_way:
            while waiting and len(under_way) < AT_ONCE:
                what, (module, seeds) = waiting.pop(0)
                pool = running.enter_context(ProcessPoolExecutor(1, multiprocessing.get_context("spawn")))
                under_way[pool.submit(attack, module, what, seeds)] = what
            done, _ = wait(under_way, return_when=FIRST_COMPLETED)
            for future in done:
                what = under_way.pop(future)
                try:
                    outcome = future.result()
                except BrokenProcessPool:
                    outcome = Outcome(what, len(jobs[what][1]), trouble="its process was ended")
                print(f"{what}: {outcome.tried} tried, {len(outcome.missed)} missed", file=sys.stderr)
                yield outcome


def table(outcomes: list[Outcome]) -> list[str]:
    """What was tried and missed, and how each miss is seen again."""
    wide = max(len(outcome.what) for outcome in outcomes)
    lines = [f"{'what':{wide}}  tried  missed  seconds"]
    for outcome in sorted(outcomes, key=lambda outcome: outcome.what):
        row = f"{outcome.what:{wide}}  {outcome.tried:5}  {len(outcome.missed):6}  {outcome.seconds:7.0f}"
        lines.append(row if outcome.tried == outcome.asked else f"{row}  of {outcome.asked}")
    for outcome in outcomes:
        if outcome.trouble:
            lines.append(f"{outcome.what}: {outcome.trouble}")
        for seed, miss in sorted(outcome.missed.items()):
            lines += [
                f'scripts/attack.py --only "{outcome.what}" --seed {seed}',
                f"    {' '.join(miss.split())}",
            ]
    return lines


if __name__ == "__main__":
    sys.exit(main())
