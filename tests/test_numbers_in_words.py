"""Numbers that people see are spelled by one function: no format of a float stands anywhere else."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

import polyak

SOURCE = Path(polyak.__file__).parent
FLOAT = re.compile(r"\.?\d*[fgeFGE]$|\.\d+$")
OWN = {
    "ground/numbers.py"
}  # the one function; a comma elsewhere groups the digits of what is counted: rows, cells, bytes


def formats_in(file: Path) -> list[str]:
    """Where a file formats a float: in an f-string, or by `format`."""
    found = []
    for node in ast.walk(ast.parse(file.read_text("utf-8"))):
        spec = None
        if isinstance(node, ast.FormattedValue) and node.format_spec is not None:
            parts = [part.value for part in node.format_spec.values if isinstance(part, ast.Constant)]
            spec = "".join(map(str, parts))
        elif isinstance(node, ast.Call) and getattr(node.func, "id", "") == "format" and len(node.args) == 2:
            spec = getattr(node.args[1], "value", "")
        if spec is not None and "," not in str(spec) and FLOAT.search(str(spec)):
            found.append(f"{file.relative_to(SOURCE).as_posix()}:{node.lineno} {spec}")
    return found


def files() -> list[Path]:
    return [path for path in sorted(SOURCE.rglob("*.py")) if path.relative_to(SOURCE).as_posix() not in OWN]


def test_no_number_is_spelled_elsewhere() -> None:
    assert [place for file in files() for place in formats_in(file)] == []


@pytest.mark.parametrize(
    ("line", "count"),
    [
        ("f'{x:.6g}'", 1),
        ("f'{x:f}'", 1),
        ("f'{x:.{n}f}'", 1),
        ("format(x, 'g')", 1),
        ("f'{x:>8}'", 0),
        ("f'{n:,}'", 0),
        ("f'{part:.0%}'", 0),
        ("f'{x!r}'", 0),
    ],
)
def test_a_format_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, line: str, count: int) -> None:
    monkeypatch.setattr(f"{__name__}.SOURCE", tmp_path)
    (tmp_path / "a.py").write_text(line)
    assert len(formats_in(tmp_path / "a.py")) == count
