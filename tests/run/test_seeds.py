"""Seeds side by side are the seeds alone; another seed is another run; float32 and float64."""

from __future__ import annotations

from typing import Any

import jax
import numpy as np
import pytest

from polyak.ground.errors import PolyakError
from polyak.problems import perceptron
from polyak.rules import Adam, HeavyBall, Lion, Rule
from polyak.run import train

CASES = [
    (HeavyBall(0.02, 0.9), "float32"),
    (HeavyBall(0.02, 0.9), "float64"),
    (Adam(0.02), "float64"),
    (Lion(0.02), "float64"),
]


@pytest.mark.parametrize(("rule", "dtype"), CASES, ids=str)
def test_side_by_side_is_alone(rule: Rule, dtype: str, small: Any, close: Any) -> None:
    seeds = (4, 0, 7)
    together = train(rule, small, epochs=3, seeds=seeds, dtype=dtype, every=10)
    for k, seed in enumerate(seeds):
        alone = train(rule, small, epochs=3, seed=seed, dtype=dtype, every=10)
        # The same products, summed perhaps in another order: an eps for each of a batch's ten, at 18 steps.
        tolerance = 18 * 10 * float(np.finfo(dtype).eps)
        np.testing.assert_allclose(together.losses[k], alone.losses[0], rtol=10 * tolerance)
        close(
            jax.tree.map(lambda x, k=k: x[k], together.params),
            jax.tree.map(lambda x: x[0], alone.params),
            10 * tolerance,
        )
        assert alone.seeds == (seed,)
    assert together.seeds == seeds
    assert together.losses.dtype == dtype
    assert all(x.dtype == dtype for x in jax.tree.leaves(together.params))


def test_a_perceptrons_seeds_side_by_side(three: Any) -> None:
    problem, rule = perceptron(three, hidden=(5,)), Adam(lr=0.01)
    together = train(rule, problem, epochs=3, seeds=2, dtype="float64")
    for seed in (0, 1):
        alone = train(rule, problem, epochs=3, seed=seed, dtype="float64")
        # As above, and the largest sum is over a layer's five units.
        tolerance = 18 * 10 * 5 * float(np.finfo("float64").eps)
        np.testing.assert_allclose(together.losses[seed], alone.losses[0], rtol=tolerance)


def test_seeds_by_number_and_by_name(small: Any) -> None:
    rule = HeavyBall(0.02, 0.5)
    counted = train(rule, small, seed=5, seeds=3)
    assert counted.seeds == (5, 6, 7)
    for named in ([5, 6, 7], (5, 6, 7), range(5, 8), np.arange(5, 8)):
        history = train(rule, small, seeds=named)
        assert history.seeds == (5, 6, 7)
        np.testing.assert_array_equal(history.losses, counted.losses)
    assert train(rule, small).seeds == (0,)
    large = train(rule, small, seed=2**63 - 1)  # what a result's coordinate holds, here as in a sweep
    assert large.seeds == (2**63 - 1,)
    assert large.to_xarray().seed.dtype == np.int64
    with pytest.raises(PolyakError, match="seed is 1000000000000000000000000000000, expected"):
        train(rule, small, seed=10**30)


def test_one_seed_is_one_run(small: Any) -> None:
    rule = HeavyBall(0.02, 0.5)
    first, again = (train(rule, small, seed=2) for _ in range(2))
    np.testing.assert_array_equal(first.losses, again.losses)
    seeds = train(rule, small, seeds=20)
    assert len(np.unique(seeds.losses[:, 0])) == 20, "each has its own start"
    # One start, other batches: the seed sets these too.
    from_zero = small.init
    still = type(small)(
        small.name, small.data, small.loss, lambda g: jax.tree.map(np.zeros_like, from_zero(g)), ""
    )
    shuffled = train(rule, still, seeds=20)
    assert len(np.unique(shuffled.losses[:, 0])) == 1
    assert len(np.unique(shuffled.losses[:, -1])) == 20


def test_float32_stays_near_float64(small: Any) -> None:
    rule = HeavyBall(0.02, 0.5)
    exact, rough = (train(rule, small, epochs=5, seeds=5, dtype=dtype) for dtype in ("float64", "float32"))
    assert (exact.losses.dtype, rough.losses.dtype) == (np.float64, np.float32)
    # Descent forgets errors at the rate at which it converges: what stays is a batch's roundings over the
    # memory of 1/(lr * curvature) = 50 steps at most.
    tolerance = 10 * 50 * float(np.finfo("float32").eps)
    np.testing.assert_allclose(rough.losses, exact.losses, rtol=tolerance)
    assert np.abs(rough.losses - exact.losses).max() > 0
    assert train(rule, small).losses.dtype == np.float32
