"""The noise of a model's gradient, against rows whose mean and covariance are known."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

import polyak as pk
from known_noise import known
from polyak.theory.noise_readings import Readings

DIRECTIONS = 40
SPREAD = np.geomspace(1, 0.1, DIRECTIONS)  # standard deviations: tr Sigma is the sum of their squares
TRACE = float((SPREAD**2).sum())
SIZES = [8, 8, 3, 16]  # batches of unequal sizes, over and over


def loader(seed: int, batches: int, mean: float, sizes: list[int] = SIZES) -> list[np.ndarray]:
    draw = np.random.default_rng(seed)
    return [draw.normal(mean, SPREAD, (sizes[index % len(sizes)], DIRECTIONS)) for index in range(batches)]


def holds(times: int, of: int, share: float = 0.95) -> bool:
    """Whether so many are not fewer than chance makes of that share, once in a thousand."""
    return bool(stats.binom.cdf(times, of, share) > 0.001)


@pytest.mark.parametrize("batches", [10, 40])
def test_the_trace_is_in_its_interval_95_times_of_100(batches: int) -> None:
    found = [pk.noise(known(loader(seed, batches, 0.2))) for seed in range(200)]
    inside = sum(one.trace_interval.low <= TRACE <= one.trace_interval.high for one in found)
    assert holds(inside, 200)
    off = np.array([one.trace for one in found]) - TRACE
    assert abs(off.mean()) < 4 * off.std() / np.sqrt(200)  # without bias
    width = np.mean([one.trace_interval.high / one.trace_interval.low for one in found])
    assert width < (1.9 if batches == 10 else 1.35)  # and not by being wide


def test_the_scale_of_what_rows_are_drawn_from_is_in_its_interval_or_there_is_no_answer() -> None:
    truth = TRACE / (DIRECTIONS * 0.1**2)
    found = [pk.noise(known(loader(seed, 41, 0.1)), batches=40) for seed in range(200)]
    assert not any(one.whole for one in found)
    told = [one for one in found if one.scale is not None]
    assert len(told) > 150
    assert holds(sum(one.scale_interval.low <= truth <= one.scale_interval.high for one in told), len(told))
    square = DIRECTIONS * 0.1**2
    squares = [one.gradient_interval.low <= square <= one.gradient_interval.high for one in found]
    assert holds(sum(squares), 200)
    off = np.array([one.gradient_square for one in found]) - square
    assert abs(off.mean()) < 4 * off.std() / np.sqrt(200)


def test_without_a_gradient_there_is_no_scale_but_a_lower_end_that_holds() -> None:
    """The rows' mean is 0: the noise scale is infinite, and every number for it would be wrong."""
    found = [pk.noise(known(loader(seed, 25, 0.0)), batches=24) for seed in range(200)]
    told = sum(one.scale is not None for one in found)
    assert told <= 10  # 2.5 of 100 at most by its level
    one = next(one for one in found if one.scale is None)
    assert "no answer yet" in str(one)
    assert "no answer yet" in " ".join(one.words())
    assert one.scale_interval.high == np.inf
    assert one.share(8) is None


def test_how_many_rows_it_takes_is_what_the_true_covariance_asks_for() -> None:
    """Twelve batches say it within a factor of 1.5, in the median, were |G|^2 known."""
    mean, found = 0.1, []
    square, along, across = DIRECTIONS * mean**2, mean**2 * TRACE, float((SPREAD**4).sum())
    for seed in range(60):
        readings = Readings()
        for batch in loader(seed, 12, mean, [2]):
            readings.take(batch.mean(0), 2)
        found.append(readings.rows_needed(square))
    q = stats.t.ppf(0.9875, 10) ** 2
    rows = (2 * along * q + np.sqrt((2 * along * q) ** 2 + 2 * across * q * square**2)) / square**2
    assert rows / 1.5 < np.median(found) < 1.5 * rows
    assert q * (4 * along / rows + 2 * across / rows**2) == pytest.approx(
        square**2
    )  # the interval leaves 0 there


def test_no_answer_yet_says_how_many_more_batches_and_with_them_there_is_one() -> None:
    few = next(
        found
        for found in (pk.noise(known(loader(seed, 13, 0.1, [2])), batches=12) for seed in range(20))
        if found.more_batches and found.gradient_square > 0
    )
    assert f"about {few.more_batches} more batches" in few.words()[-1]
    many = pk.noise(known(loader(77, 2 * few.more_batches, 0.1, [2])), batches=few.more_batches + 12)
    assert many.scale is not None


