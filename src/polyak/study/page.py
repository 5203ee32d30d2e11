"""The study as one page: HTML that holds its own pictures and opens with no network."""

from __future__ import annotations

import base64
import io
import itertools
import re
from collections.abc import Sequence
from importlib.resources import files

from jinja2 import Environment
from markupsafe import Markup, escape
from matplotlib.figure import Figure

from polyak.ground.version import __version__
from polyak.study.formula import formula_svg, with_own_ids
from polyak.study.section import Section

FORMULA = re.compile(r"(?<!\\)\$((?:[^$\\]|\\.)*)\$")  # between two dollars that no backslash escapes


def page(title: str, command: str, sections: Sequence[Section]) -> str:
    """The whole page as HTML."""
    environment = Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True)
    mathematics = _Mathematics()
    environment.filters.update(
        formula=mathematics.displayed,
        inline=mathematics.inline,
        plain=plain_text,
        picture=_picture,
        slug=slug,
    )
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

    >>> plain_text(r"heavy ball, $\eta$ = 0.6, $\beta_1$ = 0.9, for 5\$")
    'heavy ball, eta = 0.6, beta1 = 0.9, for 5$'
    """
    parts = FORMULA.split(text)
    return "".join(
        re.sub(r"[\\{}_]", "", part) if index % 2 else part.replace(r"\$", "$")
        for index, part in enumerate(parts)
    )


class _Mathematics:
    """The formulas of one page, each with ids of its own."""

    def __init__(self) -> None:
        self.count = itertools.count(1)

    def displayed(self, latex: str) -> Markup:
        """A displayed formula, a line an image; the LaTeX as it is where a line cannot be set."""
        lines = [line.strip() for line in latex.split(r"\\")]
        if None in map(formula_svg, lines):
            return Markup("<code>{}</code>").format(latex)
        return Markup("").join(
            self._set(line, 13.0, Markup('<div role="img" aria-label="{}">{}</div>')) for line in lines
        )

    def inline(self, text: str) -> Markup:
        """Text with its $formulas$ set as mathematics; a dollar with a backslash is a dollar."""
        image = Markup('<span class="math" role="img" aria-label="{}">{}</span>')
        return Markup("").join(
            self._set(part, 10.5, image) if index % 2 else escape(part.replace(r"\$", "$"))
            for index, part in enumerate(FORMULA.split(text))
        )

    def _set(self, latex: str, size: float, image: Markup) -> Markup:
        svg = formula_svg(latex, size)
        if svg is None:
            return escape(f"${latex}$")
        return image.format(latex, Markup(with_own_ids(svg, f"f{next(self.count)}-")))


def _picture(figure: Figure) -> str:
    buffer = io.BytesIO()
    figure.savefig(buffer, format="svg", metadata={"Date": None})
    return f"data:image/svg+xml;base64,{base64.b64encode(buffer.getvalue()).decode()}"
