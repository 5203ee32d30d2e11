"""Read a document: run its cells, and write a page or a notebook that shows what they did."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

from polyak.book import needs
from polyak.book.files import check_place, read_text
from polyak.book.notice import tell_once
from polyak.book.reading import Reading
from polyak.book.run.launch import Launched
from polyak.ground.errors import PolyakError, unknown
from polyak.ground.files import write_whole
from polyak.ground.version import __version__

if TYPE_CHECKING:
    from nbformat import NotebookNode

    from polyak.book.parse.document import Document
    from polyak.book.render.outputs import Cells
    from polyak.book.run.cells import Failure, Settings
    from polyak.book.slots.fill import Filled

FORMATS = ("html", "ipynb", "md")
Progress = Callable[[int, int], None]


def read(
    path: str | Path,
    *,
    strings: str | Path | None = None,
    language: str | None = None,
    to: str = "html",
    out: str | Path | None = None,
    keep_going: bool = False,
    timeout: float | None = 120.0,
    real: bool = False,
    progress: Progress | None = None,
    tell: Callable[[str], None] | None = None,
) -> Reading:
    """Run a document's cells in a Jupyter kernel, and write what they did.

    A document is a program: its cells run with the rights of whoever reads it.

    Args:
        path: Markdown whose fences read `python`, `{.python .input n=3}` or `{code-cell}`.
        strings: an XLIFF 1.2 file that holds the words of the document's slots.
        language: which language of that file; by default its target's, or its source's where no target is filled.
        to: html for a page, ipynb for a notebook, md for the document with its slots filled, which runs nothing.
        out: where to write; by default beside you, under the document's own name.
        keep_going: whether the cells after a failed one are run.
        timeout: seconds that a cell may take; None for as long as it likes.
        real: whether the reader's own gluonbook, d2lzh and mxnet are used rather than Polyak's.
        progress: called with (cells done, cells) as the run goes on.
        tell: called, before this text is first run here, with a line that says that it is a program.

    Returns:
        What was written, how many cells ran, and what is lacking.

    Raises:
        PolyakError: the document, its strings or the place to write cannot be used. A cell that fails raises
            nothing: it is in the page with its traceback, and among the reading's `failures`.

    >>> read("no/such/chapter.md")
    Traceback (most recent call last):
    ...
    polyak.PolyakError: no/such/chapter.md: no such file
    """
    path = Path(path)
    if to not in FORMATS:
        raise unknown("format", to, FORMATS)
    if timeout is not None and not (isinstance(timeout, int | float) and timeout > 0):
        raise PolyakError(f"timeout is {timeout!r}, expected seconds, more than 0")
    if language is not None and strings is None:
        raise PolyakError("--language needs --strings, a file that has the words in it")
    needs.check()
    text = read_text(path)
    place = Path(out) if out is not None else Path(default_name(path, to, language))
    check_place(place, path, *([Path(strings)] if strings else []))
    if to == "md":
        filled = _fill(text, path, strings, language)
        write_whole(place, filled.text)
        return Reading(place, slots=filled.empty, strings=filled.unused)
    launched = Launched(path.resolve().parent)  # before all else that takes time
    try:
        from polyak.book.run.cells import OLD_NAMES, Settings

        settings = Settings(
            start_up="pass" if real else OLD_NAMES,
            timeout=None if timeout == float("inf") else timeout,
            keep_going=keep_going,
            progress=progress,
        )
        job = _Job(path, text, place, to, launched, settings)
        return job.done(_fill(text, path, strings, language), language, tell)
    finally:
        launched.end()


def default_name(path: Path, to: str, language: str | None = None) -> str:
    """Where a document's page goes: its own name, less what marks it as a skeleton.

    >>> default_name(Path("book/momentum.skl.md"), "html"), default_name(Path("a.md"), "md", "zh-CN")
    ('momentum.html', 'a.zh-CN.md')
    """
    stem = path.name.removesuffix(path.suffix).removesuffix(".skl")
    return f"{stem}.{language or 'filled'}.md" if to == "md" else f"{stem}.{to}"


def _fill(text: str, path: Path, strings: str | Path | None, language: str | None) -> Filled:
    from polyak.book.slots.fill import fill

    if strings is None:
        return fill(text, {}, str(path))
    from polyak.book.slots.xliff import read_xliff

    return fill(text, read_xliff(Path(strings)).strings(language), str(path))


@dataclass(frozen=True)
class _Job:
    path: Path
    text: str
    place: Path
    to: str
    launched: Launched
    settings: Settings

    def done(self, filled: Filled, language: str | None, tell: Callable[[str], None] | None) -> Reading:
        """Run the document and write what came of it."""
        from polyak.book.parse.document import parse

        document = parse(filled.text, str(self.path))
        if not document.cells:
            raise PolyakError(
                f"{self.path} has no code to run: no fence reads python, {{.python .input}} or {{code-cell}}"
            )
        if tell:
            tell_once(self.path, self.text, tell)
        if self.settings.progress:
            self.settings.progress(0, len(document.cells))
        reading = Reading(self.place, len(document.cells), slots=filled.empty, strings=filled.unused)
        reading = (self._page if self.to == "html" else self._notebook)(document, reading, language)
        self.launched.end(patience=2.0)
        return reading

    def _notebook(self, document: Document, reading: Reading, _: str | None) -> Reading:
        import nbformat

        from polyak.book.render.notebook import notebook

        made = notebook(document)
        reading = self._run(document, made, reading, self.settings)
        nbformat.validate(made)
        write_whole(self.place, str(nbformat.writes(made)))
        return reading

    def _page(self, document: Document, reading: Reading, language: str | None) -> Reading:
        from polyak.book.render.notebook import notebook
        from polyak.book.render.outputs import Cells
        from polyak.book.render.prose import Prose

        prose = Prose(self.path.parent)
        cells = Cells(prose.inline, lambda latex: prose.mathematics(latex, block=True))
        made = notebook(document)
        with ThreadPoolExecutor(1) as beside:  # what a page needs is made ready while cells run
            settings = replace(
                self.settings,
                after_start=lambda: beside.submit(_warm_up, document, cells, self.path.parent),
                after_cell=lambda cell: beside.submit(cells, cell),
            )
            reading = self._run(document, made, reading, settings)
        shown = [cells(cell) for cell in made.cells if cell.cell_type == "code"]
        if reading.ran < reading.cells:
            shown[reading.ran - 1] += (
                f'<p class="stopped">{escape(reading.failures[-1])}<br>The cells below were not run.</p>\n'
            )
        body = prose.render(document, shown)
        reading = replace(
            reading, images=tuple(prose.images.missing), formulas=tuple(prose.mathematics.failed)
        )
        from polyak.book.render.page import page

        footer = f"Made by Polyak {__version__} from {self.path.name}: {reading.summary()}."
        title = document.title or self.path.stem
        write_whole(self.place, page(body, title, language or document.language, footer))
        return reading

    def _run(self, document: Document, made: NotebookNode, reading: Reading, settings: Settings) -> Reading:
        from polyak.book.render.notebook import numbers
        from polyak.book.run.cells import run

        result = run(made, numbers(document), self.launched, settings)
        failures = tuple(self._line(failure) for failure in result.failures)
        return replace(reading, ran=result.cells, failures=failures)

    def _line(self, failure: Failure) -> str:
        """Where a cell stands, in the file as it is, and why it failed."""
        from polyak.book.parse.document import parse

        cells = parse(self.text, str(self.path)).cells
        cell = cells[failure.cell]
        lines = f"line {cell.first}" if cell.first == cell.last else f"lines {cell.first}-{cell.last}"
        return f"{self.path}, cell {failure.cell + 1} of {len(cells)} ({lines}): {failure.reason}"


def _warm_up(document: Document, cells: Cells, folder: Path) -> None:
    """Set the prose once for nothing: what it imports and the formulas it sets are then at hand."""
    from polyak.book.render.prose import Prose

    cells.warm_up()
    Prose(folder).render(document)
