"""A formula as MathML Core, which browsers set themselves: LaTeX in, no picture, no font, no script."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from math_core import LatexToMathML

_PAIRS = "brace|brack|angle|floor|ceil|vert|Vert|group"
BRACKET = re.compile(
    rf"(?P<opens>[(\[]|\\(\{{|l({_PAIRS})\b))|(?P<closes>[)\]]|\\(\}}|r({_PAIRS})\b))|(?P<group>[{{}}])|\\.|%.*"
)
MOST_OPEN = 10  # brackets without a partner: the converter's time doubles with each
MACROS = {"mbox": r"\text{#1}", "widetilde": r"\tilde{#1}"}


def mathml(latex: str, *, block: bool = False, source: bool = False) -> tuple[str | None, str]:
    r"""A formula set, or None and why it cannot be.

    Args:
        latex: the formula without its dollars.
        block: whether it stands on lines of its own.
        source: whether its LaTeX goes with it, for who copies it or reads the page by program.

    >>> mathml(r"\gamma")
    ('<math><mi>γ</mi></math>', '')
    """
    if _open(latex) > MOST_OPEN:
        return None, f"more than {MOST_OPEN} brackets are never closed"
    return _mathml(latex, block, source)


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
def _mathml(latex: str, block: bool, source: bool) -> tuple[str | None, str]:
    from math_core import LatexError

    try:
        return _converter(source).convert_with_local_state(latex, displaystyle=block), ""
    except LatexError as error:
        return None, str(error).strip().split("\n")[0].partition(": ")[2][:200]


@lru_cache(maxsize=2)
def _converter(source: bool) -> LatexToMathML:
    from math_core import LatexToMathML

    return LatexToMathML(macros=MACROS, fancy_error=False, annotation=source)
