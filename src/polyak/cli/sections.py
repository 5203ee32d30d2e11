"""The sections of a page, in the terminal."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from polyak.cli.tables import fitting, terminal

if TYPE_CHECKING:
    from polyak.study import Section


def report(sections: Sequence[Section]) -> None:
    """The same facts as on the page, in the terminal."""
    from polyak.study import plain_text

    console = terminal()
    for section in sections:
        console.rule(section.title, align="left", style="blue")
        for paragraph in section.paragraphs:
            console.print(plain_text(paragraph))
        for table in section.tables:
            rows = [[plain_text(cell) for cell in row] for row in table.rows]
            console.print(f"\n{table.caption}")
            console.print(fitting([plain_text(cell) for cell in table.header], rows, console))
