"""A package of another's, on the path for the time of these tests."""

from __future__ import annotations

import importlib
import sys
from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from polyak.verify import SCENARIOS

PACKAGES = str(Path(__file__).with_name("packages"))
BRIEF = (*SCENARIOS[:-1], replace(SCENARIOS[-1], steps=SCENARIOS[-1].steps // 5))
RUN: OrderedDict[Any, Any] = (
    OrderedDict()
)  # the references' runs of these, which are known by a scenario's name


@pytest.fixture(autouse=True, scope="package")
def someone_elses() -> Iterator[None]:
    sys.path.insert(0, PACKAGES)
    yield
    sys.path.remove(PACKAGES)


@pytest.fixture
def brief(monkeypatch: pytest.MonkeyPatch) -> None:
    """The long run, which is more than half of all steps, cut to a fifth: for what parts long before.

    That it is as long as it says, and what it tells, is asked where this is not asked for.
    """
    monkeypatch.setattr(importlib.import_module("polyak.verify.verify"), "SCENARIOS", BRIEF)
    monkeypatch.setattr(importlib.import_module("polyak.verify.references"), "_kept", RUN)
