"""A package of another's, on the path for the time of these tests."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGES = str(Path(__file__).with_name("packages"))


@pytest.fixture(autouse=True, scope="package")
def someone_elses() -> Iterator[None]:
    sys.path.insert(0, PACKAGES)
    yield
    sys.path.remove(PACKAGES)
