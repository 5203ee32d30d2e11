"""Rows that are held out: never trained on, of each class alike, and what runs are judged by."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

import polyak as pk
from polyak.problems import hold_out, problem_of
from polyak.problems.held_out import parted

RULE = pk.HeavyBall(lr=0.05, momentum=0.5)
OPTIONS = {"batch_size": 7, "epochs": 2, "every": 14, "dtype": "float64"}


@pytest.fixture(scope="module")
def split(small):
    return hold_out(small, 0.2, seed=3)


@pytest.fixture(scope="module")
def run(split):
    return pk.train(RULE, split, seeds=2, **OPTIONS)


def leaks(problem):
    """Whether a training of a problem with rows held out differs where those rows' labels are others."""
    poisoned = replace(problem, held_out=replace(problem.held_out, labels=problem.held_out.labels + 1e6))
    clean, other = (pk.train(RULE, each, **OPTIONS) for each in (problem, poisoned))
    rows = {row.tobytes() for row in problem.data.features}
    shared = any(row.tobytes() in rows for row in problem.held_out.features)
    return shared or not np.array_equal(clean.losses, other.losses)


def test_held_out_rows_are_never_trained_on(small, split):
    assert not leaks(split)
    assert split.data.rows + split.held_out.rows == small.data.rows
    everything = {row.tobytes() for row in small.data.features}
    both = [*split.data.features, *split.held_out.features]
    assert {row.tobytes() for row in both} == everything


def test_a_planted_leak_is_seen(split):
    both = np.concatenate([split.data.features, split.held_out.features[:1]])
    labels = np.append(split.data.labels, split.held_out.labels[0])
    assert leaks(replace(split, data=replace(split.data, features=both, labels=labels), whole=None))


def test_the_same_as_training_on_the_rest_alone(split, run):
    alone = pk.train(RULE, pk.linear_regression(split.data), seeds=2, **OPTIONS)
    np.testing.assert_array_equal(run.losses, alone.losses)
    np.testing.assert_array_equal(run.params["weight"], alone.params["weight"])


def test_the_losses_are_those_of_their_rows(split, run):
    for rows, last in ((split.data, run.losses[:, -1]), (split.held_out, run.held_out_losses[:, -1])):
        residuals = rows.features @ run.params["weight"].T + run.params["bias"] - rows.labels[:, None]
        np.testing.assert_allclose(last, (residuals**2).mean(0) / 2, rtol=1e-12)
    assert "rows held out" in str(run)
    assert run.to_xarray().attrs["held_out_rows"] == split.held_out.rows


def test_accuracy_by_hand(three):
    history = pk.train(RULE, three, held_out=0.3, measure="accuracy", **OPTIONS)
    kept = hold_out(three, 0.3).held_out
    outputs = kept.features @ history.params["weight"][0] + history.params["bias"][0]
    assert history.measures[0, -1] == pytest.approx((outputs.argmax(1) == kept.labels).mean())


def test_classes_are_held_out_alike():
    labels = np.repeat([0.0, 1.0, 2.0], [50, 20, 2])
    kept, out = parted(72, 0.2, 0, labels, "data")
    assert np.bincount(labels[out].astype(int)).tolist() == [10, 4, 1]
    assert sorted([*kept, *out]) == list(range(72))
    assert not np.array_equal(out, parted(72, 0.2, 1, labels, "data")[1])


def test_two_sets(small, refused):
    other = (np.ones((4, 3)), np.zeros(4))
    history = pk.train(RULE, small, held_out=other, **OPTIONS)
    assert history.problem.data.rows == small.data.rows
    with refused("2 features", "expected 3"):
        hold_out(small, (np.ones((4, 2)), np.zeros(4)))


def test_a_sweep_and_its_best_and_a_comparison(three):
    problem = hold_out(three, 0.3)
    options = {"epochs": 2, "batch_size": 7, "dtype": "float64", "measure": "accuracy"}
    plane = pk.sweep("heavy_ball", on=problem, seeds=2, lr=[0.01, 0.1, 1.0], momentum=0.5, **options)
    alone = pk.train("heavy_ball", problem, seeds=2, lr=0.1, momentum=0.5, every=10**6, **options)
    cell = plane.sel(lr=0.1)
    np.testing.assert_allclose(cell.final_held_out_loss, alone.held_out_losses[:, -1], rtol=1e-12)
    np.testing.assert_allclose(cell.final_accuracy, alone.measures[:, -1], rtol=1e-12)
    found = pk.best(plane)
    assert found.quantity == "final_held_out_loss"
    assert found.median == pytest.approx(float(plane.final_held_out_loss.median("seed").min()))
    assert "judged on 15 rows held out" in str(found)
    by_accuracy = pk.best(plane, by="final_accuracy")
    assert by_accuracy.median == pytest.approx(float(plane.final_accuracy.median("seed").max()))
    compared = pk.compare(
        "gradient_descent",
        "heavy_ball",
        on=problem_of(three),
        held_out=0.3,
        measure="accuracy",
        budget=3,
        seeds=3,
    )
    assert compared.judged_by == "held_out_loss"
    assert "15 rows held out" in str(compared)
    for entry in compared.entries:
        assert entry.median == pytest.approx(np.median(entry.history.held_out_losses[:, -1]))


def test_bad_input(small, three, refused):
    for share in (0, 1, -0.1, 1.5, "x", True):
        with refused("held_out", "above 0 and below 1"):
            pk.train(RULE, small, held_out=share)
    with refused("none is held out"):
        pk.train(RULE, small, held_out=0.001)
    with refused("already"):
        pk.train(RULE, hold_out(small, 0.5), held_out=0.5)
    with refused("one class alone"):
        parted(4, 0.5, 0, [1.0, 1.0, 1.0, 1.0], "data")
    with refused("one row of class 1"):
        parted(4, 0.5, 0, [0.0, 0.0, 0.0, 1.0], "data")
    with refused("unknown measure 'acuracy'", "accuracy"):
        pk.train(RULE, three, measure="acuracy")
    with refused("no classes"):
        pk.train(RULE, small, measure="accuracy")
    with refused("the measure bad fails", "ZeroDivisionError"):
        pk.train(RULE, three, measure=bad)
    with refused("cannot be compiled"):
        pk.train(RULE, three, measure=lambda outputs, targets: float(outputs.sum()))
    with refused("landscape"):
        pk.sweep("heavy_ball", lr=[0.1, 0.2], momentum=0.5, held_out=0.2)


def bad(outputs, targets):
    return 1 / 0
