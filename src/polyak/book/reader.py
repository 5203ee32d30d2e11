"""Read a document: run its cells, and write a page or a notebook that shows what they did."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from polyak.book import needs
from polyak.book.files import check_place, read_text
from polyak.book.kept import Kept, key, page_kept, page_of, runs
from polyak.book.notice import tell_once
from polyak.book.parse.formats import as_markdown
from polyak.book.parse.tabs import choose, of_tab
from polyak.book.render.printed import printer
from polyak.book.render.written import as_text
from polyak.book.result import Reading
from polyak.book.run.launch import Launched
from polyak.book.targets import TARGETS, default_name
from polyak.ground.errors import PolyakError, unknown
from polyak.ground.files import write_whole

if TYPE_CHECKING:
    from polyak.book.slots.fill import Filled

LONGEST = 8_000_000  # characters of a document: a chapter has 60,000
Progress = Callable[[int, int], None]


def read(
    path: str | Path,
    *,
    strings: str | Path | None = None,
    language: str | None = None,
    tab: str | None = None,
    to: str = "html",
    out: str | Path | None = None,
    keep_going: bool = False,
    timeout: float | None = 120.0,
    real: bool = False,
    again: bool = False,
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
        tab: which framework's cells and words are read, of a document that has them for several (`#@tab pytorch`,
            `%%tab`, `:begin_tab:`); by default PyTorch's, else the first.
        to: html for a page, pdf for the same printed, slides for a page that is turned, ipynb for a notebook; these
            run the cells. md for the document with its slots filled, myst, py (a script of cells), rmd or qmd
            for its cells and words as others have them; these run nothing.
        out: where to write; by default beside you, under the document's own name.
        keep_going: whether the cells after a failed one are run.
        timeout: seconds that a cell may take; None for as long as it likes.
        real: whether the reader's own gluonbook, d2lzh and mxnet are used rather than Polyak's.
        again: whether its cells are run although their run is kept: a document that has run here is read again at
            once where nothing it came from has changed (its cells, packages, the files that it names).
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
    place = Path(out) if out is not None else Path(default_name(path, to, language))
    check_place(place, path, *([Path(strings)] if strings else []))
    asked = _Asked(
        path,
        place,
        to,
        strings,
        language,
        tab,
        keep_going,
        timeout,
        real,
        again,
        progress=progress,
        tell=tell,
    )
    target = TARGETS[to]
    if not target.runs:
        return _convert(given, asked)
    if to == "pdf":
        printer()
    kept = runs()
    words = read_text(Path(strings)) if strings else ""
    whole = key([to, path.name, language, tab, real, words], [given], path.resolve().parent)
    if not again and (found := page_of(kept.get(whole), place)):
        return found
    reading = _run(given, asked, kept)
    if target.kept and not reading.failures:
        kept.put(whole, page_kept(reading))
    return reading


@dataclass(frozen=True)
class _Asked:
    """What `read` was asked for, checked."""

    path: Path
    place: Path
    to: str
    strings: str | Path | None
    language: str | None
    tab: str | None
    keep_going: bool
    timeout: float | None
    real: bool
    again: bool
    progress: Progress | None
    tell: Callable[[str], None] | None


@dataclass(frozen=True)
class _Text:
    """A document's text in Markdown, of one tab, its slots filled."""

    filled: Filled
    tab: str
    has_lines: bool


def _text(given: str, asked: _Asked) -> _Text:
    converted = as_markdown(given, asked.path)
    text = given if converted is None else converted
    if len(text) > LONGEST:
        raise PolyakError(f"{asked.path} is {len(text):,} characters long, expected at most {LONGEST:,}")
    tab = choose(text, asked.tab, str(asked.path))
    filled = _fill(of_tab(text, tab) if tab else text, asked.path, asked.strings, asked.language)
    return _Text(filled, tab, has_lines=converted is None)


def _convert(given: str, asked: _Asked) -> Reading:
    """Write a document in another form; nothing runs."""
    text = _text(given, asked)
    form, filled = TARGETS[asked.to].jupytext, text.filled
    write_whole(asked.place, as_text(filled.document, form, asked.path) if form else filled.text)
    return Reading(asked.place, slots=filled.empty, strings=filled.unused, tab=text.tab)


def _run(given: str, asked: _Asked, kept: Kept) -> Reading:
    """Run a document, or recall its run, and write its page or notebook."""
    launched = Launched(asked.path.resolve().parent)  # before all else that takes time
    try:
        from polyak.book.job import Job
        from polyak.book.run.cells import OLD_NAMES, Settings

        text = _text(given, asked)
        settings = Settings(
            start_up="pass" if asked.real else OLD_NAMES.format(tab=text.tab),
            timeout=None if asked.timeout == float("inf") else asked.timeout,
            keep_going=asked.keep_going,
            progress=asked.progress,
        )
        job = Job(
            asked.path,
            text.filled,
            asked.place,
            launched,
            settings,
            lines=text.has_lines,
            runs=kept,
            known_by=(asked.real, text.tab),
            again=asked.again,
        )
        if asked.tell:
            tell_once(asked.path, given, asked.tell)
        return replace(job.write(asked.to, asked.language), tab=text.tab)
    finally:
        launched.end()


def _check(to: str, timeout: float | None, language: str | None, strings: str | Path | None) -> None:
    if to not in TARGETS:
        raise unknown("format", to, TARGETS)
    if timeout is not None and not (isinstance(timeout, int | float) and timeout > 0):
        raise PolyakError(f"timeout is {timeout!r}, expected seconds, more than 0")
    if language is not None and strings is None:
        raise PolyakError("--language needs --strings, a file that has the words in it")


def _fill(text: str, path: Path, strings: str | Path | None, language: str | None) -> Filled:
    from polyak.book.slots.fill import fill

    if strings is None:
        return fill(text, {}, str(path))
    from polyak.book.slots.xliff import read_xliff

    return fill(text, read_xliff(Path(strings)).strings(language), str(path))
