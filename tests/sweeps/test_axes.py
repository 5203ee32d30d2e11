"""Axes, draws from them, and how a plane is cut."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from polyak.ground.errors import PolyakError
from polyak.rules import Adam, HeavyBall
from polyak.sweeps import axis_from, linear, log, memory, sweep, values
from polyak.sweeps.chunks import chunk_shape, count, nearest_shape, regions, size
from polyak.sweeps.sampling import sampled

finite = st.floats(-1e100, 1e100, allow_subnormal=False)
positive = st.floats(1e-100, 1e100)
counts = st.integers(2, 200)


def test_each_spacing_by_hand() -> None:
    np.testing.assert_allclose(log(1e-3, 10, 5).values(), [1e-3, 1e-2, 1e-1, 1, 10], rtol=1e-14)
    np.testing.assert_allclose(linear(-1, 1, 5).values(), [-1, -0.5, 0, 0.5, 1], atol=1e-16)
    # Memories of 1, 10, 100 and 1000 steps.
    np.testing.assert_allclose(memory(1, 1000, 4).values(), [0, 0.9, 0.99, 0.999], rtol=1e-14)
    assert values([0.1, 0.25, 3]).values().tolist() == [0.1, 0.25, 3.0]


@given(positive, positive, counts)
def test_log_goes_at_equal_ratios(low: float, high: float, number: int) -> None:
    assume(low * 1.001 < high)
    found = log(low, high, number).values()
    assert len(found) == number
    assert (found[0], found[-1]) == (low, high)
    np.testing.assert_allclose(np.diff(np.log(found)), math.log(high / low) / (number - 1), rtol=1e-9)


@given(finite, finite, counts)
def test_linear_goes_at_equal_distances(low: float, high: float, number: int) -> None:
    assume(low < high)
    assume(high - low > 1e-9 * max(abs(low), abs(high)))
    found = linear(low, high, number).values()
    assert (found[0], found[-1]) == (low, high)
    step, wide = (high - low) / (number - 1), max(abs(low), abs(high))
    np.testing.assert_allclose(np.diff(found), step, rtol=1e-9, atol=8 * np.spacing(wide))


@given(st.floats(1, 1e6), st.floats(1, 1e6), counts)
def test_memory_goes_at_equal_ratios_of_memory(low: float, high: float, number: int) -> None:
    assume(low * 1.01 < high)
    found = memory(low, high, number).values()
    assert ((found >= 0) & (found < 1)).all()
    memories = 1 / (1 - found)
    # 1 - momentum is known to half a unit of 1's last place, however small it is.
    np.testing.assert_allclose(
        np.diff(np.log(memories)), math.log(high / low) / (number - 1), atol=4 * high * np.finfo(float).eps
    )


@given(st.sampled_from([log, linear, memory]), st.floats(1, 1e12), st.floats(1, 1e12), st.integers(2, 50))
def test_an_axis_is_spelled_exactly_and_read_again(make: Any, low: float, high: float, number: int) -> None:
    assume(low < high)
    axis = make(low, high, number)
    assert axis_from(axis.spelled()) == axis


@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=2, unique=True).map(sorted))
def test_values_are_spelled_exactly_and_read_again(given_values: list[float]) -> None:
    assume((np.diff(given_values) > 0).all())
    axis = values(given_values)
    assert axis_from(axis.spelled()) == axis
    assert axis.values().tolist() == given_values


@given(st.text() | st.from_regex(r"(log|linear|memory|lag)?:?[-0-9.e:,naif ]*", fullmatch=True))
def test_any_text_is_an_axis_or_one_line(text: str) -> None:
    try:
        axis = axis_from(text)
        if axis.count is None:
            return
        assume(axis.count <= 10_000)
        found = axis.values()
    except PolyakError:
        return
    assert len(found) >= 2
    assert np.isfinite(found).all()
    assert (np.diff(found) > 0).all()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", ("is no axis", "log:1e-3:1:50")),
        (" , ,", ("is no axis",)),
        ("0.1", ("one value", "give one as a setting")),
        ("0.1,x", ("'x' on an axis", "expected a number")),
        ("0.2,0.1", ("0.2, 0.1", "ascending")),
        ("0.1,0.1", ("ascending",)),
        ("0.1,nan", ("nan", "finite")),
        ("0.1,inf", ("inf", "finite")),
        ("lgo:1:2:3", ("unknown spacing", "did you mean 'log'?")),
        ("log:1", ("has 1 number", "LOW:HIGH:COUNT")),
        ("log:1:2:3:4", ("has 4 numbers", "LOW:HIGH:COUNT")),
        ("log:2:1:5", ("from 2 to 1", "reversed")),
        ("linear:1:1:5", ("has one value", "setting")),
        ("log:0:1:5", ("lower end", "0", "above 0")),
        ("log:-1:1:5", ("-1", "above 0")),
        ("memory:0.5:10:5", ("0.5", "at least 1 step")),
        ("log:1:2:0", ("no value", "two")),
        ("log:1:2:1", ("one value", "two")),
        ("log:1:2:-3", ("count", "-3")),
        ("log:1:2:2.5", ("count", "2.5", "whole number")),
        ("log:1:2:1e12", ("count", "100000000")),
        ("log:nan:2:3", ("lower end", "nan", "finite")),
        ("linear:0:inf:3", ("upper end", "inf", "finite")),
        ("linear:-1e308:1e308:3", ("wider",)),
        ("log:1e-300:1e300:3", ("wider",)),
    ],
)
def test_what_is_wrong_in_an_axis(text: str, words: tuple[str, ...], refused: Any) -> None:
    with refused(*words):
        axis_from(text)


def test_more_values_than_there_are_numbers(refused: Any) -> None:
    with refused("momentum", "memory:1e+17:1e+18:3", "fewer than 3 different numbers"):
        memory(1e17, 1e18, 3).values("momentum")
    with refused("lr", "fewer than 100 different numbers"):
        sweep(HeavyBall, momentum=0.5, lr=linear(1, 1 + 4 * np.finfo(float).eps, 100))


@pytest.mark.parametrize("bad", [5, None, "0.1,0.2", [1, "2"], [0, True], [[1, 2], [3, 4]], [1j, 2]])
def test_values_that_are_none(bad: Any, refused: Any) -> None:
    with refused("axis"):
        values(bad)


@pytest.mark.parametrize("cells", [1, 2, 7, 100])
def test_a_latin_hypercube_has_each_part_of_each_axis_once(cells: int) -> None:
    axes = {"lr": log(1e-4, 1), "beta1": linear(0, 0.99), "beta2": memory(2, 1000)}
    found = sampled(axes, "latin_hypercube", cells, seed=3)
    places = {
        "lr": np.log(found["lr"] / 1e-4) / math.log(1e4),
        "beta1": found["beta1"] / 0.99,
        "beta2": np.log(1 / (1 - found["beta2"]) / 2) / math.log(500),
    }
    for place in places.values():
        assert sorted(np.floor(place * cells).astype(int)) == list(range(cells))


@pytest.mark.parametrize("sampling", ["random", "latin_hypercube"])
def test_a_draw_is_its_seeds(sampling: str) -> None:
    def drawn(seed: int, cells: int = 40) -> Any:
        return sweep(
            Adam, steps=3, sampling=sampling, cells=cells, seed=seed, lr=log(1e-3, 1), beta1=[0.0, 0.5, 0.9]
        )

    one = drawn(1)
    assert one.identical(drawn(1))
    assert dict(one.sizes) == {"cell": 40}
    assert ((one.lr > 1e-3) & (one.lr < 1)).all()
    assert set(one.beta1.values) == {0.0, 0.5, 0.9}
    assert not np.intersect1d(one.lr, drawn(2).lr).size
    assert one.attrs["sampling"] == sampling
    assert one.attrs["sampling_seed"] == 1


def test_random_draws_fill_the_range_evenly() -> None:
    """The largest gap to the even distribution stays below Kolmogorov's bound of one in a million."""
    found = sampled({"lr": log(1e-4, 1)}, "random", 4000, seed=0)["lr"]
    place = np.sort(np.log(found / 1e-4) / math.log(1e4))
    even = np.arange(1, 4001) / 4000
    assert np.abs(place - even).max() < math.sqrt(-math.log(1e-6 / 2) / 2 / 4000) + 1 / 4000


