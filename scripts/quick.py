"""What a change can break and seconds can tell: ruff, and the quick tests of the floors that were changed.

    python scripts/quick.py [FLOOR ...]    or `make quick FLOOR=rules`

Without a floor: those of the files that differ from main. A floor's tests are its folder of tests/ and the examples
in its docstrings. How long each takes is known from the last time; the quickest are run first, for as many seconds as
BUDGET says, and with them all whose time nobody knows. Exit code 1 where one fails, 2 where there is no such floor.
"""

from __future__ import annotations

import difflib
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BUDGET = 20  # seconds, of tests as they took last time


def floors() -> list[str]:
    """Every folder below src/polyak or tests, by its name."""
    folders = [*(ROOT / "src/polyak").iterdir(), *(ROOT / "tests").iterdir()]
    return sorted({folder.name for folder in folders if folder.is_dir() and any(folder.glob("*.py"))})


def changed() -> list[str]:
    """The files that differ from main, and those that git does not know yet."""
    differ = ["git", "diff", "--name-only", "--relative", "main"]
    unknown = ["git", "ls-files", "--others", "--exclude-standard"]
    try:
        return [name for words in (differ, unknown) for name in _lines(words)]
    except (OSError, subprocess.CalledProcessError):
        return []


def _lines(words: list[str]) -> list[str]:
    return subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=True).stdout.splitlines()


def floors_of(files: list[str]) -> list[str]:
    """The floors that files lie on: `src/polyak/rules/adam.py` and `tests/rules/test_adam.py` on `rules`."""
    parts = [Path(name).parts for name in files]
    below = [
        p[2] if p[:2] == ("src", "polyak") else p[1] for p in parts if len(p) > 2 and p[0] in ("src", "tests")
    ]
    return sorted(set(below) & set(floors()))


def folders_of(floor: str) -> list[str]:
    """Where a floor's source and tests are, of those that it has."""
    return [name for name in (f"src/polyak/{floor}", f"tests/{floor}") if (ROOT / name).is_dir()]


def main() -> int:
    """Check and test, and say how it ended."""
    wanted = [name for word in sys.argv[1:] for name in word.split(",") if name] or floors_of(changed())
    for name in wanted:
        if name not in floors():
            near = difflib.get_close_matches(name, floors(), 1)
            meant = f"did you mean '{near[0]}'?" if near else f"there are {', '.join(floors())}"
            print(f"no floor is called '{name}': {meant}", file=sys.stderr)
            return 2
    if not wanted:
        print("no floor differs from main; name one: make quick FLOOR=rules")
        return 0
    folders = [folder for name in wanted for folder in folders_of(name)]
    print(f"quick: {', '.join(wanted)}", flush=True)
    commands = (
        ["ruff", "format", "--check", "--quiet", *folders],
        ["ruff", "check", "--quiet", *folders],
        ["pytest", "-q", "--quick", str(BUDGET), *folders],
    )
    return max(
        subprocess.run([sys.executable, "-m", *words], cwd=ROOT, check=False).returncode for words in commands
    )


if __name__ == "__main__":
    sys.exit(main())
