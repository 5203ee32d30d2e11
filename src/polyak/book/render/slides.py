"""A document as slides: headings, rules and cells begin new ones; reveal.js, inside the file, turns them.

A slide begins at every heading of the first three levels, at a rule (`---`), and at a cell where the slide has one
already. What is higher than the screen scrolls.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from importlib.resources import files
from typing import TYPE_CHECKING

from polyak.book.render.prose import Prose

if TYPE_CHECKING:
    from markdown_it.token import Token

HEADINGS = ("h1", "h2", "h3")
BEGIN = """Reveal.initialize({
  controls: true, progress: true, hash: true, slideNumber: "c/t", center: false, transition: "none"
});"""
STYLE = """
  html, body, main { height: 100%; } body { max-width: none; padding: 0; } footer { display: none; }
  .reveal .slides { text-align: left; } .reveal .slides section { height: 100%; overflow-y: auto; padding: 0 .4rem; }
  .reveal h1, .reveal h2, .reveal h3 { margin-top: .3em; }
  .reveal .slide-number { color: var(--soft); background: none; }
"""


class Slides(Prose):
    """Prose in which a mark stands wherever a new slide begins."""

    @property
    def mark(self) -> str:
        """What stands between two slides: a comment that no document can hold, for it has a secret in it."""
        return f"<!--slide {self.key}-->"

    def sections(self, body: str) -> list[str]:
        """The slides of a body that this made; one on which nothing stands is left out."""
        made: list[str] = []
        for part in body.split(self.mark):
            # A cell beside another one begins a slide of its own.
            first, *more = part.split(f"<!--cell {self.key}-->")
            made += [f"{first}{more[0]}" if more else first, *more[1:]]
        return [part for part in made if part.strip()]

    def _begins(self, token: Token) -> str:
        return self._keep(self.mark) if token.level == 0 and not self.depth else ""

    def _on_heading_open(self, tokens: Sequence[Token], index: int, *rest: object) -> str:
        begins = self._begins(tokens[index]) if tokens[index].tag in HEADINGS else ""
        return begins + super()._on_heading_open(tokens, index, *rest)

    def _on_hr(self, tokens: Sequence[Token], index: int, *_: object) -> str:
        return self._begins(tokens[index]) or "<hr>\n"

    def _on_fence(self, tokens: Sequence[Token], index: int, *rest: object) -> str:
        token = tokens[index]
        alone = "cell" in token.meta and token.level == 0
        return (self._keep(f"<!--cell {self.key}-->") if alone else "") + super()._on_fence(
            tokens, index, *rest
        )


def deck(sections: Sequence[str]) -> str:
    """The slides as reveal.js has them.

    >>> deck(["<p>1</p>"])
    '<div class="reveal"><div class="slides">\\n<section>\\n<p>1</p></section>\\n</div></div>\\n'
    """
    inside = "".join(f"<section>\n{section}</section>\n" for section in sections)
    return f'<div class="reveal"><div class="slides">\n{inside}</div></div>\n'


@lru_cache(maxsize=1)
def style() -> str:
    """What a file of slides adds to a page's style."""
    return _reveal("reveal.css") + STYLE


@lru_cache(maxsize=1)
def script() -> str:
    """The script that turns the slides."""
    code, *_ = _reveal("reveal.js").partition("//# sourceMappingURL")
    return f"{code}\n{BEGIN}"


def _reveal(name: str) -> str:
    return files("polyak.book.render").joinpath("reveal", name).read_text("utf-8")