shapes = st.lists(st.integers(1, 9), min_size=1, max_size=4)


@given(shapes, st.integers(1, 500))
def test_the_regions_of_any_chunk_have_each_cell_once(shape: list[int], cells: int) -> None:
    chunk = nearest_shape(shape, cells)
    assert math.prod(chunk) <= max(1, cells)
    seen = np.zeros(shape, int)
    found = list(regions(shape, chunk))
    for region in found:
        seen[region] += 1
        assert size(region) == seen[region].size <= math.prod(chunk)
    assert (seen == 1).all()
    assert len(found) == count(shape, chunk)
    # Cells that follow one another in the plane's order.
    order = np.concatenate([np.arange(seen.size).reshape(shape)[region].ravel() for region in found])
    if len(shape) == 1 or chunk[-1] == shape[-1] or all(length == 1 for length in chunk[:-1]):
        assert sorted(order) == list(range(seen.size))


@given(shapes, st.floats(1, 1e12), st.integers(1, 1 << 30), st.sampled_from([8, 64, 1024]))
def test_a_chunk_that_suits_the_work_is_within_the_plane(
    shape: list[int], work: float, recorded_bytes: int, lanes: int
) -> None:
    chunk = chunk_shape(shape, work, recorded_bytes, lanes)
    assert all(1 <= part <= length for part, length in zip(chunk, shape))
    assert math.prod(chunk) == 1 or math.prod(chunk) * recorded_bytes <= 1 << 26


def test_a_hundred_million_cells_are_some_hundred_chunks() -> None:
    shape = (10_000, 10_000)
    chunk = chunk_shape(shape, work=4000, recorded_bytes=12, lanes=1024)
    assert 200 < count(shape, chunk) < 5000
    assert math.prod(chunk) >= 1024
