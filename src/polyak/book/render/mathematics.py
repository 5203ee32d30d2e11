"""Formulas: LaTeX to MathML Core, which browsers set themselves."""

from __future__ import annotations

import re
from html import escape

from polyak.book.slots.fill import SLOT
from polyak.ground.mathml import mathml


class Mathematics:
    """Sets formulas, and remembers those that it cannot.

    >>> Mathematics()(r"\\gamma")
    '<math><mi>γ</mi></math>'
    """

    def __init__(self) -> None:
        self.failed: list[str] = []

    def __call__(self, latex: str, *, block: bool = False) -> str:
        """A formula as MathML, or its source, marked, where it cannot be set.

        Args:
            latex: the formula without its dollars.
            block: whether it stands on lines of its own.
        """
        made, trouble = mathml(_known(latex), block=block)
        if made is not None:
            return made
        self.failed.append(latex)
        return f'<code class="unset" title="{escape(trouble)}">{escape(latex.strip())}</code>'


def _known(latex: str) -> str:
    """A formula in the words that the converter knows."""
    latex = SLOT.sub(r"\\text{[\1]}", latex.strip())
    latex = re.sub(r"\\(begin|end)\{split\}", r"\\\1{aligned}", latex)
    numbered = re.search(r"\\(tag|label)\b", latex) and not re.search(
        r"\\begin\{(equation|align|gather)\b", latex
    )
    return rf"\begin{{equation}}{latex}\end{{equation}}" if numbered else latex
