"""Prose to HTML: formulas set, images inside, slots pale, raw HTML tamed, cells in their places."""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

from polyak.book.parse.directives import DEEPEST, PICTURES, Directive, directive
from polyak.book.parse.document import Document, markdown, plain
from polyak.book.parse.fences import language
from polyak.book.render import sanitise
from polyak.book.render.colours import coloured
from polyak.book.render.images import Images
from polyak.book.render.mathematics import Mathematics
from polyak.book.render.references import Place, gather
from polyak.book.render.roles import role
from polyak.book.slots.fill import SLOT

if TYPE_CHECKING:
    from markdown_it.token import Token


class Prose:
    """Renders a document's prose; afterwards `images.missing` and `mathematics.failed` say what it lacks.

    Args:
        folder: where the document stands; its images are named from there.
    """

    def __init__(self, folder: Path) -> None:
        self.images = Images(folder)
        self.mathematics = Mathematics()
        self.key = secrets.token_hex(8)
        self.kept: list[str] = []
        self.cells: Sequence[str] = ()
        self.ids: set[str] = set()
        self.same: dict[str, int] = {}
        self.titles: dict[str, str] = {}
        self.places: dict[str, Place] = {}
        self.labels: Sequence[str] = ()
        self.footnotes: dict[int, str] = {}
        self.depth = 0
        self.references: dict[str, object] = {}

    def render(self, document: Document, cells: Sequence[str] = ()) -> str:
        """The document's body.

        Args:
            document: as `parse` makes it.
            cells: the HTML of each cell, which takes the fence's place; without them cells are only shown.
        """
        self.cells, self.ids = cells, {f"cell-{number}" for number in range(1, len(cells) + 1)}
        tokens = list(document.tokens)
        sanitise.settle(tokens)
        self.titles = _titles(tokens)
        self.labels = [cell.label for cell in document.cells]
        self.places = gather(tokens, self.labels)
        self.references = {"references": dict(document.references.get("references", {}))}
        return self._render(tokens, document.references)

    def inline(self, text: str) -> str:
        """A text of its own, such as a cell's Markdown output; an admonition knows the document's links."""
        references: dict[str, object] = self.references if self.depth else {}
        tokens = markdown().parse(text, references)
        sanitise.settle(tokens)
        return self._render(tokens, references)

    def _render(self, tokens: list[Token], references: dict[str, object]) -> str:
        from markdown_it.renderer import RendererHTML

        renderer: Any = RendererHTML(markdown())
        for name in dir(self):
            if name.startswith("_on_"):
                renderer.rules[name.removeprefix("_on_")] = getattr(self, name)
        html = sanitise.clean(renderer.render(tokens, markdown().options, references))
        return re.sub(rf"{self.key}-(\d+)-", lambda key: self.kept[int(key[1])], html)

    def _keep(self, html: str) -> str:
        """A word that stands for HTML of our own, which is put in its place once all else has been cleaned."""
        self.kept.append(html)
        return f"{self.key}-{len(self.kept) - 1}-"

    def _slots(self, text: str) -> str:
        """Text whose slots are pale numbers."""
        pale = r'<span class="slot" title="slot \1 has no string">\1</span>'
        return SLOT.sub(lambda slot: self._keep(slot.expand(pale)), escape(text, quote=False))

    # How each kind of token is rendered: markdown-it's names of them.

    def _on_text(self, tokens: Sequence[Token], index: int, *_: object) -> str:
        return self._slots(tokens[index].content)

    def _on_code_inline(self, tokens: Sequence[Token], index: int, *_: object) -> str:
        return f"<code>{self._slots(tokens[index].content)}</code>"

    def _on_heading_open(self, tokens: Sequence[Token], index: int, *_: object) -> str:
        return f'<{tokens[index].tag} id="{self._anchor(plain(tokens[index + 1]))}">'

    def _on_fence(self, tokens: Sequence[Token], index: int, *_: object) -> str:
        token = tokens[index]
        cell = token.meta.get("cell")
        if cell is not None and int(cell) < len(self.cells):
            label = self.labels[int(cell)]
            named = f'<span id="{self._anchor(label)}"></span>' if label else ""
            return self._keep(named + self.cells[int(cell)])
        said = directive(token.info, token.content) if cell is None and self.depth < DEEPEST else None
        if said is not None:
            if said.name in PICTURES:
                return self._picture(said)
            return self._math(said) if said.name == "math" else self._admonition(said)
        code = coloured(token.content, language(token.info))
        return self._keep(f'<div class="code"><pre tabindex="0">{code}</pre></div>\n')

    def _math(self, said: Directive) -> str:
        return self._formula(f"{said.argument}\n{said.body}".strip(), said.label)

    def _formula(self, latex: str, label: str = "") -> str:
        """A formula on a line of its own, and its number where it has a label."""
        formula = self.mathematics(latex, block=True)
        if not label:
            return self._keep(f'<div class="formula">{formula}</div>\n')
        place = self.places.get(label)
        number = f'<span class="label">({place.number if place else escape(label)})</span>'
        return self._keep(f'<div class="formula" id="{self._anchor(label)}">{formula}{number}</div>\n')

    def _picture(self, said: Directive) -> str:
        """A figure: its picture, and its words below, after its number where it has a label."""
        width = said.options.get("width", "").removesuffix("px")
        image = self.images(said.argument, _named(said.options.get("alt", "")), width=width)
        place = self.places.get(said.label)
        caption = f"Figure {place.number}. {said.body}" if place and place.number else said.body
        self.depth += 1
        try:
            words = self.inline(caption) if said.name == "figure" and caption.strip() else ""
        finally:
            self.depth -= 1
        anchor = f' id="{self._anchor(said.label)}"' if said.label else ""
        return self._keep(f'<div class="figure"{anchor}>{image}\n{words}</div>\n')

    def _admonition(self, said: Directive) -> str:
        self.depth += 1
        try:
            title, words = self.inline(said.title), self.inline(said.words)
        finally:
            self.depth -= 1
        return self._keep(
            f'<div class="admonition {said.name}">\n<div class="title">{title}</div>\n{words}</div>\n'
        )

    def _on_math_inline(self, tokens: Sequence[Token], index: int, *_: object) -> str:
        return self._keep(self.mathematics(tokens[index].content))

    def _on_math_inline_double(self, tokens: Sequence[Token], index: int, *_: object) -> str:
        formula = self.mathematics(tokens[index].content, block=True)
        return self._keep(f'<span class="formula">{formula}</span>')

    def _on_math_block(self, tokens: Sequence[Token], index: int, *_: object) -> str:
        return self._formula(tokens[index].content)

    def _on_math_block_label(self, tokens: Sequence[Token], index: int, *_: object) -> str:
        return self._formula(tokens[index].content, tokens[index].info)

    def _on_role(self, tokens: Sequence[Token], index: int, *_: object) -> str:
        token = tokens[index]
        return self._keep(
            role(
                token.meta["role"],
                _named(token.content),
                places=self.places,
                anchor=self._anchor,
                link=slug,
                formula=self.mathematics,
            )
        )

    def _on_target(self, tokens: Sequence[Token], index: int, *_: object) -> str:
        return self._keep(f'<span id="{self._anchor(tokens[index].content)}"></span>')

    def _on_image(self, tokens: Sequence[Token], index: int, *_: object) -> str:
        token = tokens[index]
        words = _named("".join(child.content for child in token.children or []))
        title = _named(str(token.attrs.get("title", "")))
        return self._keep(self.images(str(token.attrs.get("src", "")), words, title=title))

    def _on_link_open(self, tokens: Sequence[Token], index: int, *_: object) -> str:
        target = str(tokens[index].attrs.get("href", ""))
        tip = _named(str(tokens[index].attrs.get("title", "")))
        if "%25%25%25" in target or SLOT.search(target):
            return "<a>"
        if target.startswith("#"):
            target = f"#{self.titles.get(target[1:], target[1:])}"
        return f'<a href="{escape(target)}"' + (f' title="{escape(tip)}">' if tip else ">")

    def _on_table_open(self, *_: object) -> str:
        return self._keep('<div class="scroll">') + "<table>\n"

    def _on_table_close(self, *_: object) -> str:
        return "</table>" + self._keep("</div>\n")

    def _on_html_inline(self, tokens: Sequence[Token], index: int, *_: object) -> str:
        return sanitise.html(tokens[index], self._image_tag)

    _on_html_block = _on_html_inline

    def _on_front_matter(self, *_: object) -> str:
        return ""

    # Footnotes, which the parser puts behind all else: a number there and back.

    def _on_footnote_ref(self, tokens: Sequence[Token], index: int, *_: object) -> str:
        number = int(tokens[index].meta["id"]) + 1
        again = int(tokens[index].meta.get("subId", 0))
        anchor = self._anchor(f"footnote-ref-{number}" + (f"-{again}" if again else ""))
        self.footnotes.setdefault(number, anchor)
        return self._keep(f'<sup class="note" id="{anchor}"><a href="#footnote-{number}">{number}</a></sup>')

    def _on_footnote_block_open(self, *_: object) -> str:
        return self._keep('<div class="footnotes">\n<hr>\n<ol>\n')

    def _on_footnote_block_close(self, *_: object) -> str:
        return self._keep("</ol>\n</div>\n")

    def _on_footnote_open(self, tokens: Sequence[Token], index: int, *_: object) -> str:
        return self._keep(f'<li id="footnote-{int(tokens[index].meta["id"]) + 1}">')

    def _on_footnote_close(self, *_: object) -> str:
        return self._keep("</li>\n")

    def _on_footnote_anchor(self, tokens: Sequence[Token], index: int, *_: object) -> str:
        number = int(tokens[index].meta["id"]) + 1
        anchor = self.footnotes.get(number, f"footnote-ref-{number}")
        return self._keep(f' <a href="#{anchor}" aria-label="back to the text">\u21a9</a>')

    def _image_tag(self, given: Mapping[str, str]) -> str:
        return self._keep(self.images(given["src"], given.get("alt", ""), width=given.get("width", "")))

    def _anchor(self, words: str) -> str:
        """An anchor that nothing else on the page has."""
        stem = name = slug(words)
        count = self.same.get(stem, 1)  # thousands of headings may have the same words
        while name in self.ids:
            count += 1
            name = f"{stem}-{count}"
        self.same[stem] = count
        self.ids.add(name)
        return name


def slug(words: str) -> str:
    """A heading's words as an anchor.

    >>> slug("Momentum: the method"), slug("动量法"), slug("%%%3%%%")
    ('momentum-the-method', '动量法', 'slot-3')
    """
    return re.sub(r"[\W_]+", "-", SLOT.sub(r"slot \1", words).lower()).strip("-") or "section"


def _titles(tokens: Sequence[Token]) -> dict[str, str]:
    """The anchors that a document's own links may use, percent-encoded or not."""
    from urllib.parse import quote

    names = [
        slug(plain(tokens[index + 1])) for index, token in enumerate(tokens) if token.type == "heading_open"
    ]
    return {quote(name): name for name in names}


def _named(text: str) -> str:
    """Slots where only text can stand."""
    return SLOT.sub(r"[slot \1]", text)
