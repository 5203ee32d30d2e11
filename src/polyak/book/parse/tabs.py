r"""Tabs of the later editions: one document for several frameworks, of which one is read.

| as typed | what it is |
|---|---|
| a cell that begins with `#@tab pytorch, mxnet` or `%%tab pytorch` | runs in these tabs alone; `all` in every one |
| ``:begin_tab:`pytorch` `` to `:end_tab:` | words of that tab |
| `%load_ext d2lbook.tab`, `tab.interact_select(...)` | which tabs there are: nothing to run here |

What belongs to other tabs is left out line for line, so that each line keeps its number.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from polyak.ground.errors import PolyakError, unknown

OPENS = re.compile(r" {0,3}(`{3,}|~{3,})")
CELL = re.compile(r"\s*(?:#@tab|%%tab)\s+(.+)$")
BEGINS, ENDS = re.compile(r"\s*:begin_tab:\s*`?([\w, -]+)`?"), re.compile(r"\s*:end_tab:")
SELECTS = re.compile(r"\s*(?:%load_ext\s+d2lbook\.tab|tab\.interact_select\(.*)\s*$")
EVERY = "all"
FIRST = "pytorch"  # the tab that is read where none is asked for, and it is there


def tabs(text: str) -> tuple[str, ...]:
    r"""The tabs of a document, in their order; empty for a document without.

    >>> tabs("```\n#@tab mxnet, pytorch\n```\n:begin_tab:`tensorflow`\n:end_tab:\n```python\n#@tab all\n```\n")
    ('mxnet', 'pytorch', 'tensorflow')
    """
    said = [
        found[1] for line in text.splitlines() for found in (CELL.match(line) or BEGINS.match(line),) if found
    ]
    names = [name for words in said for name in _names(words)]
    return tuple(dict.fromkeys(name for name in names if name != EVERY))


def choose(text: str, wanted: str | None, name: str) -> str:
    """The tab to read: the one that is wanted, else PyTorch's, else the first; empty for a document without tabs.

    Raises:
        PolyakError: the document has no such tab, or none at all and one is wanted.

    >>> choose("#@tab jax", "jacks", "a.md")
    Traceback (most recent call last):
    ...
    polyak.PolyakError: unknown tab of a.md 'jacks', did you mean 'jax'? (there are: jax)
    """
    there = tabs(text)
    if wanted is None:
        return FIRST if FIRST in there else next(iter(there), "")
    if not there:
        raise PolyakError(f"{name} has no tabs, and --tab asks for '{wanted}'")
    if wanted not in there:
        raise unknown(f"tab of {name}", wanted, there)
    return wanted


def of_tab(text: str, tab: str) -> str:
    r"""A document's text with the other tabs' lines empty.

    >>> of_tab("```python\n#@tab mxnet\nx\n```\n\n```python\n%%tab all\ny\n```\n", "mxnet")
    '```python\n#@tab mxnet\nx\n```\n\n```python\n# %%tab all\ny\n```\n'
    >>> of_tab("```python\n#@tab mxnet\nx\n```\n", "jax")
    '\n\n\n\n'
    """
    lines = text.splitlines(keepends=True)
    k, elsewhere = 0, False
    while k < len(lines):
        end = _end_of_fence(lines, k)
        if end > k:
            if elsewhere or not _runs_in(lines[k:end], tab):
                _empty(lines, k, end)
            else:
                _without_marks(lines, k, end)
            k = end
            continue
        begins, ends = BEGINS.match(lines[k]), ENDS.match(lines[k])
        if begins:
            elsewhere = not {tab, EVERY} & set(_names(begins[1]))
        if begins or ends or elsewhere:
            _empty(lines, k, k + 1)
        elsewhere = elsewhere and not ends
        k += 1
    return "".join(lines)


def _names(words: str) -> list[str]:
    return [name.strip().lower() for name in words.replace("`", "").split(",") if name.strip()]


def _end_of_fence(lines: Sequence[str], start: int) -> int:
    """The line after a fence that opens on a line; the line itself where none opens, or it is never closed."""
    opens = OPENS.match(lines[start])
    if not opens:
        return start
    mark = opens[1]
    for k in range(start + 1, len(lines)):
        words = lines[k].strip()
        if len(words) >= len(mark) and set(words) == {mark[0]}:
            return k + 1
    return start


def _runs_in(fence: Sequence[str], tab: str) -> bool:
    said = next((found[1] for line in fence[1:3] if (found := CELL.match(line))), EVERY)
    inside = [line for line in fence[1:-1] if line.strip()]
    only_selects = bool(inside) and all(SELECTS.match(line) for line in inside)
    return bool({tab, EVERY} & set(_names(said))) and not only_selects


def _without_marks(lines: list[str], start: int, end: int) -> None:
    """Marks of tabs that no kernel here knows become comments."""
    for k in range(start + 1, end - 1):
        if SELECTS.match(lines[k]) or re.match(r"\s*%%tab\s", lines[k]):
            lines[k] = f"# {lines[k].lstrip()}"


def _empty(lines: list[str], start: int, end: int) -> None:
    for k in range(start, end):
        lines[k] = re.sub(r"[^\r\n]+", "", lines[k])
