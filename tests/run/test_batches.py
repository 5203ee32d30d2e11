"""The plan of an epoch: every row exactly once, and the records where they belong, for all sizes."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from polyak.run.batches import Plan, parameter_generator


@st.composite
def sizes(draw: Any) -> dict[str, int]:
    rows = draw(st.integers(2, 400))
    return {
        "rows": rows,
        "batch_size": draw(st.integers(1, rows)),
        "every": draw(st.integers(1, 2 * rows)),
    }


both = st.booleans()
AIRFOIL = {"rows": 1503, "batch_size": 10, "every": 100}


def slices(plan: Plan, order: np.ndarray) -> list[np.ndarray]:
    """The order cut into batches by hand."""
    return [order[k : k + plan.batch_size] for k in range(0, len(order), plan.batch_size)]


def joined(parts: tuple[np.ndarray, ...]) -> list[np.ndarray]:
    """The batches of the cut parts, in the order in which they run."""
    return [batch for part in parts for record in part for batch in record]


@given(size=sizes(), replace=both, seed=st.integers(0, 2**32), epoch=st.integers(0, 50))
@example(size=AIRFOIL, replace=False, seed=0, epoch=0)
@example(size={"rows": 2, "batch_size": 2, "every": 1}, replace=True, seed=0, epoch=0)
def test_every_row_once_an_epoch(size: dict[str, int], replace: bool, seed: int, epoch: int) -> None:
    plan = Plan.of(**size, replace=replace)
    order = plan.draw(seed, epoch, replace=replace)
    rows, batch = size["rows"], size["batch_size"]
    if replace:
        assert len(order) == plan.steps * batch == math.ceil(rows / batch) * batch
        assert order.min() >= 0
        assert order.max() < rows
    else:
        assert sorted(order.tolist()) == list(range(rows))
    ours = joined(plan.cut(order))
    theirs = slices(plan, order)
    assert [batch.tolist() for batch in ours] == [batch.tolist() for batch in theirs]
    assert plan.steps == len(theirs) == math.ceil(rows / batch)


@given(size=sizes(), replace=both, epochs=st.integers(1, 5))
@example(size=AIRFOIL, replace=False, epochs=2)
def test_records(size: dict[str, int], replace: bool, epochs: int) -> None:
    plan = Plan.of(**size, replace=replace)
    rows, batch, every = size.values()
    steps, seen = plan.steps_taken(epochs), plan.rows_seen(epochs)
    # From the start, strictly on, and every epoch's end is a record.
    assert steps[0] == seen[0] == 0
    assert (np.diff(steps) > 0).all()
    assert (np.diff(seen) > 0).all()
    an_epoch = plan.steps * batch if replace else rows
    assert steps[-1] == plan.steps * epochs
    assert seen[-1] == an_epoch * epochs
    assert {plan.steps * e for e in range(1, epochs + 1)} <= set(steps.tolist())
    # So many rows are so many batches: the last of an epoch alone may be short.
    within, taken = seen % an_epoch, steps % plan.steps
    assert (within == taken * batch).all()
    # Between records lie as many batches as come nearest to `every` rows, and fewer only at an epoch's end.
    apart = max(1, round(every / batch))
    gaps = np.diff(steps)
    ends = steps[1:] % plan.steps == 0
    assert (gaps[~ends] == apart).all()
    if not replace and rows % batch:
        # A short last batch is recorded with what came before it, or by itself.
        assert gaps.max(initial=1) <= max(apart, 1) + 1
    else:
        assert gaps.max(initial=1) <= apart


@given(size=sizes(), replace=both)
def test_what_is_cut_is_what_is_recorded(size: dict[str, int], replace: bool) -> None:
    """One record after each row of the first part, and one at the end if anything is left for it."""
    plan = Plan.of(**size, replace=replace)
    records, rest, last = plan.cut(plan.draw(0, 0, replace=replace))
    left = rest.shape[0] * rest.shape[1] + last.shape[0]
    assert len(plan.recorded_steps) == records.shape[0] + (left > 0)
    assert rest.shape[2] == records.shape[2] == size["batch_size"]
    if last.size:
        assert last.shape[2] == size["rows"] % size["batch_size"]


@given(size=sizes())
def test_many_epochs_are_cut_at_once(size: dict[str, int]) -> None:
    plan = Plan.of(**size)
    orders = np.array([[plan.draw(seed, epoch) for epoch in range(2)] for seed in range(3)])
    parts = plan.cut(orders)
    assert all(part.shape[:2] == (3, 2) for part in parts)
    for seed in range(3):
        alone = plan.cut(orders[seed, 1])
        for part, one in zip(parts, alone, strict=True):
            np.testing.assert_array_equal(part[seed, 1], one)


def test_airfoils_plan() -> None:
    plan = Plan.of(**AIRFOIL)
    assert plan.steps == 151
    assert plan.rows_seen(2).tolist() == [0, *range(100, 1501, 100), 1503, *range(1603, 3004, 100), 3006]
    assert plan.steps_taken(1).tolist() == [0, *range(10, 151, 10), 151]


def test_each_seed_and_epoch_has_its_own_order() -> None:
    plan = Plan.of(**AIRFOIL)
    for replace in (False, True):
        orders = [plan.draw(seed, epoch, replace=replace) for seed in range(3) for epoch in range(3)]
        assert len({order.tobytes() for order in orders}) == 9
        np.testing.assert_array_equal(orders[4], plan.draw(1, 1, replace=replace))
        assert orders[0].dtype == np.int32


def test_the_orders_are_for_ever() -> None:
    """Drawn by NumPy from a stream of the seed's own: a history stays what it was, whatever the version of JAX."""
    plan = Plan.of(rows=8, batch_size=3, every=3)
    assert plan.draw(0, 0).tolist() == [3, 1, 6, 5, 7, 2, 0, 4]
    assert plan.draw(5, 2).tolist() == [6, 7, 0, 4, 2, 3, 1, 5]
    stream = np.random.default_rng(np.random.SeedSequence(5, spawn_key=(1, 2)))
    np.testing.assert_array_equal(plan.draw(5, 2), stream.permutation(np.arange(8, dtype=np.int32)))


def test_batches_and_parameters_are_drawn_apart() -> None:
    plan = Plan.of(**AIRFOIL)
    of_batches = np.random.default_rng(np.random.SeedSequence(0, spawn_key=(1, 0))).normal(size=5)
    assert not np.allclose(parameter_generator(0).normal(size=5), of_batches)
    assert not np.array_equal(parameter_generator(0).permutation(1503), plan.draw(0, 0))


def test_with_replacement_each_row_is_as_likely() -> None:
    plan = Plan.of(rows=20, batch_size=20, every=20, replace=True)
    counts = np.bincount(np.concatenate([plan.draw(0, e, replace=True) for e in range(500)]), minlength=20)
    # 10,000 draws among 20 rows: chi-square with 19 degrees of freedom, whose 99.9 % point is 43.8.
    assert ((counts - 500) ** 2 / 500).sum() < 43.8
    assert plan.draw(0, 0, replace=True).tolist() != sorted(plan.draw(0, 0, replace=True).tolist())
    assert len(set(plan.draw(0, 0, replace=True).tolist())) < 20


@pytest.mark.parametrize(
    "size", [{"rows": 10, "batch_size": 10, "every": 1}, {"rows": 7, "batch_size": 7, "every": 100}]
)
def test_one_batch_an_epoch(size: dict[str, int]) -> None:
    assert Plan.of(**size).steps_taken(3).tolist() == [0, 1, 2, 3]
