"""The chapters beyond the first run, and what they print is what they say: their cells one after another, here."""

from __future__ import annotations

import contextlib
import io
import re
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from polyak.book.parse.document import parse

CHAPTERS = Path(__file__).parents[2] / "docs" / "chapters"


def run(name: str) -> tuple[dict[str, Any], str, list[str]]:
    """What a chapter's cells leave behind, what they print, and what they warn of."""
    document = parse((CHAPTERS / f"{name}.md").read_text("utf-8"))
    names: dict[str, Any] = {}
    said = io.StringIO()
    with contextlib.redirect_stdout(said), warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        for number, cell in enumerate(document.cells, 1):
            code = cell.code.replace("%matplotlib inline\n", "")
            exec(compile(code, f"{name}, cell {number}", "exec"), names)
    return names, said.getvalue(), [str(each.message) for each in warned]


def numbers(text: str, pattern: str) -> list[float]:
    return [float(number) for number in re.findall(pattern, text)]


@pytest.fixture(scope="module")
def bowl() -> tuple[dict[str, Any], str, list[str]]:
    return run("beyond_the_bowl")


@pytest.fixture(scope="module")
def own() -> tuple[dict[str, Any], str, list[str]]:
    return run("your_own_model")


def test_the_best_heavy_ball_of_bowls_cycles_beyond_them(bowl: Any) -> None:
    names, text, warned = bowl
    assert warned == []
    assert "the rate should be 0.666667" in text
    last = next(line for line in text.splitlines() if line.startswith("the last six"))
    # As measured elsewhere: the cycle .6465, -1.8024, 2.1159.
    assert sorted(numbers(last, r"-?\d+\.\d+")) == sorted([0.6465, -1.8024, 2.1159] * 2)
    assert np.abs(names["kinked"].gradient([[0.5], [1.5], [3.0]]).ravel() - [12.5, 25.5, 51.0]).max() < 1e-12


def test_what_is_proved_and_what_is_not(bowl: Any) -> None:
    _, text, _ = bowl
    proofs = [line for line in text.splitlines() if "on all of them" in line and "steps of" in line]
    assert [numbers(line, r"rate (\S+),")[0] for line in proofs] == [0.9231, 0.8480, 0.8]
    assert (
        "heavy ball, best on bowls on bowls 0.6667, on all of them no rate, it fails on a cycle of 3" in text
    )
    assert "on bowls 0.8000, on all of them 0.8496" in text
    held = re.findall(r"after +\d+ steps at most (\S+) times .* is (\S+)", text)
    assert len(held) == 3
    assert all(found == formula for found, formula in held)


def test_in_mini_batches_the_edge_is_another(bowl: Any) -> None:
    names, text, _ = bowl
    edges = np.array(re.findall(r"largest learning rate (\S+), with all rows (\S+)", text), dtype=float)
    assert (np.diff(edges[:, 0]) > 0).all()
    assert edges[0, 0] < edges[0, 1] / 50
    assert edges[-1, 0] == edges[-1, 1]
    finals = np.array(names["trained"].final_losses)
    apart = abs(finals.mean() - names["expected"].mean[180])
    assert apart < 3 * finals.std(ddof=1) / np.sqrt(len(finals))  # of the mean of twenty runs
    (ball, ball_in_4), (nesterov, nesterov_in_4) = re.findall(
        r"with all rows (\S+), in batches of 4 (\S+)", text
    )
    assert float(nesterov) < float(ball)
    assert float(nesterov_in_4) > float(ball_in_4)


def test_another_batch_size(bowl: Any) -> None:
    names, text, _ = bowl
    scaled = names["changed"].scaled
    assert scaled.momentum == pytest.approx(0.9**4)
    assert scaled.lr == pytest.approx(4 * 0.004 * (1 - 0.9**4) / (1 - 0.9))
    floors = numbers(text, r"noise floor (\S+) times")
    assert floors == pytest.approx([1.0, 1.0, 0.5], abs=0.05)


def test_the_network_is_read_where_it_stands(own: Any) -> None:
    names, text, _ = own
    began, ended = numbers(text.splitlines()[0], r"0\.\d+")
    assert ended < began / 3
    stability, suggestion = names["stability"], names["suggestion"]
    assert stability.max_lr_in_batches < stability.max_lr
    assert suggestion.largest.lr == pytest.approx(stability.max_lr_in_batches / 2, rel=1e-3)
    small, large = numbers(text, r"mean of the last 20 losses (\S+)")
    assert large > small  # ten times the learning rate is below the edges, and no better
    assert numbers(text, r"noise scale (\S+) ")[0] > 32
    assert names["curvature"].top > 0


def test_the_watch_sees_the_accident_and_the_record_says_why(own: Any) -> None:
    names, text, warned = own
    (line,) = warned
    assert re.match(r"step 12[1-5]: the loss has begun to rise", line)
    why = names["why"]
    assert "Cause: lr past the edge" in text
    assert len(why.findings) + len(why.ruled_out) == 13
    half, whole = re.findall(r"of the two edges, largest loss (\S+)", text)
    assert float(half) < 1
    assert not float(whole) < 1e6  # nan where it left all numbers
