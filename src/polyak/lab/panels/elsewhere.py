"""The same thing elsewhere: lines to copy, a link that holds the state, and downloads."""

from __future__ import annotations

from html import escape
from typing import TypeAlias

from polyak.lab.computing import spellings
from polyak.lab.figures import paragraph
from polyak.lab.link import encoded
from polyak.lab.panel import Panel, Question
from polyak.lab.session import Session
from polyak.lab.state import State

OURS = "ours"
DOWNLOADS = ("svg", "png", "csv")
Lines: TypeAlias = list[tuple[str, str, str]]
"""Each with whose it is, and how far it is the same: nothing where it is no line, but says why there is none."""


class ElsewherePanel(Panel):
    """Lines of HTML, every word of them escaped; a click on a line selects it whole."""

    name = "elsewhere"
    order = 90
    computes = patient = True  # some translations take a good part of a second to find
    sections = {
        "elsewhere": """<h2>{{ say("title") }}</h2>
<p class="hint">{{ say("hint") }}</p>{{ place("lines") }}{{ place("links") }}"""
    }

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self.lines, self.links = paragraph(session, "lines"), paragraph(session, "links")
        self.roots = [self.lines, self.links]

    @classmethod
    def compute(cls, question: Question) -> Lines:
        state, offer = question.state, question.offer
        lines = [
            ("Python", spellings.python_line(state, offer), OURS),
            ("", spellings.shell_line(state, offer), OURS),
        ]
        for framework in spellings.frameworks():
            question.tell(0, 1)
            lines += spellings.elsewhere(state, offer, framework)
        return lines

    def refuse(self, text: str) -> None:
        self.session.say(text)
        self._draw_links(self.session.state)
        self.lines.text = ""

    def show(self, answer: Lines) -> None:
        self.lines.text = "".join(
            f'<p class="framework">{escape(name or self.say("shell"))}</p>'
            f'<pre tabindex="0"><code>{escape(self._line(line, equal))}</code></pre>'
            for name, line, equal in answer
        )
        self._draw_links(self.session.state)

    def _line(self, line: str, equal: str) -> str:
        words = self.session.words
        if equal == OURS:
            return line
        if not equal:
            return f"# {words.complaint(line)}"
        return f"{line}  # {words.say('equal', 'mark')}: {words.translated('equal', equal, equal)}"

    def _draw_links(self, state: State) -> None:
        letters = encoded(state)
        files = " ".join(
            f'<a class="button" href="trace.{ending}?state={letters}" download="trace.{ending}">'
            f"{ending.upper()}</a>"
            for ending in DOWNLOADS
        )
        self.links.text = (
            f"<p>{escape(self.say('download'))} {files}</p>"
            f"<p>{escape(self.say('link'))} "
            f'<a id="link" href="?state={letters}">{escape(self.say("this_view"))}</a></p>'
            f'<pre tabindex="0"><code>{escape(self.session.address)}?state={letters}</code></pre>'
        )
