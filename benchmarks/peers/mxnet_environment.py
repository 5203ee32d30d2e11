"""MXNet's virtual environment of its own, under .peers/, built at the first use.

MXNet 1.9.1 was the last release; it needs a NumPy, an IPython and a matplotlib of its time.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

HOME = Path(__file__).parents[2] / ".peers" / "mxnet"
PYTHON = (3, 11)
PACKAGES = ("numpy==1.23.5", "mxnet==1.9.1", "gluonbook==0.8.10", "ipython<8", "matplotlib<3.8")


class NoEnvironmentError(Exception):
    """The environment cannot be built here; the message says why, in one line."""


def environment() -> Path:
    """The environment's Python, after building the environment if need be."""
    python, installed = HOME / "bin" / "python", HOME / "installed"
    if not installed.exists():
        shutil.rmtree(HOME, ignore_errors=True)
        _call(_python(), "-m", "venv", str(HOME))
        _call(str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *PACKAGES)
        installed.touch()
    return python


def _python() -> str:
    """A Python of the version MXNet needs."""
    asked = "import sys; print(sys.version_info[:2])"
    for candidate in (sys.executable, shutil.which("python3.11")):
        if candidate is None:
            continue
        said = subprocess.run([candidate, "-c", asked], capture_output=True, text=True, check=False)
        if said.stdout.strip() == str(PYTHON):
            return candidate
    raise NoEnvironmentError("MXNet 1.9.1 needs Python 3.11, and there is none here")


def _call(*command: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        said = done.stderr.strip().splitlines() or [f"exit code {done.returncode}"]
        raise NoEnvironmentError(f"{' '.join(command[1:4])}: {said[-1]}")
