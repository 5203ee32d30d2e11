"""The study as one page: HTML that holds its own pictures and opens with no network."""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping, Sequence
from importlib.resources import files

from jinja2 import Environment
from markupsafe import Markup, escape

from polyak.ground.mathml import mathml
from polyak.ground.version import __version__
from polyak.show.stacked import stacked
from polyak.show.style import in_style
from polyak.study.section import Section

FORMULA = re.compile(r"(?<!\\)\$((?:[^$\\]|\\.)*)\$")  # between two dollars that no backslash escapes


def page(
    title: str, command: str, sections: Sequence[Section], drawn: Mapping[str, bytes], *, beside: bool = True
) -> str:
    """The whole page as HTML; `drawn` are its pictures by name, as SVG, which stand `beside` it too."""
    with in_style():
        shapes = {
            each.name: stacked(each.figure, drawn[each.name]) for part in sections for each in part.pictures
        }
    environment = Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True)
    environment.filters.update(
        formula=displayed,
        inline=inline,
        plain=plain_text,
        embedded=lambda name: f"data:image/svg+xml;base64,{base64.b64encode(shapes[name].svg).decode()}",
        slug=slug,
        shape=shapes.__getitem__,
    )
    environment.tests["numeric"] = lambda cell: (
        re.fullmatch(r"-?(\d[\d.]*(e[+-]?\d+)?|inf|nan)", cell) is not None
    )
    template = environment.from_string(files("polyak.study").joinpath("page.html.j2").read_text("utf-8"))
    return template.render(
        title=title, command=command, sections=sections, version=__version__, beside=beside
    )


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


def displayed(latex: str) -> Markup:
    """A displayed formula, a line an element; the LaTeX as it is where a line cannot be set."""
    lines = [mathml(line.strip(), block=True, source=True)[0] for line in latex.split(r"\\")]
    if None in lines:
        return Markup("<code>{}</code>").format(latex)
    return Markup("").join(Markup("<div>{}</div>").format(Markup(line)) for line in lines)


def inline(text: str) -> Markup:
    """Text with its $formulas$ set as mathematics; a dollar with a backslash is a dollar."""
    return Markup("").join(
        _set(part) if index % 2 else escape(part.replace(r"\$", "$"))
        for index, part in enumerate(FORMULA.split(text))
    )


def _set(latex: str) -> Markup:
    made, _ = mathml(latex, source=True)
    return escape(f"${latex}$") if made is None else Markup(made)
