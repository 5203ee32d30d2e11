"""Every cell of a plane is the same run made alone: every rule, on landscapes and on problems."""

from __future__ import annotations

import warnings
from typing import Any

import jax.numpy as jnp
import numpy as np
import optax
import pytest

from polyak.landscapes import quadratic
from polyak.problems import Problem
from polyak.rules import (
    Adam,
    Clipped,
    CoupledDecay,
    DecoupledDecay,
    GradientDescent,
    HeavyBall,
    NAdam,
    Nesterov,
    Rule,
    Scaled,
    from_optax,
    from_page,
    from_plane,
)
from polyak.run import descend, train
from polyak.sweeps import log, memory, search_space, sweep

STEPS = 37
# In units of the last place of a run's largest number. Lanes and a run alone are compiled apart: XLA contracts
# products and sums, and takes fewer or more numbers at once, as it sees fit in each.
ULPS = 8


def planes_of(kind: type[Rule], required: dict[str, float]) -> dict[str, Any]:
    """Two axes for a rule, within the ranges of its settings; the others are its defaults."""
    about = kind.hyperparameters()
    defaults = {name: required.get(name, getattr(kind, name, None)) for name in about}
    swept = [name for name in ("lr", "momentum", "rate") if name in about]
    swept += [name for name in about if name not in swept][: 2 - len(swept)]
    axes: dict[str, Any] = {}
    for name in swept[:2]:
        base = defaults[name] or 0.01
        axes[name] = [0.5 * base, 0.9 * base, base]
    return {**{name: value for name, value in required.items() if name in about}, **axes}


def traces_agree(
    plane: Any, dataset: Any, landscape: Any, dtype: str, cells_of: Any, rounded_apart: Any
) -> None:
    for settings, cell in cells_of(dataset, plane.axes):
        alone = descend(plane.at(**settings), landscape, dataset.attrs["steps"], dtype=dtype)
        assert rounded_apart(cell.value, alone.values) <= ULPS, settings
        assert rounded_apart(cell.position, alone.positions) <= ULPS, settings
        assert cell.final_value == cell.value[-1]
        assert int(cell.diverged_at) == (-1 if alone.diverged_at is None else alone.diverged_at)


def histories_agree(
    plane: Any, dataset: Any, problem: Problem, options: Any, cells_of: Any, rounded_apart: Any
) -> None:
    for settings, cell in cells_of(dataset, plane.axes):
        alone = train(plane.at(**settings), problem, **options)
        assert rounded_apart(cell.loss, alone.losses) <= ULPS, settings
        np.testing.assert_array_equal(cell.final_loss, cell.loss[:, -1])
        np.testing.assert_array_equal(cell.step, alone.steps_taken)
        assert [None if k == -1 else k for k in cell.diverged_at.values.tolist()] == list(alone.diverged_at)


RECORD = ("final", "diverged_at", "values")


def agrees_on_a_landscape(kind: type[Rule], dtype: str, cells_of: Any, rounded_apart: Any) -> None:
    plane = search_space(kind, **planes_of(kind, {"lr": 0.2, "momentum": 0.9, "rate": 0.7}))
    found = sweep(plane, on="ravine", steps=STEPS, dtype=dtype, record=(*RECORD, "positions"))
    assert found.value.dtype == dtype
    traces_agree(plane, found, "ravine", dtype, cells_of, rounded_apart)


def test_every_rule_on_a_landscape(kind: type[Rule], cells_of: Any, rounded_apart: Any) -> None:
    agrees_on_a_landscape(kind, "float64", cells_of, rounded_apart)


@pytest.mark.parametrize("rule", [HeavyBall, Adam, NAdam], ids=lambda rule: rule.name())
def test_in_float32(rule: type[Rule], cells_of: Any, rounded_apart: Any) -> None:
    """Lanes know nothing of dtypes but what rules do (tests/rules/test_dtypes.py, all of them): a linear one, one with
    an index of its step, and one with a product of what it was."""
    agrees_on_a_landscape(rule, "float32", cells_of, rounded_apart)


def test_every_rule_on_a_problem(kind: type[Rule], small: Problem, cells_of: Any, rounded_apart: Any) -> None:
    settings = planes_of(kind, {"lr": 0.05, "momentum": 0.9, "rate": 0.7})
    last = [name for name, value in settings.items() if isinstance(value, list)][-1]
    plane = search_space(kind, **{**settings, last: settings[last][-2:]})
    options: dict[str, Any] = {"epochs": 2, "batch_size": 7, "every": 14, "seeds": [3, 5], "dtype": "float64"}
    found = sweep(plane, on=small, record=RECORD, **options)
    histories_agree(plane, found, small, options, cells_of, rounded_apart)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("which", ["softmax", "network"])
