"""Raw HTML in prose: what is harmless stands, what only wraps is dropped, all else is shown as it is typed."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from html import escape, unescape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from markdown_it.token import Token

ALONE = {"br", "hr", "wbr"}
PAIRED = {
    *(
        "b",
        "strong",
        "i",
        "em",
        "u",
        "s",
        "del",
        "ins",
        "sub",
        "sup",
        "kbd",
        "mark",
        "small",
        "code",
        "q",
        "cite",
    ),
    *("details", "summary", "blockquote"),
}
WRAPPERS = {"div", "span", "p", "center", "font", "section", "article", "figure", "figcaption", "picture"}
VALUE = r"(?:[^\s\"'=<>`]+|'[^']*'|\"[^\"]*\")"
ATTRIBUTE = re.compile(rf"([a-zA-Z_:][\w:.-]*)\s*=\s*({VALUE})")
TAG = re.compile(
    rf"<!--.*?-->|<(/?)([a-zA-Z][\w-]*)((?:\s+[a-zA-Z_:][\w:.-]*(?:\s*=\s*{VALUE})?)*)\s*(/?)>", re.DOTALL
)
Image = Callable[[dict[str, str]], str]


@dataclass
class Piece:
    """A tag or a stretch of text; `stands` says that it is a tag to keep."""

    text: str
    name: str = ""
    opens: bool = False
    closes: bool = False
    stands: bool = False
    attributes: dict[str, str] = field(default_factory=dict)


def settle(tokens: Sequence[Token]) -> None:
    """Decide for each raw tag of a document whether it stands: one that is closed in the right place does."""
    within: list[Piece | Token] = []
    for token in _flat(tokens):
        if token.type in ("html_inline", "html_block"):
            pieces = token.meta["pieces"] = _pieces(token.content)
            for piece in pieces:
                last = within[-1] if within else None
                if piece.opens:
                    within.append(piece)
                elif piece.closes and isinstance(last, Piece) and last.name == piece.name:
                    piece.stands = last.stands = True
                    within.pop()
        elif token.nesting == 1:
            within.append(token)
        elif token.nesting == -1:
            while within and isinstance(within.pop(), Piece):
                pass  # a tag that was never closed


def html(token: Token, image: Image) -> str:
    """A token of raw HTML as the page has it.

    Args:
        token: one that `settle` has seen.
        image: makes an image from a tag's attributes.
    """
    return "".join(_html(piece, image) for piece in token.meta.get("pieces") or _pieces(token.content))


def _html(piece: Piece, image: Image) -> str:
    if not piece.name:
        return escape(unescape(piece.text), quote=False)
    if piece.name == "img" and piece.attributes.get("src"):
        return image(piece.attributes)
    if piece.name in ALONE:
        return f"<{piece.name}>"
    if piece.stands and piece.name in PAIRED:
        return f"</{piece.name}>" if piece.closes else f"<{piece.name}>"
    return "" if piece.name in WRAPPERS else escape(piece.text, quote=False)


def _flat(tokens: Sequence[Token]) -> Iterator[Token]:
    for token in tokens:
        yield token
        yield from token.children or []


def _pieces(text: str) -> list[Piece]:
    """Raw HTML cut into its tags, its comments and what stands between them."""
    pieces: list[Piece] = []
    done = 0
    for found in TAG.finditer(text):
        pieces.append(Piece(text[done : found.start()]))
        done = found.end()
        if found[2] is None:
            continue  # a comment
        name, closes = found[2].lower(), bool(found[1])
        opens = not (closes or found[4] or name in ALONE or name == "img")
        given = {key.lower(): unescape(value.strip("\"'")) for key, value in ATTRIBUTE.findall(found[3])}
        pieces.append(Piece(found[0], name, opens, closes, attributes=given))
    return [piece for piece in (*pieces, Piece(text[done:])) if piece.text]
