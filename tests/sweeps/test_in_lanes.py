"""Lanes that do not fit into memory: fewer are tried, and what does not fit alone is data."""

from __future__ import annotations

import threading
from typing import Any

import numpy as np
import pytest
from jax.errors import JaxRuntimeError

from polyak.sweeps import local
from polyak.sweeps.in_lanes import in_lanes
from polyak.sweeps.one_by_one import REASON
from polyak.sweeps.recording import Recording

RECORDING = Recording.of(("final", "diverged_at"), "loss", None)


class Engine:
    """Doubles its setting, with room for so many lanes; counts its calls by lanes."""

    def __init__(self, room: int, error: type[Exception] = JaxRuntimeError) -> None:
        self.room, self.error, self.asked = room, error, []

    def __call__(self, blocks: Any, used: int, lanes: int) -> Any:
        self.asked.append(lanes)
        if lanes > self.room:
            raise self.error(f"RESOURCE_EXHAUSTED: Out of memory allocating {lanes} bytes.")
        assert blocks["lr"].shape[1] == lanes
        assert used == -(-5 // lanes)
        return {"final_loss": 2 * blocks["lr"], "diverged_at": np.where(blocks["lr"] > 3, 7, -1)}

    def cells(self, kind: str, *, reasons: bool = True) -> dict[str, np.ndarray]:
        values = {"lr": np.arange(5.0)}
        return in_lanes(self, values, 8, 5, RECORDING, {}, "float32", kind, reasons=reasons)


@pytest.mark.parametrize("error", [JaxRuntimeError, MemoryError])
def test_half_as_many_lanes_are_tried_until_they_fit(error):
    engine = Engine(2, error)
    found = engine.cells(f"fewer {error.__name__}")
    assert engine.asked == [8, 4, 2]
    np.testing.assert_array_equal(found["final_loss"], 2 * np.arange(5.0))
    assert found[REASON].tolist() == ["", "", "", "", "not finite from step 7 on"]
    engine.cells(f"fewer {error.__name__}")
    assert engine.asked == [8, 4, 2, 2]  # the next chunk begins where this one ended


def test_what_does_not_fit_alone_is_data_with_its_reason():
    found = Engine(0).cells("none")
    assert found["final_loss"].dtype == np.float32
    assert np.isnan(found["final_loss"]).all()
    assert found["diverged_at"].tolist() == [-1] * 5
    assert set(found[REASON]) == {"MemoryError: Out of memory allocating 1 bytes."}
    assert REASON not in Engine(0).cells("none", reasons=False)


def test_another_error_is_none_of_memory():
    engine = Engine(8)
    engine.room, engine.error = 0, lambda _: JaxRuntimeError("INTERNAL: something else")
    with pytest.raises(JaxRuntimeError, match="something else"):
        engine.cells("other")
    assert engine.asked == [8]


def test_the_first_call_of_a_kind_is_alone_and_the_others_are_not():
    """Two threads: no second call before the first has ended, and after it both at once."""
    engine, together = Engine(8), threading.Barrier(2, timeout=20)
    inside, at_once = [], []

    def call(blocks: Any, used: int, lanes: int) -> Any:
        inside.append(None)
        at_once.append(len(inside))
        if len(at_once) > 1:
            together.wait()  # for the other: a broken barrier is an error
        found = Engine.__call__(engine, blocks, used, lanes)
        inside.pop()
        return found

    def cells() -> None:
        in_lanes(call, {"lr": np.arange(5.0)}, 8, 5, RECORDING, {}, "float32", "alone", reasons=False)

    threads = [threading.Thread(target=cells) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert len(at_once) == 3
    assert at_once[0] == 1
    assert not together.broken


def test_chunks_are_begun_together_unless_the_first_is_to_be_alone(monkeypatch):
    monkeypatch.setattr(local, "cores", lambda: 2)
    together = threading.Barrier(2, timeout=20)
    assert local.run([(1, together.wait), (1, together.wait)], 0, 2, lambda *_: None) == 2
    seen = []
    tasks = [(1, lambda: seen.append("first")), (1, lambda: seen.append("second"))]
    told = []
    local.run(tasks, 0, 2, lambda done, _: told.append((done, list(seen))), first_alone=True)
    assert told[1] == (1, ["first"])
