"""The page: one HTML file with its font, its formulas and its pictures inside, that asks no network for anything."""

from __future__ import annotations

import base64
import hashlib
import re
from functools import lru_cache
from importlib.resources import files
from typing import TYPE_CHECKING

from markupsafe import Markup

from polyak.book.render.colours import style_sheet
from polyak.book.slots.fill import SLOT
from polyak.ground.version import __version__

if TYPE_CHECKING:
    from jinja2 import Template

# What HTML may not hold: a cell may well print it.
UNSEEN = re.compile("[\\x00-\\x08\\x0b\\x0c\\x0e-\\x1f\\x7f-\\x9f\\ufdd0-\\ufdef\\ufffe\\uffff]")
FONT = "fonts/STIXTwoMath-subset.woff2"


def page(body: str, title: str, language: str, footer: str, *, style: str = "", script: str = "") -> str:
    """The whole page as HTML.

    Args:
        body: what `Prose.render` makes.
        title: the document's title.
        language: the language of its prose, such as en or zh-CN.
        footer: a line on how the page was made.
        style: what the page's own style is followed by.
        script: of ours: the one script that the page may run, known by its hash.

    >>> "<title>Momentum</title>" in page("<h1>Momentum</h1>", "Momentum", "en", "Read by Polyak")
    True
    """
    html = template().render(
        body=Markup(once(body)),
        title=SLOT.sub(r"[slot \1]", title),
        language=language,
        footer=footer,
        font=_font(),
        colours=Markup(style_sheet()),
        version=__version__,
        style=Markup(style),
        script=Markup(script),
        allowed=_hash(script) if script else "",
    )
    return UNSEEN.sub("\ufffd", html)


def _hash(script: str) -> str:
    """How a security policy names a script that may run: the hash of what stands between its tags."""
    return f"sha256-{base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()}"


def once(body: str) -> str:
    """HTML in which every id stands once: what a cell showed may bring an id along that the page has.

    >>> once('<p id="a"></p><p id="a" class="b"></p>')
    '<p id="a"></p><p class="b"></p>'
    """
    seen: set[str] = set()

    def first(found: re.Match[str]) -> str:
        if found[2] in seen:
            return found[1]
        seen.add(found[2])
        return found[0]

    return re.sub(r"""(<[a-zA-Z][^<>]*?)\sid=["']?([^"'\s>]*)["']?""", first, body)


@lru_cache(maxsize=1)
def template() -> Template:
    """The page's template, compiled."""
    from jinja2 import Environment

    source = files("polyak.book.render").joinpath("page.html.j2").read_text("utf-8")
    return Environment(autoescape=True, keep_trailing_newline=True).from_string(source)


@lru_cache(maxsize=1)
def _font() -> str:
    content = files("polyak.book.render").joinpath(FONT).read_bytes()
    return f"data:font/woff2;base64,{base64.b64encode(content).decode()}"
