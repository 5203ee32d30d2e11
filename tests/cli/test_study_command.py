"""`polyak study`: the page, and the same facts in the terminal."""

from __future__ import annotations

import re

import pytest

from polyak.study.sections import in_order

LINE = "study heavy_ball --lr 0.6 --momentum 0.5"


def parts(monkeypatch, *names):
    """A study of these sections alone, two learning rates tried, its figures made but not drawn."""
    import importlib
    from pathlib import Path

    def blank(figure, place, **_):
        picture = b"<svg></svg>"
        place.write(picture) if hasattr(place, "write") else Path(place).write_bytes(picture)

    monkeypatch.setattr("polyak.show.style.PolyakFigure.savefig", blank)
    monkeypatch.setattr(importlib.import_module("polyak.study.learning_rates"), "LADDER", (1.0, 0.01))
    sections = [write for write in in_order() if not names or write.__name__ in names]
    monkeypatch.setattr(importlib.import_module("polyak.study.study"), "in_order", lambda: sections)


@pytest.fixture
def undrawn(monkeypatch):
    parts(monkeypatch)


@pytest.fixture
def brief(monkeypatch):
    parts(monkeypatch, "rule", "descent", "training")


def cells(text, first):
    """The cells of the rows that begin with a name, in a table of the terminal."""
    lines = [line.strip() for line in text.splitlines()]
    return [re.split(r" {2,}", line)[1:] for line in lines if line.startswith(first)]


def test_make_study_of_the_makefile(polyak_, folder, airfoil_file, monkeypatch, undrawn):
    monkeypatch.setenv("POLYAK_DATA", str(airfoil_file.parent))
    found = polyak_(f"{LINE} --out study/")
    assert found.endswith("The page: study/index.html\n")
    for heading in ("The rule ──", "Descending: ravine ──", "Training: airfoil ──"):
        assert heading in found
    assert [row[:2] for row in cells(found, "gradient descent, eta = 0.4 ")] == [["-0.943467", "-0.000073"]]
    assert [row[:2] for row in cells(found, "heavy ball, eta = 0.4, gamma = 0.5 ")] == [
        ["-0.062843", "0.001202"]
    ]
    ours = [row[:2] for row in cells(found, "heavy ball, eta = 0.6, gamma = 0.5 ")]
    assert ours[:2] == [["0.007188", "0.002553"]] * 2
    assert (
        "gradient descent, eta = 0.6: f grew from 10.5 to 5.6e+06 in 20 steps; this setting does not" in found
    )
    assert "1503 rows. Brooks, Pope & Marcolini (1989)" in found
    assert "$" not in found
    page = (folder / "study" / "index.html").read_text(encoding="utf-8")
    assert "<code>polyak study heavy_ball --lr 0.6 --momentum 0.5 --out study/</code>" in page
    for number in re.findall(r"\d\.\d{6}", found):  # positions and losses
        assert number in page


def test_options(polyak_, folder, brief):
    (folder / "my table.csv").write_text("a,b\n" + "\n".join(f"{k},{k % 5}" for k in range(40)))
    options = "--on bowl --start -1,-1 --steps 3 --data 'my table.csv' --column a --batch-size 8 --epochs 1 --seeds 2"
    found = polyak_(f"study gradient_descent --lr 0.1 --out here {options}")
    assert "End positions on the bowl from (-1, -1), 3 steps" in found
    assert cells(found, "gradient descent, eta = 0.1 ")[0][:2] == [
        "-0.512000",
        "-0.216000",
    ]  # 0.8^3 and 0.6^3
    assert "Training on my table, linear regression, batch 8, 1 epochs, 2 seeds" in found
    page = (folder / "here" / "index.html").read_text(encoding="utf-8")
    assert "polyak study gradient_descent --lr 0.1 --out here --on bowl" in page
    assert "&#39;my table.csv&#39;" in page


def test_without_a_folder_it_takes_one_called_study(polyak_, folder, brief):
    polyak_("study gradient_descent --lr 0.1 --data diabetes --epochs 1 --seeds 1")
    assert [path.name for path in folder.iterdir()] == ["study"]


def test_where_airfoil_is_not_at_hand_it_says_what_it_takes(polyak_, folder, monkeypatch, brief):
    monkeypatch.delenv("POLYAK_DATA", raising=False)
    monkeypatch.setenv("POLYAK_CACHE", str(folder / "cache"))
    found = polyak_("study optax:adam --lr 0.1 --epochs 1 --seeds 1")
    assert "Training: diabetes ──" in found
    assert "442 rows. Efron" in found
    assert "The Adam optimizer." in found


def test_names_are_printed_as_they_are(polyak_, folder, brief):
    # Neither the markup nor the smileys of the library that draws the tables.
    (folder / "[bold]a:cat:.csv").write_text("a,b\n" + "\n".join(f"{k},{k % 5}" for k in range(40)))
    found = polyak_(
        ["study", "gradient_descent", "--lr", "0.1", "--data", "[bold]a:cat:.csv", "--seeds", "1"]
    )
    assert "Training: [bold]a:cat: ──" in found
    assert "Training on [bold]a:cat:, linear regression" in found
