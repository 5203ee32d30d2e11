"""Formulas: LaTeX to MathML Core, which browsers set themselves."""

from __future__ import annotations

import re
from functools import lru_cache
from html import escape
from typing import TYPE_CHECKING

from polyak.book.slots.fill import SLOT

if TYPE_CHECKING:
    from math_core import LatexToMathML

_PAIRS = "brace|brack|angle|floor|ceil|vert|Vert|group"
BRACKET = re.compile(
    rf"(?P<opens>[(\[]|\\(\{{|l({_PAIRS})\b))|(?P<closes>[)\]]|\\(\}}|r({_PAIRS})\b))|(?P<group>[{{}}])|\\.|%.*"
)
MOST_OPEN = 10  # brackets without a partner: the converter's time doubles with each
MACROS = {"mbox": r"\text{#1}", "widetilde": r"\tilde{#1}"}


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
        known = _known(latex)
        if _open(known) > MOST_OPEN:
            made, trouble = None, f"more than {MOST_OPEN} brackets are never closed"
        else:
            made, trouble = _mathml(known, block)
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


def _open(latex: str) -> int:
    """How many brackets are never closed within their group; any kind closes any, as in the interval [0, 1).

    >>> _open("f((x) [0, 1)"), _open("({)}")
    (1, 1)
    """
    never, groups = 0, [0]  # how many stand open in each group, the innermost last
    for bracket in BRACKET.finditer(latex):
        if bracket["group"] == "{":
            groups.append(0)
        elif bracket["group"] == "}" and len(groups) > 1:
            never += groups.pop()
        elif bracket["opens"]:
            groups[-1] += 1
        elif bracket["closes"]:
            groups[-1] = max(0, groups[-1] - 1)
    return never + sum(groups)


@lru_cache(maxsize=4096)
def _mathml(latex: str, block: bool) -> tuple[str | None, str]:
    from math_core import LatexError

    try:
        return _converter().convert_with_local_state(latex, displaystyle=block), ""
    except LatexError as error:
        return None, str(error).strip().split("\n")[0].partition(": ")[2][:200]


@lru_cache(maxsize=1)
def _converter() -> LatexToMathML:
    from math_core import LatexToMathML

    return LatexToMathML(macros=MACROS, fancy_error=False)
