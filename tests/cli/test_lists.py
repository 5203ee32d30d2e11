"""What there is, and help: `polyak rules`, `landscapes`, `data`, `--help`, `--version`, and `polyak` alone."""

from __future__ import annotations

import pytest

import polyak as pk
from polyak import data, landscapes
from polyak.rules import CATALOGUE


def test_alone_it_says_what_it_is_and_how_to_begin(polyak_):
    found = polyak_([])
    assert found == polyak_("--help")
    for word in (
        "Usage: ",
        "rules",
        "landscapes",
        "data",
        "trace",
        "train",
        "study",
        "First steps: polyak rules",
    ):
        assert word in found


def test_version(polyak_):
    assert polyak_("--version") == f"polyak {pk.__version__}\n"


@pytest.mark.parametrize(
    ("command", "options"),
    [
        ("trace", ("--on", "--steps", "--start", "--out")),
        (
            "train",
            (
                "--data",
                "--column",
                "--problem",
                "--batch-size",
                "--epochs",
                "--seeds",
                "--seed",
                "--every",
                "--out",
            ),
        ),
        ("study", ("--on", "--steps", "--data", "--batch-size", "--epochs", "--seeds", "--out")),
    ],
)
def test_help_of_a_command_names_its_options(polyak_, command, options):
    found = polyak_(f"{command} --help")
    for option in options:
        assert f"  {option} " in found
    assert "The rule's settings follow its name" in found
    assert polyak_(f"{command} heavy_ball --help") == found


def test_rules_are_all_listed_with_their_settings(polyak_):
    lines = polyak_("rules").splitlines()
    for name, kind in CATALOGUE.items():
        (line,) = [line for line in lines if line.split()[:1] == [name]]
        assert ", ".join(kind.hyperparameters()) in line
        assert kind.__doc__.splitlines()[0] in line


@pytest.mark.parametrize("name", CATALOGUE.ours())
def test_a_rule_shows_formula_settings_and_source(polyak_, name):
    kind = CATALOGUE[name]
    found = polyak_(f"rules {name}")
    for text in (f"{name} (polyak.{kind.__name__})", kind.formula.split(r"\\")[0].strip(), kind.source):
        assert text in found
    for setting in (*kind.hyperparameters(), *kind.choices()):
        assert f"    {setting}" in found


def test_other_rules_show_their_documentation(polyak_, folder):
    assert "The Adam optimizer." in polyak_("rules optax:adam")
    (folder / "mine.py").write_text(
        "from polyak.rules import HeavyBall\n\n\ndef page(params, states, hyperparams):\n    '''From a page.'''\n\n\n"
        "class Mine(HeavyBall):\n    '''Mine alone.'''\n    formula = 'v'\n    source = 'me'\n"
    )
    assert polyak_("rules mine.py:Mine").startswith("mine (mine.py:Mine)\n\nMine alone.")
    assert polyak_("rules mine.py:page") == "mine.py:page\n\nFrom a page.\n"


def test_landscapes(polyak_):
    found = polyak_("landscapes")
    for name, landscape in landscapes.CATALOGUE.items():
        (line,) = [line for line in found.splitlines() if line.split()[:1] == [name]]
        assert landscape.formula in line
        assert f"({', '.join(f'{value:g}' for value in landscape.start)})" in line
    (saddle,) = [line for line in found.splitlines() if line.split()[:1] == ["saddle"]]
    assert " none " in saddle
    assert "(-2.80512, 3.13131)" in found  # one of Himmelblau's four
    assert "quadratic:1,10" in found
    assert "my_file.py:f" in found


def test_data_says_what_there_is(polyak_, airfoil_file, monkeypatch):
    monkeypatch.setenv("POLYAK_DATA", str(airfoil_file.parent))
    found = polyak_("data")
    for name in data.CATALOGUE:
        assert any(line.split()[:1] == [name] for line in found.splitlines())
    (line,) = [line for line in found.splitlines() if line.split()[:1] == ["airfoil"]]
    assert line.split()[1:3] == ["1503", "5"]
    assert str(airfoil_file) in line


def test_data_says_where_airfoil_would_come_from(polyak_, folder, monkeypatch):
    monkeypatch.delenv("POLYAK_DATA", raising=False)
    monkeypatch.setenv("POLYAK_CACHE", str(folder))
    assert "download from https://archive.ics.uci.edu/" in polyak_("data")


def test_a_narrow_terminal_cuts_no_word(polyak_, airfoil_file, monkeypatch):
    monkeypatch.setenv("POLYAK_DATA", str(airfoil_file.parent))
    monkeypatch.setenv("COLUMNS", "70")
    found = polyak_("data") + polyak_("rules") + polyak_("landscapes")
    assert "…" not in found
    assert max(map(len, found.splitlines())) <= 90  # the closing line of `rules` is not a table
