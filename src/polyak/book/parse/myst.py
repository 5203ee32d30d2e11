r"""MyST's own syntax, and that of the books before it, as tokens: roles, targets, comments, divisions, footnotes.

| as typed | token |
|---|---|
| ``{ref}`a` ``, ``:numref:`a` `` | role: its name in `meta["role"]`, its words in `content` |
| `(a)=` on a line of its own | target: its name in `content` |
| `% words` (not the slot `%%%1%%%`), `+++` | nothing: a comment, a break between cells |
| `:::{note}` to `:::` | fence, as if its colons were backticks |
| `::: {.column}`, `:::` | nothing: a division of Quarto's, whose inside is read as if it stood alone |
| `[^1]`, `[^1]: words`; `word` over `: words` | as the plugins of markdown-it have footnotes and definitions |
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from polyak.book.parse.directives import KNOWN

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.rules_block import StateBlock
    from markdown_it.rules_inline import StateInline

ROLE = re.compile(r"(?:\{([a-zA-Z][\w:+.-]*)\}|:([a-z]+):)(`+)(?!`)(.+?)(?<!`)\3(?!`)", re.DOTALL)
TARGET = re.compile(r"\(([^()\s]+)\)=\s*$")
COMMENT = re.compile(r"%(\s.*)?$|\+\+\+(\s.*)?$")
DIVISION = re.compile(r":{3,}\s*(\{[.#][^}]*\}|\{[\w.-]+\}.*|[\w-]+)?\s*$")
DIRECTIVE = re.compile(r":{3,}\s*\{(" + "|".join(sorted(KNOWN)) + r")\}")
ENDS = ("paragraph", "reference", "blockquote", "list")  # what a rule may stand right under


def extend(parser: MarkdownIt) -> None:
    """Teach a parser what MyST has beyond Markdown."""
    from mdit_py_plugins.deflist import deflist_plugin
    from mdit_py_plugins.footnote import footnote_plugin

    footnote_plugin(parser, inline=False)
    deflist_plugin(parser)
    parser.inline.ruler.before("backticks", "role", _role)
    for name, rule in (("colon_fence", _colon_fence), ("division", _division), ("target", _target)):
        parser.block.ruler.before("fence", name, rule, {"alt": list(ENDS)})
    parser.block.ruler.before(
        "fence", "comment", _comment
    )  # which ends no paragraph: `% of them` may begin a line
    # Text ends where a rule may begin: a colon is not among the characters at which it does by itself.
    parser.inline.add_terminator_char(":")


def _role(state: StateInline, silent: bool) -> bool:
    if state.src[state.pos] not in "{:":
        return False
    found = ROLE.match(state.src, state.pos, state.posMax)
    if not found:
        return False
    if not silent:
        token = state.push("role", "", 0)
        token.meta["role"] = found[1] or found[2]
        token.content = " ".join(found[4].split())
    state.pos = found.end()
    return True


def _line(state: StateBlock, line: int) -> str:
    """A line of a block, without what indents it; empty where that makes it code."""
    if state.is_code_block(line):
        return ""
    return state.src[state.bMarks[line] + state.tShift[line] : state.eMarks[line]]


def _target(state: StateBlock, line: int, _end: int, silent: bool) -> bool:
    found = TARGET.match(_line(state, line))
    if not found:
        return False
    if not silent:
        token = state.push("target", "", 0)
        token.content, token.map = found[1], [line, line + 1]
        state.line = line + 1
    return True


def _comment(state: StateBlock, line: int, _end: int, silent: bool) -> bool:
    return _passed_over(state, line, silent, bool(COMMENT.match(_line(state, line))))


def _division(state: StateBlock, line: int, _end: int, silent: bool) -> bool:
    words = _line(state, line)
    return _passed_over(state, line, silent, bool(DIVISION.match(words) and not DIRECTIVE.match(words)))


def _passed_over(state: StateBlock, line: int, silent: bool, is_one: bool) -> bool:
    if is_one and not silent:
        state.line = line + 1
    return is_one


def _colon_fence(state: StateBlock, line: int, end: int, silent: bool) -> bool:
    from mdit_py_plugins.colon_fence import _rule

    if not DIRECTIVE.match(_line(state, line)):
        return False
    made = len(state.tokens)
    if not _rule(state, line, end, silent):
        return False
    for token in state.tokens[made:]:
        token.type = "fence"
        token.meta["colons"] = True
    return True
