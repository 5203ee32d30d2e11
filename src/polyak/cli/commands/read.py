"""`polyak read`: a document that runs."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Annotated, Any

import typer

from polyak.cli.command import DOCUMENTS, command
from polyak.cli.progress import shown


@command("book.read", group=DOCUMENTS)
def read(
    file: Annotated[
        Path,
        typer.Argument(
            help="Markdown whose fences of Python run, or its skeleton; a notebook; a script of cells."
        ),
    ],
    strings: Annotated[Path | None, typer.Option()] = None,
    to: Annotated[
        str, typer.Option(help="html, ipynb, or md, which fills the slots and runs nothing.")
    ] = "html",
    *,
    out: Annotated[Path | None, typer.Option()] = None,
    keep_going: bool = False,
    **options: Any,
) -> None:
    """Read a document: run its cells, and write a page that shows what they did and opens with no network."""
    from polyak.book import read as run

    options |= {"strings": strings, "to": to, "out": out, "keep_going": keep_going}
    with ExitStack() as screen:
        reading = run(file, progress=_bar(screen, f"reading {file.name}"), tell=_note, **options)
    for failure in reading.failures:
        typer.echo(f"polyak: {failure}", err=True)
    if reading.strings:
        _note(f"{strings} has strings for which {file} has no slot: {', '.join(reading.strings)}")
    typer.echo(reading)
    if reading.failures:
        raise typer.Exit(1)


def _bar(screen: ExitStack, what: str) -> Callable[[int, int], None]:
    """A bar that is made ready only when there is something to show: the kernel starts before it."""
    bars: list[Callable[[int, int], None]] = []

    def progress(done: int, total: int) -> None:
        if not bars:
            bars.append(screen.enter_context(shown(what, "cells")))
        bars[0](done, total)

    return progress


def _note(words: str) -> None:
    typer.echo(f"polyak: note: {words}", err=True)
