"""How often a verification names what is wrong: sixty faults planted in twenty optimizers (tests/shared/planted.py).

`python benchmarks/planted_faults.py`, some five minutes on two cores. A cause is right where the verdict or the cause
has the words that name the fault; a fault of which "equal" is said is the worst, and counted by itself.
"""

from __future__ import annotations

import sys
import time
from collections import Counter
from pathlib import Path

from rich.console import Console
from rich.table import Table

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests" / "shared"))

import polyak as pk
from planted import CASES, Case


def told(case: Case) -> tuple[bool, bool, str]:
    """Whether the fault was named, whether "equal" was said, and what was said."""
    try:
        report = pk.verify(case.candidate, against=case.where, **case.settings)
    except pk.PolyakError as error:
        return False, False, str(error)
    said = f"{report.verdict}: {report.cause}"
    return any(words in said for words in case.named), report.equal, said


def main(wanted: str = "") -> None:
    """Every case, or those whose optimizer or fault has the word."""
    console, table = Console(width=180), Table("optimizer", "fault", "named", "said", "CPU s")
    cases = [case for case in CASES if wanted in f"{case.where} {case.fault}"]
    kinds, right, equal = Counter[str](), Counter[str](), 0
    for case in cases:
        begun = time.process_time()
        named, same, said = told(case)
        kinds[case.named[0]] += 1
        right[case.named[0]] += named
        equal += same
        row = (
            case.where,
            case.fault,
            "yes" if named else "NO",
            said[:110],
            f"{time.process_time() - begun:.1f}",
        )
        table.add_row(*row)
        print(*row, sep=" | ", flush=True)
    console.print(table)
    for kind, count in kinds.most_common():
        console.print(f"{kind}: {right[kind]} of {count}")
    console.print(f"named: {sum(right.values())} of {len(cases)}; said to be equal: {equal}")


if __name__ == "__main__":
    main(*sys.argv[1:])
