"""MXNet 1.9.1 with gluonbook 0.8.10, the chapter's own stack, asked over a pipe.

It stays alive between its turns, so that they fall among the others' and its import is not timed.
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from airfoil import Outcome, data_file

from peers.environments import MXNET, NoEnvironmentError, environment

WORKER = Path(__file__).with_name("mxnet_worker.py")
TRAINERS = ("train_ch7", "train_gluon_ch7")


class Worker:
    """A running MXNet process, and the file where it complains."""

    def __init__(self, process: subprocess.Popen[str], complaints: Path) -> None:
        self.process, self.complaints = process, complaints

    def ask(self, trainer: str, seed: int, epochs: int) -> dict[str, Any]:
        """What the worker answers. Raises NoEnvironmentError where it no longer does."""
        question = json.dumps({"trainer": trainer, "seed": seed, "epochs": epochs})
        with contextlib.suppress(BrokenPipeError):
            self.process.stdin.write(question + "\n")
            self.process.stdin.flush()
        answer = self.process.stdout.readline()
        if not answer:
            code, said = self.process.wait(), self.complaints.read_text().strip().splitlines()
            raise NoEnvironmentError(said[-1] if said else f"MXNet ended with exit code {code}")
        return json.loads(answer)

    def train(self, trainer: str, seed: int, epochs: int) -> Outcome:
        return Outcome(np.nan, np.nan, self.ask(trainer, seed, epochs)["losses"])

    def seconds(self, trainer: str, seed: int, epochs: int) -> float:
        return self.ask(trainer, seed, epochs)["seconds"]


@contextlib.contextmanager
def worker() -> Iterator[Worker]:
    """A worker, in a folder where gluonbook finds ../data. NoEnvironmentError where there can be none."""
    python = environment(MXNET)
    with tempfile.TemporaryDirectory() as folder:
        here, complaints = Path(folder) / "chapter", Path(folder) / "complaints"
        here.mkdir()
        (Path(folder) / "data").symlink_to(data_file().parent.resolve())
        with complaints.open("w") as stderr:
            process = subprocess.Popen(
                [str(python), "-W", "ignore", str(WORKER)],
                cwd=here,
                env={**os.environ, "MPLBACKEND": "agg"},
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=stderr,
                text=True,
            )
        try:
            yield Worker(process, complaints)
        finally:
            with contextlib.suppress(BrokenPipeError):
                process.stdin.close()
            process.wait()
