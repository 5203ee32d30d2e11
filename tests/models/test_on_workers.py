"""Models on Dask workers: the same bytes as in one process, killed or not, and sent once to each worker."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import distributed
import numpy as np
import pytest
import torch

import polyak as pk
from polyak.sweeps import cluster as clusters

sys.path.insert(0, str(Path(__file__).parents[2] / "scripts"))

from attacks.torch_sweeps_killed import killed


@pytest.fixture(scope="module")
def client() -> Iterator[distributed.Client]:
    with clusters.client_of(None, 2) as found:
        yield found


def test_a_torch_sweep_killed_on_two_workers_ends_as_an_unbroken_one(tmp_path: Path) -> None:
    """Once, all of it; `scripts/attack.py` does it thirty times, a worker or all of it."""
    assert killed(1, seed=3, cells=4, folder=tmp_path) is None


def test_a_model_is_sent_once_to_each_worker(client: Any, tmp_path: Path) -> None:
    received = tmp_path / "received"

    class Loss:
        """A criterion that says in which process it was unpacked."""

        def __call__(self, outputs: Any, targets: Any) -> Any:
            return torch.nn.functional.cross_entropy(outputs, targets)

        def __repr__(self) -> str:
            return "Loss()"

        def __getstate__(self) -> str:
            return str(received)

        def __setstate__(self, file: str) -> None:
            import os

            with open(file, "a") as said:
                said.write(f"{os.getpid()}\n")

    generator = np.random.default_rng(0)
    X = torch.from_numpy(generator.standard_normal((16, 3)).astype(np.float32))
    batches = [(X, torch.arange(16) % 3)]
    torch.manual_seed(0)
    model = pk.model(torch.nn.Linear(3, 3), Loss(), batches)
    options: dict[str, Any] = {"epochs": 1, "lr": pk.axes.log(0.01, 1, 12), "chunk": 1, "on": model}
    plane: Any = pk.sweep("gradient_descent", **options, store=tmp_path / "a.zarr", cluster=client)
    workers = received.read_text().split()
    assert len(workers) == len(set(workers)) <= 2 < plane.lr.size
    assert plane.load().equals(pk.sweep("gradient_descent", **options))


def test_a_flax_model_on_workers(client: Any, tmp_path: Path) -> None:
    from flax import nnx

    X, y = np.eye(6, 4, dtype=np.float32), np.arange(6) % 3

    def loss(outputs: Any, batch: Any) -> Any:
        import optax

        return optax.softmax_cross_entropy_with_integer_labels(outputs, batch[1]).mean()

    net = nnx.Linear(4, 3, rngs=nnx.Rngs(0))
    model = pk.model(loss, net, [(X, y)], forward=lambda net, batch: net(batch[0]))
    options: dict[str, Any] = {"epochs": 2, "lr": pk.axes.log(0.01, 1, 8), "chunk": 4, "on": model}
    plane: Any = pk.sweep("adam", **options, store=tmp_path / "a.zarr", cluster=client)
    assert plane.load().equals(pk.sweep("adam", **options))


def test_workers_without_the_model_s_packages(client: Any, tmp_path: Path, refused: Any) -> None:
    class Loss:
        def __call__(self, outputs: Any, targets: Any) -> Any:
            return torch.nn.functional.cross_entropy(outputs, targets)

        def __repr__(self) -> str:
            return "Loss()"

        def __reduce__(self) -> Any:
            import importlib

            return importlib.import_module, ("no_such_package",)

    model = pk.model(torch.nn.Linear(3, 3), Loss(), [(torch.ones(6, 3), torch.arange(6) % 3)])
    with refused("a worker lacks what this sweep needs", "no_such_package"):
        pk.sweep("adam", on=model, epochs=1, lr=[0.1, 0.2], store=tmp_path / "a.zarr", cluster=client)
