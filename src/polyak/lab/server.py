"""The lab's server: a room with the lab's pages, its downloads, and a look at the files that are watched."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from bokeh.application import Application
from bokeh.application.handlers.function import FunctionHandler

from polyak.lab.downloads import KINDS, Download
from polyak.lab.leaving import Leaving, seldom
from polyak.lab.notebook import Alive
from polyak.lab.page import open_page, parts
from polyak.lab.room import Room, Route
from polyak.lab.shared import Shared
from polyak.lab.shell import Shell


class Serving(Room):
    """A lab that is served.

    Attributes:
        parts: the names of a page's parts, in their order.
    """

    what = "the lab"
    hint = "polyak lab --origin HOST:PORT lets one in"
    often = 500

    def __init__(self, shared: Shared, host: str, port: int, origins: Sequence[str]) -> None:
        self.shared, self.parts = shared, parts(shared)
        super().__init__(host, port, origins)

    def application(self) -> Application:
        """A session's page, closed when its tab is gone."""
        seldom()
        return Application(FunctionHandler(partial(open_page, self.shared)), Leaving(self.shared))

    def shell(self, secret: bytes) -> Route:
        """The page with a place for each part."""
        return (r"/", Shell, {"shared": self.shared, "parts": self.parts, "secret": secret})

    def patterns(self) -> list[Route]:
        """The files that a page offers."""
        alive: Route = (r"/alive", Alive, {})
        return [alive, (rf"/trace\.({'|'.join(KINDS)})", Download, {"shared": self.shared})]

    def look(self) -> None:
        """At the watched files: one that was saved changes the pages."""
        self.shared.look_at_files()
