"""The installed command, as a process of its own: what only a real terminal shows."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

POLYAK = str(Path(sys.executable).with_name("polyak"))


def test_a_trace_and_its_picture(process, folder):
    done = process("trace heavy_ball --lr 0.6 --momentum 0.5 --on ravine --steps 20 --out trace.svg")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines() == [
        "heavy_ball(lr=0.6, momentum=0.5, lr_in_velocity=True) on ravine, 20 steps: x1 0.007188, x2 0.002553",
        "wrote trace.svg",
    ]
    assert (folder / "trace.svg").read_text().startswith("<?xml")


def test_bad_input_is_one_line_and_exit_code_2(process):
    done = process("trace heavy_bal --lr 0.6")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("polyak: unknown rule 'heavy_bal', did you mean 'heavy_ball'?")
    assert done.stderr.count("\n") == 1


def test_help_shows_the_command_by_its_name(process):
    for line in ("", "--help"):
        done = process(line)
        assert (done.returncode, done.stderr) == (0, "")
        assert done.stdout.startswith("Usage: polyak [OPTIONS] COMMAND")


def test_an_old_terminal_can_print_it(process):
    done = process("rules gradient_descent", PYTHONIOENCODING="ascii")
    assert (done.returncode, done.stderr) == (0, "")
    assert "Cauchy, A. (1847)" in done.stdout
    assert process("rules", PYTHONIOENCODING="ascii").stdout.isascii()


def test_a_pipe_that_closes_early_is_no_error(folder):
    command = f"{POLYAK} rules | head -n 1"
    done = subprocess.run(["bash", "-c", command], cwd=folder, capture_output=True, text=True, check=True)
    assert done.stderr == ""


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full here")
def test_a_full_disk_is_one_line(folder):
    with open("/dev/full", "w") as full:
        words = [POLYAK, "trace", "gradient_descent", "--lr", "0.4"]
        done = subprocess.run(words, cwd=folder, stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert done.returncode == 2
    assert done.stderr == "polyak: the output cannot be written or read: No space left on device\n"


def test_bytes_that_are_no_text(folder):
    done = subprocess.run([POLYAK.encode(), b"trace", b"h\xff"], cwd=folder, capture_output=True, check=False)
    assert done.returncode == 2
    assert done.stderr.startswith(b"polyak: unknown rule 'h")


def test_a_warning_is_a_note_of_one_line(process, folder):
    (folder / "f.py").write_text("def f(x1, x2):\n    return x1**2 if x1 > 0 else x2**2\n")
    done = process("trace gradient_descent --lr 0.1 --on f.py:f --steps 1")
    assert done.returncode == 0
    assert done.stderr.startswith("polyak: note: f cannot be traced by JAX")
    assert done.stderr.count("\n") == 1
