"""Formulas of the site as MathML, by the house's own converter: nothing is fetched, no script sets them."""

from __future__ import annotations

import re
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.errors import SphinxError
from sphinx.writers.html5 import HTML5Translator

from polyak.ground.mathml import mathml

NAME = "mathml"
LITERAL = re.compile(r"(?<!`)`([^`\n]+)`(?!`)")


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the renderer, and what makes docstrings of ours reStructuredText."""
    app.add_html_math_renderer(NAME, (_inline, None), (_block, None))
    app.connect("autodoc-process-docstring", _as_restructured, priority=1)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def typeset(latex: str, *, block: bool) -> str:
    """A formula's HTML; one that cannot be set fails the build."""
    html, why = mathml(latex, block=block, source=True)
    if html is None:
        raise SphinxError(f"a formula cannot be set, {why}: {latex}")
    return html


def _inline(translator: HTML5Translator, node: nodes.math) -> None:
    translator.body.append(typeset(node.astext(), block=False))
    raise nodes.SkipNode


def _block(translator: HTML5Translator, node: nodes.math_block) -> None:
    translator.body.append(f'<div class="formula">{typeset(node.astext(), block=True)}</div>')
    raise nodes.SkipNode


def _as_restructured(
    _app: Sphinx, _what: str, _name: str, _object: object, _options: Any, lines: list[str]
) -> None:
    """Our docstrings are plain text with `names` and examples; bars, stars and underscores mean themselves."""
    code = False
    for k, line in enumerate(lines):
        code = line.lstrip().startswith(">>>") or (code and bool(line.strip()))
        if not code:
            lines[k] = "``".join(
                _plain(part) if n % 2 == 0 else part for n, part in enumerate(LITERAL.split(line))
            )


def _plain(text: str) -> str:
    return re.sub(r"([|*\\])|(?<=\w)_(?!\w)", lambda found: "\\" + found[0], text)
