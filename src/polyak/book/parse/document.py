"""A document: Markdown whose cells of code run, parsed once, with every line's number."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from polyak.book.parse.fences import fence, label_of, options
from polyak.book.parse.myst import extend
from polyak.ground.errors import PolyakError

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.rules_inline import StateInline
    from markdown_it.token import Token


@dataclass(frozen=True)
class Cell:
    """A cell of code: what runs, where it stands (first and last line), the number and the label its source gives."""

    code: str
    first: int
    last: int
    number: int | None = None
    tags: tuple[str, ...] = ()
    label: str = ""


@dataclass(frozen=True)
class Document:
    """A parsed document: its cells in order, its title, its language, and the tokens that a page is made from.

    A token whose `meta["cell"]` is k stands for the k-th cell.
    """

    text: str
    cells: tuple[Cell, ...]
    title: str
    language: str
    tokens: tuple[Token, ...]
    references: dict[str, Any]


def parse(text: str, name: str = "the document") -> Document:
    r"""Parse a document's text.

    Args:
        text: Markdown; fences that read `python`, `{.python .input n=3}` or `{code-cell}` are its cells.
        name: what to call it where something is wrong.

    Raises:
        PolyakError: a fence is never closed, the line names where it opens; or two cells have one label.

    >>> document = parse("# Momentum\n\n```python\nx = 1\n```\n")
    >>> document.title, document.cells
    ('Momentum', (Cell(code='x = 1', first=4, last=4, number=None, tags=(), label=''),))
    """
    environment: dict[str, Any] = {}
    body = text.removeprefix("\ufeff")
    tokens = markdown().parse(body, environment)
    lines = re.split(r"\r\n|\r|\n", body)
    cells: list[Cell] = []
    for token in tokens:
        if token.type != "fence" or token.map is None:
            continue
        _check_closed(token, lines, name)
        said = fence(token.info)
        if said.runs:
            token.meta["cell"] = len(cells)
            cells.append(_cell(token, said.number))
            _check_label(cells, name)
    return Document(text, tuple(cells), _title(tokens), _language(tokens), tuple(tokens), environment)


@lru_cache(maxsize=1)
def markdown() -> MarkdownIt:
    """The parser: CommonMark with tables, strike-through, front matter, dollar maths and what MyST has beyond them."""
    from markdown_it import MarkdownIt
    from mdit_py_plugins.dollarmath import dollarmath_plugin
    from mdit_py_plugins.front_matter import front_matter_plugin

    parser = MarkdownIt("commonmark").enable(["table", "strikethrough"])
    dollarmath_plugin(parser, allow_space=False, allow_blank_lines=False, double_inline=True)
    front_matter_plugin(parser)
    parser.inline.ruler.at("math_inline", _maths_not_money)
    extend(parser)
    return parser


def _maths_not_money(state: StateInline, silent: bool) -> bool:
    """A formula between dollars, unless a digit touches one of them from outside: `$5 and $6` is money.

    The plugin's own rule for digits looks, at the start of a paragraph, at the paragraph's last letter.
    """
    if state.src[state.pos] != "$":
        return False
    start = state.pos
    if not _formula()(state, True):
        return False
    end, state.pos = state.pos, start
    outside = state.src[max(start - 1, 0) : start] + state.src[end : end + 1]
    if any(character.isdigit() for character in outside):
        return False
    return _formula()(state, silent)


@lru_cache(maxsize=1)
def _formula() -> Callable[[StateInline, bool], bool]:
    from mdit_py_plugins.dollarmath.index import math_inline_dollar

    return math_inline_dollar(allow_space=False, allow_digits=True, allow_double=True)


def _check_closed(token: Token, lines: list[str], name: str) -> None:
    first, end = token.map or (0, 0)
    last = lines[end - 1].strip(" \t>") if end - 1 > first else ""
    if not (last and set(last) == {token.markup[0]} and len(last) >= len(token.markup)):
        raise PolyakError(f"{name}, line {first + 1}: this fence is never closed")


def _cell(token: Token, number: int | None) -> Cell:
    first = (token.map or (0, 0))[0] + 2
    code, skipped = token.content, 0
    tags: tuple[str, ...] = ()
    label = label_of(token.info, code)
    if token.info.strip().startswith("{code-cell}"):
        tags, label, skipped = options(code)
        code = "\n".join(code.split("\n")[skipped:])
    code = code.removesuffix("\n")
    first += skipped
    return Cell(code, first, first + code.count("\n"), number, tags, label)


def _check_label(cells: Sequence[Cell], name: str) -> None:
    *before, last = cells
    twin = next((cell for cell in before if last.label and cell.label == last.label), None)
    if twin:
        raise PolyakError(
            f"{name}: the cells on lines {twin.first} and {last.first} have one label, '{last.label}', expected "
            "one each"
        )


def _title(tokens: list[Token]) -> str:
    for token, following in pairwise(tokens):
        if token.type == "heading_open":
            return re.sub(r"\\(boldsymbol|mathbf|mathrm|text)\b|[\\{}]", "", plain(following))
    return ""


def plain(inline: Token) -> str:
    """The words of a heading or a paragraph, without its marks."""
    said = [
        " " if child.type in ("softbreak", "hardbreak") else child.content
        for child in inline.children or []
        if child.type != "html_inline"
    ]
    return "".join(said).strip()


def _language(tokens: list[Token]) -> str:
    """The language that the prose is written in, by its letters."""
    words = "".join(plain(token) for token in tokens if token.type == "inline")
    letters = sum(character.isalpha() for character in words)
    if 5 * len(re.findall(r"[\u3040-\u30ff]", words)) > letters:
        return "ja"
    if 5 * len(re.findall(r"[\uac00-\ud7a3]", words)) > letters:
        return "ko"
    return "zh-CN" if 5 * len(re.findall(r"[\u4e00-\u9fff]", words)) > letters else "en"
