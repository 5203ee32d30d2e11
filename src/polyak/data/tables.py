"""Data sets from tables: a DataFrame, a CSV or a TSV file."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from polyak.data.dataset import Data
from polyak.ground.errors import PolyakError, unknown
from polyak.ground.numbers import as_float

if TYPE_CHECKING:
    from pandas import DataFrame


def read(path: str | Path, *, column: str | int | None = None, standardize: bool = False) -> Data:
    r"""A data set from a text file of numbers, its columns parted by tabs, commas, semicolons or spaces.

    A first line without a number is taken for the header. A target of words becomes classes.

    Args:
        path: the file, in UTF-8.
        column: the target's, by name or by number from 1; the last by default.
        standardize: whether to standardise the features and a numeric target.

    Raises PolyakError for a file that is missing, empty, ragged, or holds text or nan where numbers should be.

    >>> from pathlib import Path; import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "table.csv"
    >>> _ = path.write_text("width,height,area\n1,2,2\n3,4,12\n")
    >>> read(path)
    Data(table: 2 rows, 2 features -> area)
    """
    path = Path(path)
    rows = _rows(path)
    header = None if any(map(_is_number, rows[0][1])) else rows.pop(0)[1]
    names = _names(header, rows, path)
    lines = [line for line, _ in rows]
    columns = {name: [cells[k] for _, cells in rows] for k, name in enumerate(names)}
    return _data(columns, _target(names, column, str(path)), lines, path.stem, str(path), standardize)


def from_frame(
    frame: DataFrame, *, column: str | int | None = None, standardize: bool = False, name: str = "frame"
) -> Data:
    """A data set from a DataFrame, its target column named or last.

    >>> import pandas
    >>> from_frame(pandas.DataFrame({"width": [1, 3], "area": [2.0, 12.0]}))
    Data(frame: 2 rows, 1 features -> area)
    """
    names = [str(column) for column in frame.columns]
    if not names:
        raise PolyakError(f"{name} has no columns")
    at = _target(names, column, name)
    given = [frame.iloc[:, k].astype(object) for k in range(len(names))]
    columns = {label: list(cells.where(cells.notna(), "")) for label, cells in zip(names, given, strict=True)}
    return _data(columns, at, list(range(1, len(frame) + 1)), name, "a DataFrame", standardize)


def as_data(data: object) -> Data:
    """A data set from a Data, a pair (features, labels), or a DataFrame whose last column is the target."""
    if isinstance(data, Data):
        return data
    if hasattr(data, "columns"):
        return from_frame(data)
    if isinstance(data, Sequence) and len(data) == 2:
        return Data.from_arrays(*data)
    raise PolyakError(
        f"{type(data).__name__} is no data set: expected Data, (features, labels) or a DataFrame"
    )


def _data(
    columns: Mapping[str, Sequence[object]],
    at: int,
    lines: list[int],
    name: str,
    source: str,
    standardize: bool,
) -> Data:
    """The data set of columns of cells, of which number `at` is the target."""
    where = name if source == "a DataFrame" else source
    target = list(columns)[at]
    labels, classes = _labels(columns[target], where, target, lines)
    others = {label: cells for label, cells in columns.items() if label != target}
    features = [_numbers(cells, where, label, lines) for label, cells in others.items()]
    if not features:
        raise PolyakError(f"{name} has only the column '{target}': no features")
    data = Data(name, np.column_stack(features), labels, tuple(others), target, classes, source)
    return data.standardized() if standardize else data


def _names(header: list[str] | None, rows: list[tuple[int, list[str]]], path: Path) -> list[str]:
    """The columns' names; every row must have as many cells."""
    if not rows:
        raise PolyakError(f"{path} has a header and no rows")
    width = len(header or rows[0][1])
    for line, cells in rows:
        if len(cells) != width:
            raise PolyakError(f"{path}, line {line}: {len(cells)} columns, expected {width}")
    return [name.strip() for name in header] if header else [f"column {k + 1}" for k in range(width)]


def _rows(path: Path) -> list[tuple[int, list[str]]]:
    """The file's lines that are not blank, with their numbers, cut into cells."""
    lines = [(k, line) for k, line in enumerate(_text(path).split("\n"), start=1) if line.strip()]
    if not lines:
        raise PolyakError(f"{path} is empty, expected rows of numbers")
    separator = next((mark for mark in "\t;," if mark in lines[0][1]), None)
    if separator is None:
        return [(k, line.split()) for k, line in lines]
    try:
        return [(k, next(csv.reader([line], delimiter=separator))) for k, line in lines]
    except csv.Error as error:
        raise PolyakError(f"{path} cannot be cut into columns: {error}") from None


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise PolyakError(f"{path}: no such file") from None
    except UnicodeDecodeError:
        raise PolyakError(f"{path} is not text in UTF-8") from None
    except OSError as error:
        raise PolyakError(f"{path} cannot be read: {error.strerror}") from None


def _is_number(cell: object) -> bool:
    try:
        as_float(cell)
    except (TypeError, ValueError):
        return False
    return True


def _target(names: list[str], column: str | int | None, where: str) -> int:
    """Which column the target is, of columns whose names all differ."""
    if twice := [name for name in names if names.count(name) > 1]:
        raise PolyakError(f"{where}: two columns are called '{twice[0]}'")
    if column is None:
        return len(names) - 1
    name = str(column)
    if name in names:
        return names.index(name)
    if name.isdecimal() and 1 <= int(name) <= len(names):
        return int(name) - 1
    raise unknown(f"column of {where}", name, names)


def _numbers(cells: Sequence[object], where: str, name: str, lines: list[int]) -> NDArray[np.float64]:
    for line, cell in zip(lines, cells, strict=True):
        if not _is_number(cell) or not np.isfinite(as_float(cell)):
            raise PolyakError(
                f"{where}, line {line}, column {name}: {_shown(cell)}, expected a finite number"
            )
    return np.array([as_float(cell) for cell in cells])


def _shown(cell: object) -> str:
    return repr(word) if (word := str(cell).strip()) else "nothing"


def _labels(
    cells: Sequence[object], where: str, name: str, lines: list[int]
) -> tuple[NDArray[np.float64], tuple[str, ...]]:
    words = [str(cell).strip() for cell in cells]
    strays = [not word or _is_number(cell) for word, cell in zip(words, cells, strict=True)]
    # A stray word among numbers is a slip, and so is a stray number or a gap among words.
    if 2 * sum(strays) >= len(cells):
        return _numbers(cells, where, name, lines), ()
    if any(strays):
        first = strays.index(True)
        line, cell = lines[first], cells[first]
        raise PolyakError(
            f"{where}, line {line}, column {name}: {_shown(cell)}, expected the name of a class"
        )
    classes = tuple(sorted(set(words)))
    return np.array([float(classes.index(word)) for word in words]), classes
