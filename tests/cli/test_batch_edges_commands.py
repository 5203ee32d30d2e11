"""The edges of mini-batches at the terminal: `polyak predict --typical` and `polyak phase --batch-size`."""

from __future__ import annotations

from functools import partial

import pytest

from polyak.ground.compiled import jitted
from polyak.theory import batch_phases, typical


@pytest.fixture(autouse=True)
def few(monkeypatch):
    """Few and short runs: what the simulated edge is, tests/theory asks; here that it is said."""
    monkeypatch.setattr(typical, "RUNS", 8)
    monkeypatch.setattr(typical, "STEPS", 100)
    # Compiled anew, for what is compiled already has the many.
    anew = partial(jitted, static=(3, 4))(typical._simulated.__wrapped__)
    monkeypatch.setattr(typical, "_simulated", anew)


def test_predict_simulates_a_typical_run_where_it_is_asked_to(here):
    found = here(
        "predict heavy_ball --lr 0.01 --momentum 0.5 --data diabetes --steps 5 --seeds 2 --batch-size 200 --typical"
    )
    assert found.code == 0, found.err
    assert "the expected loss settles below lr" in found.out
    assert "most runs still shrink" in found.out


def test_phase_draws_the_edges(here, folder, monkeypatch):
    monkeypatch.setattr(batch_phases, "MEMORIES", (1.0, 2.0))
    found = here("phase heavy_ball --data diabetes --batch-size 100 --out edges.svg")
    assert found.code == 0, found.err
    lines = found.out.splitlines()
    # By hand: the full batch's edge is 2 + 2 m.
    assert [line.rpartition(", ")[2] for line in lines if line.startswith("momentum ")] == ["2", "3"]
    assert (folder / "edges.svg").read_text().startswith("<?xml")


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("phase heavy_ball --batch-size 16", ["--data airfoil"]),
        ("phase heavy_ball --data diabetes", ["--batch-size 16"]),
        ("phase heavy_ball --data diabetes --batch-size none", ["batch_size is 'none'"]),
        ("phase heavy_ball --data diabetes --batch-size 5000", ["batch_size is 5000"]),
        ("predict heavy_ball --lr 0.1 --momentum 0.5 --curvature 1 --typical", ["--data"]),
    ],
)
def test_bad_input_is_one_line(here, folder, line, words):
    found = here(line)
    assert found.code == 2, (found.out, found.err)
    assert len(found.err.splitlines()) == 1
    assert all(word in found.err for word in words), found.err
    assert not list(folder.iterdir())
