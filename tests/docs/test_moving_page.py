"""docs/moving.md is what the program says today, and both sides of its rows go the same way, or part as it says."""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "scripts"))

import moving_page  # noqa: E402


def test_the_page_is_what_is_made() -> None:
    assert moving_page.page() == (ROOT / "docs" / "moving.md").read_text("utf-8")


def test_every_row_that_is_the_same_is_so_beside_the_real_ones() -> None:
    held = 0
    for move in moving_page.MOVES:
        for recipe, found in moving_page.translations(move):
            if found.words()[0].startswith("same trajectory") and move.target != "keras":
                proof = found.check(steps=12)
                assert proof.holds, (recipe, str(proof))
                held += 1
    assert held >= 8
