"""The airfoil losses that design.md lists, of the original stack, within what the seeds explain."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from polyak.problems import linear_regression
from polyak.rules import HeavyBall
from polyak.run import History, train

SEEDS = 200
# (lr, momentum): what single runs of two epochs in batches of ten ended at, on MXNet 1.9.1 with gluonbook 0.8.10.
LISTED = {(0.02, 0.5): [0.2439], (0.02, 0.9): [0.248, 0.262], (0.004, 0.9): [0.2435]}


@pytest.fixture(scope="module")
def histories(airfoil: Any) -> dict[Any, History]:
    problem = linear_regression(airfoil)
    return {
        settings: train(HeavyBall(*settings), problem, batch_size=10, epochs=2, seeds=SEEDS)
        for settings in LISTED
    }


@pytest.mark.parametrize("settings", LISTED)
def test_what_was_measured_is_a_run_like_ours(settings: Any, histories: Any) -> None:
    losses = np.sort(histories[settings].final_losses)
    for measured in LISTED[settings]:
        # Were it one more draw from ours, its rank would be any: within the middle 98 %, but for 1 in 50.
        # A quantile near 1 % of 200 runs is itself known to a standard error of sqrt(.01 * .99 / 200) = 0.7 %.
        rank = np.searchsorted(losses, measured) / SEEDS
        assert 0.01 < rank < 0.99
        # And in spread: within three standard deviations of a run and the mean's standard error.
        error = losses.std(ddof=1) * np.sqrt(1 + 1 / SEEDS)
        assert abs(measured - losses.mean()) < 3 * error


def test_the_settings_differ_by_more_than_seeds_explain(histories: Any) -> None:
    """So that the comparison above could fail: the momentum, or the rate, left out would be seen."""

    def mean_and_error(settings: Any) -> tuple[float, float]:
        losses = histories[settings].final_losses
        return float(losses.mean()), float(losses.std(ddof=1) / np.sqrt(SEEDS))

    rough, error = mean_and_error((0.02, 0.9))
    for settings in ((0.02, 0.5), (0.004, 0.9)):
        calm, other = mean_and_error(settings)
        assert rough - calm > 10 * np.hypot(error, other)
    # 0.02 / (1 - 0.5) = 0.004 / (1 - 0.9): one gain, so nearly one noise around the optimum.
    (first, a), (second, b) = mean_and_error((0.02, 0.5)), mean_and_error((0.004, 0.9))
    assert abs(first - second) < 4 * np.hypot(a, b) + 1e-3


def test_the_shape_of_a_history(histories: Any) -> None:
    history = histories[0.02, 0.5]
    # 0, then every 100 rows and the epoch's end at 1503, twice.
    assert history.losses.shape == (SEEDS, 33)
    assert history.rows_seen[[0, 1, 15, 16, 17, 32]].tolist() == [0, 100, 1500, 1503, 1603, 3006]
    assert history.steps_taken[[1, 16, 32]].tolist() == [10, 151, 302]
    assert history.epochs[[16, 32]].tolist() == [1.0, 2.0]
    # No weights yet, and labels of unit variance: half of it, less what small random weights happen to tell.
    assert history.losses[:, 0].mean() == pytest.approx(
        0.5, abs=4 * history.losses[:, 0].std() / np.sqrt(SEEDS)
    )


def test_no_run_ends_below_the_optimum(histories: Any) -> None:
    for history in histories.values():
        assert history.final_losses.min() > 0.242145 - 1e-6
        assert history.diverged_at == (None,) * SEEDS
