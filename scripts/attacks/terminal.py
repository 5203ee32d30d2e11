"""Bad input at the terminal: one line and exit code 2, or exit code 0 and sense; no traceback, nothing left behind."""

from __future__ import annotations

import contextlib
import io
import os
import random
import tempfile
import warnings
from collections.abc import Iterator
from pathlib import Path

from attacks.kind import Kind

from polyak.cli.command import every_option

OWN = """
import sys


number, text = 3, "three"


def plane(x1, x2, s1, s2): return x1 - 0.1 * x1, x2 - 0.1 * x2, s1, s2
def hill(x1, x2): return x1**2 + x2**2
def exits(x1, x2, s1, s2): sys.exit(0)
def odd(x1, x2, s1, s2): raise BaseException("odd")
def generator(x1, x2, s1, s2): raise GeneratorExit
def interrupts(x1, x2, s1, s2): raise KeyboardInterrupt
def three(x1, x2, s1, s2): return 1, 2, 3
def words(x1, x2, s1, s2): return "a", "b", "c", "d"
def deep(x1, x2, s1, s2): return deep(x1, x2, s1, s2)
def leaves(x1, x2): sys.exit(1)
def empty(params, states, hyperparams): pass
class Nothing: pass
"""
FILES = {
    "own.py": OWN,
    "leaving.py": "import sys\nsys.exit(0)\n",
    "odd.py": "class Odd(BaseException): pass\nraise Odd\n",
    "syntax.py": "def (\n",
    "page.md": "# A page\n\nSome words.\n\n```python\n1\n```\n",
    "plain.md": "Words.\n",
    "table.csv": "a,b\n1,2\n3,4\n5,7\n",
    "ragged.csv": "a,b\n1\n2,3,4\n",
    "words.csv": "a,b\nx,y\nz,\n",
    "empty.csv": "",
    "bad.xlf": "<xliff><!DOCTYPE x></xliff>",
}
RULE = ["heavy_ball", "--lr", "0.1", "--momentum", "0.5"]
# Lines that end soon; those of `LONG` are spoiled by a word that they do not take, for they would take long.
QUICK = (
    ["trace", *RULE, "--steps", "2"],
    ["trace", "own.py:plane", "--steps", "2"],
    ["optimal", "heavy_ball", "--curvature", "1,2"],
    ["predict", *RULE, "--curvature", "1,2"],
    ["rules", "adam"],
    ["landscapes"],
    ["sweep", "heavy_ball", "--grid", "lr=0.1,0.2", "--momentum", "0.5", "--steps", "2"],
    ["train", *RULE, "--data", "table.csv", "--batch-size", "1", "--epochs", "1"],
    ["translate", "torch:SGD", "lr=0.1", "--to", "optax", "--no-check"],
    ["slots", "page.md", "--target-language", "zh-CN"],
    ["read", "plain.md"],
    ["best", "no.zarr"],
    ["show", "no.zarr"],
)
LONG = (
    (["study", *RULE], "--steps=x"),
    (["compare", "heavy_ball", "adam", "--data", "table.csv"], "--budget=x"),
    (["verify", "heavy_ball", "--set", "lr=0.1"], "--nonsense"),
    (["lab", "--no-browser", "heavy_ball"], "--port=-1"),
    (["phase", "heavy_ball"], "--nonsense"),
    (["read", "page.md"], "--timeout=x"),
)
# As the parser has them, but for those that start programs.
OPTIONS = sorted({word for words in every_option().values() for word in words} - {"cluster", "workers"})
VALUES = (
    "0", "-1", "1", "2", "0.5", "1e-300", "1e400", "nan", "inf", "-inf", "1_0", "٣", "7,7", ",", "", " ", "true",
    "None", "9" * 30, "9" * 5000, "x" * 300, "a b " * 100, "%s%n", "\x1b[31m", "\ud800", "'", '"', "{}", "$(id)",
    "; ls", "--", "-", "../../etc/passwd", "/dev/null/x.svg", "no/such/", "x.svg", "x.txt", "*", "ravine",
    "quadratic:", "quadratic:1,-2", "quadratic:" + "1," * 50 + "1", "optax:", "optax:sgd", "optax:nothing",
    "torch:SGD", "os:_exit", "builtins:exit", "10000000000000", "18446744073709551616", "log:1:2:3", "log:0:1:5",
    "lr=", "=0.1", "lr=log:1e-3:1:1000000000000", "own.py", "own.py:", "own.py:plane", "own.py:hill",
    "own.py:exits", "own.py:odd", "own.py:generator", "own.py:three", "own.py:interrupts", "own.py:words",
    "own.py:deep", "own.py:leaves", "own.py:empty", "own.py:number", "own.py:text", "own.py:Nothing",
    "own.py:nothing", "leaving.py:f", "odd.py:f", "syntax.py:f", "none.py:f", "table.csv", "ragged.csv",
    "words.csv", "empty.csv", "bad.xlf", "page.md", "zh-CN", "!!", "1.2.3.4", "http://evil/x", "heavy_ball",
    "heavy_bal",
)  # fmt: skip


