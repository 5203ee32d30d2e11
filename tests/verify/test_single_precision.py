"""Optimizers in float32: called so, and whatever else is otherwise is said besides."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from polyak.verify import verify

SGD = {"lr": 0.02, "momentum": 0.9}
NESTEROV = {**SGD, "nesterov": True}
ADAM = {"lr": 0.02, "eps": 1e-6}


@pytest.mark.parametrize(
    ("name", "against", "settings"),
    [
        ("SGD", "torch:SGD", SGD),
        ("SGD", "torch:SGD", {**NESTEROV, "lr": 1e-3}),
        ("ScalarsAlone", "torch:SGD", SGD),
        ("Adam", "torch:Adam", ADAM),
    ],
)
def test_float32_and_nothing_else(name: str, against: str, settings: Any) -> None:
    report = verify(f"someone_elses.single:{name}", against=against, **settings)
    assert report.verdict == "equal in single precision", str(report)
    assert report.cause == "it rounds to float32 somewhere"
    assert not report.equal
    parted = [outcome for outcome in report.scenarios if outcome.status == "parts"]
    assert all(outcome.single for outcome in parted)
    assert "parts as far as single precision rounds, at step" in str(report)


def test_where_float32_overflows_it_is_single_precision_still() -> None:
    report = verify("someone_elses.single:SGD", against="torch:SGD", **SGD)
    huge = next(outcome for outcome in report.scenarios if outcome.scenario.startswith("huge"))
    assert huge.gaps is not None
    assert np.isinf(huge.gaps).any()
    assert huge.reason.startswith("float32 overflows at step ")


@pytest.mark.parametrize(
    ("name", "against", "settings", "own", "verdict"),
    [
        ("NeverLooksAhead", "torch:SGD", NESTEROV, {}, "no Nesterov look-ahead"),
        ("LrInside", "torch:SGD", SGD, {}, "equal at constant lr only"),
        ("SGDW", "torch:SGD", SGD, {}, "weight decay decoupled"),
        ("AdamW", "torch:Adam", ADAM, {}, "weight decay decoupled"),
        ("SGD", "torch:SGD", SGD, {"weight_decay": 1e-4}, "equal but for a weight decay of 0.0001, coupled"),
        (
            "AdamW",
            "torch:Adam",
            ADAM,
            {"weight_decay": 1e-3},
            "equal but for a weight decay of 0.001, decoupled",
        ),
    ],
)
def test_float32_and_another_change(
    brief: None, name: str, against: str, settings: Any, own: Any, verdict: str
) -> None:
    report = verify(f"someone_elses.single:{name}", against=against, candidate_settings=own, **settings)
    assert report.verdict == f"{verdict}; in single precision", str(report)
    assert report.cause.endswith("; and it rounds to float32 somewhere")


def test_float32_and_what_has_no_name() -> None:
    report = verify("someone_elses.single:EightBits", against="torch:AdamW", weight_decay=0.0, **ADAM)
    assert report.verdict == "equal but for a large matrix; in single precision", str(report)
    assert report.cause == "it rounds to float32 somewhere; that is not all"


@pytest.mark.parametrize("lr", [0.02, 1e-4])
def test_a_smooth_difference_is_no_rounding(lr: float) -> None:
    """A learning rate that is off by a millionth parts by as little as float32 rounds, and does not round."""
    own = {"lr": lr * (1 + 1e-6)}
    report = verify("someone_elses.momentum:Right", "torch:SGD", candidate_settings=own, lr=lr, momentum=0.9)
    assert report.verdict == "other numbers", str(report)
    assert not any(outcome.single for outcome in report.scenarios)
