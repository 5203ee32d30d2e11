"""A kernel's process: begun before anything else is imported, found again once there is something to ask it."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from polyak.book.run import descendants
from polyak.ground.errors import PolyakError

if TYPE_CHECKING:
    from jupyter_client.manager import AsyncKernelManager

PATIENCE = 60.0  # seconds that a kernel may take to come up
LARGEST_MESSAGE = 256 * 2**20  # bytes: a connection that brings more is dropped


class Launched:
    """A kernel that is starting: this Python, in a process and a folder of its own, started at once."""

    def __init__(self, folder: Path) -> None:
        self.own = Path(tempfile.mkdtemp(prefix="polyak-"))
        self.connection = self.own / "kernel.json"
        command = [sys.executable, "-P", "-m", "polyak.book.run.kernel", "-f", str(self.connection)]
        if os.name == "posix" and len(str(self.own)) < 80:  # sockets in a folder that none else can enter
            command += ["--transport=ipc", f"--ip={self.own / 'kernel'}"]
        environment = os.environ | {
            "IPYTHONDIR": str(self.own),
            "JPY_PARENT_PID": str(os.getpid()),
            descendants.MARK: str(self.own),
            "POLYAK_PROGRESS": "off",  # a page shows what came of a cell, not how far it was
        }
        self.said = self.own / "said"
        try:
            with self.said.open("wb") as said:
                self.process = subprocess.Popen(
                    command,
                    cwd=folder,
                    env=environment,
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.DEVNULL,
                    stderr=said,
                    start_new_session=True,
                )
        except OSError as error:
            shutil.rmtree(self.own, ignore_errors=True)
            raise PolyakError(f"no kernel could be started: {error.strerror}") from error

    def manager(self) -> AsyncKernelManager:
        """Jupyter's own manager of this kernel, connected to it.

        Raises:
            PolyakError: the kernel ended, or said nothing for a minute.
        """
        self._wait_for_connection()
        from jupyter_client.kernelspec import KernelSpec
        from jupyter_client.manager import AsyncKernelManager
        from jupyter_client.provisioning.local_provisioner import LocalProvisioner
        from zmq import MAXMSGSIZE

        spec = KernelSpec(display_name="Python 3", language="python", argv=[sys.executable])
        manager = AsyncKernelManager()
        manager.context.setsockopt(MAXMSGSIZE, LARGEST_MESSAGE)
        manager.load_connection_file(str(self.connection))
        provisioner = LocalProvisioner(kernel_id="polyak", kernel_spec=spec, parent=manager)
        provisioner.process = self.process
        provisioner.pid = provisioner.pgid = self.process.pid
        manager.provisioner = provisioner
        return manager

    def _wait_for_connection(self) -> None:
        deadline = time.monotonic() + PATIENCE
        while not (self.connection.is_file() and self.connection.read_text("utf-8").endswith("}")):
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise PolyakError(f"the kernel did not start: {self.last_words()}")
            time.sleep(0.005)

    def last_words(self) -> str:
        """The last line that the kernel's process wrote about itself."""
        try:
            lines = self.said.read_text("utf-8", "replace").strip().splitlines()
        except OSError:
            lines = []
        return lines[-1] if lines else "it said nothing"

    def how_it_ended(self) -> str:
        """In words, how the process ended."""
        try:
            code = self.process.wait(timeout=1.0)
        except subprocess.TimeoutExpired:
            return "it no longer answers"
        if code >= 0:
            return f"exit code {code}"
        try:
            return f"signal {signal.Signals(-code).name}"
        except ValueError:
            return f"signal {-code}"

    def end(self, patience: float = 0.0) -> None:
        """See the kernel and whatever it started to their end, and take its folder away."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(timeout=patience)
        self.kill()
        shutil.rmtree(self.own, ignore_errors=True)

    def kill(self) -> None:
        """End the kernel at once, and whatever it started: what has left its session too."""
        kernel = self.process.pid if self.process.poll() is None else None
        descendants.end(kernel, str(self.own))
        try:
            if hasattr(os, "killpg"):
                os.killpg(self.process.pid, signal.SIGKILL)
            else:
                self.process.kill()
        except OSError:
            pass  # nothing is left of it
        self.process.wait()
        descendants.end(None, str(self.own))  # what it started meanwhile
