"""The notebook client: nbclient's own, keeping no more of a cell's output than a page can hold."""

from __future__ import annotations

import asyncio
from typing import Any

from nbclient import NotebookClient
from nbformat import NotebookNode, v4

from polyak.book.run.kernel import CUT

KEPT = 64_000_000  # characters of one cell; the kernel's own bounds are far below


class Client(NotebookClient):
    """Runs cells, and stops one that floods: the kernel bounds what passes through it, this what does not."""

    _cell: NotebookNode | None = None
    _kept = 0

    def process_message(
        self, msg: dict[str, Any], cell: NotebookNode, cell_index: int
    ) -> NotebookNode | None:
        """Keep a message's output, unless the cell has given too much already."""
        if cell is not self._cell:
            self._cell, self._kept = cell, 0
        before, self._kept = self._kept, self._kept + _size(msg["content"])
        if msg["msg_type"] == "status" or self._kept <= KEPT:
            return super().process_message(msg, cell, cell_index)
        if before <= KEPT:
            cell.outputs.append(v4.new_output("stream", name="stderr", text=CUT))
            manager: Any = self.km
            self._interrupting = asyncio.ensure_future(manager.interrupt_kernel())
        return None


def _size(value: object) -> int:
    """About how many characters a message's content has."""
    if isinstance(value, str):
        return len(value)
    if isinstance(value, dict):
        return sum(_size(part) for part in value.values())
    return sum(_size(part) for part in value) if isinstance(value, list) else 8
