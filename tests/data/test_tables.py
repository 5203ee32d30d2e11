"""Tables written as files are read back as they were."""

from __future__ import annotations

import csv
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from polyak.data import Data, read

SEPARATORS = {"comma": ",", "tab": "\t", "semicolon": ";", "spaces": " "}
numbers = st.floats(allow_nan=False, allow_infinity=False)
# Words as people write them: any letters, and what makes a quoted cell.
words = st.text(
    st.characters(categories=("L", "Nd"), include_characters="_.-(), ;'\"/%"), min_size=1, max_size=12
).filter(lambda word: word == word.strip())
plain_words = st.text(st.characters(categories=("Lu", "Ll", "Lo")), min_size=1, max_size=8)


def is_number(word: str) -> bool:
    try:
        float(word)
    except ValueError:
        return False
    return True


@st.composite
def tables(draw: Any) -> tuple[list[list[float]], list[str], str]:
    """Rows of numbers, names for the columns, and a separator."""
    rows, columns = draw(st.integers(2, 6)), draw(st.integers(2, 5))
    cells = draw(
        st.lists(st.lists(numbers, min_size=columns, max_size=columns), min_size=rows, max_size=rows)
    )
    separator = draw(st.sampled_from(list(SEPARATORS.values())))
    kind = plain_words if separator == " " else words
    # The first line's separator is the file's: a tab or a semicolon within a name would be taken for it.
    name = kind.filter(lambda word: not is_number(word) and (separator in "\t; " or ";" not in word))
    names = draw(st.lists(name, min_size=columns, max_size=columns, unique=True))
    return cells, names, separator


def write(
    rows: list[Any], separator: str, *, folder: str, ending: str = "\n", name: str = "table.txt"
) -> Path:
    path = Path(folder) / name
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file, delimiter=separator, lineterminator=ending).writerows(rows)
    return path


def assert_is(data: Data, cells: list[list[float]], names: list[str]) -> None:
    np.testing.assert_array_equal(data.features, np.array(cells)[:, :-1])
    np.testing.assert_array_equal(data.labels, np.array(cells)[:, -1])
    assert (*data.feature_names, data.target_name) == tuple(names)
    assert data.classes == ()
    assert data.features.dtype == data.labels.dtype == np.float64


@settings(max_examples=60)
@given(table=tables(), ending=st.sampled_from(["\n", "\r\n"]), bom=st.booleans(), gap=st.booleans())
def test_round_trip(table: Any, ending: str, bom: bool, gap: bool) -> None:
    cells, names, separator = table
    with tempfile.TemporaryDirectory() as folder:
        path = write([names, *([[]] if gap else []), *cells], separator, folder=folder, ending=ending)
        if bom:
            path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
        assert_is(read(path), cells, names)
        # The same without a header; the columns are then called by number.
        path = write(cells, separator, folder=folder, ending=ending)
        assert_is(read(path), cells, [f"column {k + 1}" for k in range(len(names))])


@settings(max_examples=30)
@given(table=tables(), data=st.data())
def test_the_target_by_name_and_by_number(table: Any, data: Any) -> None:
    cells, names, separator = table
    at = data.draw(st.integers(0, len(names) - 1))
    moved = [[*row[:at], *row[at + 1 :], row[at]] for row in cells]
    order = [*names[:at], *names[at + 1 :], names[at]]
    with tempfile.TemporaryDirectory() as folder:
        path = write([names, *cells], separator, folder=folder)
        assert_is(read(path, column=names[at]), moved, order)
        assert_is(read(path, column=at + 1), moved, order)
        assert_is(read(path, column=str(at + 1)), moved, order)


@settings(max_examples=30)
@given(table=tables(), header=st.booleans(), data=st.data())
def test_a_target_of_words_becomes_classes(table: Any, header: bool, data: Any) -> None:
    cells, names, separator = table
    kind = plain_words.filter(lambda word: not is_number(word))
    labels = data.draw(st.lists(kind, min_size=len(cells), max_size=len(cells)))
    rows = [[*row[:-1], label] for row, label in zip(cells, labels, strict=True)]
    with tempfile.TemporaryDirectory() as folder:
        found = read(write([*([names] if header else []), *rows], separator, folder=folder))
    assert [found.classes[int(number)] for number in found.labels] == labels
    assert found.classes == tuple(sorted(set(labels)))
    np.testing.assert_array_equal(found.features, np.array(cells)[:, :-1])


@pytest.fixture
def file(tmp_path: Path) -> Any:
    def made(text: str, name: str = "plants.csv") -> Path:
        path = tmp_path / name
        path.write_text(text)
        return path

    return made


def test_columns_lined_up_by_spaces(file: Any) -> None:
    data = read(file("  width  height   area\n    1.5     2.0    3.0\n   10.0     4.0   40.0\n\n"))
    assert_is(data, [[1.5, 2.0, 3.0], [10.0, 4.0, 40.0]], ["width", "height", "area"])
    assert data.name == "plants"
    assert data.source.endswith("plants.csv")


def test_spaces_around_cells_are_nothing(file: Any) -> None:
    data = read(file("width , area\n 1 , 2 \n 3 , 4 \n"))
    assert_is(data, [[1, 2], [3, 4]], ["width", "area"])


def test_a_name_that_is_a_number_goes_by_its_name_first(file: Any) -> None:
    path = file("b,a,x\n1,2,3\n4,5,6\n")
    assert read(path, column="a").labels.tolist() == [2, 5]
    assert read(path, column=1).labels.tolist() == [1, 4]


def test_a_file_of_words_and_no_header_loses_no_row(file: Any) -> None:
    data = read(file("5.1,3.5,setosa\n7.0,3.2,versicolor\n6.3,3.3,setosa\n"))
    assert data.rows == 3
    assert data.features[0].tolist() == [5.1, 3.5]
    assert data.classes == ("setosa", "versicolor")
    assert data.target_name == "column 3"


def test_numbers_in_other_spellings(file: Any) -> None:
    data = read(file("a,b\n1e3,-.5\n+2,1E-2\n"))
    np.testing.assert_array_equal(np.column_stack([data.features, data.labels]), [[1000, -0.5], [2, 0.01]])


def test_standardised_on_request(file: Any) -> None:
    path = file("a,b,y\n1,5,10\n2,5,20\n3,5,60\n")
    plain, made = read(path), read(path, standardize=True)
    np.testing.assert_array_equal(made.features, plain.standardized().features)
    np.testing.assert_array_equal(made.labels, plain.standardized().labels)
    assert made.features[:, 1].tolist() == [0, 0, 0]
    # By hand: mean 30, variance (400 + 100 + 900) / 3.
    np.testing.assert_allclose(made.labels, np.array([-20, -10, 30]) / np.sqrt(1400 / 3))


def test_classes_are_not_standardised(file: Any) -> None:
    made = read(file("a,kind\n1,red\n2,blue\n6,red\n"), standardize=True)
    assert made.labels.tolist() == [1, 0, 1]
    assert made.classes == ("blue", "red")
    assert made.features.mean() == pytest.approx(0, abs=1e-15)
