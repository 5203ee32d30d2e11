"""The best cell against planes made by hand, whose optimum's place and shape are known."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr

import polyak as pk
from polyak.sweeps.best import RESAMPLES, interval_of_median, medians


def made(values, lr=None, momentum=None, seeds=False) -> xr.Dataset:
    """A sweep's result with these values, (lr, momentum) or (seed, lr, momentum)."""
    values = np.asarray(values, dtype=float)
    lrs, momenta = values.shape[-2:]
    dims = ("seed", "lr", "momentum") if seeds else ("lr", "momentum")
    coords = {
        "lr": ("lr", np.geomspace(0.01, 1, lrs) if lr is None else lr, {"scale": "log"}),
        "momentum": (
            "momentum",
            np.linspace(0, 0.9, momenta) if momentum is None else momentum,
            {"scale": "linear"},
        ),
    }
    return xr.Dataset({"final_loss": (dims, values)}, coords, {"rule": "heavy_ball", "target": "made"})


def bowl(across=1.0, up=1.0, turn=0.0, at=(10, 12), shape=(21, 25)) -> np.ndarray:
    i, j = np.meshgrid(np.arange(shape[0]) - at[0], np.arange(shape[1]) - at[1], indexing="ij")
    a, b = np.cos(turn) * i + np.sin(turn) * j, np.cos(turn) * j - np.sin(turn) * i
    return 1.0 + across * a**2 + up * b**2


def test_the_cell_and_its_neighbours():
    found = pk.best(made(bowl(0.02, 0.05)))
    lr, momentum = np.geomspace(0.01, 1, 21)[10], np.linspace(0, 0.9, 25)[12]
    assert found.settings == {"lr": lr, "momentum": momentum}
    assert found.median == 1.0
    assert found.neighbours["lr"] == pytest.approx((1.02, 1.02))
    assert found.neighbours["momentum"] == pytest.approx((1.05, 1.05))
    assert (found.edges, found.seeds, found.interval, found.diverged) == ({}, 1, None, 0.0)


@pytest.mark.parametrize(
    ("values", "shape"),
    [
        (bowl(0.02, 0.02), "basin"),
        (bowl(0.0004, 0.03, turn=np.pi / 4, at=(10, 12)), "ridge"),
        (bowl(9.0, 9.0), "single cell"),
        (bowl(1e-5, 1e-5), "plateau"),
        (np.minimum(bowl(0.5, 0.5, at=(4, 4)), bowl(0.02, 0.02, at=(15, 18)) + 0.001), "island"),
    ],
)
def test_shapes(values, shape):
    assert pk.best(made(values)).shape == shape


def test_edges_are_said_but_no_momentum_is_none():
    corner = pk.best(made(bowl(0.02, 0.02, at=(20, 0))))
    assert corner.edges == {"lr": "upper"}
    assert np.isnan(corner.neighbours["lr"][1])
    assert "upper edge of lr" in str(corner)
    assert pk.best(made(bowl(at=(0, 24)))).edges == {"lr": "lower", "momentum": "upper"}


def test_near_and_diverged_shares():
    values = np.full((10, 10), 2.0)
    values[:2], values[0, 0], values[9] = 1.05, 1.0, np.nan
    values[8, 0] = np.inf
    found = pk.best(made(values))
    assert found.near == 0.2
    assert found.diverged == 0.11


def test_a_median_with_runs_that_diverged():
    values = np.ones((5, 2, 2))
    values[:3, 0, 0], values[0, 0, 1], values[0, 1, 0] = np.nan, np.nan, 0.5
    found = medians(made(values, seeds=True))
    assert found.values.tolist() == [[np.inf, 1.0], [1.0, 1.0]]
    four = np.ones((4, 2, 2))
    four[:2, 0, 0] = np.nan
    assert medians(made(four, seeds=True)).values[0, 0] == np.inf


def test_the_best_is_by_the_median_and_not_by_luck():
    values = np.full((5, 3, 3), 1.0)
    values[0, 0, 0] = 0.1  # one lucky run
    values[:, 2, 2] = 0.9
    found = pk.best(made(values, seeds=True))
    assert found.settings["momentum"] == 0.9
    assert (found.median, found.seeds, found.interval) == (0.9, 5, (0.9, 0.9))


def test_the_interval_covers_as_often_as_it_says():
    """Of 400 samples of 15, the 95 % interval holds the true median in 90 to 99 %."""
    rng = np.random.default_rng(5)
    inside = 0
    for _ in range(400):
        low, high = interval_of_median(rng.normal(size=15))
        inside += low <= 0 <= high
    assert 0.90 <= inside / 400 <= 0.99
    assert RESAMPLES >= 1000
    assert interval_of_median(np.array([1.0, 2.0])) is None


def test_against_the_closed_form():
    """Gradient descent on a bowl of curvature 2 and 4: best in the long run at 2 / (2 + 4), edge at 2 / 4."""
    lrs = np.linspace(0.02, 0.6, 59)
    found = pk.best(pk.sweep(pk.GradientDescent, on="bowl", steps=200, lr=lrs))
    assert abs(found.settings["lr"] - 1 / 3) <= 0.01


def test_nothing_finite_is_said(refused):
    with refused("no best cell", "every cell diverged"):
        pk.best(made(np.full((3, 3), np.nan)))
    with refused("recorded position"):
        pk.best(made(np.ones((2, 2))).rename(final_loss="position"))


def test_several_rules():
    planes = [
        pk.search_space(pk.HeavyBall, lr=[0.1, 0.2], momentum=0.5),
        pk.search_space(pk.Adam, lr=[0.1, 1.0]),
    ]
    found = pk.best(pk.sweep(planes, on="ravine", steps=30))
    assert set(found) == {"heavy_ball", "adam"}
    assert found["adam"].settings["lr"] == 1.0


@pytest.mark.parametrize("sampling", ["grid", "random"])
def test_settings_stand_as_the_axes_do_however_a_store_lists_them(sampling):
    drawn = {} if sampling == "grid" else {"cells": 5}
    ds = pk.sweep(
        pk.HeavyBall,
        on="ravine",
        steps=5,
        sampling=sampling,
        lr=pk.axes.log(0.01, 1, 3),
        momentum=pk.axes.linear(0, 0.9, 3),
        **drawn,
    )
    listed = ds.drop_vars(["lr", "momentum"]).assign_coords(momentum=ds.momentum.variable, lr=ds.lr.variable)
    assert [name for name in listed.coords if name in ("lr", "momentum")] == ["momentum", "lr"]
    assert str(pk.best(listed)) == str(pk.best(ds))
    assert list(pk.best(listed).settings) == ["lr", "momentum"]
