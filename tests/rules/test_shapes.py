"""What every rule's docstring promises: arrays of any shape, each entry of which moves as it would alone."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from polyak.rules import Rule

SHAPES = [(), (1,), (7,), (2, 3), (3, 1, 2), (2, 2, 3, 3), (0, 4), (70, 60)]
STEPS = 4


def walked(rule: Rule, x: Any, gradients: Any) -> Any:
    state = rule.init(x)
    for g in gradients:
        updates, state = rule.update(g, state, x)
        assert updates.shape == x.shape
        x = x + updates
    return x


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_each_entry_moves_as_it_would_alone(variant: Rule, shape: tuple[int, ...]) -> None:
    generator = np.random.default_rng(0)
    x, gradients = generator.normal(size=shape), generator.normal(size=(STEPS, *shape))
    end = walked(variant, x, gradients)
    assert end.dtype == np.float64
    flat = gradients.reshape(STEPS, -1)
    for k in range(0, x.size, max(1, x.size // 40)):
        alone = walked(variant, x.reshape(-1)[k : k + 1], flat[:, k : k + 1])
        np.testing.assert_allclose(end.reshape(-1)[k], alone[0], rtol=1e-14, atol=1e-15)


def test_the_docstring_says_so_of_the_rules_that_were_asked_alone(typical: Rule) -> None:
    assert "Arrays of any shape" in str(type(typical).__doc__)


def test_of_a_readers_own_rule_nothing_is_said_that_nobody_checked() -> None:
    class Own(Rule):
        """My own."""

        formula, source = "x", "mine"

    assert "any shape" not in str(Own.__doc__)
    assert "Source: mine" in str(Own.__doc__)
