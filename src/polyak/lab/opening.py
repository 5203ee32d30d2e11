"""A page is opened: the document of a new session is filled with the first state, or with what its link spells."""

from __future__ import annotations

from bokeh.document import Document
from bokeh.models import Div

from polyak.ground.errors import PolyakError
from polyak.lab.link import decoded
from polyak.lab.page import Page
from polyak.lab.shared import Shared

MOST_PAGES = 500


def open_page(shared: Shared, doc: Document) -> None:
    """Fill a new session's document."""
    if len(shared.pages) >= MOST_PAGES:
        doc.add_root(Div(text=f"This lab has {MOST_PAGES} pages open, and takes no more."))
        return
    state, note = shared.first, ""
    if letters := doc.session_context.request.arguments.get("state"):
        try:
            state = decoded(letters[-1].decode("ascii", "replace"), shared.offer)
        except PolyakError as error:
            note = str(error)
    shared.pages.add(Page(doc, shared, state, note))


def parts(shared: Shared) -> tuple[str, ...]:
    """The names of a page's parts, in their order: those of a page that is made for nobody."""
    return tuple(str(root.name) for root in Page(Document(), shared, shared.first).doc.roots)
