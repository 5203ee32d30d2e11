"""Every rule by hand: three changing gradients, three learning rates, every number written out.

x_0 = 5, gradients 3, -1, 2, learning rates 0.1, 0.4, 0.2. Each entry is x_1, x_2, x_3 as steps from x_0,
with the slots' values worked out from the formula of the paper. They stand in `worked/`, one file a rule.
"""

from __future__ import annotations

import numpy as np
import pytest

from polyak.rules import CATALOGUE
from worked import worked

G1, G2, G3 = 3.0, -1.0, 2.0


@pytest.mark.parametrize("name", CATALOGUE.ours())
def test_first_three_steps(name: str) -> None:
    by_hand = worked("rules", name).BY_HAND
    assert {rule.name() for rule, _ in by_hand} == {name}
    for rule, steps in by_hand:
        # The second coordinate mirrors the first: every rule is odd in (g, x).
        x = np.array([5.0, -5.0])
        state = rule.init(x)
        for g, step in zip((G1, G2, G3), steps, strict=True):
            before = x
            updates, state = rule.update(np.array([g, -g]), state, x)
            x = x + updates
            # A dozen roundings of numbers no larger than 10.
            np.testing.assert_allclose(
                x - before, [step, -step], rtol=0, atol=120 * np.finfo(float).eps, err_msg=str(rule)
            )
