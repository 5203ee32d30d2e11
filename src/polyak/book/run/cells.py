"""Run a document's cells in a Jupyter kernel, each within its time, and say in one line what failed."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from queue import Empty
from typing import TYPE_CHECKING, Any

from polyak.book.run.kernel import CUT, CUT_SHOWN, SHOWN, TEXT
from polyak.book.run.launch import Launched
from polyak.ground.errors import PolyakError
from polyak.ground.numbers import readable

if TYPE_CHECKING:
    from nbformat import NotebookNode

OLD_NAMES = "from polyak.book.gluonbook import aliases as _aliases; _aliases.install({tab!r}); del _aliases"
GRACE = 5.0  # seconds that an interrupted cell has to stop
START = 120.0  # seconds that the start-up may take


@dataclass(frozen=True)
class Failure:
    """A cell that failed, by its place among the cells from 0, and why, in one line."""

    cell: int
    reason: str


@dataclass
class Run:
    """What a run came to: how many cells were run, and which of them failed."""

    cells: int = 0
    failures: list[Failure] = field(default_factory=list)


@dataclass(frozen=True)
class Settings:
    """How to run.

    Attributes:
        start_up: what runs, unseen, before the first cell.
        timeout: how many seconds a cell may take; None for as long as it likes.
        keep_going: whether the cells after a failed one are run.
        progress: called with (cells done, cells) as the run goes on.
        after_start: called once the kernel is asked to start up, while it does.
        after_cell: called with each cell that has run.
    """

    start_up: str = OLD_NAMES.format(tab="")
    timeout: float | None = None
    keep_going: bool = False
    progress: Callable[[int, int], None] | None = None
    after_start: Callable[[], object] | None = None
    after_cell: Callable[[NotebookNode], object] | None = None


def run(
    notebook: NotebookNode,
    numbers: Sequence[int | None],
    launched: Launched,
    settings: Settings | None = None,
) -> Run:
    """Run a notebook's cells; their outputs are then in it.

    Args:
        notebook: as `polyak.book.render.notebook.notebook` makes it.
        numbers: the number each code cell bears, or None.
        launched: the kernel's process.
        settings: how to run.

    Raises:
        PolyakError: the kernel does not come up, or its start-up fails.
    """
    runner = _Runner(notebook, numbers, launched, settings or Settings())
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return asyncio.run(runner.run())
    with ThreadPoolExecutor(1) as beside:  # called from a notebook, say, whose loop is this thread's
        return beside.submit(asyncio.run, runner.run()).result()


class _Runner:
    def __init__(
        self, notebook: NotebookNode, numbers: Sequence[int | None], launched: Launched, settings: Settings
    ) -> None:
        self.notebook, self.numbers, self.launched, self.settings = notebook, numbers, launched, settings
        self.manager: Any = None
        self.client: Any = None
        self.kernel: Any = None

    async def run(self) -> Run:
        from polyak.book.run.client import Client

        self.manager = self.launched.manager()
        self.kernel = self.manager.client()
        self.client = Client(self.notebook, km=self.manager, record_timing=False, store_widget_state=False)
        self.client.kc = self.kernel
        self.kernel.start_channels()
        self.kernel.allow_stdin = False
        try:
            await self._start()
            return await self._cells()
        finally:
            if self.launched.process.poll() is None:
                self.kernel.shutdown()
                with contextlib.suppress(Empty):  # closed at once, the channel would lose the request
                    await self.kernel.get_control_msg(timeout=1.0)
            self.kernel.stop_channels()
            self.manager.context.destroy(linger=0)

    async def _start(self) -> None:
        asked = self.kernel.execute(self.settings.start_up, silent=True)
        if self.settings.after_start is not None:
            self.settings.after_start()
        reply = await self._reply(asked)
        if reply["status"] != "ok":
            raise PolyakError(f"the kernel's start-up failed: {_reason(reply['ename'], reply['evalue'])}")
        await self._listening()

    async def _reply(self, asked: str) -> dict[str, Any]:
        """What the kernel answers to its start-up."""
        for _ in range(int(START)):
            try:
                message = await self.kernel.get_shell_msg(timeout=1.0)
            except Empty:
                if self.launched.process.poll() is not None:
                    ended, words = self.launched.how_it_ended(), self.launched.last_words()
                    raise PolyakError(f"the kernel ended as it started ({ended}): {words}") from None
                continue
            if message["parent_header"].get("msg_id") == asked:
                return dict(message["content"])
        raise PolyakError(f"the kernel's start-up took more than {readable(START, 6)} s")

    async def _listening(self) -> None:
        """Wait until what the kernel publishes arrives here, so that no cell's output is missed."""
        for _ in range(100):
            try:
                await self.kernel.get_iopub_msg(timeout=0.1)
            except Empty:
                self.kernel.kernel_info()
            else:
                return
        raise PolyakError("the kernel runs, but what it publishes does not arrive")

    async def _cells(self) -> Run:
        result = Run()
        cells = [(index, cell) for index, cell in enumerate(self.notebook.cells) if cell.cell_type == "code"]
        progress = self.settings.progress or (lambda *_: None)
        following = 1
        for place, (index, cell) in enumerate(cells):
            progress(place, len(cells))
            number = self.numbers[place]
            if number is not None and number != following:
                self.kernel.execute(f"get_ipython().execution_count = {number}", silent=True)
                following = number
            reason = await self._one(cell, index)
            following += 1
            result.cells += 1
            cell.outputs = _joined(cell.outputs)
            _number(cell, number)
            if self.settings.after_cell is not None:
                self.settings.after_cell(cell)
            if reason is not None:
                result.failures.append(Failure(place, reason))
                if not self.settings.keep_going or self.launched.process.poll() is not None:
                    break
        progress(len(cells), len(cells))
        return result

    async def _one(self, cell: NotebookNode, index: int) -> str | None:
        """Run one cell; the reason in words if it failed."""
        from nbclient.exceptions import CellExecutionError, DeadKernelError

        work = asyncio.ensure_future(self.client.async_execute_cell(cell, index))
        done, _ = await asyncio.wait({work}, timeout=self.settings.timeout)
        late = f"it did not end within {readable(self.settings.timeout or 0, 6)} s" if not done else None
        if late:
            await self.manager.interrupt_kernel()
            done, _ = await asyncio.wait({work}, timeout=GRACE)
        if not done:
            self.launched.kill()
            work.cancel()
            await asyncio.gather(work, return_exceptions=True)
            _note(cell, "TimeoutError", f"{late}, nor when it was interrupted; the kernel was ended")
            return late
        try:
            work.result()
        except CellExecutionError as error:
            return late or _flood(cell) or _reason(error.ename, error.evalue)
        except DeadKernelError:
            reason = f"it ended its kernel ({self.launched.how_it_ended()})"
            _note(cell, "DeadKernelError", reason)
            return reason
        if late:
            _note(cell, "TimeoutError", late)
        return late or _flood(cell)


