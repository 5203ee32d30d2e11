"""A document cut into a skeleton and its strings, so that translators' tools can take the words."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from polyak.book.parse.document import Document, parse
from polyak.book.parse.inline import has_words
from polyak.book.slots.fill import CHARACTER, LINE_ENDS, SLOT, fill, line_of
from polyak.book.slots.safety import comments, in_comment
from polyak.book.slots.xliff import writable
from polyak.ground.errors import PolyakError

if TYPE_CHECKING:
    from markdown_it.token import Token

KINDS = {
    "heading_open": "heading",
    "th_open": "table cell",
    "td_open": "table cell",
    "list_item_open": "list item",
    "footnote_open": "footnote",
    "dt_open": "term",
    "dd_open": "definition",
}


@dataclass(frozen=True)
class Span:
    """A string of the document: where it begins and ends, and what it is."""

    start: int
    end: int
    kind: str


@dataclass(frozen=True)
class Cut:
    """A document's skeleton, and its strings by slot number from 1, each with its kind."""

    skeleton: str
    strings: tuple[tuple[str, str], ...]
    document: Document = field(repr=False, compare=False)


def cut(text: str, name: str = "the document") -> Cut:
    r"""Cut a document into skeleton and strings: headings, paragraphs, list items, table cells, comments in cells.

    Putting the strings back gives the same document, byte for byte.

    Args:
        text: the document.
        name: what to call it where something is wrong.

    Raises:
        PolyakError: it has slots already, or a fence that is never closed.

    >>> cut("# Momentum\n\nIt *rolls*.\n")
    Cut(skeleton='# %%%1%%%\n\n%%%2%%%\n', strings=(('Momentum', 'heading'), ('It *rolls*.', 'paragraph')))
    """
    for pattern in (SLOT, CHARACTER):
        if already := pattern.search(text):
            raise PolyakError(
                f"{name}, line {line_of(text, already.start())}: {already[0]} stands there already"
            )
    document = parse(text, name)
    spans = [span for span in _spans(document) if _may_be_cut(text, span)]
    whole = _assembled(document, spans)
    if _same(whole):
        return whole
    # Rare: a slot is read otherwise than the words it stands for. Keep those that are not.
    kept: list[Span] = []
    for span in spans:
        if _same(_assembled(document, [*kept, span])):
            kept.append(span)
    return _assembled(document, kept)


def _assembled(document: Document, spans: Sequence[Span]) -> Cut:
    text = document.text
    parts, done = [], 0
    for number, span in enumerate(spans, 1):
        parts += [text[done : span.start], f"%%%{number}%%%"]
        done = span.end
    strings = tuple((text[span.start : span.end], span.kind) for span in spans)
    return Cut("".join([*parts, text[done:]]), strings, document)


def _same(cut: Cut) -> bool:
    """Whether the strings, put back, give the document, and its skeleton the same cells."""
    strings = {str(number): words for number, (words, _) in enumerate(cut.strings, 1)}
    try:
        filled = fill(cut.skeleton, strings)
    except PolyakError:
        return False
    return filled.text == cut.document.text and len(filled.skeleton.cells) == len(cut.document.cells)


def _may_be_cut(text: str, span: Span) -> bool:
    words = text[span.start : span.end]
    before, after = text[max(span.start - 24, 0) : span.start], text[span.end : span.end + 1]
    return writable(words) and not re.search(r"%%%\d*$|%$", before) and after != "%"


def _spans(document: Document) -> Iterator[Span]:
    """The document's strings in the order in which they stand."""
    text, lines = document.text, _lines(document.text)
    reached = 0
    for token, kind in sorted(_with_kinds(document.tokens), key=lambda pair: (pair[0].map or [0])[0]):
        if "cell" in token.meta:
            yield from _in_cell(document.cells[token.meta["cell"]].code, token, text, lines)
        else:
            span = _located(token, text, lines, reached, kind)
            if span is not None:
                yield span
                reached = span.end


def _with_kinds(tokens: Sequence[Token]) -> Iterator[tuple[Token, str]]:
    """What may have words, and what it is; footnotes come last, wherever they stand in the text."""
    kinds: list[str] = []
    for token in tokens:
        if token.nesting == 1:
            kinds.append(KINDS.get(token.type, ""))
        elif token.nesting == -1:
            kinds.pop()
        elif "cell" in token.meta or (token.type == "inline" and token.map and has_words(token.content)):
            yield token, next(filter(None, reversed(kinds)), "paragraph")


def _lines(text: str) -> list[tuple[int, int]]:
    """Where each line begins and ends, a byte order mark left out."""
    mark = len(text) - len(text.removeprefix("\ufeff"))
    every = re.finditer(r"(?P<line>[^\r\n]*)(\r\n|\r|\n|$)", text)
    lines = [(line.start(), line.end("line")) for line in every]
    return [(mark, lines[0][1]), *lines[1:]]


def _located(
    token: Token, text: str, lines: Sequence[tuple[int, int]], reached: int, kind: str
) -> Span | None:
    """Where a token's text stands, from its first letter to its last; None if it is not there as it is."""
    first, _ = token.map or (0, 0)
    starts, end = [], reached
    for index, words in enumerate(token.content.split("\n"), first):
        if index >= len(lines):
            return None
        line_start, line_end = lines[index]
        ways = (words.strip(), words.strip().replace("|", r"\|"))  # as it is, and as a table has it
        places = ((text.find(way, max(line_start, end), line_end), way) for way in ways)
        at, way = next(((at, way) for at, way in places if at >= 0), (-1, ""))
        if at < 0:
            return None
        starts.append(at)
        end = at + len(way)
    return Span(starts[0], end, kind)


def _in_cell(code: str, token: Token, text: str, lines: Sequence[tuple[int, int]]) -> Iterator[Span]:
    """The comments of a cell that are words, and safe to take out."""
    offset = (token.map or (0, 0))[0] + 1 + (token.content.count("\n") - code.count("\n") - 1)
    rows = code.split("\n")
    for row, column, words in comments(code):
        start, end = lines[offset + row]
        at = text.find(words, max(end - len(rows[row]) + column, start), end)
        if at >= 0 and has_words(words) and _stays_a_comment(rows, row, column, words):
            yield Span(at, at + len(words), "comment")


def _stays_a_comment(rows: list[str], row: int, column: int, words: str) -> bool:
    """Whether a slot in the place of a comment's words is in a comment too."""
    line = rows[row][:column] + "%%%1%%%" + rows[row][column + len(words) :]
    code = "\n".join([*rows[:row], line, *rows[row + 1 :]])
    return not LINE_ENDS.search(words) and in_comment(code, "%%%1%%%")
