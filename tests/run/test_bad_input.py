"""What descend and train cannot use is refused in one line, before anything runs."""

from __future__ import annotations

import math
import re
from typing import Any

import numpy as np
import optax
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from polyak.ground.errors import PolyakError
from polyak.landscapes import as_landscape, ravine
from polyak.rules import HeavyBall
from polyak.run import descend, train

RULE = HeavyBall(0.1, 0.5)
# What is no whole number of at least 1, however it comes.
junk = st.one_of(
    st.none(),
    st.text(max_size=5),
    st.booleans(),
    st.floats().filter(lambda x: not (x.is_integer() and x >= 1)),
    st.integers(max_value=0),
    st.just(1j),
    st.just(np.array([1, 2])),
    st.just({}),
    st.just(np.nan),
    st.just(object()),
)
no_seed = st.one_of(
    st.none(), st.text(max_size=5), st.booleans(), st.floats().filter(lambda x: not (x.is_integer() and x >= 0)),
    st.integers(max_value=-1), st.just([1]),
)  # fmt: skip
no_dtype = st.one_of(
    st.none(), st.integers(), st.sampled_from(["float16", "int32", "Float64", "", "complex64", "float128"])
)
no_rule = st.one_of(
    st.none(), st.integers(), st.text(max_size=8), st.sampled_from([HeavyBall, ravine, optax.sgd, {}, "adam"])
)  # fmt: skip
no_problem = st.one_of(
    st.none(), st.integers(), st.text(max_size=8), st.sampled_from([ravine, RULE, ([[1.0]], [1.0]), {}, "airfoyl"])
)  # fmt: skip
no_landscape = st.one_of(
    st.none(), st.integers(), st.text(max_size=8), st.sampled_from([{}, "ravin", "quadratics:1,2"])
)  # fmt: skip
no_start = st.one_of(
    st.integers(), st.text(min_size=1, max_size=4), st.just(()), st.tuples(st.floats()),
    st.tuples(st.floats(), st.floats()).filter(lambda x: not np.isfinite(x).all()),
    st.tuples(st.integers(), st.integers(), st.integers()), st.just(("a", "b")), st.just((None, 1)),
)  # fmt: skip


def refusal(call: Any) -> str:
    """The one line that it is refused with."""
    with pytest.raises(PolyakError) as caught:
        call()
    text = str(caught.value)
    assert text
    assert len(text.splitlines()) == 1
    return text


@given(steps=junk)
def test_steps(steps: Any) -> None:
    assert refusal(lambda: descend(RULE, ravine, steps)).startswith("steps is ")


@given(start=no_start)
def test_start(start: Any) -> None:
    assert refusal(lambda: descend(RULE, ravine, start=start)).startswith("start ")


@given(dtype=no_dtype)
def test_dtype(dtype: Any, small: Any) -> None:
    for call in (lambda: descend(RULE, ravine, dtype=dtype), lambda: train(RULE, small, dtype=dtype)):
        assert refusal(call).startswith("unknown dtype ")


@given(rule=no_rule)
def test_rule(rule: Any, small: Any) -> None:
    for call in (lambda: descend(rule, ravine), lambda: train(rule, small)):
        assert re.search("rule|[a-z0-9_]+ needs ", refusal(call))


@given(landscape=no_landscape)
def test_landscape(landscape: Any) -> None:
    assert "landscape" in refusal(lambda: descend(RULE, landscape))


@given(problem=no_problem)
def test_problem(problem: Any) -> None:
    expected = (
        "unknown data set" if isinstance(problem, str) else "is no problem: expected one such as linear_reg"
    )
    assert expected in refusal(lambda: train(RULE, problem))


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(name=st.sampled_from(["batch_size", "epochs", "every"]), value=junk)
def test_numbers_of_a_training(name: str, value: Any, small: Any) -> None:
    if value is None and name != "epochs":
        return  # what suits the problem
    assert refusal(lambda: train(RULE, small, **{name: value})).startswith(f"{name} is ")


@given(seed=no_seed)
def test_seed(seed: Any, small: Any) -> None:
    assert refusal(lambda: train(RULE, small, seed=seed)).startswith("seed is ")
    if seed != [1]:
        assert refusal(lambda: train(RULE, small, seeds=[0, seed])).startswith("seed is ")


