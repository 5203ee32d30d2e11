"""Raw HTML in prose: what is harmless stands, what only wraps is dropped, all else is shown as it is typed.

That every tag is closed in its place is settled here; what reaches a page in the end is nh3's word (`clean`).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from html import escape, unescape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import nh3
    from markdown_it.token import Token

ALONE = {"br", "hr", "wbr"}
WORDS = {
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
}
PAIRED = {*WORDS, "details", "summary", "blockquote"}
WRAPPERS = {"div", "span", "p", "center", "font", "section", "article", "figure", "figcaption", "picture"}
HEADINGS = {"h1", "h2", "h3", "h4", "h5", "h6"}
MARKDOWNS_OWN = {*HEADINGS, "p", "a", "pre", "ul", "ol", "li", "table", "thead", "tbody", "tr", "th", "td"}
MARKDOWNS_OWN |= {"dl", "dt", "dd"}
ATTRIBUTES = {"a": {"href", "title"}, "ol": {"start"}, "th": {"style"}, "td": {"style"}}
Image = Callable[[Mapping[str, str]], str]


def clean(html: str) -> str:
    """HTML with no tag and no attribute but those that Markdown makes, and those that stand as they are typed.

    >>> clean('<b onclick="x()">x</b><script>y()</script><a href="javascript:z()">z</a>')
    '<b>x</b>y()<a>z</a>'
    """
    return str(_cleaner().clean(html.encode("utf-8", "replace").decode()))  # half a character is none


@lru_cache(maxsize=1)
def _cleaner() -> nh3.Cleaner:
    import nh3

    return nh3.Cleaner(
        tags=ALONE | PAIRED | MARKDOWNS_OWN,
        clean_content_tags=set(),
        attributes=ATTRIBUTES | {heading: {"id"} for heading in HEADINGS},
        filter_style_properties={"text-align"},
        link_rel=None,
    )


@dataclass
class Piece:
    """A tag or a stretch of text; `stands` says that it is a tag to keep."""

    text: str
    name: str = ""
    opens: bool = False
    closes: bool = False
    stands: bool = False


def settle(tokens: Sequence[Token]) -> None:
    """Decide for each raw tag of a document whether it stands: one that is closed in the right place does."""
    within: list[Piece | Token] = []
    for token in _flat(tokens):
        if token.type in ("html_inline", "html_block"):
            token.meta["pieces"] = list(_pieces(token.content))
            _pair(token.meta["pieces"], within)
        elif token.nesting == 1:
            within.append(token)
        elif token.nesting == -1:
            while within and isinstance(within.pop(), Piece):
                pass  # a tag that was never closed


def _pair(pieces: Sequence[Piece], within: list[Piece | Token]) -> None:
    for piece in pieces:
        last = within[-1] if within else None
        if piece.opens:
            within.append(piece)
        elif piece.closes and isinstance(last, Piece) and last.name == piece.name:
            piece.stands = last.stands = True
            within.pop()


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
    if piece.name == "img" and (attributes := _attributes(piece.text)).get("src"):
        return image(attributes)
    if piece.name in ALONE or (piece.stands and piece.name in PAIRED):
        return piece.text
    return "" if piece.name in WRAPPERS else escape(piece.text, quote=False)


def _attributes(tag: str) -> dict[str, str]:
    from bs4 import BeautifulSoup

    element = BeautifulSoup(tag, "html.parser", multi_valued_attributes=None).find(True)
    return {name: str(value) for name, value in element.attrs.items()} if element else {}


def _flat(tokens: Sequence[Token]) -> Iterator[Token]:
    for token in tokens:
        yield token
        yield from token.children or []


def _pieces(text: str) -> Iterator[Piece]:
    """Raw HTML cut into its tags and what stands between them; comments are left out."""
    done = 0
    for tag in _tags().finditer(text):
        if tag.start() > done:
            yield Piece(text[done : tag.start()])
        done = tag.end()
        if name := re.match(r"</?([\w-]+)", tag[0]):
            closes = tag[0].startswith("</")
            alone = closes or tag[0].endswith("/>") or name[1].lower() in {*ALONE, "img"}
            yield Piece(tag[0], name[1].lower(), opens=not alone, closes=closes)
    if done < len(text):
        yield Piece(text[done:])


@lru_cache(maxsize=1)
def _tags() -> re.Pattern[str]:
    """A tag or a comment, by the grammar of Markdown's own parser."""
    from markdown_it.common.html_re import close_tag, comment, open_tag

    return re.compile(f"{open_tag}|{close_tag}|{comment}")
