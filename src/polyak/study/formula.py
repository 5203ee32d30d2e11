"""Formulas as pictures: LaTeX set by matplotlib, so that a page needs no network and no fonts."""

from __future__ import annotations

import io
import re
from functools import lru_cache

import matplotlib
from matplotlib.font_manager import FontProperties
from matplotlib.mathtext import math_to_image

from polyak.show.style import STYLE_SHEET


@lru_cache(maxsize=256)
def formula_svg(latex: str, size: float = 13.0) -> str:
    r"""One line of LaTeX, without dollars, as an SVG element.

    >>> formula_svg(r"v \leftarrow \gamma v").startswith("<svg")
    True
    """
    buffer = io.StringIO()
    with matplotlib.rc_context(fname=STYLE_SHEET):
        math_to_image(f"${latex.strip()}$", buffer, prop=FontProperties(size=size), format="svg")
    svg = buffer.getvalue()
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r"<metadata>.*?</metadata>", "", svg, flags=re.DOTALL)
    # Ids are shared by every picture on a page; each formula's own name keeps them apart.
    prefix = f"f{abs(hash(latex)) % 10**8}-"
    return re.sub(r'(id="|href="#|url\(#)', lambda found: found.group(1) + prefix, svg)
