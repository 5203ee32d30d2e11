"""The study as one page: HTML that holds its own pictures and opens with no network."""

from __future__ import annotations

import base64
import io
import re
from collections.abc import Sequence
from importlib.resources import files
from typing import Any

import matplotlib
from jinja2 import Environment
from markupsafe import Markup, escape

from polyak.show.style import STYLE_SHEET
from polyak.study.formula import formula_svg
from polyak.study.section import Section
from polyak.version import __version__


def page(title: str, command: str, sections: Sequence[Section]) -> str:
    """The whole page as HTML."""
    environment = Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True)
    environment.filters.update(formula=_formula, inline=_inline, picture=_picture, slug=slug)
    environment.tests["numeric"] = lambda cell: (
        re.fullmatch(r"-?(\d[\d.]*(e[+-]?\d+)?|inf|nan)", cell) is not None
    )
    template = environment.from_string(files("polyak.study").joinpath("page.html.j2").read_text("utf-8"))
    return template.render(title=title, command=command, sections=sections, version=__version__)


def slug(title: str) -> str:
    """A heading as an anchor.

    >>> slug("Descending: ravine")
    'descending-ravine'
    """
    return re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-")


def plain_text(text: str) -> str:
    r"""Text with its $formulas$ in plain letters, for a terminal.

    >>> plain_text(r"heavy ball, $\eta$ = 0.6, $\beta_1$ = 0.9")
    'heavy ball, eta = 0.6, beta1 = 0.9'
    """
    return re.sub(r"\$([^$]*)\$", lambda found: re.sub(r"[\\{}_]", "", found.group(1)), text)


def _formula(latex: str) -> Markup:
    """A displayed formula, a line an image."""
    lines = [
        Markup('<div role="img" aria-label="{}">{}</div>').format(line.strip(), Markup(formula_svg(line)))
        for line in latex.split(r"\\")
    ]
    return Markup("").join(lines)


def _inline(text: str) -> Markup:
    """Text with its $formulas$ set as mathematics."""
    parts = re.split(r"\$([^$]*)\$", text)
    return Markup("").join(
        Markup('<span class="math" role="img" aria-label="{}">{}</span>').format(
            part, Markup(formula_svg(part, 10.5))
        )
        if index % 2
        else escape(part)
        for index, part in enumerate(parts)
    )


def _picture(figure: Any) -> str:
    buffer = io.BytesIO()
    with matplotlib.rc_context(fname=STYLE_SHEET):
        figure.savefig(buffer, format="svg", metadata={"Date": None})
    return f"data:image/svg+xml;base64,{base64.b64encode(buffer.getvalue()).decode()}"
