"""A table that cannot be read is refused in one line that names the file, the line and the column."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from polyak.data import read
from polyak.ground.errors import PolyakError


@pytest.fixture
def file(tmp_path: Path) -> Any:
    def made(content: str | bytes) -> Path:
        path = tmp_path / "table.csv"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return made


GOOD = "width,height,area\n1,2,2\n3,4,12\n5,6,30\n"

BAD = {
    "empty": (b"", "is empty"),
    "blank lines only": ("\n  \n\t\n", "is empty"),
    "an image": (b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR", "is not text in UTF-8"),
    "UTF-16": ("1,2\n3,4\n".encode("utf-16"), "is not text in UTF-8"),
    "zeros": (b"\x00" * 40, "table"),
    "header only": ("width,area\n", "has a header and no rows"),
    "one row": ("width,area\n1,2\n", "has 1 rows of 1 features, expected 2 rows or more"),
    "one row, no header": ("1,2\n", "has 1 rows"),
    "one column": ("area\n1\n2\n3\n", "only the column 'area': no features"),
    "one column, no header": ("1\n2\n3\n", "only the column 'column 1': no features"),
    "a short row": ("a,b,c\n1,2,3\n4,5\n7,8,9\n", "line 3: 2 columns, expected 3"),
    "a long row": ("a,b\n1,2\n\n4,5,6\n", "line 4: 3 columns, expected 2"),
    "a short header": ("a,b\n1,2,3\n4,5,6\n", "line 2: 3 columns, expected 2"),
    "ragged, no header": ("1,2\n3,4,5\n", "line 2: 3 columns, expected 2"),
    "text": ("a,b\n1,2\nmany,3\n", "line 3, column a: 'many', expected a finite number"),
    "text in the target": ("a,b\n1,2\n2,high\n4,5\n", "line 3, column b: 'high', expected a finite number"),
    "text in the first row": ("1,abc,3\n4,5,6\n7,8,9\n", "line 1, column column 2: 'abc'"),
    "nan": ("a,b\n1,2\n3,4\nnan,5\n", "line 4, column a: 'nan', expected a finite number"),
    "nan in the target": ("a,b\n1,2\n3,nan\n", "line 3, column b: 'nan', expected a finite number"),
    "inf": ("a,b\n1,2\n-inf,4\n", "line 3, column a: '-inf', expected a finite number"),
    "too large": ("a,b\n1,2\n1e999,4\n", "line 3, column a: '1e999', expected a finite number"),
    "a gap": ("a,b\n1,2\n,4\n", "line 3, column a: nothing, expected a finite number"),
    "a gap in the target": ("a,b\n1,2\n3,\n", "line 3, column b: nothing, expected a finite number"),
    "a gap in the first row": ("1,,3\n4,5,6\n", "line 1, column column 2: nothing"),
    "a gap among classes": ("a,kind\n1,red\n2,\n3,blue\n", "line 3, column kind: nothing, expected the name"),
    "a number among classes": ("a,kind\n1,red\n2,blue\n3,4\n", "line 4, column kind: '4', expected the name"),
    "nan among classes": ("a,kind\n1,red\n2,blue\n3,nan\n", "line 4, column kind: 'nan'"),
    "two columns of one name": ("a,b,a\n1,2,3\n4,5,6\n", "two columns are called 'a'"),
    "decimal commas": ("a;b\n1,5;2\n3;4\n", "line 2, column a: '1,5', expected a finite number"),
}  # fmt: skip


@pytest.mark.parametrize(("content", "said"), BAD.values(), ids=BAD)
def test_a_bad_table(content: str | bytes, said: str, file: Any, refused: Any) -> None:
    with refused("table", said):
        read(file(content))


@pytest.mark.parametrize(
    ("target", "said"),
    [
        ("heigth", "'heigth', did you mean 'height'? (there are: width, height, area)"),
        ("Height", "did you mean 'height'?"),
        ("colour", "(there are: width, height, area)"),
        ("0", "'0'"),
        ("4", "'4'"),
        (4, "'4'"),
        (-1, "'-1'"),
        ("2.0", "'2.0'"),
        ("²", "'²'"),
        ("", "''"),
        ("two\nlines", "two lines"),
    ],
)
def test_an_unknown_target(target: Any, said: str, file: Any, refused: Any) -> None:
    with refused("unknown column of", "table.csv", said):
        read(file(GOOD), column=target)


def test_a_missing_file(tmp_path: Path, refused: Any) -> None:
    with refused("nowhere.csv", "no such file"):
        read(tmp_path / "nowhere.csv")
    with refused("nowhere/table.csv", "no such file"):
        read(tmp_path / "nowhere" / "table.csv")


def test_a_folder(tmp_path: Path, refused: Any) -> None:
    with refused(str(tmp_path), "cannot be read", "Is a directory"):
        read(tmp_path)


def test_a_file_beneath_a_file(file: Any, refused: Any) -> None:
    with refused("cannot be read", "Not a directory"):
        read(file(GOOD) / "table.csv")


def test_a_cell_too_long_for_a_table(file: Any, refused: Any) -> None:
    with refused("cannot be cut into columns", "field larger than field limit"):
        read(file(f"a,b\n1,{'2' * 200_000}\n"))


@settings(max_examples=200)
@given(content=st.one_of(st.binary(max_size=60), st.text(alphabet="19.-en,;\t \n\"'ax", max_size=60)))
def test_anything_is_read_or_refused_in_one_line(content: Any, tmp_path_factory: Any) -> None:
    path = tmp_path_factory.getbasetemp() / "anything.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    try:
        data = read(path)
    except PolyakError as error:
        text = str(error)
        assert len(text.splitlines()) == 1
        assert "anything" in text
    else:
        assert np.isfinite(data.features).all()
        assert np.isfinite(data.labels).all()
        lines = [line for line in path.read_text(encoding="utf-8-sig").split("\n") if line.strip()]
        assert data.rows in (len(lines), len(lines) - 1)
