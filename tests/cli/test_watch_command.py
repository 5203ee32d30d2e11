"""`polyak watch`, as a user types it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

from patience import PATIENCE


def test_it_serves_a_store_that_is_not_there_yet_and_ends_with_ctrl_c(tmp_path, interruptible):
    line = [str(Path(sys.executable).with_name("polyak")), "watch", "run.zarr", "--port", "0", "--no-browser"]
    made = subprocess.Popen(
        interruptible(line),
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )
    try:
        address = made.stdout.readline().split()[5]
        assert address.startswith("http://127.0.0.1:")
        with urllib.request.urlopen(address, timeout=PATIENCE) as page:
            assert b"A watched training" in page.read()
        assert list(tmp_path.iterdir()) == []
    finally:
        made.send_signal(signal.SIGINT)
        out, _ = made.communicate(timeout=PATIENCE)
    assert (made.returncode, out.strip()) == (0, "the page is closed")


@pytest.mark.parametrize("port", ["70000", "no"])
def test_a_port_that_is_none_is_one_line(fails, port):
    fails(f"watch run.zarr --port {port} --no-browser", "port")
