"""What a document's labels stand for: sections by their titles, formulas and figures by their numbers.

A label stands before what it names (`(a)=` of MyST), in it (`:label: a` of a directive, `$$ ... $$ (a)`), or right
behind it (``:label:`a` `` and ``:eqlabel:`a` `` of the older books).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from polyak.book.parse.directives import directive
from polyak.book.parse.document import plain

if TYPE_CHECKING:
    from markdown_it.token import Token

LABELS = {"label", "eqlabel"}
UNSEEN = {*LABELS, "width"}  # roles that show nothing themselves
WORDS = {"section": "Section", "figure": "Figure", "formula": "Equation", "cell": "Listing", "text": "Here"}


@dataclass(frozen=True)
class Place:
    """What a label stands for: its kind, its number where such things have one, and its title where it has one."""

    kind: str
    number: int = 0
    title: str = ""

    def words(self, role: str) -> str:
        """How a role speaks of it.

        >>> Place("formula", 3).words("eq"), Place("figure", 2).words("numref"), Place("section", 0, "It").words("ref")
        ('(3)', 'Figure 2', 'It')
        """
        if role in {"eq", "eqref"}:
            return f"({self.number})" if self.number else self.title or WORDS[self.kind]
        if self.title and role != "numref":
            return self.title
        return f"{WORDS[self.kind]} {self.number}" if self.number else self.title or WORDS[self.kind]


@dataclass
class _Gathered:
    places: dict[str, Place] = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=dict)

    def name(self, label: str, kind: str, title: str = "") -> None:
        if label and label not in self.places:
            number = 0
            if kind in {"figure", "formula", "cell"}:
                number = self.counts[kind] = self.counts.get(kind, 0) + 1
            self.places[label] = Place(kind, number, title)


def gather(tokens: Sequence[Token], cells: Sequence[str] = ()) -> dict[str, Place]:
    """The places of a document's labels; paragraphs in which nothing but labels stands are hidden on the way.

    Args:
        tokens: the document's.
        cells: the label of each of its cells.
    """
    gathered = _Gathered()
    waiting: list[str] = []  # targets, before what they name
    last = ("text", "")  # what a label behind it names
    for index, token in enumerate(tokens):
        if token.type == "target":
            waiting.append(token.content)
            continue
        if token.type == "inline":
            last = _in_words(tokens, index, last, gathered)
            continue
        seen = _seen(token, tokens[min(index + 1, len(tokens) - 1)], gathered, cells)
        last = seen if seen[0] else last
        if token.nesting >= 0:
            for label in waiting:
                gathered.name(label, *(seen if seen[0] else ("text", "")))
            waiting = []
    return gathered.places


def _in_words(
    tokens: Sequence[Token], index: int, last: tuple[str, str], gathered: _Gathered
) -> tuple[str, str]:
    """The labels of a paragraph, which is hidden where nothing else stands in it; what a later one would name."""
    before, token, after = tokens[index - 1 : index + 2]
    if before.type != "heading_open":
        last = _in_paragraph(token, last, gathered)
    if _only_labels(token):
        for beside in (before, after):
            beside.hidden = beside.type.startswith("paragraph")
    return last


def _seen(token: Token, following: Token, gathered: _Gathered, cells: Sequence[str]) -> tuple[str, str]:
    """What a token is, that can be spoken of, and its title; its own label is taken down."""
    if token.type == "heading_open":
        return "section", plain(following)
    if token.type in ("math_block", "math_block_label"):
        gathered.name(token.info if token.type == "math_block_label" else "", "formula")
        return "formula", ""
    if token.type == "fence" and "cell" in token.meta:
        label = cells[token.meta["cell"]] if token.meta["cell"] < len(cells) else ""
        gathered.name(label, "cell")
        return "cell", ""
    if token.type == "fence" and (said := directive(token.info, token.content)):
        kind = {"math": "formula", "figure": "figure", "image": "figure"}.get(said.name, "text")
        gathered.name(said.label, kind)
        return kind, ""
    return "", ""


def _in_paragraph(inline: Token, last: tuple[str, str], gathered: _Gathered) -> tuple[str, str]:
    """Labels behind what they name, in one paragraph or the next; what a label after this one would name."""
    for child in inline.children or []:
        if child.type == "image":
            last = ("figure", "")
        elif child.type == "math_inline_double":
            last = ("formula", "")
        elif child.type == "role" and child.meta["role"] in LABELS:
            gathered.name(child.content, "formula" if child.meta["role"] == "eqlabel" else last[0], last[1])
        elif child.type == "text" and child.content.strip():
            last = ("text", "")
    return last


def _only_labels(inline: Token) -> bool:
    children = inline.children or []
    return bool(children) and all(
        child.type == "softbreak" or (child.type == "role" and child.meta["role"] in UNSEEN)
        for child in children
    )


def split(words: str) -> tuple[str, str]:
    """The title and the label of a role's words; most have no title.

    >>> split("the step <eq-step>"), split("eq-step")
    (('the step', 'eq-step'), ('', 'eq-step'))
    """
    found = re.fullmatch(r"(.+?)\s*<([^<>]+)>", words)
    return (found[1], found[2]) if found else ("", words)
