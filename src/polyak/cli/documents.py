"""Documents: `polyak read` and `polyak slots`."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Annotated, Any

import typer

from polyak.cli.progress import shown


def add_to(app: typer.Typer) -> None:
    """Add these commands to the terminal's door."""
    app.command("read")(read)
    app.command("slots")(slots)


def _number(word: str) -> Any:
    """A number as typed; a word that is none is left for the reader to refuse in its own words."""
    try:
        return float(word)
    except ValueError:
        return word


def read(
    file: Annotated[Path, typer.Argument(help="Markdown whose fences of Python run, or its skeleton.")],
    strings: Annotated[
        Path | None, typer.Option(help="An XLIFF 1.2 file with the words of its slots.")
    ] = None,
    language: Annotated[str | None, typer.Option(help="Which language of that file, such as en-US.")] = None,
    to: Annotated[
        str, typer.Option(help="html, ipynb, or md, which fills the slots and runs nothing.")
    ] = "html",
    out: Annotated[Path | None, typer.Option(help="Where to write; the document's name by default.")] = None,
    keep_going: Annotated[
        bool, typer.Option("--keep-going", help="Run the cells after a failed one too.")
    ] = False,
    timeout: Annotated[
        Any, typer.Option(parser=_number, metavar="SECONDS", help="How long a cell may take.")
    ] = 120.0,
    real: Annotated[bool, typer.Option("--real", help="Use your own gluonbook, d2lzh and mxnet.")] = False,
) -> None:
    """Read a document: run its cells, and write a page that shows what they did and opens with no network."""
    from polyak.book import read as run

    with ExitStack() as screen:
        reading = run(
            file,
            strings=strings,
            language=language,
            to=to,
            out=out,
            keep_going=keep_going,
            timeout=timeout,
            real=real,
            progress=_bar(screen, f"reading {file.name}"),
            tell=_note,
        )
    for failure in reading.failures:
        typer.echo(f"polyak: {failure}", err=True)
    if reading.strings:
        _note(f"{strings} has strings for which {file} has no slot: {', '.join(reading.strings)}")
    typer.echo(reading)
    if reading.failures and not keep_going:
        raise typer.Exit(1)


def slots(
    file: Annotated[Path, typer.Argument(help="A document in Markdown.")],
    target_language: Annotated[
        str | None, typer.Option(help="The language to translate to, such as zh-CN.")
    ] = None,
    source_language: Annotated[
        str | None, typer.Option(help="The language it is in; by its letters.")
    ] = None,
    out_dir: Annotated[Path, typer.Option(help="The folder for the two files.")] = Path(),
) -> None:
    """Cut a document into skeleton and strings (XLIFF), so that it can be translated."""
    from polyak.book import separate

    typer.echo(
        separate(file, source_language=source_language, target_language=target_language, out_dir=out_dir)
    )


def _bar(screen: ExitStack, what: str) -> Callable[[int, int], None]:
    """A bar that is made ready only when there is something to show: the kernel starts before it."""
    made: list[Callable[[int, int], None]] = []

    def progress(done: int, total: int) -> None:
        if not made:
            made.append(screen.enter_context(shown(what, "cells")))
        made[0](done, total)

    return progress


def _note(words: str) -> None:
    typer.echo(f"polyak: note: {words}", err=True)
