"""Fourteen trainings that go wrong are named right, and none of twelve sound ones: real torch trainings, recorded."""

from __future__ import annotations

from functools import partial

import pytest

import stages
from polyak.diagnose import explain
from polyak.diagnose.watch import Watch

BEGIN = partial(Watch, most_time=1)


@pytest.mark.parametrize("name", stages.STAGES)
def test_a_staged_failure_is_named(name: str) -> None:
    run, cause = stages.STAGES[name]
    found = explain(run(BEGIN))
    assert found.cause == cause, str(found)


@pytest.mark.parametrize("name", stages.HEALTHY)
def test_a_sound_training_is_not(name: str) -> None:
    found = explain(stages.HEALTHY[name](BEGIN))
    assert found.cause is None, str(found)
