"""A share of the planted faults: each named, and none said to be equal; all sixty are benchmarks/planted_faults.py."""

from __future__ import annotations

import pytest

from planted import CASES, Case
from polyak import verify

FEW = (
    ("torch:Adam", "three settings"),
    ("torch:SGD", "nesterov, gathered"),
    ("torch:SGD", "momentum, clipped by value"),
)


@pytest.mark.parametrize(
    "case", [each for each in CASES if (each.where, each.fault) in FEW], ids=lambda case: case.fault
)
def test_what_was_planted_is_named(case: Case) -> None:
    report = verify(case.candidate, against=case.where, **case.settings)
    assert not report.equal
    said = f"{report.verdict}: {report.cause}"
    assert any(words in said for words in case.named), said


def test_the_corpus_is_what_it_says() -> None:
    assert len(CASES) == 60
    assert len({(case.where, *sorted(case.settings.items())) for case in CASES}) >= 20
    assert len({(case.where, case.fault) for case in CASES}) == 60
    assert {*FEW} <= {(case.where, case.fault) for case in CASES}
