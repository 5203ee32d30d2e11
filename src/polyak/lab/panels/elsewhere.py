"""The same thing elsewhere: lines to copy, a link that holds the state, and downloads."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Any

from bokeh.models import Div

from polyak.lab.link import encoded
from polyak.lab.state import State

if TYPE_CHECKING:
    from polyak.lab.page import Page

DOWNLOADS = ("svg", "png", "csv")


class ElsewherePanel:
    """Lines of HTML, every word of them escaped; a click on a line selects it whole."""

    def __init__(self, page: Page) -> None:
        self.page = page
        look: dict[str, Any] = {"stylesheets": [page.sheet], "sizing_mode": "stretch_width"}
        self.lines = Div(name="lines", **look)
        self.links = Div(name="links", **look)

    @property
    def roots(self) -> list[Any]:
        """What the page's template places."""
        return [self.lines, self.links]

    def draw(self, state: State, spelled: list[tuple[str, str]]) -> None:
        """Show these spellings, and links to the state."""
        say = self.page.words.say
        self.lines.text = "".join(
            f'<p class="framework">{escape(name)}</p><pre tabindex="0"><code>{escape(line)}</code></pre>'
            for name, line in spelled
        )
        letters = encoded(state)
        files = " ".join(
            f'<a class="button" href="trace.{ending}?state={letters}" download="trace.{ending}">'
            f"{ending.upper()}</a>"
            for ending in DOWNLOADS
        )
        self.links.text = (
            f"<p>{escape(say('elsewhere', 'download'))} {files}</p>"
            f"<p>{escape(say('elsewhere', 'link'))} "
            f'<a id="link" href="?state={letters}">{escape(say("elsewhere", "this_view"))}</a></p>'
            f'<pre tabindex="0"><code>{escape(self.page.address)}?state={letters}</code></pre>'
        )
