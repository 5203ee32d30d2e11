"""Quantities and the verdict, against numbers worked out by hand."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from polyak.diagnose.watch.context import Arrays, Context
from polyak.diagnose.watch.facts import Facts
from polyak.diagnose.watch.quantity import quantities
from polyak.diagnose.watch.watched import Watched

FACTS = Facts(
    "torch", "Net", "torch's SGD", "SGD", {"lr": 0.1}, 3, ("w", "b"), (2, 1), ("float32",) * 2, 50, "run", "1"
)


class ByHand:
    """A training whose arrays are typed in."""

    def parameters(self) -> Arrays:
        return np.array([3.0, 4.0]), np.array([12.0])

    def gradients(self) -> Arrays | None:
        return None

    def slots(self) -> Mapping[str, Arrays]:
        return {"velocity": (np.array([0.0, 2.0]), np.array([0.0]))}

    def settings(self) -> Mapping[str, float]:
        return {"lr": 0.1}

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
