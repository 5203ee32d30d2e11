"""Sessions that are forgotten: their pages are closed, and nobody else is held up by it.

Bokeh collects garbage for each document that it forgets, over all that the process holds, and once more where a
document has a word for that moment. Three hundred that leave at once held the server for minutes. Here a page is closed
without such a word, and garbage is collected for many documents at once.
"""

from __future__ import annotations

import gc
import time

from bokeh.application.application import SessionContext
from bokeh.application.handlers.handler import Handler
from bokeh.document import document

from polyak.lab.page import Page
from polyak.lab.shared import Shared

SELDOM = 10.0  # seconds between two collections that Bokeh asks for


class Leaving(Handler):  # type: ignore[misc]
    """Closes the page of a session that is forgotten."""

    def __init__(self, shared: Shared) -> None:
        super().__init__()
        self.shared = shared

    def modify_document(self, doc: document.Document) -> None:
        """Nothing: the page is made elsewhere."""

    async def on_session_destroyed(self, session_context: SessionContext) -> None:
        """Close its page, if it had one."""
        left = getattr(session_context, "_document", None)
        for page in list(self.shared.pages):
            if isinstance(page, Page) and page.doc is left:
                page.close()


class Seldom:
    """`gc` as Bokeh's documents know it: what they ask for is done, but not for each of them."""

    def __init__(self) -> None:
        self.last = 0.0

    def collect(self) -> int:
        """Collect garbage, unless that was done a moment ago; what is left then is the next collection's."""
        now = time.monotonic()
        if now - self.last < SELDOM:
            return 0
        self.last = now
        return gc.collect()


def seldom() -> None:
    """Bokeh's documents ask `Seldom` from here on; Python's own collections are as they were."""
    if not isinstance(document.gc, Seldom):
        document.gc = Seldom()