@contextlib.contextmanager
def folder() -> Iterator[Path]:
    """A folder of odd files to stand in."""
    before = Path.cwd()
    with tempfile.TemporaryDirectory() as made:
        place = Path(made)
        for name, text in FILES.items():
            (place / name).write_text(text)
        os.chdir(place)
        try:
            yield place
        finally:
            os.chdir(before)


def line_of(chance: random.Random) -> list[str]:
    """A line that means something, with one to three words of it put out, in or in another's place."""
    words, spoil = chance.choice(LONG) if chance.random() < 0.25 else (chance.choice(QUICK), "")
    words = list(words)
    for _ in range(chance.randint(1, 3)):
        place = chance.randrange(1, len(words) + 1) if len(words) > 1 else 1
        match chance.randrange(4):
            case 0:
                words[place:place] = [f"--{chance.choice(OPTIONS)}", chance.choice(VALUES)]
            case 1:
                words[place : place + 1] = [chance.choice(VALUES)]
            case 2:
                words[place:place] = [f"--{chance.choice(OPTIONS)}={chance.choice(VALUES)}"]
            case _:
                del words[place : place + 1]
    return [*(word for word in words if word != "--"), spoil] if spoil else words


def tried(seed: int, place: Path) -> str | None:
    """One line, in this process."""
    import polyak.cli

    words = line_of(random.Random(seed))
    before, out, err = _files(place), io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err), warnings.catch_warnings():
        warnings.simplefilter("default")
        try:
            polyak.cli.main(words)
            code = "none"
        except SystemExit as left:
            code = str(left.code)
    found = objection(words, code, out.getvalue(), err.getvalue(), before == _files(place))
    for path in [path for path in place.iterdir() if path.name not in FILES]:
        _remove(path)
    return None if found is None else f"{found}: {' '.join(map(repr, words))[:300]}"


def objection(words: list[str], code: str, out: str, err: str, untouched: bool) -> str | None:
    """What is wrong with an answer; None where nothing is."""
    *notes, last = err.splitlines() or [""]
    refused = last.startswith("polyak: ") and not last.startswith("polyak: note: ")
    wrong = {
        "a traceback": "Traceback" in err + out,
        "more than one line": not all(note.startswith("polyak: note: ") for note in notes),
        "input is echoed at length": any(_echoed(word, err) for word in words),
        f"exit code {code}": code not in ("0", "2"),
        "0 and no sense": code == "0" and (refused or not out),
        "2 and no line, or a long one": code == "2" and (not refused or len(last) > 1100),
        "a result beside the refusal": code == "2" and bool(out),
        "files are left": code == "2" and not untouched,
    }
    found = next((complaint for complaint, holds in wrong.items() if holds), None)
    return None if found is None else f"{found}, {err[-200:]!r}"


def _echoed(word: str, said: str) -> bool:
    return any(word[k : k + 81] in said for k in range(0, len(word) - 80, 40))


def _files(place: Path) -> dict[str, int]:
    return {str(path): path.stat().st_size for path in place.rglob("*") if "__pycache__" not in path.parts}


def _remove(path: Path) -> None:
    import shutil

    shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()


KIND = Kind("bad input at the terminal", tried, side_by_side=1, ready=folder)
