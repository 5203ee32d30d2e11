"""Weight decay where the reference has none, or another: never taken for rounding, and measured."""

from __future__ import annotations

from typing import Any

import pytest

from polyak.verify import verify

pytestmark = pytest.mark.usefixtures("brief")

SGD = {"lr": 0.02, "momentum": 0.9}
ADAM = {"lr": 0.02, "eps": 1e-6}
SGDS, ADAMS = ("Decayed", "torch:SGD", SGD), ("torch:Adam", ADAM)
NAMES = {
    "coupled": "coupled",
    "decoupled": "decoupled",
    "constant": "by a constant",
    "sign": "by the sign",
}


@pytest.mark.parametrize(
    ("kind", "amount"),
    [
        ("coupled", 1e-4),
        ("coupled", 1e-6),
        ("decoupled", 1e-4),
        ("decoupled", 1.234567e-5),
        ("constant", 1e-4),
        ("constant", 1e-6),
        ("sign", -1e-5),
    ],
)
def test_one_that_the_reference_has_not(kind: str, amount: float) -> None:
    own = {"kind": kind, "own": amount}
    report = verify("someone_elses.decays:Decayed", against="torch:SGD", candidate_settings=own, **SGD)
    assert not report.equal
    assert report.verdict == f"equal but for a weight decay of {amount:.6g}, {NAMES[kind]}", str(report)
    assert report.cause.endswith("the reference has none")


@pytest.mark.parametrize("nesterov", [True, False])
def test_one_beside_another_change(nesterov: bool) -> None:
    own = {"kind": "decoupled", "own": 1e-4}
    settings = {**SGD, "nesterov": nesterov}
    report = verify(
        "someone_elses.decays:DecayedInside", against="torch:SGD", candidate_settings=own, **settings
    )
    found = set(report.verdict.split("; "))
    assert found == {"equal but for a weight decay of 0.0001, decoupled", "equal at constant lr only"}, str(
        report
    )


@pytest.mark.parametrize(
    ("name", "against", "settings", "own", "verdict"),
    [
        (
            "AdamW",
            "torch:Adam",
            ADAM,
            {},
            "equal but for a weight decay of 0.0001, decoupled; weight decay decoupled",
        ),
        ("Adam", "torch:Adam", ADAM, {}, "equal but for a weight decay of 0.0001, coupled"),
        ("AdamW", "torch:AdamW", ADAM, {}, "another weight decay"),
        ("ConstantSGDW", "torch:SGD", SGD, {}, "weight decay by a constant"),
        (
            "ConstantSGDW",
            "torch:SGD",
            SGD,
            {"weight_decay": 1e-4},
            "equal but for a weight decay of 0.0001, by a constant",
        ),
    ],
)
def test_of_other_packages(name: str, against: str, settings: Any, own: Any, verdict: str) -> None:
    report = verify(f"someone_elses.decays:{name}", against=against, candidate_settings=own, **settings)
    assert report.verdict == verdict, str(report)
    assert not any(outcome.single for outcome in report.scenarios)
