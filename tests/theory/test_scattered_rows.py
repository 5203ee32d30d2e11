"""The edge of normally scattered rows from two numbers, against the exact recursion over all of their curvatures."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

import polyak as pk
from polyak.theory.mean_square import mean_square_edge
from polyak.theory.motion import edge, times
from polyak.theory.scattered_rows import scattered_edge
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
