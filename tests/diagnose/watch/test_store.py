"""A store holds all up to its last marked piece, whatever came of what was being written."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import numpy as np
import pytest

import polyak as pk
from polyak.diagnose.watch.facts import Event, Facts
from polyak.diagnose.watch.pieces import STEPS, Columns, Piece
from polyak.diagnose.watch.store import Store
from polyak.diagnose.watch.watched import Watched

FACTS = Facts(
    "torch", "Net", "torch's SGD", "SGD", {"lr": 0.1}, 5, ("w", "b"), (4, 1), ("float32",) * 2, 2, "run", "1"
)
READINGS = Columns(("step", "sharpness", "layer_gradient_norm"), (0, 0, 2))


def rows(first: int, last: int) -> list[dict[str, float]]:
    return [{"step": float(k), "lr": 0.1, "loss": 1.0 / k} for k in range(first, last + 1)]


def piece(first: int, last: int, *events: Event) -> Piece:
    read = [
        {"step": float(k), "sharpness": 2.0 * k, "layer_gradient_norm": np.array([k, -k], float)}
        for k in range(first, last + 1)
        if k % 2 == 0
    ]
    return Piece(rows(first, last), read, events, (0.5, -0.25))


def test_what_was_written_is_read(tmp_path: Path) -> None:
    store = Store(tmp_path / "run.zarr", FACTS, READINGS)
    store.write(piece(1, 3, Event(1, "began", "at step 1")))
    store.write(piece(4, 6))
    found = Watched.open(tmp_path / "run.zarr")  # while it is open for writing
    assert found.facts == FACTS
    assert found.steps["step"].tolist() == [1, 2, 3, 4, 5, 6]
    assert np.array_equal(found.steps["loss"], 1 / np.arange(1.0, 7))
    assert set(found.steps) == set(STEPS)
    assert np.isnan(found.steps["momentum"]).all()
    assert found.readings["sharpness"].tolist() == [4, 8, 12]
    assert found.readings["layer_gradient_norm"].tolist() == [[2, -2], [4, -4], [6, -6]]
    assert found.events == (Event(1, "began", "at step 1"),)
    store.close()


def test_a_piece_without_its_mark_is_not_there(tmp_path: Path) -> None:
    store = Store(tmp_path / "run.zarr", FACTS, READINGS)
    store.write(piece(1, 3))
    store.write(piece(4, 6))
    store.close()
    (tmp_path / "run.zarr/marks/c/1/0").unlink()
    assert Watched.open(tmp_path / "run.zarr").last_step == 3
    again = Store(tmp_path / "run.zarr", FACTS, READINGS)
    again.write(piece(4, 5))  # over what was torn
    again.close()
    assert Watched.open(tmp_path / "run.zarr").steps["step"].tolist() == [1, 2, 3, 4, 5]


def test_steps_taken_twice_count_once(tmp_path: Path) -> None:
    first = Store(tmp_path / "run.zarr", FACTS, READINGS)
    first.write(piece(1, 6, Event(2, "warned", "early"), Event(6, "warned", "late")))
    first.close()
    later = Store(tmp_path / "run.zarr", FACTS, READINGS)
    assert (later.session, later.sketches[-1], Watched(*later.before).last_step) == (1, (0.5, -0.25), 6)
    resumed = Piece([{"step": float(k), "lr": 0.2} for k in (5, 6, 7)], [], [Event(5, "resumed", "at 5")], ())
    later.write(resumed)
    later.close()
    found = Watched.open(tmp_path / "run.zarr")
    assert found.steps["step"].tolist() == [1, 2, 3, 4, 5, 6, 7]
    assert found.steps["lr"].tolist() == [0.1] * 4 + [0.2] * 3
    assert found.readings["step"].tolist() == [2, 4]
    assert [event.kind for event in found.events] == ["warned", "resumed"]


def test_one_writes_at_a_time_and_other_folders_are_left_alone(tmp_path: Path) -> None:
    store = Store(tmp_path / "run.zarr", FACTS, READINGS)
    with pytest.raises(pk.PolyakError, match="is being written by another watch"):
        Store(tmp_path / "run.zarr", FACTS, READINGS)
    store.close()
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine/thesis.txt").write_text("all of it")
    with pytest.raises(pk.PolyakError, match=r"holds other things \(thesis.txt\)"):
        Store(tmp_path / "mine", FACTS, READINGS)
    with pytest.raises(pk.PolyakError, match="holds no watched training"):
        Watched.open(tmp_path / "mine")


def test_many_events_are_cut_and_many_pieces_are_found(tmp_path: Path) -> None:
    store = Store(tmp_path / "run.zarr", FACTS, READINGS)
    for k in range(1, 72):  # more than are read together
        store.write(Piece(rows(k, k), [], [Event(k, "warned", "w" * 90)] * (200 if k == 3 else 0), ()))
    store.close()
    found = Watched.open(tmp_path / "run.zarr")
    assert found.last_step == 71
    assert 50 < len(found.events) < 200


@pytest.mark.skipif(os.name == "nt", reason="there is no SIGKILL on Windows")
def test_a_killed_process_leaves_its_pieces(tmp_path: Path) -> None:
    code = f"""
        import os, signal, sys
        sys.path.insert(0, {str(Path(__file__).parent)!r})
        from test_store import FACTS, READINGS, piece, Store
        store = Store({str(tmp_path / "run.zarr")!r}, FACTS, READINGS)
        store.write(piece(1, 4))
        os.kill(os.getpid(), signal.SIGKILL)
    """
    done = subprocess.run([sys.executable, "-c", textwrap.dedent(code)], check=False)
    assert done.returncode == -signal.SIGKILL
    assert Watched.open(tmp_path / "run.zarr").last_step == 4
    Store(tmp_path / "run.zarr", FACTS, READINGS).close()  # the lock went with the process
