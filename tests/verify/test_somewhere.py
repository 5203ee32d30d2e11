"""Optimizers that are right almost everywhere: each is seen where it is not, and `equal` says what it is true of."""

from __future__ import annotations

import pytest
import torch

from polyak.verify import SCENARIOS, verify

SGD = {"lr": 0.02, "momentum": 0.9}
ADAM = {"lr": 0.02, "eps": 1e-6}
ROWS, KERNEL = "rows whose gradients come by turns", "a kernel"
LAST, LARGE, LONG = "a kernel, channels last in memory", "a large matrix", "a long run"
MATRICES = {"large parameters, which decay alone moves", ROWS, "a matrix", LARGE, LONG}


@pytest.mark.parametrize(
    ("name", "against", "parts_in", "verdict"),
    [
        ("MuonForMatrices", "torch:SGD", MATRICES, "equal but for arrays of two axes"),
        ("ByTheLastAxis", "torch:SGD", {KERNEL, LAST}, "equal but for arrays of four axes"),
        (
            "ByRows",
            "torch:Adam",
            (MATRICES | {KERNEL, LAST}) - {"large parameters, which decay alone moves"},
            "",
        ),
        ("OfEightBits", "torch:Adam", {LARGE}, f"equal but for {LARGE}"),
        ("HalvesItsLr", "torch:SGD", {LONG}, f"equal but for {LONG}"),
        ("InMemoryOrder", "torch:SGD", {LAST}, f"equal but for {LAST}"),
        ("LeavesZerosAlone", "torch:Adam", {ROWS}, f"equal but for {ROWS}"),
        ("SkipsZeros", "torch:SGD", {ROWS, "zero gradients"}, ""),
        ("ClippedFarOut", "torch:SGD", {"huge gradients, beside which eps is nothing"}, ""),
        ("MomentumInHalf", "torch:SGD", {"a constant lr", LARGE, LONG}, "another optimizer"),
    ],
)
def test_each_is_seen_where_it_is_another(
    brief: None, name: str, against: str, parts_in: set[str], verdict: str
) -> None:
    report = verify(f"someone_elses.somewhere:{name}", against=against, **(SGD if "SGD" in against else ADAM))
    parted = {outcome.scenario for outcome in report.scenarios if outcome.status == "parts"}
    assert not report.equal
    assert parted >= parts_in if name == "MomentumInHalf" else parted == parts_in, str(report)
    assert verdict in report.verdict, str(report)
    assert not any(outcome.single for outcome in report.scenarios)


def test_the_step_at_which_a_long_run_parts() -> None:
    report = verify("someone_elses.somewhere:HalvesItsLr", against="torch:SGD", **SGD)
    assert report.scenarios[-1].step == 101


def test_what_takes_parameters_for_contiguous_fails_where_they_are_not() -> None:
    report = verify("someone_elses.somewhere:Flattened", against="torch:SGD", **SGD)
    assert report.verdict == f"fails: {LAST}"
    assert "view size is not compatible" in report.cause


def test_a_verdict_says_what_it_is_true_of() -> None:
    report = verify(torch.optim.SGD, against="torch:SGD", **SGD)
    assert report.equal
    assert report.scope == (
        f"{len(SCENARIOS) - 1} of {len(SCENARIOS)} scenarios, with arrays of up to 20,480 numbers and 4 axes, and up"
        " to 600 steps"
    )
    assert str(report).splitlines()[:2] == [
        "SGD(lr=0.02, momentum=0.9) against torch:SGD(lr=0.02, momentum=0.9): equal",
        f"true of {report.scope}",
    ]


def test_what_takes_matrices_alone_is_held_to_them() -> None:
    report = verify("torch:Muon", against=torch.optim.Muon, lr=0.02, weight_decay=0.0)
    assert report.equal, str(report)
    tried = {outcome.scenario for outcome in report.scenarios if outcome.status == "equal"}
    assert {"the first step", "a constant lr", "an lr drop", "a long run"} <= tried
    assert report.notes == ("matrices alone: one side takes no other arrays",)
    other = verify("torch:SGD", against="torch:Muon", lr=0.02, weight_decay=0.0)
    assert other.verdict == "another rule"
