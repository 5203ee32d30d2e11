"""Read a document: run its cells, and write a page or a notebook that shows what they did."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from polyak.book import needs
from polyak.book.files import check_place, read_text
from polyak.book.notice import tell_once
from polyak.book.parse.formats import as_markdown
from polyak.book.result import Reading
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
        path: Markdown whose fences read `python`, `{.python .input n=3}`, `{code-cell}` or `{python}`; a notebook; a
            script with cells (`# %%`).
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
    _check(to, timeout, language, strings)
    needs.check()
    given = read_text(path)
    converted = as_markdown(given, path)
    text = given if converted is None else converted
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
        lines = converted is None  # a notebook has none
        job = _Job(path, _fill(text, path, strings, language), place, launched, settings, lines)
        if tell:
            tell_once(path, given, tell)
        return job.page(language) if to == "html" else job.notebook()
    finally:
        launched.end()


def _check(to: str, timeout: float | None, language: str | None, strings: str | Path | None) -> None:
    if to not in FORMATS:
        raise unknown("format", to, FORMATS)
    if timeout is not None and not (isinstance(timeout, int | float) and timeout > 0):
        raise PolyakError(f"timeout is {timeout!r}, expected seconds, more than 0")
    if language is not None and strings is None:
        raise PolyakError("--language needs --strings, a file that has the words in it")


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
    filled: Filled
    place: Path
    launched: Launched
    settings: Settings
    lines: bool

    def __post_init__(self) -> None:
        if not self.document.cells:
            raise PolyakError(
                f"{self.path} has no code to run: "
                + (
                    "no fence reads python, {.python .input} or {code-cell}"
                    if self.lines
                    else "no cell is code"
                )
            )

    @property
    def document(self) -> Document:
        return self.filled.document

    def notebook(self) -> Reading:
        """Run the document and write it as a notebook."""
        import nbformat

        from polyak.book.render.notebook import notebook

        made = notebook(self.document)
        reading = self._run(made, self.settings)
        nbformat.validate(made)
        write_whole(self.place, str(nbformat.writes(made)))
        self.launched.end(patience=2.0)
        return reading

    def page(self, language: str | None) -> Reading:
        """Run the document and write it as a page."""
        from polyak.book.render.notebook import notebook
        from polyak.book.render.outputs import Cells, stopped
        from polyak.book.render.page import page
        from polyak.book.render.prose import Prose

        prose = Prose(self.path.parent)
        cells = Cells(prose.inline, lambda latex: prose.mathematics(latex, block=True))
        made = notebook(self.document)
        with ThreadPoolExecutor(1) as beside:  # what a page needs is made ready while cells run
            settings = replace(
                self.settings,
                after_start=lambda: beside.submit(_warm_up, self.document, cells, self.path.parent),
                after_cell=lambda cell: beside.submit(cells, cell),
            )
            reading = self._run(made, settings)
        shown = [cells(cell) for cell in made.cells if cell.cell_type == "code"]
        if reading.ran < reading.cells:
            shown[reading.ran - 1] += stopped(reading.failures[-1])
        body = prose.render(self.document, shown)
        reading = replace(
            reading, images=tuple(prose.images.missing), formulas=tuple(prose.mathematics.failed)
        )
        footer = f"Made by Polyak {__version__} from {self.path.name}: {reading.summary()}."
        title = self.document.title or self.path.stem
        write_whole(self.place, page(body, title, language or self.document.language, footer))
        self.launched.end(patience=2.0)
        return reading

    def _run(self, made: NotebookNode, settings: Settings) -> Reading:
        from polyak.book.render.notebook import numbers
        from polyak.book.run.cells import run

        count = len(self.document.cells)
        if settings.progress:
            settings.progress(0, count)
        ran = run(made, numbers(self.document), self.launched, settings)
        failures = tuple(map(self._line, ran.failures))
        return Reading(self.place, count, ran.cells, failures, self.filled.empty, self.filled.unused)

    def _line(self, failure: Failure) -> str:
        """Where a cell stands, in the file as it is, and why it failed."""
        cells = self.filled.skeleton.cells
        cell = cells[failure.cell]
        lines = f"line {cell.first}" if cell.first == cell.last else f"lines {cell.first}-{cell.last}"
        where = f" ({lines})" if self.lines else ""
        return f"{self.path}, cell {failure.cell + 1} of {len(cells)}{where}: {failure.reason}"


def _warm_up(document: Document, cells: Cells, folder: Path) -> None:
    """Set the prose once for nothing: what it imports and the formulas it sets are then at hand."""
    from polyak.book.render.prose import Prose

    cells.warm_up()
    Prose(folder).render(document)