def test_more_problems(
    which: str, dtype: str, request: pytest.FixtureRequest, cells_of: Any, rounded_apart: Any
) -> None:
    problem = request.getfixturevalue(which)
    plane = search_space(optax.adam, learning_rate=[0.01, 0.1], b1=memory(1, 20, 2))
    options: dict[str, Any] = {"epochs": 2, "batch_size": 7, "every": 21, "seeds": 2, "dtype": dtype}
    found = sweep(plane, on=problem, record=RECORD, **options)
    histories_agree(plane, found, problem, options, cells_of, rounded_apart)


def test_an_optax_factory_on_a_landscape(cells_of: Any, rounded_apart: Any) -> None:
    plane = search_space(optax.adam, learning_rate=log(1e-3, 1, 5), b1=memory(1, 100, 4))
    found = sweep(plane, on="ravine", steps=STEPS, record=(*RECORD, "positions"))
    traces_agree(plane, found, "ravine", "float64", cells_of, rounded_apart)
    np.testing.assert_array_equal(found.memory, 1 / (1 - found.b1))


def in_place(params: Any, states: Any, hyperparams: Any) -> None:
    for p, v in zip(params, states):
        v[:] = hyperparams["momentum"] * v + hyperparams["lr"] * p.grad
        p[:] -= v


def looking_in_a_plane(params: Any, states: Any, hyperparams: Any) -> None:
    for p, v in zip(params, states):
        v[:] = hyperparams["momentum"] * v + hyperparams["lr"] * p.grad
        if float(abs(v.value).max()) < 100:
            p[:] -= v
        else:
            p[:] -= 0 * v


eta, gamma = 0.3, 0.5


def momentum_2d(x1: Any, x2: Any, v1: Any, v2: Any) -> Any:
    v1 = gamma * v1 + eta * 0.2 * x1
    v2 = gamma * v2 + eta * 4 * x2
    return x1 - v1, x2 - v2, v1, v2


def test_a_pages_function(cells_of: Any, rounded_apart: Any) -> None:
    plane = search_space(from_page(in_place), lr=[0.1, 0.4, 0.9], momentum=[0.0, 0.5])
    found = sweep(plane, on="ravine", steps=STEPS, record=(*RECORD, "positions"))
    traces_agree(plane, found, "ravine", "float64", cells_of, rounded_apart)
    ours = sweep(
        HeavyBall, on="ravine", steps=STEPS, record="values", lr=[0.1, 0.4, 0.9], momentum=[0.0, 0.5]
    )
    np.testing.assert_allclose(found.value, ours.value, rtol=1e-12, atol=1e-300)


def test_a_pages_function_of_the_plane(cells_of: Any, rounded_apart: Any) -> None:
    plane = search_space(from_plane(momentum_2d), eta=[0.1, 0.4, 0.9], gamma=[0.0, 0.5])
    found = sweep(plane, on="ravine", steps=STEPS, record=(*RECORD, "positions"))
    traces_agree(plane, found, "ravine", "float64", cells_of, rounded_apart)


def test_a_pages_function_that_cannot_be_traced(small: Problem, cells_of: Any, rounded_apart: Any) -> None:
    """It runs cell by cell, with a word about it, and records the same."""
    plane = search_space(from_page(looking_in_a_plane), lr=[0.1, 0.4, 2.0], momentum=[0.0, 0.5])
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        found = sweep(plane, on="ravine", steps=12, every=5, record=(*RECORD, "best", "positions"))
        options: dict[str, Any] = {"epochs": 1, "batch_size": 20, "every": 20, "seeds": 2, "dtype": "float64"}
        trained = sweep(plane, on=small, record=RECORD, **options)
        histories_agree(plane, trained, small, options, cells_of, rounded_apart)
    assert any("runs step by step, slowly" in str(warning.message) for warning in said)
    assert found.step.values.tolist() == [0, 5, 10, 12]
    for settings, cell in cells_of(found, plane.axes):
        alone = descend(plane.at(**settings), "ravine", 12)
        np.testing.assert_array_equal(cell.value, alone.values[[0, 5, 10, 12]])
        np.testing.assert_array_equal(cell.position, alone.positions[[0, 5, 10, 12]])
        assert cell.best_value == np.nanmin(alone.values[[0, 5, 10, 12]])


