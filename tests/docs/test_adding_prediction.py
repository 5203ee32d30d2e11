"""The guide to adding a prediction: its file, as it stands there, is one that `polyak predict` prints."""

from __future__ import annotations

import importlib

import pytest

from polyak import cli
from polyak.theory import predictions


def test_the_guides_prediction_is_said_at_the_terminal(added, capsys, monkeypatch) -> None:
    monkeypatch.setattr(
        predictions, "_REGISTERED", {asked: list(said) for asked, said in predictions._REGISTERED.items()}
    )
    predictions._load()
    name = added("prediction", "polyak.theory.predictions")
    importlib.import_module(f"polyak.theory.predictions.{name}")
    with pytest.raises(SystemExit) as left:
        cli.main(["predict", "gradient_descent", "--lr", "0.25", "--curvature", "1,3"])
    assert left.value.code == 0
    # The rates are 0.75 and 0.25: log(1/2) / log(3/4) = 2.41.
    assert "on curvature 1 halves every 2.41 steps." in capsys.readouterr().out


def test_nothing_is_said_where_nothing_shrinks(added, monkeypatch) -> None:
    monkeypatch.setattr(predictions, "_REGISTERED", {})
    name = added("prediction", "polyak.theory.predictions")
    importlib.import_module(f"polyak.theory.predictions.{name}")
    from polyak.rules import GradientDescent

    monkeypatch.setattr(predictions, "_load", lambda: None)
    assert predictions.predictions(predictions.OnCurvatures(GradientDescent(lr=3.0), [1.0])) == {}
