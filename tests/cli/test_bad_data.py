"""Data that cannot be used: files broken in each way, names and columns that there are not, and no network."""

from __future__ import annotations

import importlib
import socket

import pytest

RULE = "heavy_ball --lr 0.01 --momentum 0.5"

BROKEN = {
    "empty.csv": (b"", ["empty.csv is empty"]),
    "blank.csv": (b"\n \n", ["blank.csv is empty"]),
    "header.csv": (b"a,b,c\n", ["header.csv has a header and no rows"]),
    "single.csv": (b"a,b\n1,2\n", ["single", "1 rows", "2 rows or more"]),
    "ragged.csv": (b"a,b,c\n1,2,3\n4,5\n", ["ragged.csv, line 3: 2 columns, expected 3"]),
    "wide.csv": (b"a,b\n1,2\n3,4,5\n", ["wide.csv, line 3: 3 columns, expected 2"]),
    "text.csv": (
        b"a,b,c\n1,2,3\n\n4,oops,6\n",
        ["text.csv, line 4, column b: 'oops', expected a finite number"],
    ),
    "nan.csv": (b"a,b\n1,2\nnan,3\n", ["nan.csv, line 3, column a: 'nan', expected a finite number"]),
    "infinite.csv": (b"a,b\n1,2\n3,-inf\n", ["infinite.csv, line 3, column b: '-inf'"]),
    "gap.csv": (b"a,b\n1,2\n,3\n", ["gap.csv, line 3, column a: nothing, expected a finite number"]),
    "one_column.csv": (b"a\n1\n2\n", ["only the column 'a': no features"]),
    "twice.csv": (b"a,a,b\n1,2,3\n4,5,6\n", ["two columns are called 'a'"]),
    "one_class.csv": (b"a,b\n1,x\n2,x\n", ["one_class", "class"]),
    "slip.csv": (b"a,b\n1,2\n2,x\n3,4\n", ["slip.csv, line 3, column b: 'x'"]),
    "binary.csv": (bytes(range(256)), ["binary.csv is not text in UTF-8"]),
    "long.csv": (b"a,b\n1,2\n" + b"x" * 200_000 + b",4\n", ["long.csv"]),
}


@pytest.fixture
def good(folder):
    rows = "\n".join(f"{k},{k * k % 7},{2 * k}" for k in range(20))
    (folder / "good.csv").write_text(f"width,height,area\n{rows}\n")
    (folder / "kinds.csv").write_text(
        "a,kind\n" + "\n".join(f"{k},{['cat', 'dog'][k % 2]}" for k in range(20))
    )
    return folder


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_file(fails, folder, name):
    content, words = BROKEN[name]
    (folder / name).write_bytes(content)
    fails(f"train {RULE} --data {name} --batch-size 1 --out train.svg", *words)


@pytest.mark.parametrize("name", ["text.csv", "empty.csv"])
def test_the_study_refuses_it_too(fails, folder, name):
    content, words = BROKEN[name]
    (folder / name).write_bytes(content)
    fails(f"study {RULE} --data {name} --out study", *words)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (
            "--data airfol",
            ["unknown data 'airfol', did you mean 'airfoil'?", "diabetes, breast_cancer, digits"],
        ),
        ("--data ''", ["unknown data ''"]),
        ("--data nowhere.csv", ["nowhere.csv: no such file"]),
        ("--data no/where", ["no/where: no such file"]),
        (
            "--data good.csv --column are",
            ["unknown column of good.csv 'are', did you mean 'area'?", "width, height"],
        ),
        ("--data good.csv --column 4", ["unknown column of good.csv '4'", "width, height, area"]),
        ("--data good.csv --column 0", ["unknown column of good.csv '0'"]),
        ("--data good.csv --problem percepton", ["unknown problem 'percepton', did you mean 'perceptron'?"]),
        ("--data good.csv --problem logistic_regression", ["good: labels are", "class numbers 0 to 1"]),
        ("--data good.csv --problem softmax_regression", ["good: labels are", "class numbers 0, 1, 2"]),
        ("--data kinds.csv --problem linear_regression", ["kinds has classes: cat, dog", "expected numbers"]),
        ("--data kinds.csv --column a", ["kinds.csv, line 2, column kind: 'cat'"]),
        ("--data digits --problem logistic_regression", ["digits has 10 classes, expected 2"]),
        ("--data diabetes --column age", ["--column has no place with diabetes"]),
        ("--column area", ["--column needs --data"]),
        ("--problem perceptron", ["--problem needs --data"]),
    ],
)
def test_names_that_there_are_not(fails, good, options, words):
    fails(f"train {RULE} {options}", *words)


def test_a_folder_is_no_file(fails, folder):
    (folder / "table.csv").mkdir()
    fails(f"train {RULE} --data table.csv", "table.csv cannot be read", "directory")


@pytest.fixture
def offline(folder, monkeypatch):
    """No airfoil at hand, and a web where nobody answers."""
    module = importlib.import_module("polyak.data.airfoil")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    monkeypatch.delenv("POLYAK_DATA", raising=False)
    monkeypatch.setenv("POLYAK_CACHE", str(folder / "cache"))
    (folder / "cache").mkdir()
    monkeypatch.setattr(module, "URL", f"http://127.0.0.1:{port}/airfoil_self_noise.dat")
    return f"http://127.0.0.1:{port}/airfoil_self_noise.dat"


@pytest.mark.parametrize("command", ["train", "study"])
def test_a_download_that_cannot_be_reached(fails, offline, command):
    fails(f"{command} {RULE} --data airfoil", f"{offline} cannot be reached", "POLYAK_DATA")


def test_airfoil_that_is_not_airfoil(fails, folder, monkeypatch):
    (folder / "airfoil_self_noise.dat").write_text("1\t2\t3\t4\t5\t6\n" * 3)
    monkeypatch.setenv("POLYAK_DATA", str(folder))
    fails(f"train {RULE} --data airfoil", "airfoil_self_noise.dat: its checksum is", "74c75fd71783")


@pytest.mark.parametrize("line", ["data", f"train {RULE}", f"train {RULE} --data airfoil", f"study {RULE}"])
def test_a_place_that_there_is_not(fails, monkeypatch, line):
    monkeypatch.setenv("POLYAK_DATA", "/no/such/folder")
    fails(line, "POLYAK_DATA is /no/such/folder: no such file or folder")
