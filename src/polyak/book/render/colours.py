"""Code in colour: few hues, that the colour-blind and a printer tell apart, with weight and slant besides."""

from __future__ import annotations

from functools import lru_cache
from html import escape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pygments.formatters import HtmlFormatter
    from pygments.lexer import Lexer

# Okabe and Ito's blue, vermilion and green, darkened until each is at least 4.5 : 1 on the paper's grey.
STYLES = {
    "Keyword": "bold #00558a",
    "Keyword.Constant": "nobold #00558a",
    "Operator.Word": "bold #00558a",
    "Name.Builtin": "#00558a",
    "Name.Function": "#7a3d00",
    "Name.Class": "bold #7a3d00",
    "Name.Decorator": "#7a3d00",
    "Name.Exception": "bold #7a3d00",
    "Literal.String": "#006b4f",
    "Literal.Number": "#8a2f6b",
    "Comment": "italic #57616e",
    "Operator": "#3a4352",
    "Generic.Deleted": "#a33c00",
    "Generic.Inserted": "#006b4f",
}


def coloured(code: str, language: str) -> str:
    """Code as HTML, a span for each kind of word; as it stands if the language is unknown.

    >>> coloured("x = 1", "python")
    '<span class="n">x</span> <span class="o">=</span> <span class="mi">1</span>\\n'
    >>> coloured("a < b", "")
    'a &lt; b'
    """
    from pygments import highlight
    from pygments.util import ClassNotFound

    try:
        lexer = _lexer(language.lower())
    except ClassNotFound:
        return escape(code, quote=False)
    return str(highlight(code, lexer, _formatter()))


def style_sheet() -> str:
    """The colours, as CSS for code inside `.code`."""
    return str(_formatter().get_style_defs(".code"))


@lru_cache(maxsize=64)
def _lexer(language: str) -> Lexer:
    from pygments.lexers import get_lexer_by_name
    from pygments.util import ClassNotFound

    if language in ("python", "ipython3"):
        from ipython_pygments_lexers import IPython3Lexer

        return IPython3Lexer(stripnl=False)
    if not language:
        raise ClassNotFound
    return get_lexer_by_name(language, stripnl=False)


@lru_cache(maxsize=1)
def _formatter() -> HtmlFormatter:
    from pygments.formatters import HtmlFormatter
    from pygments.style import Style
    from pygments.token import string_to_tokentype

    kinds = {string_to_tokentype(name): value for name, value in STYLES.items()}
    return HtmlFormatter(
        nowrap=True, style=type("Quiet", (Style,), {"styles": kinds, "background_color": "#f4f6f9"})
    )
