"""Ctrl-C: exit code 130, a line that says how to go on, and the same line ends where an unbroken one would."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from patience import PATIENCE

RULE = "heavy_ball --lr 1e-8 --momentum 0.5"  # too slow to arrive: the loss tells how far it came
COMMAND = [str(Path(sys.executable).with_name("polyak")), "train", *RULE.split()]


@pytest.fixture
def table(folder):
    (folder / "table.csv").write_text("a,b\n" + "\n".join(f"{k},{k * k % 11}" for k in range(1000)))
    return folder


def started(folder: Path, command: list[str]) -> subprocess.Popen[str]:
    return subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def interrupted_when(process: subprocess.Popen[str], condition) -> tuple[str, str]:
    """What the process printed, sent a Ctrl-C as soon as the condition holds."""
    until = time.monotonic() + PATIENCE
    while not condition():
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < until
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    return process.communicate(timeout=PATIENCE)


def loss_in(text: str) -> str:
    return re.search(r"loss \d+\.\d+", text).group()


def test_the_same_line_goes_on(polyak_, fails, table, interruptible):
    epochs = 4000  # of a thousand steps; a checkpoint every hundred thousand steps
    options = f"--data table.csv --batch-size 1 --every 1000 --epochs {epochs}"
    process = started(table, interruptible([*COMMAND, *options.split(), "--out", "loss.svg"]))
    kept = table / ".loss.svg.checkpoint"
    out, err = interrupted_when(process, kept.exists)
    assert (process.returncode, out) == (130, "")
    assert err == f"polyak: interrupted; the same line goes on from where it stopped (kept in {kept.name})\n"
    assert kept.exists()
    assert not (table / "loss.svg").exists()

    # It is read: another training refuses it and leaves it as it is.
    other = f"{options} --out loss.svg".replace(str(epochs), str(epochs + 1))
    fails(f"train {RULE} {other}", f"{kept.name} is of another training", "epochs")

    resumed = polyak_(f"train {RULE} {options} --out loss.svg")
    assert not kept.exists()
    assert (table / "loss.svg").exists()
    unbroken = polyak_(f"train {RULE} {options}")
    assert loss_in(resumed) == loss_in(unbroken)
    assert loss_in(polyak_(f"train {RULE} {options.replace(str(epochs), '1000')}")) != loss_in(unbroken)


def test_each_way_to_go_on_is_said(here, table, monkeypatch):
    def interrupted(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr("polyak.run.train", interrupted)
    line = f"train {RULE} --data table.csv"
    assert (
        here(line).err
        == "polyak: interrupted; with --out, the same line would have gone on from where it stopped\n"
    )
    assert (
        here(f"{line} --out a.svg").err
        == "polyak: interrupted; nothing was kept yet, the same line begins anew\n"
    )
    (table / ".a.svg.checkpoint").touch()
    assert "goes on from where it stopped (kept in .a.svg.checkpoint)" in here(f"{line} --out a.svg").err
    monkeypatch.setattr("polyak.run.descend", interrupted)
    outcome = here("trace gradient_descent --lr 1")
    assert (outcome.code, outcome.out, outcome.err) == (130, "", "polyak: interrupted\n")


GRID = "--grid lr=log:1e-3:1:400 --grid momentum=linear:0:0.9:100 --steps 20000 --chunk 100"


# Each signal and each engine once: of both signals this process makes the same, and a terminal's is what workers hear.
@pytest.mark.parametrize(("number", "workers"), [(signal.SIGINT, "--workers 2"), (signal.SIGTERM, "")])
def test_a_sweep_ends_in_one_line(folder, interruptible, number, workers):
    """Sent to the whole group, as a terminal sends a Ctrl-C: what workers have to say of it is not heard."""
    line = f"sweep heavy_ball {GRID} --store plane.zarr {workers}"
    command = interruptible([str(Path(sys.executable).with_name("polyak")), *line.split()])
    process = subprocess.Popen(
        command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    )
    marks, until = folder / "plane.zarr/chunk_written/c", time.monotonic() + 120
    while not marks.exists() and process.poll() is None and time.monotonic() < until:
        time.sleep(0.05)
    os.killpg(process.pid, number)
    out, err = process.communicate(timeout=120)
    assert (process.returncode, out) == (130, "")
    assert err == ("polyak: interrupted; the same line goes on from where it stopped (kept in plane.zarr)\n")
    assert len(list(marks.iterdir())) < 400
    if (
        not workers
    ):  # a worker that the signal ends as it writes leaves Zarr's own half; the next run takes it away
        assert not list(folder.rglob("*.partial"))


def test_a_training_is_terminated_as_by_ctrl_c(table, interruptible):
    options = "--data table.csv --batch-size 1 --every 1000 --epochs 12000 --out loss.svg"
    process = started(table, interruptible([*COMMAND, *options.split()]))
    until = time.monotonic() + 120
    while not (table / ".loss.svg.checkpoint").exists() and time.monotonic() < until:
        time.sleep(0.01)
    process.terminate()
    out, err = process.communicate(timeout=120)
    assert (process.returncode, out) == (130, "")
    assert err == (
        "polyak: interrupted; the same line goes on from where it stopped (kept in .loss.svg.checkpoint)\n"
    )