def _joined(outputs: Sequence[NotebookNode]) -> list[NotebookNode]:
    """Outputs with what a stream said in several breaths, nothing else between them, as one."""
    joined: list[NotebookNode] = []
    for output in outputs:
        last = joined[-1] if joined else {}
        if output.output_type == "stream" and last.get("name") == output.name:
            last["text"] += output.text
        else:
            joined.append(output)
    return joined


def _number(cell: NotebookNode, number: int | None) -> None:
    cell.execution_count = number
    for output in cell.outputs:
        if output.output_type == "execute_result":
            output.execution_count = number


def _flood(cell: NotebookNode) -> str | None:
    """The reason if the cell was cut for what it printed or showed, by itself or through a process that it started."""
    if any(CUT in output.get("text", "") for output in cell.outputs):
        return f"it printed more than {TEXT:,} characters"
    shown = (output.get("data", {}).get("text/plain", "") for output in cell.outputs)
    return f"it shows more than {SHOWN:,} characters" if CUT_SHOWN in shown else None


def _note(cell: NotebookNode, name: str, reason: str) -> None:
    """A failure that the kernel itself could not report, in the place of a traceback."""
    from nbformat import v4

    line = f"\x1b[31m{name}\x1b[39m: {reason}"
    cell.outputs.append(v4.new_output("error", ename=name, evalue=reason, traceback=[line]))


def _reason(name: str, value: str) -> str:
    first = value.strip().split("\n")[0].strip()
    return f"{name}: {first[:200]}" if first else name
