"""`polyak read`: documents that run."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from polyak.cli.command import DOCUMENTS, command
from polyak.cli.progress import shown
from polyak.ground.errors import PolyakError

if TYPE_CHECKING:
    from polyak.book import Reading


@command("book.read", group=DOCUMENTS)
def read(
    files: Annotated[
        list[Path],
        typer.Argument(
            help="Markdown whose fences of Python run, or its skeleton; a notebook; a script of cells. Several are "
            "read one after another, into the folder that --out names."
        ),
    ],
    strings: Annotated[Path | None, typer.Option()] = None,
    to: Annotated[
        str,
        typer.Option(
            help="html, pdf, slides or ipynb, which run the cells; or md, which fills the slots and runs nothing, "
            "myst, py, rmd, qmd, which write the document as others have it."
        ),
    ] = "html",
    *,
    out: Annotated[Path | None, typer.Option()] = None,
    keep_going: bool = False,
    **options: Any,
) -> None:
    """Read documents: run their cells, and write pages that show what they did and open with no network."""
    from polyak.book import read as run

    options |= {"strings": strings, "to": to, "keep_going": keep_going, "tell": _note}
    if len(files) > 1:
        _several(_without_skeletons(files), out, to, options)
        return
    with ExitStack() as screen:
        reading = run(files[0], out=out, progress=_bar(screen, f"reading {files[0].name}"), **options)
    _say(reading, strings, files[0])
    typer.echo(reading)
    if reading.failures:
        raise typer.Exit(1)


def _several(files: list[Path], out: Path | None, to: str, options: dict[str, Any]) -> None:
    """Each document into a folder, one after another: one that cannot be read leaves the others as they are."""
    from polyak.book import read as run

    places = _places(files, out, to, options)
    cells, broken = 0, 0
    for done, (file, place) in enumerate(places.items()):
        what = f"reading {file.name} ({done + 1} of {len(files)})"
        try:
            with ExitStack() as screen:
                reading = run(file, out=place, progress=_bar(screen, what), **options)
        except PolyakError as error:
            broken += 1
            typer.echo(f"polyak: {error}", err=True)
            continue
        _say(reading, options["strings"], file)
        typer.echo(reading)
        cells += reading.ran
        broken += bool(reading.failures)
    ran = f", {cells} cells" if cells else ""
    failed = f"; {broken} failed" if broken else ""
    typer.echo(f"{len(files)} documents in {next(iter(places.values())).parent}{ran}{failed}")
    if broken:
        raise typer.Exit(1)


def _without_skeletons(files: list[Path]) -> list[Path]:
    """All but skeletons whose document is given too, as `chapters/*.md` has both; said of each."""
    kept = []
    for file in files:
        whole = file.with_name(file.name.removesuffix(f".skl{file.suffix}") + file.suffix)
        if file.name.endswith(f".skl{file.suffix}") and whole in files:
            typer.echo(f"{file} is the skeleton of {whole}, which is read")
        else:
            kept.append(file)
    return kept


def _places(files: list[Path], out: Path | None, to: str, options: dict[str, Any]) -> dict[Path, Path]:
    """Where each document goes; what could not be written is said before anything runs."""
    from polyak.book.files import read_bytes
    from polyak.book.targets import TARGETS, default_name
    from polyak.ground.errors import unknown

    if to not in TARGETS:
        raise unknown("format", to, TARGETS)
    if options["strings"]:
        raise PolyakError("--strings are those of one document, and several are given")
    folder = out or Path()
    if folder.exists() and not folder.is_dir():
        raise PolyakError(f"{folder} is a file, expected a folder for {len(files)} documents")
    for file in files:
        read_bytes(file)
    places: dict[Path, Path] = {}
    of: dict[Path, Path] = {}
    for file in files:
        place = folder / default_name(file, to, options.get("language"))
        if place in of:
            raise PolyakError(f"{of[place]} and {file} would both be {place}")
        places[file], of[place] = place, file
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise PolyakError(f"{folder} cannot be made: {error.strerror}") from None
    return places


def _say(reading: Reading, strings: Path | None, file: Path) -> None:
    for failure in reading.failures:
        typer.echo(f"polyak: {failure}", err=True)
    if reading.strings:
        _note(f"{strings} has strings for which {file} has no slot: {', '.join(reading.strings)}")


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
