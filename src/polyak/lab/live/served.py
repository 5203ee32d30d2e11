"""The live page's server: the lab's room and gate, one reader for all its pages."""

from __future__ import annotations

from functools import partial

import bokeh
from bokeh.application import Application
from bokeh.application.handlers.function import FunctionHandler
from bokeh.document import Document
from bokeh.models import Div
from tornado.web import RequestHandler

from polyak.ground.version import __version__
from polyak.lab.leaving import seldom
from polyak.lab.live.page import PARTS, LivePage
from polyak.lab.live.reader import Reader
from polyak.lab.room import HERE, Room, Route
from polyak.lab.shell import embedded, environment, new_token, place, send_page
from polyak.show.browser import look

MOST_PAGES = 100


class LiveRoom(Room):
    """A live page that is served, on this machine's own address alone."""

    what = "the live page"
    often = 1000

    def __init__(self, store: str, port: int) -> None:
        self.reader = Reader(store)
        super().__init__(HERE, port, ())

    def application(self) -> Application:
        """A session's page."""
        seldom()
        return Application(FunctionHandler(self._fill))

    def _fill(self, doc: Document) -> None:
        if len(self.server.get_sessions("/")) >= MOST_PAGES:
            doc.add_root(Div(text=f"{MOST_PAGES} pages are open, and no more are taken."))
            return
        dark = bool(doc.session_context.request.arguments.get("dark"))
        LivePage(doc, self.reader, look(dark=dark))

    def shell(self, secret: bytes) -> Route:
        """The page with a place for each part."""
        return (r"/", LiveShell, {"store": self.reader.store, "secret": secret})

    def look(self) -> None:
        """At the store."""
        self.reader.look()

    def stop(self) -> None:
        """End the server, its thread and the reader."""
        super().stop()
        self.reader.close()


class LiveShell(RequestHandler):
    """`/` and `/?dark=1`: the page's shell, and a token for its session."""

    def initialize(self, store: str, secret: bytes) -> None:
        """What the page is about, and what its tokens are signed with."""
        self.store, self.secret = store, secret

    def get(self) -> None:
        """Send the shell; on which paper goes along in the token."""
        dark = bool(self.request.query_arguments.get("dark"))
        token = new_token(self.secret, {"dark": [b"1"]} if dark else {})
        template = environment().get_template("live/page.html.j2")
        fill = partial(template.render, place=place, look=look(dark=dark), dark=dark, store=self.store)
        send_page(
            self, fill(item=embedded(token, PARTS), version=__version__, bokeh_version=bokeh.__version__)
        )

    head = get