@pytest.mark.parametrize("seeds", [0, -1, 2.5, "3", True, [], (), math.nan, {}, np.array([])])
def test_seeds(seeds: Any, small: Any) -> None:
    assert refusal(lambda: train(RULE, small, seeds=seeds)).startswith("seeds is ")


def test_bounds_are_named(small: Any, refused: Any) -> None:
    with refused("steps is 0, expected a whole number from 1 to 10000000"):
        descend(RULE, ravine, 0)
    with refused("steps is 10000001"):
        descend(RULE, ravine, 10_000_001)
    with refused("batch_size is 54, expected a whole number from 1 to 53"):
        train(RULE, small, batch_size=54)
    with refused("epochs is -1, expected a whole number of at least 1"):
        train(RULE, small, epochs=-1)


def test_the_nearest_name(refused: Any) -> None:
    with refused("unknown landscape 'Rosenbrok', did you mean 'rosenbrock'?"):
        as_landscape("Rosenbrok")
    with refused("unknown dtype 'flaot32', did you mean 'float32'?"):
        descend(RULE, ravine, dtype="flaot32")
    with refused("HeavyBall is a rule without settings, expected HeavyBall(...)"):
        descend(HeavyBall, ravine)
    with refused("unknown argument 'stpes', did you mean 'steps'?"):
        descend(RULE, ravine, stpes=3)
    with refused("unknown argument 'dytpe', did you mean 'dtype'?"):
        descend("heavy_ball", ravine, lr=0.1, momentum=0.5, dytpe="float32")
    with refused("unknown setting of heavy_ball 'momentun', did you mean 'momentum'?"):
        descend("heavy_ball", ravine, lr=0.1, momentun=0.5)


def test_whole_numbers_in_other_types_are_whole_numbers(small: Any) -> None:
    for steps in (3.0, np.int64(3), np.float32(3), np.array(3)):
        assert descend(RULE, ravine, steps).steps == 3
    assert train(RULE, small, batch_size=np.int32(10), epochs=2.0).steps_taken[-1] == 12


def test_a_very_large_every_is_the_end_of_each_epoch(small: Any) -> None:
    for every in (1000, 10**9, 10**400):
        assert train(RULE, small, every=every).rows_seen.tolist() == [0, 53, 106]


@pytest.mark.parametrize(
    ("schedule", "said"),
    [
        (lambda step: -0.1, "lr is -0.1 at step 0"),
        (lambda step: math.nan, "lr is nan at step 0"),
        (lambda step: 0.1 if step < 7 else -1.0, "lr is -1 at step 7"),
        (lambda step: "fast", "the schedule of lr fails"),
        (lambda step: 1 / (3 - step), "ZeroDivisionError: division by zero"),
        (lambda: 0.1, "the schedule of lr fails: TypeError"),
    ],
)
def test_a_schedule_that_goes_wrong(schedule: Any, said: str, small: Any) -> None:
    for call in (
        lambda: descend(HeavyBall(schedule, 0.5), ravine),
        lambda: train(HeavyBall(schedule, 0.5), small),
    ):
        assert said in refusal(call)


def test_a_schedule_is_asked_for_no_step_that_is_not_taken() -> None:
    """Twenty steps are compiled as thirty-two: the rate of those beyond is nobody's business."""
    rates = [0.1 * 0.9**k for k in range(20)]
    trace = descend(HeavyBall(lambda step: rates[step], 0.5), ravine, 20)
    np.testing.assert_allclose(
        trace.positions,
        descend(HeavyBall(lambda step: 0.1 * 0.9**step, 0.5), ravine, 20).positions,
        rtol=1e-13,
    )


def test_a_landscape_that_is_a_function(refused: Any) -> None:
    trace = descend(RULE, lambda x1, x2: 0.1 * x1**2 + 2 * x2**2, 20)
    np.testing.assert_allclose(trace.positions, descend(RULE, "ravine", 20).positions, rtol=1e-13)
    with refused("<lambda> returns"):
        descend(RULE, lambda x1, x2: [x1, x2])
