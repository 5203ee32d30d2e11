"""Links to the same view in the other language and on the other paper."""

from __future__ import annotations

from html import escape

from bokeh.models import Div

from polyak.lab.link import encoded
from polyak.lab.panel import Panel
from polyak.lab.session import Session
from polyak.lab.state import State


class AppearancePanel(Panel):
    """Two links at the head of the page."""

    name = "appearance"
    order = 0
    sections = {"appearance": '{{ place("appearance") }}'}

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self.links = Div(name="appearance", stylesheets=[session.sheet])
        self.roots = [self.links]

    def settle(self, state: State) -> None:
        say = self.session.words.say
        other = "zh" if state.language == "en" else "en"
        links = (
            (state.changed(language=other), say("page", "other_language"), "language"),
            (state.changed(dark=not state.dark), say("page", "light" if state.dark else "dark"), "dark"),
        )
        self.links.text = " ".join(
            f'<a class="button" id="{name}" href="?state={encoded(target)}">{escape(text)}</a>'
            for target, text, name in links
        )
