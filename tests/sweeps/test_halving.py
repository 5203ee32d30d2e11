"""Successive halving: what it tries is what trainings alone end at, and its trials stand in Optuna's storage."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import polyak as pk
from polyak.sweeps.halving import halving
from polyak.theory.tuning import guide_of


@pytest.fixture(scope="module")
def small() -> Any:
    rng = np.random.default_rng(11)
    X = rng.normal(size=(53, 3))
    return pk.linear_regression((X, X @ [1.0, -2.0, 0.5] + 0.3 * rng.normal(size=53)))


@pytest.fixture(scope="module")
def tuned(small: Any, tmp_path_factory: pytest.TempPathFactory) -> Any:
    storage = f"sqlite:///{tmp_path_factory.mktemp('tuned') / 'trials.db'}"
    return pk.tune("heavy_ball", on=small, cells=12, epochs=9, seeds=2, storage=storage), storage


def test_each_round_is_what_trainings_alone_end_at(tuned: Any, small: Any) -> None:
    """Round by round by hand: the medians, who goes on, and what was spent."""
    found, _ = tuned
    assert found.rounds == ((1, 12), (3, 4), (9, 1))
    left = list(found.trials)
    for epochs, count in found.rounds:
        assert len(left) == count
        ends = {}
        for k, trial in enumerate(left):
            losses = pk.train("heavy_ball", small, epochs=epochs, seeds=2, **trial.settings).final_losses
            median = np.median(np.where(np.isfinite(losses), losses, np.inf))
            assert trial.values[epochs] == pytest.approx(median, rel=1e-4)
            ends[k] = median
        survivors = sorted(ends, key=lambda k: ends[k])
        going_on = [
            trial for trial in left if len(trial.values) > len([e for e, _ in found.rounds if e <= epochs])
        ]
        assert all(trial in [left[k] for k in survivors[: len(going_on)]] for trial in going_on)
        left = going_on or left
    assert (
        found.settings == min((t for t in found.trials if 9 in t.values), key=lambda t: t.values[9]).settings
    )
    assert found.spent == 2 * sum(epochs * count for epochs, count in found.rounds) < found.of_all


def test_optuna_sees_the_trials(tuned: Any, small: Any, refused: Any) -> None:
    import optuna

    found, storage = tuned
    study = optuna.load_study(study_name="heavy_ball", storage=storage)
    assert len(study.trials) == 12
    assert study.best_value == pytest.approx(found.value)
    assert study.best_params == pytest.approx(found.settings)
    pruned = [trial for trial in study.trials if trial.state.name == "PRUNED"]
    assert all(max(trial.intermediate_values) < 9 for trial in pruned)
    with refused("the storage has a study heavy_ball already"):
        pk.tune("heavy_ball", on=small, cells=3, epochs=3, seeds=1, storage=storage)


def test_settings_past_the_mean_square_edge_are_tried_last(small: Any) -> None:
    """The edge by `batch_edges`, and what is left when there is room: of lrs to 100 most would diverge."""
    space = pk.search_space("gradient_descent", lr=pk.axes.log(1e-3, 100, 5))
    guide = guide_of(space, small, 10, 1)
    assert guide is not None
    edge = pk.batch_edges("gradient_descent", small, batch_size=10, replace=False, lr=0.1).mean_square
    for lr in (0.9 * edge, 1.1 * edge):
        assert guide([{"lr": lr}])[0].tolist() == [lr > edge]
    found = pk.tune(space, on=small, cells=6, epochs=1, seeds=1)
    blind = halving(space, on=small, cells=6, epochs=1, seeds=1)
    beyond = [sum(trial.settings["lr"] > edge for trial in each.trials) for each in (found, blind)]
    assert beyond[0] < beyond[1]
    assert "past the edge, and were tried last" in str(found)


def test_the_rest_is_tried_in_the_order_of_the_expected_loss(small: Any) -> None:
    """The guide's numbers rank as `expected_loss` does, and the settings tried are the first of them."""
    space = pk.search_space("heavy_ball", lr=pk.axes.log(1e-4, 1, 5), momentum=pk.axes.memory(1, 10, 4))
    guide = guide_of(space, small, 10, 2)
    assert guide is not None
    settings = [{"lr": lr, "momentum": momentum} for lr in (1e-4, 1e-3, 1e-2, 0.1) for momentum in (0.0, 0.6)]
    steps = 2 * -(-small.data.rows // 10)
    losses = [
        pk.expected_loss(space.at(**each), small, batch_size=10, steps=steps).mean[-1] for each in settings
    ]
    past, expected = guide(settings)
    assert not past.any()
    assert np.argsort(expected).tolist() == np.argsort(losses).tolist()
    found = pk.tune(space, on=small, cells=6, epochs=1, seeds=1)
    of_one_epoch = guide_of(space, small, 10, 1)
    assert of_one_epoch is not None
    past, order = of_one_epoch([trial.settings for trial in found.trials])
    assert (np.diff(past.astype(int)) >= 0).all()
    assert (np.diff(order)[past[1:] == past[:-1]] >= 0).all()
    assert found.guided
    assert "fall furthest on the quadratic at the start" in str(found)


def test_a_model_of_torch(tmp_path: Path) -> None:
    """On rows held out, by a measure, its cells one after the other."""
    import torch

    torch.manual_seed(0)
    X = torch.randn(40, 3)
    y = (X[:, 0] > 0).long()
    model = pk.model(torch.nn.Linear(3, 2), torch.nn.CrossEntropyLoss(), [(X[:8], y[:8]), (X[8:], y[8:])])
    found = pk.tune(
        "adam", on=model, cells=3, epochs=3, seeds=1, held_out=0.25, measure="accuracy", by="accuracy"
    )
    assert found.quantity == "accuracy"
    assert found.value == max(trial.values.get(3, 0) for trial in found.trials)
    again = pk.train("adam", model, epochs=3, seed=0, held_out=0.25, measure="accuracy", **found.settings)
    assert found.value == pytest.approx(again.measures[0, -1])


def test_bad_input(small: Any, refused: Any) -> None:
    with refused("cells is 1", "at least 2"):
        pk.tune("adam", on=small, cells=1)
    with refused("reduction is 1"):
        pk.tune("adam", on=small, reduction=1)
    with refused("by is 'accuracy'", "loss"):
        pk.tune("adam", on=small, by="accuracy")
    with refused("every setting of gradient_descent died or diverged"):
        pk.tune(pk.search_space("gradient_descent", lr=[1e30, 2e30]), on=small, cells=3, epochs=1, seeds=1)
    with refused("the storage nonsense cannot be used"):
        pk.tune("adam", on=small, cells=3, epochs=1, seeds=1, storage="nonsense")
