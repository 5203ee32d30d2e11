"""A training that is killed outright, by SIGKILL in a process of its own, goes on to the unbroken one's end."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from patience import PATIENCE
from polyak.ground.programs import FOLDER

# Some thirty calls of a few epochs each; a line for every call, so that the test knows where it is.
PROGRAM = """
import importlib, sys
import numpy as np
from polyak.data import diabetes
from polyak.problems import linear_regression
from polyak.rules import Adam
from polyak.run import train

importlib.import_module("polyak.run.train").STEPS_A_CALL = 10 * 45 * 2
checkpoint, out, pause = sys.argv[1:]

def progress(done, total):
    print(done, flush=True)
    if pause == "wait" and done >= 100:
        sys.stdin.read()  # killed while it stands here; stdin is closed if the test is gone

rule = Adam(lambda step: 0.02 * 0.5 ** (step >= 5000))
history = train(rule, linear_regression(diabetes()), batch_size=10, epochs=300, seeds=2, progress=progress,
                checkpoint=None if checkpoint == "none" else checkpoint)
np.savez(out, losses=history.losses, **history.params)
"""


def started(checkpoint: Path | str, out: Path, pause: str = "run") -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", PROGRAM, str(checkpoint), str(out), pause],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        # As a user has it; and what is killed while it keeps a program would leave half of it to the other tests.
        env={name: value for name, value in os.environ.items() if name not in ("XLA_FLAGS", FOLDER)},
    )


def finished(process: subprocess.Popen[str]) -> list[int]:
    told, _ = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0
    return [int(line) for line in told.split()]


def killed_at(process: subprocess.Popen[str], epoch: int, moment: float = 0.0) -> None:
    """Wait until it says that it has done so many epochs, and a moment longer; then kill it."""
    assert process.stdout is not None
    begun = time.monotonic()
    for line in process.stdout:
        if int(line) >= epoch or time.monotonic() - begun > PATIENCE:
            break
    time.sleep(moment)
    process.send_signal(signal.SIGKILL)
    process.communicate(timeout=PATIENCE)
    assert process.returncode == -signal.SIGKILL


@pytest.fixture(scope="module")
def unbroken(tmp_path_factory: pytest.TempPathFactory) -> dict[str, np.ndarray]:
    out = tmp_path_factory.mktemp("unbroken") / "end.npz"
    told = finished(started("none", out))
    assert told == list(range(0, 301, 10))
    with np.load(out) as stored:
        return dict(stored)


def test_killed_and_resumed(unbroken: dict[str, np.ndarray], tmp_path: Path) -> None:
    checkpoint, out = tmp_path / "state.npz", tmp_path / "end.npz"
    # First where it stands still, then, in what is left, wherever it happens to be.
    killed_at(started(checkpoint, out, "wait"), 100)
    assert checkpoint.exists()
    assert not out.exists()
    killed_at(started(checkpoint, out), 150, moment=0.01)
    told = finished(started(checkpoint, out))
    assert told[0] >= 140, "it went on from where it was, and did not begin anew"
    assert told[-1] == 300
    with np.load(out) as stored:
        assert set(stored) == set(unbroken) == {"losses", "weight", "bias"}
        for name, array in unbroken.items():
            assert stored[name].dtype == array.dtype
            assert stored[name].tobytes() == array.tobytes()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["end.npz"], "nothing half-written stays"
