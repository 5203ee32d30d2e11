"""The folder of a study: what is there stays, nothing is left half-written, and names are only names."""

from __future__ import annotations

import importlib
import re
from pathlib import Path

import pytest

import polyak as pk
from polyak.study.study import study

RULE = pk.HeavyBall(lr=0.6, momentum=0.5)
SCRIPT = "<script>alert('$x$')</script>"


def test_other_files_stay(made, tmp_path, brief):
    (tmp_path / "notes.txt").write_text("mine")
    (tmp_path / "old").mkdir()
    (tmp_path / "index.html").write_text("an older page")
    made(RULE, tmp_path)
    assert (tmp_path / "notes.txt").read_text() == "mine"
    assert (tmp_path / "old").is_dir()
    assert "an older page" not in (tmp_path / "index.html").read_text()


def test_a_new_folder_is_made_with_those_above_it(made, tmp_path, brief):
    made(RULE, tmp_path / "new" / "deep")
    assert (tmp_path / "new" / "deep" / "index.html").exists()


@pytest.fixture
def idle(monkeypatch):
    def run(subject):
        raise AssertionError("it ran")

    monkeypatch.setattr(importlib.import_module("polyak.study.study"), "in_order", lambda: [run])


@pytest.mark.parametrize("place", ["file", "file/below/it"])
def test_a_folder_that_cannot_be_written_is_refused_before_anything_runs(tmp_path, refused, idle, place):
    (tmp_path / "file").write_text("mine")
    with refused(f"{place} cannot be written"):
        study(RULE, tmp_path / place, problem=pk.linear_regression(pk.data.diabetes()))
    assert (tmp_path / "file").read_text() == "mine"


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"steps": 0}, ["steps is 0"]),
        ({"steps": 10**9}, ["steps is 1000000000"]),
        ({"epochs": 0}, ["epochs is 0"]),
        ({"seeds": 0}, ["seeds is 0"]),
        ({"batch_size": 0}, ["batch_size is 0"]),
        ({"batch_size": 443}, ["batch_size is 443", "from 1 to 442"]),
        ({"on": "ravin"}, ["did you mean 'ravine'?"]),
    ],
)
def test_bad_input_leaves_no_folder(tmp_path, refused, options, words):
    with refused(*words):
        study(RULE, tmp_path / "study", problem=pk.linear_regression(pk.data.diabetes()), **options)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("rule", "words"), [("heavy_bal", "did you mean 'heavy_ball'"), (3, "is not a rule")]
)
def test_what_is_no_rule_is_refused(tmp_path, refused, rule, words):
    with refused(words):
        study(rule, tmp_path / "study")
    assert not list(tmp_path.iterdir())


def test_an_error_on_the_way_keeps_the_old_page(tmp_path, monkeypatch, brief):
    def fail(self, target):
        raise OSError(28, "No space left on device", str(self))

    (tmp_path / "index.html").write_text("an older page")
    monkeypatch.setattr(Path, "replace", fail)
    with pytest.raises(pk.PolyakError, match="No space left on device"):
        study(RULE, tmp_path, problem=pk.linear_regression(pk.data.diabetes()), epochs=1, seeds=1)
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == {"index.html": "an older page"}


def test_a_rule_is_known_by_its_name(tmp_path, brief):
    problem = pk.linear_regression(pk.data.diabetes())
    study("heavy_ball", tmp_path, problem=problem, lr=0.6, momentum=0.5)
    assert (tmp_path / "trace_heavy_ball.csv").exists()


def test_progress_is_told(tmp_path, undrawn):
    told = []
    study(
        RULE,
        tmp_path,
        problem=pk.linear_regression(pk.data.diabetes()),
        epochs=1,
        seeds=1,
        progress=lambda done, total: told.append((done, total)),
    )
    assert told == [(done, 7) for done in range(8)]


def test_names_of_the_users_own_are_only_names(made, tmp_path, short_ladder):
    def valley(x1, x2):
        return x1**2 + x2**2

    table = [[float(k), k % 3] for k in range(20)]
    data = pk.data.Data.from_arrays(table, [float(k * k % 7) for k in range(20)], name=SCRIPT)
    made_up = pk.landscapes.from_function(valley, name=SCRIPT)
    study = made(
        pk.GradientDescent(lr=0.01), tmp_path, on=made_up, problem=pk.linear_regression(data), command=SCRIPT
    )
    assert "<script" not in study.html
    assert not study.page.all("script")
    assert f"Descending: {SCRIPT}" in study.text
    assert f"Training: {SCRIPT}" in study.text
    assert f"Made by {SCRIPT}" in study.text
    for image in study.page.all("img"):
        assert set(image.attributes) == {"alt", "src", "style"}
        assert re.fullmatch(r"--wide: [\d.]+; --narrow: [\d.]+", image.attributes["style"])
    for path in tmp_path.glob("*.svg"):
        assert "<script" not in path.read_text()


def test_a_rule_whose_formula_cannot_be_set_shows_its_latex(made, tmp_path, brief):
    class Cased(pk.GradientDescent):
        """Costs 5$ & <b>more</b> than $x$ does."""

        formula = r"\begin{casesofmyown} x \leftarrow 0 & x < 0 \end{casesofmyown}"
        source = "Price & Sons, $_list_$."

    study = made(Cased(lr=0.01), tmp_path)
    (code,) = [tag for tag in study.page.all("code") if "cases" in tag.words()]
    assert code.words() == Cased.formula
    assert "<b>" not in study.html
    assert "Price & Sons" in study.text
