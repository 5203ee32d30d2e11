"""Virtual environments of their own, under .peers/, for frameworks that do not fit beside the rest.

MXNet 1.9.1 was the last release; it needs a NumPy, an IPython and a matplotlib of its time. TensorFlow, of which
TensorFlow 1's optimizers are a part, brings a Keras and a NumPy that need not be ours.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

HOME = Path(__file__).parents[2] / ".peers"
PYTHON = (3, 11)


@dataclass(frozen=True)
class Peer:
    """A framework with an environment of its own: its folder's name, and what is installed there."""

    name: str
    packages: tuple[str, ...]


MXNET = Peer("mxnet", ("numpy==1.23.5", "mxnet==1.9.1", "gluonbook==0.8.10", "ipython<8", "matplotlib<3.8"))
TENSORFLOW = Peer("tensorflow", ("tensorflow-cpu==2.21.0",))


class NoEnvironmentError(Exception):
    """The environment cannot be built here; the message says why, in one line."""


def environment(peer: Peer) -> Path:
    """The environment's Python, after building the environment if need be."""
    home = HOME / peer.name
    python, installed = home / "bin" / "python", home / "installed"
    if not installed.exists():
        shutil.rmtree(home, ignore_errors=True)
        _call(_python(peer), "-m", "venv", str(home))
        _call(str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *peer.packages)
        installed.touch()
    return python


def _python(peer: Peer) -> str:
    """A Python of the version that both need."""
    asked = "import sys; print(sys.version_info[:2])"
    for candidate in (sys.executable, shutil.which("python3.11")):
        if candidate is None:
            continue
        said = subprocess.run([candidate, "-c", asked], capture_output=True, text=True, check=False)
        if said.stdout.strip() == str(PYTHON):
            return candidate
    raise NoEnvironmentError(f"{peer.name} needs Python 3.11, and there is none here")


def _call(*command: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        said = done.stderr.strip().splitlines() or [f"exit code {done.returncode}"]
        raise NoEnvironmentError(f"{' '.join(command[1:4])}: {said[-1]}")
