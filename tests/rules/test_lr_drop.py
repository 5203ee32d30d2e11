"""The learning rate inside the velocity or outside it: one path until it changes, two afterwards."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from polyak.rules import HeavyBall, Nesterov, RMSProp, Rule

STEPS, DROP, OLD, NEW = 200, 100, 0.1, 0.01


def lr(step: int) -> float:
    return OLD if step < DROP else NEW


def rescaled(step: int, state: Any) -> Any:
    """The state with its velocities multiplied by new lr / old lr when the drop comes."""
    if step != DROP:
        return state
    layer, bias = state.slots["layer"]
    slots = {"layer": (_rescaled(layer), _rescaled(bias)), "scale": _rescaled(state.slots["scale"])}
    return state._replace(slots=slots)


def _rescaled(slots: dict[str, Any]) -> dict[str, Any]:
    return {**slots, "velocity": slots["velocity"] * (NEW / OLD)}


FORMS = [HeavyBall(lr, 0.9), Nesterov(lr, 0.9), RMSProp(lr, 0.95, 0.5, momentum=0.9)]


@pytest.mark.parametrize("inside", FORMS, ids=lambda rule: rule.name())
def test_inside_and_outside_part_at_the_drop(inside: Rule, problem: Any, walk: Any) -> None:
    outside = inside.replace(lr_in_velocity=False)
    x = problem.on("numpy")
    a = walk(inside, x, problem.gradient, STEPS)
    b = walk(outside, x, problem.gradient, STEPS)
    scale = np.abs(a).max()
    np.testing.assert_allclose(a[: DROP + 1], b[: DROP + 1], rtol=0, atol=1e-12 * scale)
    assert np.abs(a[DROP + 1] - b[DROP + 1]).max() > 1e-6 * scale


@pytest.mark.parametrize("inside", FORMS, ids=lambda rule: rule.name())
def test_a_rescaled_velocity_joins_them_again(
    inside: Rule, problem: Any, walk: Any, assert_same_path: Any
) -> None:
    x = problem.on("numpy")
    a = walk(inside, x, problem.gradient, STEPS, rescaled)
    b = walk(inside.replace(lr_in_velocity=False), x, problem.gradient, STEPS)
    assert_same_path(a, b)


def test_how_far_they_part(walk: Any) -> None:
    """The step after the drop differs by (1 - new/old) gamma times the last step; mid-swing that is more than x_0."""
    drop, gamma, steps = 5, 0.9, 100
    inside = HeavyBall(lambda step: OLD if step < drop else NEW, gamma)
    a = walk(inside, np.array(1.0), lambda x: x, steps)
    b = walk(inside.replace(lr_in_velocity=False), np.array(1.0), lambda x: x, steps)
    gap = np.abs(a - b)
    roundings = 10 * steps * np.finfo(float).eps
    np.testing.assert_allclose(a[: drop + 1], b[: drop + 1], rtol=0, atol=roundings)
    expected = gamma * (1 - NEW / OLD) * np.abs(a[drop] - a[drop - 1])
    np.testing.assert_allclose(gap[drop + 1], expected, rtol=0, atol=roundings)
    assert gap.max() > 1.0
