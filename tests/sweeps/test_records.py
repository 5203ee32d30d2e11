"""What is recorded of a cell: each by hand, by closed forms, and by a plain loop in NumPy."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from polyak.landscapes import quadratic
from polyak.problems import Problem
from polyak.rules import AveragedGradient, GradientDescent, HeavyBall, Nesterov
from polyak.run import descend, train
from polyak.sweeps import linear, log, memory, sweep

EPS = np.finfo(float).eps


def plain_loop(lr: Any, momentum: Any, steps: int) -> tuple[np.ndarray, np.ndarray]:
    """Heavy ball on the ravine for arrays of settings: positions (cells, steps + 1, 2) and values."""
    x, v = np.broadcast_to([-5.0, -2.0], (*lr.shape, 2)), np.zeros((*lr.shape, 2))
    path = [x]
    with np.errstate(all="ignore"):
        for _ in range(steps):
            v = momentum[..., None] * v + lr[..., None] * x * [0.2, 4.0]
            x = x - v
            path.append(x)
        path = np.moveaxis(path, 0, -2)
        return path, (path**2 * [0.1, 2.0]).sum(-1)


@pytest.fixture(scope="module")
def plane() -> Any:
    """Cells that arrive, cells that ripple, cells that overflow."""
    return sweep(
        HeavyBall,
        on="ravine",
        steps=600,
        record=("final", "best", "diverged_at", "steps_to_target", "values", "positions"),
        target=1e-3,
        lr=log(1e-2, 6, 12),
        momentum=memory(1, 30, 5),
    )


def test_the_whole_plane_against_a_plain_loop(plane: Any) -> None:
    lr, momentum = np.meshgrid(plane.lr, plane.momentum, indexing="ij")
    path, values = plain_loop(lr, momentum, 600)
    seen = plane.value.values
    # A step has some five roundings, each of the size of what is gone through; what is unstable blows them up as
    # it does the start. Compared to the largest value so far, they stay within as many units as there are steps.
    with np.errstate(all="ignore"):
        largest = np.maximum.accumulate(np.where(np.isfinite(values), values, 0), axis=-1)
        known = np.isfinite(values) & np.isfinite(seen) & (largest < 1e290)
        apart = np.abs(np.where(known, seen - values, 0))
    assert (apart <= 600 * 10 * EPS * np.where(known, largest, 1)).all()
    assert (known.mean() > 0.5) & (known.mean() < 1)
    np.testing.assert_allclose(
        plane.position.values[:8], path[:8], rtol=0, atol=600 * 10 * EPS * 5 * np.abs(path[:8]).max()
    )


def test_each_record_follows_from_the_values(plane: Any) -> None:
    values, positions = plane.value.values, plane.position.values
    np.testing.assert_array_equal(plane.final_value, values[..., -1])
    best = np.where(np.isnan(values), np.inf, values).min(axis=-1)
    np.testing.assert_array_equal(plane.best_value, best)
    finite = np.isfinite(values) & np.isfinite(positions).all(axis=-1)
    diverged = np.where(finite.all(axis=-1), -1, (~finite).argmax(axis=-1))
    np.testing.assert_array_equal(plane.diverged_at, diverged)
    assert 0 < (diverged >= 0).mean() < 1
    there = values <= 1e-3
    reached = np.where(there.any(axis=-1), there.argmax(axis=-1), -1)
    np.testing.assert_array_equal(plane.steps_to_target, reached)
    assert 0 < (reached > 0).mean() < 1
    assert plane.step.values.tolist() == list(range(601))
    assert plane.coordinate.values.tolist() == ["x1", "x2"]
    np.testing.assert_array_equal(positions[..., 0, :], np.broadcast_to([-5.0, -2.0], (12, 5, 2)))


def test_diverged_at_is_the_traces(plane: Any) -> None:
    for k in (9, 10, 11):
        for j in range(5):
            rule = HeavyBall(float(plane.lr[k]), float(plane.momentum[j]))
            alone = descend(rule, "ravine", 600).diverged_at
            assert int(plane.diverged_at[k, j]) == (-1 if alone is None else alone)


@pytest.mark.parametrize("every", [1, 2, 7, 10, 36, 37, 100])
def test_every_so_many_steps_and_the_last(every: int, plane: Any) -> None:
    whole = sweep(
        HeavyBall, steps=37, record=("values", "positions"), lr=[0.1, 0.4, 80.0], momentum=[0.0, 0.5]
    )
    found = sweep(
        HeavyBall,
        steps=37,
        every=every,
        target=5.0,
        record=("final", "best", "diverged_at", "values", "positions"),
        lr=[0.1, 0.4, 80.0],
        momentum=[0.0, 0.5],
    )
    kept = [*range(0, 37, min(every, 37)), 37]
    assert found.step.values.tolist() == kept
    np.testing.assert_array_equal(found.value, whole.value[..., kept])
    np.testing.assert_array_equal(found.position, whole.position[..., kept, :])
    np.testing.assert_array_equal(found.final_value, whole.value[..., -1])
    np.testing.assert_array_equal(found.best_value, whole.value[..., kept].min("step"))
    there = whole.value[..., kept].values <= 5.0
    first = np.where(there.any(-1), np.array(kept)[there.argmax(-1)], -1)
    np.testing.assert_array_equal(found.steps_to_target, first)


def test_what_is_recorded_changes_no_number() -> None:
    options: dict[str, Any] = {"steps": 50, "lr": log(0.01, 3, 9), "momentum": [0.0, 0.5]}
    final = sweep(HeavyBall, record="final", **options)
    assert list(final) == ["final_value"]
    more = sweep(HeavyBall, record=["positions", "final", "values"], every=3, **options)
    assert list(more) == ["final_value", "value", "position"]
    np.testing.assert_allclose(final.final_value, more.final_value, rtol=1e-11)


def test_gradient_descent_on_a_quadratic_in_closed_form() -> None:
    """x_k = (1 - eta lambda)^k x_0 in each coordinate, for every eta of the plane."""
    curvatures, steps = np.array([0.1, 0.7, 1.5, 2.0]), 60
    landscape = quadratic(curvatures)
    found = sweep(GradientDescent, on=landscape, steps=steps, record="positions", lr=linear(0.01, 1.2, 200))
    factor = 1 - found.lr.values[:, None] * curvatures
    wanted = factor[:, None, :] ** np.arange(steps + 1)[:, None] * np.array(landscape.start)
    # A factor of one rounding a step, and that of 1 - eta lambda, which a power multiplies.
    scale = (
        np.abs(np.array(landscape.start))
        * np.maximum(np.abs(factor), 1)[:, None, :] ** np.arange(steps + 1)[:, None]
    )
    assert (np.abs(found.position - wanted) <= 4 * steps * EPS * scale).all()


@pytest.mark.parametrize(
    ("rule", "edge"),
    [
        (HeavyBall, lambda g: 2 + 2 * g),
        (Nesterov, lambda g: (2 + 2 * g) / (1 + 2 * g)),
        (AveragedGradient, lambda g: (2 + 2 * g) / (1 - g)),
    ],
    ids=["heavy_ball", "nesterov", "averaged_gradient"],
)
def test_the_edge_of_stability_is_where_the_planes_cells_diverge(rule: Any, edge: Any) -> None:
    """Within a thousandth below the edge nothing has grown, a thousandth above all has: eta lambda against gamma."""
    curvature, momenta = 2.0, np.linspace(0, 0.9, 7)
    limits = edge(momenta) / curvature
    below_and_above = np.sort(np.concatenate([0.999 * limits, 1.001 * limits]))
    found = sweep(
        rule,
        on=quadratic([curvature]),
        steps=60_000,
        every=20_000,
        record=("final", "best"),
        lr=below_and_above.tolist(),
        momentum=momenta.tolist(),
    )
    start = float(quadratic([curvature])(quadratic([curvature]).start))
    final = found.final_value.values
    stable = found.lr.values[:, None] < limits
    assert (final[stable] < start).all()
    assert (~(final[~stable] < 1e6 * start)).all()
    assert stable.any(axis=0).all()
    assert (~stable).any(axis=0).all()


def test_diverged_at_of_a_training(small: Problem) -> None:
    options: dict[str, Any] = {"epochs": 3, "batch_size": 7, "every": 14, "seeds": [0, 4]}
    found = sweep(HeavyBall, on=small, record=("final", "diverged_at", "best", "values"), target=0.5, **options,
                  lr=[0.01, 30.0, 1e4], momentum=[0.0, 0.9])  # fmt: skip
    assert found.final_loss.dims == ("seed", "lr", "momentum")
    assert found.loss.dtype == "float32"
    for k, lr in enumerate(found.lr.values):
        for j, momentum in enumerate(found.momentum.values):
            history = train(HeavyBall(lr, momentum), small, **options)
            cell = found.isel(lr=k, momentum=j)
            assert [None if s == -1 else s for s in cell.diverged_at.values.tolist()] == list(
                history.diverged_at
            )
            there = cell.loss.values <= np.float32(0.5)
            first = np.where(there.any(-1), history.steps_taken[there.argmax(-1)], -1)
            np.testing.assert_array_equal(cell.steps_to_target, first)
            lowest = np.where(np.isnan(cell.loss), np.inf, cell.loss).min(axis=-1)
            np.testing.assert_array_equal(cell.best_loss, lowest)
    assert (found.diverged_at >= 0).any()
    assert (found.diverged_at == -1).any()


def test_a_training_plane_against_a_plain_loop(small: Problem, by_hand: Any) -> None:
    """Mini-batches and losses by NumPy alone."""
    found = sweep(HeavyBall, on=small, epochs=2, batch_size=7, every=14, seeds=[2], dtype="float64",
                  record="values", lr=[0.01, 0.2], momentum=[0.0, 0.8])  # fmt: skip
    X, y = small.data.features, small.data.labels

    def loss(params: Any) -> float:
        return float(((X @ params["weight"] + params["bias"] - y) ** 2).mean() / 2)

    for k, lr in enumerate([0.01, 0.2]):
        for j, momentum in enumerate([0.0, 0.8]):

            def steps(params: Any, lr: float = lr, momentum: float = momentum) -> Any:
                v = {name: np.zeros_like(x) for name, x in params.items()}
                held = dict(params)

                def step(rows: Any, _: int) -> Any:
                    r = X[rows] @ held["weight"] + held["bias"] - y[rows]
                    gradient = {"weight": X[rows].T @ r / len(rows), "bias": r.mean()}
                    for name, g in gradient.items():
                        v[name] = momentum * v[name] + lr * g
                        held[name] = held[name] - v[name]
                    return dict(held)

                return step

            wanted, _ = by_hand(small, steps, loss, seed=2, epochs=2, batch_size=7, records=2)
            np.testing.assert_allclose(found.loss[0, k, j], wanted, rtol=1e-12)


def test_units_names_and_attributes(small: Problem) -> None:
    found = sweep(
        HeavyBall, on=small, epochs=1, seeds=[7, 3], lr=log(0.01, 0.1, 3), momentum=memory(1, 10, 2)
    )
    assert found.final_loss.attrs["long_name"] == "loss over all the data after the last step"
    assert found.lr.attrs == {"long_name": "learning rate", "units": "1", "scale": "log", "symbol": r"\eta"}
    assert found.memory.attrs["units"] == "steps"
    assert found.memory.dims == ("momentum",)
    np.testing.assert_allclose(found.memory, [1, 10], rtol=1e-14)
    assert found.seed.values.tolist() == [7, 3]
    said = found.attrs
    assert (said["rule"], said["on"], said["data"]) == ("heavy_ball", "linear regression", "small")
    assert (said["batch_size"], said["epochs"], said["steps"], said["dtype"]) == (10, 1, 6, "float32")
    assert said["axes"] == '{"lr": "log:0.01:0.1:3", "momentum": "memory:1:10:2"}'
    assert said["settings"] == '{"lr_in_velocity": "True"}'
    assert said["seeds"] == [7, 3]
