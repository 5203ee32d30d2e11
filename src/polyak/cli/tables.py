"""Tables on the terminal, never wider than it, and no word of them broken."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from polyak.cli.answers import print_json, rows_of

if TYPE_CHECKING:
    from rich.console import Console, RenderableType

BETWEEN = 3  # characters, of a table's columns
INDENT = 4  # of a row's lines below its name, where the rows stand one below the other


def print_table(header: Sequence[str], rows: Sequence[Sequence[str]], as_json: bool = False) -> None:
    """Print a table to the terminal, or its rows as JSON."""
    if as_json:
        print_json(rows_of(header, rows))
        return
    console = terminal()
    console.print(fitting(header, rows, console))


def terminal() -> Console:
    """Standard output, which prints text as it is."""
    from rich.console import Console

    return Console(markup=False, highlight=False, emoji=False)


def fitting(header: Sequence[str], rows: Sequence[Sequence[str]], console: Console) -> RenderableType:
    """A table where the terminal is wide enough for the words of every column, else the rows one below the other."""
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    widths = _widths(header, rows, console.width - BETWEEN * len(header) + 1)
    if widths is None:
        return _one_below_the_other(header, rows)
    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    for name, width in zip(header, widths, strict=True):
        table.add_column(name, width=width)
    for row in rows:
        table.add_row(*row)
    return table


def _widths(header: Sequence[str], rows: Sequence[Sequence[str]], room: int) -> list[int] | None:
    """Each column's width: its longest cell, the widest giving way first, to no less than its longest word.

    None where the longest words together take more than the room. (Rich's own way breaks words beside empty room.)
    """
    from rich.cells import cell_len

    columns = list(zip(header, *rows, strict=True))
    least = [
        max((cell_len(word) for cell in column for word in cell.split()), default=1) for column in columns
    ]
    widths = [max(cell_len(line) for cell in column for line in cell.split("\n")) for column in columns]
    if sum(least) > room:
        return None
    while sum(widths) > room:
        widest = max((k for k in range(len(widths)) if widths[k] > least[k]), key=widths.__getitem__)
        widths[widest] -= 1
    return widths


def _one_below_the_other(header: Sequence[str], rows: Sequence[Sequence[str]]) -> RenderableType:
    """Each row as its first cell, and a line for every other cell that says something."""
    from rich.console import Group
    from rich.padding import Padding

    lines: list[RenderableType] = []
    for row in rows:
        lines.append("")
        lines += [
            Padding(f"{name}: {cell}", (0, 0, 0, INDENT)) if k else cell
            for k, (name, cell) in enumerate(zip(header, row, strict=True))
            if cell
        ]
    return Group(*lines)
