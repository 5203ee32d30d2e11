"""A sweep whose cells are computed by NumPy: its chunks and its store are those of any, and nothing is compiled."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import dask.array  # noqa: F401  xarray would import it in each child: two seconds
import numpy as np

from polyak.landscapes import ravine
from polyak.rules import HeavyBall
from polyak.sweeps.axes import log, memory
from polyak.sweeps.chunks import Region
from polyak.sweeps.job import Job
from polyak.sweeps.on_landscape import OnLandscape
from polyak.sweeps.recording import Recording
from polyak.sweeps.search_space import search_space
from polyak.sweeps.store import run_in_store

CHUNKS, STEPS = 12, 20


class ByNumPy(OnLandscape):
    """The ravine, 0.1 x1^2 + 2 x2^2, descended by heavy ball as the textbook has it."""

    def attrs(self) -> dict[str, Any]:
        """What a result says of it."""
        return {"target": self.landscape.name, "steps": self.steps, "dtype": self.dtype}

    def cells(self, _rule: Any, values: Mapping[str, Any], *_: Any) -> dict[str, Any]:
        """The values after the last step."""
        x = np.broadcast_to(np.array([[-5.0], [-2.0]]), (2, len(values["lr"]))).copy()
        v, curvature = np.zeros_like(x), np.array([[0.2], [4.0]])
        for _step in range(self.steps):
            v = values["momentum"] * v + values["lr"] * curvature * x
            x -= v
        found = (curvature * x**2 / 2).sum(axis=0)
        return {
            "final_value": found,
            "diverged_at": np.where(np.isfinite(found), -1, self.steps).astype(np.int32),
        }


class Computed(Job):
    """A job that says which chunks it computes, one line each, in the file that COMPUTED names."""

    lanes = 8
    identity = {"rule": "heavy_ball", "computed by": "NumPy"}  # noqa: RUF012

    def compute(self, region: Region) -> dict[str, np.ndarray]:
        """Every variable on a region of the plane."""
        if file := os.environ.get("COMPUTED"):
            descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
            os.write(descriptor, f"{region[0].start}\n".encode())
            os.close(descriptor)
        return super().compute(region)


def jobs() -> dict[str, Job]:
    """One rule on a plane of twelve chunks."""
    plane = search_space(HeavyBall, lr=log(0.01, 3, CHUNKS), momentum=memory(1, 20, 4))
    target = ByNumPy(ravine, STEPS, 1, "float64")
    recording = Recording.of(("final", "diverged_at"), "value", None)
    return {"heavy_ball": Computed(plane, target, (), recording, "grid", 0, 0, (1, 4))}


def sweep(store: Path, computed: Path | None = None) -> None:
    """Run what the store does not hold yet."""
    if computed is not None:
        os.environ["COMPUTED"] = str(computed)
    run_in_store(jobs(), store, lambda _done, _total: None)


def files_of(store: Path) -> dict[str, bytes]:
    """Every file of a store with its bytes."""
    return {str(file.relative_to(store)): file.read_bytes() for file in store.rglob("*") if file.is_file()}


def differs(store: Path, whole: dict[str, bytes]) -> str | None:
    """What a store has that the whole one does not have, or the other way round; None where they are the same."""
    found = files_of(store)
    names = sorted(name for name in {*found, *whole} if found.get(name) != whole.get(name))
    beside = sorted(path.name for path in store.parent.iterdir() if path.name.startswith("."))
    if names or beside:
        return f"it ends in another store: {', '.join(names[:5])}; left beside it: {', '.join(beside) or 'nothing'}"
    return None
