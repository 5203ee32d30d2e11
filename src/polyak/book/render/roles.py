"""Roles to HTML: words with a name before them, as MyST and the older books have them.

A role that is not known here stands as it is typed: nothing that a writer said is lost.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from html import escape

from polyak.book.render.references import LABELS, UNSEEN, Place, split

REFERENCES = {"ref", "numref", "eq", "eqref", "secref"}
CITES = {"cite", "cite:p", "cite:t", "cite:ps", "cite:ts", "citep", "citet"}
NAMES = {"doc", "download", "any", "func", "class", "meth", "py:func", "py:class", "py:meth"}
TAGS = {"sub": "sub", "subscript": "sub", "sup": "sup", "superscript": "sup", "kbd": "kbd", "code": "code"}
TAGS |= {
    "literal": "code",
    "file": "code",
    "strong": "strong",
    "emphasis": "em",
    "abbr": "span",
    "term": "span",
}


def role(
    name: str,
    words: str,
    *,
    places: Mapping[str, Place],
    anchor: Callable[[str], str],
    link: Callable[[str], str],
    formula: Callable[[str], str],
) -> str:
    """A role as HTML.

    Args:
        name: the role's.
        words: what stands between its backticks.
        places: what the document's labels stand for.
        anchor: makes a place to go to of a label.
        link: the place that a label's reference goes to.
        formula: sets LaTeX.

    >>> role("cite", "polyak1964,nesterov1983", places={}, anchor=str, link=str, formula=str)
    '<span class="cite">[polyak1964, nesterov1983]</span>'
    >>> role("numref", "fig", places={"fig": Place("figure", 2)}, anchor=str, link=str, formula=str)
    '<a href="#fig">Figure 2</a>'
    >>> role("strange", "x", places={}, anchor=str, link=str, formula=str)
    '<code>{strange}`x`</code>'
    """
    if name in UNSEEN:
        return _label(name, words, places, anchor) if name in LABELS else ""
    if name in REFERENCES:
        return _reference(name, words, places, link)
    return formula(words) if name == "math" else _marked(name, words)


def _reference(name: str, words: str, places: Mapping[str, Place], link: Callable[[str], str]) -> str:
    title, label = split(words)
    place = places.get(label)
    if place is None:  # in another document, which is not at hand
        return f'<span class="elsewhere">{escape(title or label)}</span>'
    return f'<a href="#{escape(link(label))}">{escape(title or place.words(name))}</a>'


def _marked(name: str, words: str) -> str:
    if name in CITES:
        return f'<span class="cite">[{escape(", ".join(key.strip() for key in words.split(",")))}]</span>'
    if name in NAMES:
        title, target = split(words)
        return f"<code>{escape(title or target)}</code>"
    tag, said = TAGS.get(name, "code"), words if name in TAGS else f"{{{name}}}`{words}`"
    return f"<{tag}>{escape(said)}</{tag}>"


def _label(name: str, words: str, places: Mapping[str, Place], anchor: Callable[[str], str]) -> str:
    place = places.get(words)
    said = f"({place.number})" if name == "eqlabel" and place else ""
    return f'<span class="label" id="{anchor(words)}">{said}</span>'
