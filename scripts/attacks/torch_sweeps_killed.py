"""A sweep over a torch model on two workers, killed at random moments, a worker or all of it: it ends byte for byte as
an unbroken one in one process.
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psutil
from attacks.kind import Kind
from attacks.planes import differs, files_of

KILLS, CELLS = 30, 40
PATIENCE = 300  # seconds for a sweep's end
# Batch norm, dropout and a loader that augments: all that a run draws and carries along.
PROGRAM = """
import sys, torch, polyak as pk

class Rows(torch.utils.data.Dataset):
    def __len__(self):
        return 48
    def __getitem__(self, k):
        return torch.arange(5.0) * (k % 7) / 7 + 0.1 * torch.randn(5), k % 3

if __name__ == "__main__":
    store, cells, workers = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    torch.manual_seed(0)
    net = torch.nn.Sequential(torch.nn.Linear(5, 8), torch.nn.BatchNorm1d(8), torch.nn.ReLU(),
                              torch.nn.Dropout(0.2), torch.nn.Linear(8, 3))
    loader = torch.utils.data.DataLoader(Rows(), batch_size=8, shuffle=True)
    torch.manual_seed(0)  # the rows that are looked at are those of the first reading
    model = pk.model(net, torch.nn.CrossEntropyLoss(), loader)
    print("ready", flush=True)
    pk.sweep("heavy_ball", on=model, epochs=20, lr=pk.axes.log(1e-3, 1, cells), momentum=0.9, chunk=1, store=store,
             workers=workers or None, progress=lambda done, total: print(done, flush=True))
"""


def _started(folder: Path, store: Path, cells: int, workers: int) -> subprocess.Popen[str]:
    program = folder / "program.py"
    program.write_text(PROGRAM)
    return subprocess.Popen(
        [sys.executable, str(program), str(store), str(cells), str(workers)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def _ended(process: subprocess.Popen[str]) -> str | None:
    _, complaints = process.communicate(timeout=PATIENCE)
    return None if process.returncode == 0 else f"it ended with {process.returncode}: {complaints[-500:]}"


def killed(kills: int, seed: int, cells: int, folder: Path) -> str | None:
    """What is missed; None for nothing.

    Args:
        kills: how many, each of a worker or of the whole sweep.
        seed: of their moments.
        cells: of the plane.
        folder: for both stores.
    """
    moments, whole, store = random.Random(seed), folder / "whole.zarr", folder / "killed.zarr"
    if missed := _ended(_started(folder, whole, cells, 0)):
        return missed
    process = _started(folder, store, cells, 2)
    for _ in range(kills):
        assert process.stdout is not None
        if not process.stdout.readline():  # it came to its end, or is dead: begun anew
            if missed := _ended(process):
                return missed
            process = _started(folder, store, cells, 2)
            process.stdout.readline()  # type: ignore[union-attr]
        time.sleep(moments.uniform(0, 3))
        workers = psutil.Process(process.pid).children() if process.poll() is None else []
        if workers and moments.random() < 0.5:
            os.kill(moments.choice(workers).pid, signal.SIGKILL)
            continue
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.communicate()
        process = _started(folder, store, cells, 2)
    return _ended(process) or differs(store, files_of(whole))


def at_random(seed: int, _shared: None) -> str | None:
    """A sweep with thirty kills."""
    with tempfile.TemporaryDirectory() as folder:
        return killed(KILLS, seed, CELLS, Path(folder))


KINDS = [
    Kind(
        "a sweep of a torch model on two workers, killed at 30 moments",
        at_random,
        tries=1,
        side_by_side=1,
        short=False,
    )
]
