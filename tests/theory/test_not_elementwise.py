"""What is not elementwise, or changes from step to step, is refused by every question about one number."""

from __future__ import annotations

from typing import Any

import pytest

import polyak as pk
from polyak import PolyakError


def test_a_rule_that_mixes_an_array_has_no_response(mixing: Any) -> None:
    with pytest.raises(PolyakError, match=r"mixes the entries of (an array|a matrix)"):
        pk.response(mixing)


def test_an_average_of_all_steps_has_no_constant_map() -> None:
    with pytest.raises(PolyakError, match="changes from step to step"):
        pk.theory.step_map(pk.ScheduleFree(lr=0.1))
    with pytest.raises(PolyakError, match="never fades"):
        pk.response(pk.ScheduleFree(lr=0.1))