@pytest.mark.parametrize(
    ("rule", "axis"),
    [
        (Scaled(Nesterov(0.1, 0.5), 1.0), {"scale": [0.5, 2.0]}),
        (Clipped(HeavyBall(0.1, 0.5), 1.0), {"clip": [0.5, 2.0], "lr": [0.1, 0.2]}),
        (CoupledDecay(Adam(0.1), 0.1), {"weight_decay": [0.0, 0.3], "beta1": [0.0, 0.9]}),
        (DecoupledDecay(from_optax(optax.sgd, learning_rate=0.1), 0.1), {"learning_rate": [0.1, 0.3]}),
    ],
    ids=["scaled", "clipped", "coupled", "decoupled"],
)
def test_wrapped_rules(rule: Any, axis: Any, cells_of: Any, rounded_apart: Any) -> None:
    plane = search_space(rule, **axis)
    found = sweep(plane, on="ravine", steps=STEPS, record=(*RECORD, "positions"))
    traces_agree(plane, found, "ravine", "float64", cells_of, rounded_apart)


def dropped(step: Any) -> Any:
    """The learning rate falls to a tenth mid-run."""
    return jnp.where(step < 9, 0.3, 0.03)


@pytest.mark.parametrize(
    "plane",
    [
        search_space(HeavyBall, lr=dropped, momentum=[0.0, 0.5, 0.9]),
        search_space(HeavyBall, lr=dropped, momentum=[0.0, 0.5, 0.9], lr_in_velocity=False),
        search_space(HeavyBall, lr=[0.1, 0.3], momentum=dropped),
        search_space(optax.sgd, learning_rate=dropped, momentum=[0.1, 0.9]),
    ],
    ids=["inside", "outside", "momentum", "optax"],
)
def test_schedules(plane: Any, small: Problem, cells_of: Any, rounded_apart: Any) -> None:
    found = sweep(plane, on="ravine", steps=STEPS, record=(*RECORD, "positions"))
    traces_agree(plane, found, "ravine", "float64", cells_of, rounded_apart)
    assert not np.array_equal(
        found.value.isel({next(iter(plane.axes)): 0}), found.value.isel({next(iter(plane.axes)): 1})
    )
    options: dict[str, Any] = {"epochs": 2, "batch_size": 7, "every": 7, "dtype": "float64"}
    histories_agree(
        plane, sweep(plane, on=small, record=RECORD, **options), small, options, cells_of, rounded_apart
    )


def test_inside_and_outside_part_at_the_drop() -> None:
    """Were the schedule's table lost on the way, the two forms would be the same."""
    options: dict[str, Any] = {
        "on": "ravine",
        "steps": 20,
        "record": "values",
        "lr": dropped,
        "momentum": [0.5, 0.9],
    }
    inside = sweep(HeavyBall, **options).value
    outside = sweep(HeavyBall, lr_in_velocity=False, **options).value
    np.testing.assert_allclose(inside[:, :10], outside[:, :10], rtol=1e-12)
    assert (np.abs(inside[:, 10:] - outside[:, 10:]).max("step") > 1e-3).all()


def test_a_landscape_of_many_dimensions(cells_of: Any, rounded_apart: Any) -> None:
    plane = search_space(GradientDescent, lr=log(0.01, 3, 9))
    landscape = quadratic([0.1, 0.5, 1.0, 2.0, 3.0])
    found = sweep(plane, on=landscape, steps=STEPS, record=(*RECORD, "positions"))
    traces_agree(plane, found, landscape, "float64", cells_of, rounded_apart)


def test_several_rules_each_on_its_own_axes(cells_of: Any, rounded_apart: Any) -> None:
    planes = {
        "heavy_ball": search_space(HeavyBall, lr=[0.1, 0.4], momentum=[0.0, 0.5]),
        "heavy_ball_#2": search_space(HeavyBall, lr=[0.1, 0.2, 0.3], momentum=0.9, lr_in_velocity=False),
        "optax_adam": search_space(optax.adam, learning_rate=[0.1, 1.0]),
    }
    found = sweep(list(planes.values()), on="ravine", steps=STEPS, record=(*RECORD, "positions"))
    assert list(found.children) == list(planes)
    for name, plane in planes.items():
        traces_agree(plane, found[name].to_dataset(), "ravine", "float64", cells_of, rounded_apart)
