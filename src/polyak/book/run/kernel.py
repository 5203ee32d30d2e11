"""What runs in the kernel's own process: a Jupyter kernel like any other, quick to start, its output bounded.

`python -P -m polyak.book.run.kernel -f connection.json` starts it.
"""

from __future__ import annotations

import _thread
import atexit
import contextlib
import gc
import io
import os
import signal
import sys
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NoReturn

from polyak.book.run import data_paths, descendants

if TYPE_CHECKING:
    from ipykernel.zmqshell import ZMQInteractiveShell
    from jupyter_client.session import Session

NOT_NEEDED = ("debugpy", "jedi")  # a debugger and completion: a third of a second that no page needs
TEXT = 1_000_000  # characters that a cell may print
SHOWN = 32_000_000  # characters of pictures and tables that a cell may show
LINE = 20_000  # characters that an error's message may have
FILES = (io.TextIOWrapper, io.BufferedWriter, io.BufferedRandom)
CUT_SHOWN = "[cut here: too much to show]"
CUT = f"\n[cut here: a cell may print {TEXT:,} characters]\n"


def main() -> None:
    """Start the kernel; it ends when it is told to, or when whoever started it ends."""
    for name in NOT_NEEDED:
        sys.modules[name] = None  # type: ignore[assignment]
    from ipykernel.kernelapp import IPKernelApp
    from traitlets.config import Config

    descendants.adopt()
    config = Config()
    config.HistoryManager.enabled = False
    config.InlineBackend.figure_formats = {"svg"}
    config.InlineBackend.rc = {"svg.hashsalt": "polyak"}
    config.InlineBackend.print_figure_kwargs = {"bbox_inches": "tight", "metadata": {"Date": None}}
    application = IPKernelApp.instance(config=config)
    application.initialize()
    for name in NOT_NEEDED:  # a document may want them
        if sys.modules.get(name) is None:
            sys.modules.pop(name, None)
    sys.path.insert(0, "")  # what lies beside the document, only now: it shall not stand in for what is above
    shell: Any = application.shell
    bound(shell, application.session)
    data_paths.look_for_data(shell)
    application.start()
    leave()


def leave() -> NoReturn:
    """End at once: say the document's own farewells, write what its open files still hold, take nothing apart."""
    atexit._run_exitfuncs()
    for file in [thing for thing in gc.get_objects() if type(thing) in FILES]:
        with contextlib.suppress(OSError, ValueError):
            file.flush()
    descendants.end(os.getpid(), os.environ.get(descendants.MARK, ""))
    os._exit(0)  # in order, with JAX and all, it would take a second


class TooMuchOutput(BaseException):
    """A cell printed more than a page can hold, and was stopped."""


def bound(shell: ZMQInteractiveShell, session: Session) -> None:
    """Bound what a cell of this kernel may print, show and complain of: the rest is cut, with a note."""
    spent = Spent()
    shell.events.register("pre_run_cell", lambda _: spent.reset())
    for stream in (sys.stdout, sys.stderr):
        stream.write = spent.bounded(stream.write)  # type: ignore[method-assign]
    publishers: tuple[Any, Any] = shell.display_pub, shell.displayhook
    for publisher in publishers:
        publisher.register_hook(spent.cut)
    session.send = _shortening(session.send)  # type: ignore[method-assign, assignment]


def _shortening(send: Callable[..., object]) -> Callable[..., object]:
    """A session's `send` by which errors pass at a length that can be read."""

    def send_shortened(
        stream: object, message: object, content: object = None, *rest: object, **more: object
    ) -> object:
        for complaint in (content, message.get("content") if isinstance(message, dict) else None):
            if isinstance(complaint, dict) and "evalue" in complaint:
                shorten(complaint)
        return send(stream, message, content, *rest, **more)

    return send_shortened


def shorten(complaint: dict[str, Any]) -> None:
    """Cut an error's message and its traceback's lines to a length that can be read.

    >>> complaint = {"evalue": "x" * 100_000, "traceback": ["y"]}
    >>> shorten(complaint)
    >>> len(complaint["evalue"]), complaint["traceback"]
    (20012, ['y'])
    """
    complaint["evalue"] = _short(complaint["evalue"])
    complaint["traceback"] = [_short(line) for line in complaint.get("traceback", [])]


def _short(text: str) -> str:
    return text if len(text) <= LINE else text[:LINE] + " [cut here] "


class Spent:
    """How much the running cell has printed and shown."""

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Begin a cell."""
        self.text = self.shown = 0

    def bounded(self, write: Callable[[str], object]) -> Callable[[str], int]:
        r"""A `write` that stops the cell once it has printed too much.

        >>> lines, spent = [], Spent()
        >>> write = spent.bounded(lines.append)
        >>> write("x" * TEXT), len(lines)
        (1000000, 1)
        >>> write("y")
        Traceback (most recent call last):
        ...
        polyak.book.run.kernel.TooMuchOutput: it printed more than 1,000,000 characters
        """

        def bounded_write(text: str) -> int:
            before, self.text = self.text, self.text + len(text)
            if self.text <= TEXT:
                write(text)
                return len(text)
            if before <= TEXT:
                write(text[: TEXT - before] + CUT)
            if threading.current_thread() is threading.main_thread():
                raise TooMuchOutput(f"it printed more than {TEXT:,} characters")
            if before <= TEXT:  # a child process or a thread of the cell's own
                interrupt()
            return len(text)

        return bounded_write

    def cut(self, message: dict[str, Any]) -> dict[str, Any]:
        """A message with what is shown, or with a note in its place once it has been too much."""
        content = message.get("content", {})
        size = sum(len(str(value)) for value in content.get("data", {}).values())
        before, self.shown = self.shown, self.shown + max(size, 1000)
        if before > SHOWN:
            raise TooMuchOutput(f"it shows more than {SHOWN:,} characters")
        if self.shown > SHOWN:
            content["data"], content["metadata"] = {"text/plain": CUT_SHOWN}, {}
        return message


def interrupt() -> None:
    """Interrupt the cell and the processes that it started."""
    if hasattr(os, "killpg") and os.getpgid(0) == os.getpid():
        os.killpg(os.getpid(), signal.SIGINT)
    else:
        _thread.interrupt_main()


if __name__ == "__main__":
    main()
