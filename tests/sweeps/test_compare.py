"""A comparison: the budget, the seeds and the tuning are what its protocol says."""

from __future__ import annotations

import numpy as np
import optax
import pytest

import polyak as pk
from polyak.sweeps.differences import difference
from polyak.sweeps.sampling import sampled
from polyak.sweeps.tuning_space import tuning_space


@pytest.fixture(scope="module")
def found(small):
    return pk.compare(
        [pk.GradientDescent, pk.HeavyBall, optax.adam], on=small, budget=12, seeds=4, tuning_seeds=2, epochs=3
    )


@pytest.fixture(scope="module")
def small():
    rng = np.random.default_rng(11)
    X = rng.normal(size=(53, 3))
    return pk.linear_regression((X, X @ [1.0, -2.0, 0.5] + 0.3 * rng.normal(size=53)))


def test_by_hand(found, small):
    """The tuning of the heavy ball again, a training at a time, and its judging on other seeds."""
    entry = next(entry for entry in found.entries if entry.name == "heavy_ball")
    drawn = sampled(tuning_space(pk.HeavyBall).axes, "latin_hypercube", 12, 0)
    cells = [dict(zip(drawn, cell)) for cell in zip(*drawn.values())]
    losses = []
    for cell in cells:
        ends = pk.train(pk.HeavyBall(**cell), small, epochs=3, seeds=[0, 1]).final_losses
        losses.append(np.median(np.where(np.isfinite(ends), ends, np.inf)))
    np.testing.assert_allclose(entry.tuned, np.sort(losses), rtol=1e-5)
    best = cells[int(np.argmin(losses))]
    assert entry.settings == pytest.approx(best)
    judged = pk.train(pk.HeavyBall(**best), small, epochs=3, seeds=[2, 3, 4, 5]).final_losses
    assert entry.median == pytest.approx(float(np.median(judged)), rel=1e-6)
    assert entry.near == np.mean(np.array(losses) <= 1.1 * min(losses))


def test_every_rule_has_the_same_budget(found):
    assert {len(entry.tuned) for entry in found.entries} == {12}
    assert set(found.tuning_seeds).isdisjoint(found.judging_seeds)
    assert [entry.median for entry in found.entries] == sorted(entry.median for entry in found.entries)
    assert {entry.history.seeds for entry in found.entries} == {(2, 3, 4, 5)}


def test_what_it_says_of_itself(found):
    text = str(found)
    for words in (
        "12 settings",
        "2 tuning seeds",
        "4 other seeds",
        "memory:1:100",
        "optax:adam",
        "Latin hypercube",
    ):
        assert words in text
    assert len(found.rows()) == 3
    assert all(len(row) == len(found.header) for row in found.rows())


def test_the_budget_decides(small):
    """More cells never tune worse, if the first are among them; here: 40 do not tune worse than 4 by more than 1 %."""
    few, many = (
        pk.compare([pk.GradientDescent, pk.HeavyBall], on=small, budget=budget, seeds=3) for budget in (4, 40)
    )
    for name in ("gradient_descent", "heavy_ball"):
        low, high = (next(e for e in found.entries if e.name == name).tuned[0] for found in (many, few))
        assert low <= 1.01 * high


def test_bad_input(refused, small):
    with refused("no problem", "linear_regression"):
        pk.compare([pk.HeavyBall, pk.Adam], on="ravine")
    with refused("1 rule", "two at least"):
        pk.compare([pk.HeavyBall], on=small)
    with refused("budget is 1", "at least 2"):
        pk.compare([pk.HeavyBall, pk.Adam], on=small, budget=1)
    with refused("seeds is 'x'"):
        pk.compare([pk.HeavyBall, pk.Adam], on=small, seeds="x")
    with refused("no learning rate to tune"):
        pk.compare([pk.from_plane(lambda x1, x2, s1, s2: (x1, x2, s1, s2)), pk.Adam], on=small)
    with refused("every setting of gradient_descent diverged"):
        pk.compare([pk.search_space(pk.GradientDescent, lr=[1e30, 2e30]), pk.Adam], on=small, budget=3)


def test_a_smaller_budget_reaches_what_random_searches_reach(found):
    """Against searches that are drawn: the median, and what 95 of 100 end between."""
    tried = found.entries[0].tuned
    drawn = np.random.default_rng(0).choice(tried, (20_000, 4)).min(axis=1)
    said = found.entries[0].reached(4)
    for value, share in ((said.median, 0.5), (said.low, 0.025), (said.high, 0.975)):
        assert (drawn < value).mean() <= share + 0.01
        assert (drawn <= value).mean() >= share - 0.01
    assert found.entries[0].reached(10_000).median == tried[0]


def test_rules_are_told_apart_seed_by_seed(found):
    first, second = found.entries[:2]
    by = np.sort(second.history.final_losses - first.history.final_losses)
    told = found.differences[0]
    assert (told.better, told.other, told.seeds) == (first.name, second.name, 4)
    assert told.interval is None, "four seeds tell no interval of 95 %"
    assert told.median == pytest.approx(np.median(by))
    assert "6 are needed" in str(found)


def test_an_interval_of_differences_holds_as_often_as_it_says():
    """Of runs whose differences are skew: the median is in the interval in as many of 1,000 as are said."""
    rng = np.random.default_rng(5)
    for seeds, confidence in ((6, 0.96875), (10, 0.978515625)):
        held = 0
        for _ in range(1000):
            found = difference("a", np.zeros(seeds), "b", rng.exponential(size=seeds))
            assert found.interval is not None
            held += found.interval[0] <= np.log(2) <= found.interval[1]
        assert found.confidence == pytest.approx(confidence)
        assert abs(held / 1000 - confidence) < 4 * np.sqrt(confidence * (1 - confidence) / 1000)


def test_a_run_that_diverges_is_infinitely_worse():
    found = difference("a", [1.0] * 6, "b", [np.inf] * 5 + [np.nan])
    assert found.told
    assert found.median == np.inf
    same = difference("a", [np.inf] * 6, "b", [np.inf] * 6)
    assert not same.told


def test_a_planted_difference_is_found(small):
    """Gradient descent where a larger lr is still better, and on lrs that are a twenty-fifth larger: the better one is
    found in 95 of 100 repetitions at least, each on seeds of its own; of two that are the same, none is called better.
    """
    small_lrs, large_lrs = (
        pk.search_space(pk.GradientDescent, lr=pk.axes.log(low, high, 2))
        for low, high in ((0.05, 0.06), (0.052, 0.0624))
    )
    found = same = 0
    for repetition in range(100):
        options = {
            "on": small,
            "budget": 4,
            "seeds": 10,
            "tuning_seeds": 2,
            "epochs": 3,
            "seed": 100 * repetition,
        }
        result = pk.compare(small_lrs, large_lrs, **options)
        found += result.differences[0].told and result.entries[0].space is large_lrs
        if repetition < 10:
            same += pk.compare(large_lrs, large_lrs, **options).differences[0].told
    assert found >= 95
    assert same == 0
