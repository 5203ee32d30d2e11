"""A document on its way: its cells run, or their run recalled, and a page or a notebook made of what they did."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from polyak.book.kept import Kept, key, now
from polyak.book.result import Reading
from polyak.book.run.launch import Launched
from polyak.ground.errors import PolyakError
from polyak.ground.files import write_whole
from polyak.ground.version import __version__

if TYPE_CHECKING:
    from nbformat import NotebookNode

    from polyak.book.parse.document import Document
    from polyak.book.render.outputs import Cells
    from polyak.book.run.cells import Failure, Settings
    from polyak.book.slots.fill import Filled


@dataclass(frozen=True)
class Job:
    """A document on its way to a page or a notebook.

    Attributes:
        path: where it stands.
        filled: it, its slots filled.
        place: where what is made of it goes.
        launched: the process that its cells run in.
        settings: how to run them.
        lines: whether its cells have lines of their own: a notebook has none.
        runs: where runs are kept.
        known_by: what else than its cells tells its run from another.
        again: whether its cells are run though their run is kept.
    """

    path: Path
    filled: Filled
    place: Path
    launched: Launched
    settings: Settings
    lines: bool
    runs: Kept
    known_by: tuple[object, ...] = ()
    again: bool = False

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
        """The document, parsed."""
        return self.filled.document

    def write(self, to: str, language: str | None) -> Reading:
        """Run the document, and write what it is made into: a name among TARGETS whose cells run."""
        return self._notebook() if to == "ipynb" else self._page(to, language)

    def _notebook(self) -> Reading:
        import nbformat

        from polyak.book.render.notebook import notebook

        made = notebook(self.document)
        reading = self._run(made, self.settings)
        nbformat.validate(made)
        write_whole(self.place, str(nbformat.writes(made)))
        self.launched.end(patience=2.0)
        return reading

    def _page(self, to: str, language: str | None) -> Reading:
        from polyak.book.render.interactive import Figures
        from polyak.book.render.notebook import notebook
        from polyak.book.render.outputs import Cells, stopped
        from polyak.book.render.page import page
        from polyak.book.render.printed import pdf
        from polyak.book.render.prose import Prose
        from polyak.book.render.slides import Slides, deck, script, style

        prose = Slides(self.path.parent) if to == "slides" else Prose(self.path.parent)
        title, spoken = self.document.title or self.path.stem, language or self.document.language
        figures = Figures(spoken) if to == "html" else None  # what is printed or turned has their pictures
        cells = Cells(prose.inline, lambda latex: prose.mathematics(latex, block=True), figures)
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
        if isinstance(prose, Slides):
            turned = deck(prose.sections(body))
            write_whole(self.place, page(turned, title, spoken, footer, style=style(), script=script()))
        else:
            touched = {"style": figures.style(), "script": figures.script()} if figures else {}
            html = page(body, title, spoken, footer, **touched)
            write_whole(self.place, pdf(html) if to == "pdf" else html)
        self.launched.end(patience=2.0)
        return reading

    def _run(self, made: NotebookNode, settings: Settings) -> Reading:
        from polyak.book.render.notebook import numbers

        codes = [cell for cell in made.cells if cell.cell_type == "code"]
        said = [(cell.source, *cell.metadata.get("tags", ())) for cell in codes]
        known_by = [*self.known_by, numbers(self.document), said]
        own = key(known_by, [cell.source for cell in codes], self.folder)
        when = "" if self.again else self._recall(own, codes)
        if not when:
            return self._run_anew(made, codes, own, settings)
        after = settings.after_cell
        if after is not None:
            for cell in codes:
                after(cell)
        count = len(codes)
        return Reading(self.place, count, count, (), self.filled.empty, self.filled.unused, run_at=when)

    def _run_anew(
        self, made: NotebookNode, codes: Sequence[NotebookNode], own: str, settings: Settings
    ) -> Reading:
        from polyak.book.render.notebook import numbers
        from polyak.book.run.cells import run

        if settings.progress:
            settings.progress(0, len(codes))
        ran = run(made, numbers(self.document), self.launched, settings)
        failures = tuple(map(self._line, ran.failures))
        if not failures:
            done = [{"count": cell.execution_count, "outputs": cell.outputs} for cell in codes]
            self.runs.put(own, {"cells": done, "when": now()})
        return Reading(self.place, len(codes), ran.cells, failures, self.filled.empty, self.filled.unused)

    def _recall(self, own: str, codes: Sequence[NotebookNode]) -> str:
        """Give the cells the outputs of the run that is kept; when that was, or nothing where none is."""
        from nbformat import from_dict

        found = self.runs.get(own)
        done = found.get("cells") if found else None
        if not found or not isinstance(done, list) or len(done) != len(codes):
            return ""
        for cell, was in zip(codes, done, strict=True):
            cell.execution_count, cell.outputs = was["count"], from_dict(was["outputs"])
        return str(found["when"])

    @property
    def folder(self) -> Path:
        """Where the document's cells run."""
        return self.path.resolve().parent

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
