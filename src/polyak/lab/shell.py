"""The page before its session: HTML with a place for each part, made without computing anything.

Whoever asks for a page gets these letters and a token; only a connection that shows the token is given a session, with
a document and its work. A page that nobody looks at costs nothing.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import cache, partial
from html import escape
from importlib.resources import files

import bokeh
from bokeh.util.token import generate_jwt_token, generate_session_id
from jinja2 import Environment, PackageLoader, StrictUndefined, Template
from tornado.web import RequestHandler

from polyak.ground.errors import PolyakError
from polyak.ground.version import __version__
from polyak.lab.link import decoded, encoded
from polyak.lab.panel import ALONE, in_order, words
from polyak.lab.room import EXPIRES
from polyak.lab.shared import Shared
from polyak.lab.state import State
from polyak.lab.words import Words
from polyak.show.browser import look


class Shell(RequestHandler):
    """`/` and `/?state=...`: the page's shell, and a token for its session."""

    def initialize(self, shared: Shared, parts: Sequence[str], secret: bytes) -> None:
        """The lab, the names of a page's parts, and what its tokens are signed with."""
        self.shared, self.parts, self.secret = shared, parts, secret

    def get(self) -> None:
        """Send the shell; the state that the link spells goes along in the token.

        Without a link nothing is said of the paper: the browser then asks again, where its system is dark.
        """
        letters = self.request.query_arguments.get("state", [])[-1:]
        state = self.shared.first
        if letters:
            with suppress(PolyakError):  # the session says what is wrong with the link
                state = decoded(letters[0].decode("ascii", "replace"), self.shared.offer)
        token = new_token(self.secret, {"state": letters} if letters else {})
        on_dark_paper = "" if letters or state.dark else encoded(state.changed(dark=True))
        send_page(self, shell(state, token, self.parts, on_dark_paper))

    head = get


def new_token(secret: bytes, arguments: Mapping[str, list[bytes]]) -> str:
    """What opens one session, signed."""
    session = generate_session_id(secret_key=secret, signed=True)
    request = {"headers": {}, "cookies": {}, "arguments": arguments}
    return str(
        generate_jwt_token(session, secret_key=secret, signed=True, expiration=EXPIRES, extra_payload=request)
    )


def send_page(handler: RequestHandler, html: str) -> None:
    """A page, as a browser should take it."""
    handler.set_header("Content-Type", "text/html; charset=utf-8")
    handler.set_header("X-Content-Type-Options", "nosniff")
    handler.write(html)


def embedded(token: str, parts: Sequence[str]) -> str:
    """What BokehJS is told: whose session, and which root goes where.

    It takes the roots in the document's order: the names stand for their numbers, which come with the session.
    """
    item = {
        "token": token,
        "roots": {name: f"place-{name}" for name in parts},
        "root_ids": list(parts),
        "use_for_title": True,
    }
    return json.dumps(item, separators=(",", ":")).replace("<", "\\u003c")


def shell(state: State, token: str, parts: Sequence[str], on_dark_paper: str = "") -> str:
    """The page's HTML: `parts` are the names of the document's roots, in its order.

    `on_dark_paper` are the letters of the same state on dark paper, for a page that follows its system.
    """
    language = words(state.language)
    return str(
        environment()
        .get_template("page.html.j2")
        .render(
            place=place,
            sections=sections(language),
            styles=[panel.css for panel in in_order() if panel.css],
            item=embedded(token, parts),
            words=language,
            titles={name: table["title"] for name, table in language.tables.items() if "title" in table},
            look=look(dark=state.dark),
            dark=state.dark,
            on_dark_paper=on_dark_paper,
            version=__version__,
            bokeh_version=bokeh.__version__,
        )
    )


def sections(language: Words) -> dict[str, str]:
    """The HTML of each section of the page: what its panels put there, in their order."""
    html: dict[str, str] = {}
    for panel in in_order():
        say = partial(language.say, panel.name)
        for section, written in (panel.sections or {panel.name: ALONE}).items():
            filled = _snippet(written).render(place=place, say=say, name=panel.name)
            html[section] = html.get(section, "") + filled
    return html


def place(name: str) -> str:
    """Where a part of the page goes."""
    return f'<div id="place-{name}" style="display: contents;"></div>'


@cache
def environment() -> Environment:
    """Where the pages' templates are, with the style that they share."""
    environment = Environment(
        autoescape=False, loader=PackageLoader("polyak.lab", "."), undefined=StrictUndefined
    )
    environment.globals["page_style"] = files("polyak.lab").joinpath("page.css").read_text("utf-8")
    environment.globals["names_script"] = files("polyak.lab").joinpath("names.js").read_text("utf-8")
    environment.filters["e"] = escape
    return environment


@cache
def _snippet(written: str) -> Template:
    return environment().from_string(written)
