"""Formulas as pictures: LaTeX set by matplotlib, so that a page needs no network and no fonts."""

from __future__ import annotations

import io
import re
from functools import lru_cache

from matplotlib.font_manager import FontProperties
from matplotlib.mathtext import math_to_image

from polyak.show.style import in_style


@lru_cache(maxsize=256)
def formula_svg(latex: str, size: float = 13.0) -> str | None:
    r"""One line of LaTeX, without dollars, as an SVG element; None where matplotlib cannot set it.

    >>> formula_svg(r"v \leftarrow \gamma v").startswith("<svg")
    True
    >>> formula_svg(r"\begin{cases}") is None
    True
    """
    buffer = io.StringIO()
    try:
        with in_style():
            math_to_image(f"${latex.strip()}$", buffer, prop=FontProperties(size=size), format="svg")
    except ValueError:
        return None
    svg = buffer.getvalue()
    svg = svg[svg.index("<svg") :]
    # Among the rest a style sheet, which would rule the whole page.
    return re.sub(r"<(metadata|style)\b.*?</\1>|<!--.*?-->", "", svg, flags=re.DOTALL)


def with_own_ids(svg: str, prefix: str) -> str:
    """The same picture with its ids prefixed: on a page with other pictures each id stands once.

    >>> with_own_ids('<path id="a"/><use href="#a"/>', "f1-")
    '<path id="f1-a"/><use href="#f1-a"/>'
    """
    return re.sub(r'( id="|href="#|url\(#)', lambda found: found.group(1) + prefix, svg)
