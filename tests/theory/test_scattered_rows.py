"""The edge of normally scattered rows from two numbers, against the exact recursion over all of their curvatures."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

import polyak as pk
from polyak.theory.mean_square import mean_square_edge
from polyak.theory.motion import edge, times
from polyak.theory.scattered_rows import noise_growth, scattered_edge
from polyak.theory.step_map import StepMap, step_map

STEEP, FLAT = 1.0, 40  # one steep direction, and so many flat ones


class Normal:
    """Rows of one output with normal inputs: mean_i H_i X H_i by Isserlis."""

    def __init__(self, flat: float) -> None:
        self.curvatures = np.r_[np.full(FLAT, flat), STEEP]

    def mean_of(self, X: NDArray[np.float64]) -> NDArray[np.float64]:
        h = self.curvatures
        return np.asarray(2 * np.outer(h, h) * X + np.diag(h) * (h @ np.diag(X)))


@pytest.mark.parametrize("rule", [pk.GradientDescent(lr=0.1), pk.HeavyBall(lr=0.1, momentum=0.9)])
@pytest.mark.parametrize("batch", [4, 64])
def test_it_is_the_exact_edge_where_the_rest_is_flat(rule: pk.Rule, batch: int) -> None:
    rows, gain = Normal(1e-3), 0.1 if isinstance(rule, pk.GradientDescent) else 1.0
    unit = step_map(rule)
    one = StepMap(unit.A, unit.B / gain)  # a gradient of 1 moves x by 1 in the end, as motion.py has it

    def step_at(factor: float) -> StepMap:
        return times(one, factor)

    full_batch = edge(one, STEEP)
    trace = float(rows.curvatures.sum())
    found = scattered_edge(step_at, STEEP, trace, 1 / batch, full_batch)
    # Exact but for 2 HXH of the flat ones, a share 2 * flat / trace of theirs, and their spread's own curvature.
    assert found == pytest.approx(mean_square_edge(step_at, rows, 1 / batch, full_batch), rel=0.01)
    assert found < full_batch


def test_no_noise_leaves_the_full_batch_s_edge() -> None:
    unit = step_map(pk.HeavyBall(lr=1.0, momentum=0.9))
    one = StepMap(unit.A, unit.B / 10)
    assert scattered_edge(lambda f: times(one, f), 1.0, 5.0, 0.0, 38.0) == pytest.approx(38.0, rel=1e-3)


@pytest.mark.parametrize("batch", [8, 16])
def test_noise_breeds_itself_where_many_flat_directions_outweigh_the_steep_one(batch: int) -> None:
    """As in a transformer, whose trace is some twenty times its largest curvature: at the exact edge the factor is 1,
    it goes down with the batch, and a trace that is left out would say that nothing grows.
    """
    rows = Normal(0.05)
    rows.curvatures = np.r_[np.full(200, 0.1), STEEP]
    unit = step_map(pk.HeavyBall(lr=0.1, momentum=0.9))
    full_batch, trace = edge(unit, STEEP), float(rows.curvatures.sum())
    exact = mean_square_edge(lambda factor: times(unit, factor), rows, 1 / batch, full_batch)
    gain = 1.0  # of lr 0.1 at momentum 0.9
    assert exact < full_batch / 2
    there = noise_growth(times(unit, exact), STEEP, trace, 1 / batch, gain * exact)
    assert there == pytest.approx(1.0, rel=0.05)
    assert noise_growth(times(unit, exact), STEEP, trace, 0.5 / batch, gain * exact) == pytest.approx(
        there / 2
    )
    assert noise_growth(times(unit, exact), STEEP, STEEP, 1 / batch, gain * exact) < 0.5