def test_all_batches_read_the_gradient_over_their_rows_has_no_error() -> None:
    rows = loader(3, 16, 0.3)
    found = pk.noise(known(rows))
    every = np.concatenate(rows)
    assert found.whole
    assert found.rows == len(every)
    square = float((every.mean(0) ** 2).sum())
    assert found.gradient_square == pytest.approx(square, rel=1e-12)
    assert found.gradient_interval == (found.gradient_square, found.gradient_square)
    assert found.scale == pytest.approx(found.trace / square, rel=1e-12)
    # By hand: the weighted sample covariance between batches.
    n = np.array([len(batch) for batch in rows])
    means = np.array([batch.mean(0) for batch in rows])
    between = (n[:, None] * (means - every.mean(0)) ** 2).sum() / (len(rows) - 1)
    assert found.trace == pytest.approx(between, rel=1e-12)
    assert found.share(8) == pytest.approx(found.scale / 8)


def test_an_epoch_shuffled_has_the_rows_own_covariance() -> None:
    """Batches of one epoch are drawn without replacement: their spread is still the rows' own, with n - 1."""
    rows = np.random.default_rng(0).normal(0.5, SPREAD, (96, DIRECTIONS))
    truth = float(rows.var(0, ddof=1).sum())
    traces = []
    for seed in range(150):
        shuffled = np.random.default_rng(seed).permutation(rows)
        traces.append(pk.noise(known(np.split(shuffled, [8, 16, 30, 40, 50, 60, 70, 80]))).trace)
    assert np.mean(traces) == pytest.approx(truth, abs=4 * np.std(traces) / np.sqrt(150))


@settings(max_examples=40, deadline=None)
@given(st.lists(st.integers(1, 9), min_size=8, max_size=20), st.floats(1e-3, 1e3), st.integers(0, 99))
def test_a_gradient_twice_as_large_has_four_times_the_noise_and_the_same_scale(
    sizes: list[int], by: float, seed: int
) -> None:
    rows = loader(seed, len(sizes), 0.3, sizes)
    one, other = pk.noise(known(rows)), pk.noise(known([by * batch for batch in rows]))
    assert other.trace == pytest.approx(by**2 * one.trace, rel=1e-9)
    assert other.scale == pytest.approx(one.scale, rel=1e-9)
    assert one.trace_interval.low <= one.trace <= one.trace_interval.high


def test_float32_keeps_a_small_noise_beside_a_large_gradient() -> None:
    draw = np.random.default_rng(0)
    batches = [draw.normal(100.0, 0.01, (4, 8)) for _ in range(32)]
    exact, single = Readings(), Readings()
    for batch in batches:
        exact.take(batch.mean(0), 4)
        single.take(batch.mean(0).astype(np.float32), 4)
    assert single.trace == pytest.approx(
        exact.trace, rel=0.02
    )  # the difference of squares would keep no digit


def test_at_a_minimum_rounding_is_no_gradient() -> None:
    """The batches' gradients cancel: what is left of their mean is rounding, and no noise scale is made of it."""
    draw = np.random.default_rng(0)
    rows = [draw.normal(size=(4, 8)).astype(np.float32) for _ in range(8)]
    found = pk.noise(known([*rows, *[-batch for batch in rows]]))
    assert found.whole
    assert found.scale is None


def test_what_is_refused() -> None:
    with pytest.raises(pk.PolyakError, match="has 3 batches, expected 8 at least"):
        pk.noise(known(loader(0, 3, 0.1)))
    with pytest.raises(pk.PolyakError, match="batches is 4, expected a whole number of at least 8"):
        pk.noise(known(loader(0, 30, 0.1)), batches=4)
    broken = loader(0, 12, 0.1)
    broken[5] = broken[5] * np.nan
    with pytest.raises(pk.PolyakError, match="the gradient of batch 6 is not finite"):
        pk.noise(known(broken))


def test_no_more_is_read_than_asked_for_and_progress_is_told() -> None:
    told: list[tuple[int, int]] = []
    model = known(loader(0, 60, 0.1))
    pk.noise(model, batches=10, progress=lambda done, total: told.append((done, total)))
    assert model.bridge.read == 11  # one more, to know whether these were all
    assert told[0] == (0, 10)
    assert told[-1] == (10, 10)
