"""Failures that no cause was written for: each is rightly named, or said to be none of the causes known here."""

from __future__ import annotations

from functools import partial

import pytest

import unforeseen
from polyak.diagnose import explain
from polyak.diagnose.watch import Watch


@pytest.mark.filterwarnings("ignore::UserWarning")  # of the watch, which warns as it should
@pytest.mark.parametrize("name", unforeseen.RIGHT)
def test_no_wrong_name(name: str) -> None:
    run, right = unforeseen.RIGHT[name]
    found = explain(run(partial(Watch, most_time=1)))
    assert found.cause in right, str(found)
