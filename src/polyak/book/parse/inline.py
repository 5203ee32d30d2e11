"""Inline markup: a paragraph cut into words and the marks around them, of which not a character is lost."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

# What is one mark to a translator, in the order in which it is looked for.
WHOLE = (
    r"\\[!-/:-@\[-`{-~]"  # an escaped character
    r"|(?:\{[a-zA-Z][\w:+.-]*\}|:[a-z]+:)?(?P<ticks>`+)(?!`).+?(?<!`)(?P=ticks)(?!`)"  # code, or a role
    r"|\$\$[^$]+\$\$|\$(?![\s$])(?:[^$\\]|\\.)+?(?<!\s)\$(?!\d)"  # a formula
    r"|<!--.*?-->|</?[a-zA-Z][^<>]*>|<[a-zA-Z][a-zA-Z0-9+.-]+:[^\s<>]*>"  # a comment, a tag, a link by itself
    r"|&(?:#\d+|#x[0-9a-fA-F]+|\w+);"  # a character by its name
)
OPENS = r"!?\["
CLOSES = r"\](?:\((?:[^()\s\\]|\\.|\([^()\s]*\))*(?:\s+(?:\"[^\"]*\"|'[^']*'))?\s*\)|\[[^\[\]]*\])?"
STRESS = r"\*\*\*|\*\*|\*|~~|(?<![\w])__?(?=\w)|(?<=[\w.,;:!?)])__?(?!\w)"
BREAK = r"(?<=  )\n[ \t>]*|\n[ \t>]+"  # a line's end that is more than that
MARK = re.compile(
    rf"(?P<whole>{WHOLE})|(?P<break>{BREAK})|(?P<opens>{OPENS})|(?P<closes>{CLOSES})|(?P<stress>{STRESS})",
    re.DOTALL,
)


@dataclass(frozen=True)
class Piece:
    """A stretch of a paragraph: words, or a mark with its XLIFF tag (bpt, ept or ph) and its number."""

    text: str
    tag: str = ""
    number: int = 0


def pieces(text: str) -> list[Piece]:
    """Cut a paragraph's Markdown into words and marks; joined again they are the paragraph.

    Args:
        text: Markdown of one paragraph, heading, list item or table cell.

    >>> [(piece.tag, piece.text) for piece in pieces("the *mean* of $g$")]
    [('', 'the '), ('bpt', '*'), ('', 'mean'), ('ept', '*'), ('', ' of '), ('ph', '$g$')]
    """
    found = list(MARK.finditer(text))
    pairs = _pairs(found)
    made: list[Piece] = []
    done = number = 0
    numbers: dict[int, int] = {}
    for index, mark in enumerate(found):
        whole = mark["whole"] or mark["break"]
        if not whole and index not in pairs:
            continue
        if mark.start() > done:
            made.append(Piece(text[done : mark.start()]))
        done = mark.end()
        if whole or pairs[index] > index:
            number += 1
            numbers[index] = number
            made.append(Piece(mark[0], "ph" if whole else "bpt", number))
        else:
            made.append(Piece(mark[0], "ept", numbers[pairs[index]]))
    if done < len(text):
        made.append(Piece(text[done:]))
    return made


def has_words(text: str) -> bool:
    """Whether there is anything in a paragraph to translate.

    >>> has_words("*x*"), has_words("$x$"), has_words("![](a.svg)")
    (True, False, False)
    """
    return any(re.search(r"[^\W\d_]", piece.text) for piece in pieces(text) if not piece.tag)


def _pairs(marks: list[re.Match[str]]) -> dict[int, int]:
    """Which mark opens what, and where that is closed, as places among the marks, both ways round."""
    open_marks: list[int] = []
    pairs: dict[int, int] = {}
    for index, mark in enumerate(marks):
        if mark["whole"] or mark["break"]:
            continue
        before, after = (
            mark.string[max(mark.start() - 1, 0) : mark.start()],
            mark.string[mark.end() : mark.end() + 1],
        )
        partner = (
            None if mark["stress"] and before.isspace() else next(_partners(marks, open_marks, mark), None)
        )
        if partner is not None:
            pairs[partner], pairs[index] = index, partner
            del open_marks[open_marks.index(partner) :]
        elif not mark["closes"] and not (mark["stress"] and (after.isspace() or not after)):
            open_marks.append(index)
    return pairs


def _partners(marks: list[re.Match[str]], open_marks: list[int], mark: re.Match[str]) -> Iterator[int]:
    for index in reversed(open_marks):
        same = marks[index]["opens"] if mark["closes"] else marks[index][0] == mark[0]
        if same:
            yield index
        elif mark["stress"] and marks[index]["opens"]:
            return  # stress does not reach out of a link's words
