"""The page before its session: HTML with a place for each part, made without computing anything.

Whoever asks for a page gets these letters and a token; only a connection that shows the token is given a session, with
a document and its work. A page that nobody looks at costs nothing.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import suppress
from functools import cache
from html import escape
from importlib.resources import files
from typing import TYPE_CHECKING, Any

import bokeh
from bokeh.util.token import generate_jwt_token, generate_session_id
from jinja2 import Environment, PackageLoader
from tornado.web import RequestHandler

from polyak.ground.errors import PolyakError
from polyak.ground.version import __version__
from polyak.lab.link import decoded
from polyak.lab.panels.look import look
from polyak.lab.state import State
from polyak.lab.words import words

if TYPE_CHECKING:
    from polyak.lab.lab import Lab

EXPIRES = 3600  # seconds in which a token opens a session


class Shell(RequestHandler):
    """`/` and `/?state=...`: the page's shell, and a token for its session."""

    def initialize(self, lab: Lab, secret: bytes) -> None:
        """The lab, and what its tokens are signed with."""
        self.lab, self.secret = lab, secret

    def get(self) -> None:
        """Send the shell; the state that the link spells goes along in the token."""
        letters = self.request.query_arguments.get("state", [])[-1:]
        state = self.lab.first
        if letters:
            with suppress(PolyakError):  # the session says what is wrong with the link
                state = decoded(letters[0].decode("ascii", "replace"), self.lab.offer)
        session = generate_session_id(secret_key=self.secret, signed=True)
        told = {"headers": {}, "cookies": {}, "arguments": {"state": letters} if letters else {}}
        token = generate_jwt_token(
            session, secret_key=self.secret, signed=True, expiration=EXPIRES, extra_payload=told
        )
        self.set_header("Content-Type", "text/html; charset=utf-8")
        self.set_header("X-Content-Type-Options", "nosniff")
        self.write(shell(state, token, self.lab.places))

    head = get


def shell(state: State, token: str, places: Sequence[str]) -> str:
    """The page's HTML: `places` are the names of the document's roots, in its order."""
    # BokehJS takes the roots in the document's order: the names stand for their numbers, which come with the session.
    item = {
        "token": token,
        "roots": {name: f"place-{name}" for name in places},
        "root_ids": list(places),
        "use_for_title": True,
    }
    said = words(state.language)
    return str(
        _template().render(
            places=places,
            item=json.dumps(item, separators=(",", ":")).replace("<", "\\u003c"),
            title=said.say("page", "title"),
            words=said,
            look=look(dark=state.dark),
            dark=state.dark,
            language=state.language,
            version=__version__,
            bokeh_version=bokeh.__version__,
        )
    )


@cache
def _template() -> Any:
    environment = Environment(autoescape=False, loader=PackageLoader("polyak.lab", "."))
    environment.globals["page_style"] = files("polyak.lab").joinpath("page.css").read_text("utf-8")
    environment.filters["e"] = escape
    return environment.get_template("page.html.j2")
