"""Quantities and the verdict, against numbers worked out by hand."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from polyak.diagnose.watch.context import Context
from polyak.diagnose.watch.facts import Facts
from polyak.diagnose.watch.quantities.trace_sigma import trace_sigma
from polyak.diagnose.watch.quantity import Quantity, quantities
from polyak.diagnose.watch.watched import Watched
from polyak.frameworks.live import Arrays

FACTS = Facts(
    "torch", "Net", "torch's SGD", "SGD", {"lr": 0.1}, 3, ("w", "b"), (2, 1), ("float32",) * 2, 50, "run", "1"
)


HELD = (np.array([0.0, 2.0]), np.array([0.0]))


class ByHand:
    """A training whose arrays are typed in."""

    def __init__(
        self,
        velocity: Arrays = HELD,
        momentum: float = 0.0,
    ) -> None:
        self.velocity, self.momentum = velocity, momentum

    def parameters(self) -> Arrays:
        return np.array([3.0, 4.0]), np.array([12.0])

    def gradients(self) -> Arrays | None:
        return None

    def slots(self) -> Mapping[str, Arrays]:
        return {"velocity": self.velocity}

    def settings(self) -> Mapping[str, float]:
        return {"lr": 0.1, "momentum": self.momentum}

    def modes(self) -> Mapping[str, bool]:
        return {}


def test_lengths_and_alignment_by_hand() -> None:
    gradients = np.array([0.0, -3.0]), np.array([4.0])
    context = Context(50, FACTS.layers, ByHand(), gradients, None, None, held=True, kept=None, rows=8)
    found = {each.name: each.compute(context) for each in quantities()}
    assert found["parameter_norm"] == 13.0
    assert np.array_equal(found["layer_parameter_norm"], [5.0, 12.0])
    assert found["gradient_norm"] == 5.0
    assert np.array_equal(found["layer_gradient_norm"], [3.0, 4.0])
    assert found["velocity_norm"] == 2.0
    assert found["alignment"] == -6 / (2 * 5)
    for missing in ("own_gradient_norm", "update_norm", "layer_update_norm"):
        assert np.isnan(found[missing]).all(), missing


def context(gradients: Arrays | None = None, **more: Any) -> Context:
    live, rows = ByHand(**more.pop("live", {})), more.pop("rows", 0)
    return Context(50, FACTS.layers, live, gradients, None, None, True, None, rows, **more)


def quantity(name: str) -> Quantity:
    return next(each for each in quantities() if each.name == name)


def test_two_batches_gradients_give_the_trace_of_their_rows_covariance() -> None:
    """Rows' gradients are drawn with a known covariance: the mean over many pairs of batches is its trace."""
    draw, found = np.random.default_rng(0), []
    scale = np.array([1.0, 3.0, 0.5])
    for _ in range(4000):
        one, other = (draw.normal(size=(rows, 3)).mean(0) * scale for rows in (4, 16))
        seen = context(rows=4, other_gradients=(other[:2], other[2:]), other_rows=16)
        found.append(trace_sigma(replace(seen, own_gradients=(one[:2], one[2:]))))
    trace, spread = float(scale @ scale), np.std(found) / np.sqrt(len(found))
    assert np.mean(found) == pytest.approx(trace, abs=4 * spread)
    assert 4 * spread < 0.1 * trace
    assert np.isnan(trace_sigma(context(rows=4)))


def test_what_is_left_of_the_velocity_of_a_memory_ago() -> None:
    """Of alike gradients gamma^n; of ones that grew less, of ones that fell more; of a velocity at rest all of it."""
    each, momentum = quantity("older_share"), 0.9
    n = each.ahead({"momentum": momentum})
    assert n == 10
    for growth, low, high in ((1.0, 0.34, 0.36), (1.2, 0.0, 0.2), (0.8, 0.6, 1.0), (0.0, 0.999, 1.001)):
        v, history = np.ones(2), []
        for k in range(300):
            v = momentum * v + (1.0 if k < 290 else growth ** (k - 289))
            history.append(v)
        then, now = ({"velocity": (x, np.zeros(1)), "momentum": momentum} for x in (history[-1 - n], v))
        assert each.before is not None
        kept = each.before(context(live=then))
        assert low < each.compute(replace(context(live=now), kept=kept)) < high, growth


@pytest.mark.parametrize("by", ["length", "value"])
def test_a_clip_is_seen_in_two_gradients_of_one_length_that_point_elsewhere(by: str) -> None:
    each, draw = quantity("clipped"), np.random.default_rng(1)

    def drawn(clipped: bool) -> Arrays:
        g = 5 * draw.normal(size=30)
        if clipped and by == "value":
            return (np.clip(g, -1, 1),)
        return (g / np.linalg.norm(g) if clipped else g,)

    assert each.before is not None
    for clipped in (True, False):
        kept = each.before(context(drawn(clipped)))
        assert each.compute(replace(context(drawn(clipped)), kept=kept)) == clipped
    same = drawn(False)
    kept = each.before(context(same))
    assert np.isnan(each.compute(replace(context(same), kept=kept)))  # a descent at rest is no clip


def watched(sharpness: list[float], edge: float) -> Watched:
    step, sharp = 250.0 * np.arange(1, len(sharpness) + 1), np.array(sharpness)
    rows = {"step": step, "lr": 0.02 + 0 * step, "batch_size": 64 + 0 * step}
    readings = {"step": step, "sharpness": sharp, "edge": edge + 0 * step, "share": sharp / edge}
    return Watched(FACTS, rows, readings, ())


def test_the_verdict_says_share_growth_and_where() -> None:
    assert watched([20.0, 30.0, 40.0], 80.0).verdict() == (
        "lr 0.02 uses 50 % of the edge (full batch, batch 64); sharpness grew 2 times in 500 steps;"
        " ripples may begin at lr 0.04"
    )
    assert "ripples may have begun" in watched([20.0, 100.0], 80.0).verdict()
    assert watched([np.nan], 80.0).verdict().startswith("no answer yet")
