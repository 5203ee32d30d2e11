"""Comments in cells: the only places in code where words may stand."""

from __future__ import annotations

import ast
import io
import tokenize
import warnings
from collections.abc import Iterator

HOSTILE = ("slot", "'\"'''\"\"\"\\(`$!%?")  # in a comment neither changes anything; in code the two differ


def in_comment(code: str, slot: str) -> bool:
    """Whether a slot stands in a comment: whatever takes its place, what runs is the same.

    Args:
        code: a cell's code, as IPython takes it.
        slot: the slot as it stands there.

    >>> in_comment("x = 1  # %%%3%%%", "%%%3%%%"), in_comment("x = '%%%3%%%'", "%%%3%%%")
    (True, False)
    """
    runs = {_what_runs(code.replace(slot, words)) for words in HOSTILE}
    return len(runs) == 1 and None not in runs


def comments(code: str) -> Iterator[tuple[int, int, str]]:
    """The comments of a cell: line from 0, column and words, without the `#` and the space after it.

    >>> list(comments("x = 1  # the start"))
    [(0, 9, 'the start')]
    """
    try:
        tokens = list(tokenize.generate_tokens(io.StringIO(code).readline))
    except (tokenize.TokenError, SyntaxError):
        return
    for token in tokens:
        if token.type == tokenize.COMMENT:
            words = token.string.lstrip("#").strip()
            if words:
                yield token.start[0] - 1, token.start[1] + token.string.index(words), words


def _what_runs(code: str) -> str | None:
    """A cell's meaning, comments apart; None if it has none."""
    tree = _tree(code)
    if tree is None:
        from IPython.core.inputtransformer2 import TransformerManager

        try:
            tree = _tree(TransformerManager().transform_cell(code))
        except Exception:  # the transformer fails in many ways on what is no code
            return None
    return None if tree is None else ast.dump(tree)


def _tree(code: str) -> ast.Module | None:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ast.parse(code)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
