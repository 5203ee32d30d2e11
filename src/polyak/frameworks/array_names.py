"""Which array of one side is which of the other: by their names, never by a guess.

torch says `second.weight`, a tree of arrays `['second']['kernel']`, Keras `sequential_second_kernel`. Two such lists
are one where every name of the one is exactly one of the other, spelled as the other spells it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from polyak.ground.types import Pytree

NAMING = "keep the parameters in a dict, whose keys are their names"
Words = tuple[str, ...]
Shape = tuple[int, ...]
SPELLED = {"kernel": "weight", "w": "weight", "b": "bias"}  # a word elsewhere, and in torch
OUT_IN = ("weight",)  # torch keeps (out, in, *window) under this name
IN_OUT = ("kernel", "w")  # others (*window, in, out) under these


def matched(names: Sequence[str], others: Sequence[str]) -> list[int] | None:
    """For each of the other names the index of the one that it is; None where that is not told beyond doubt.

    They are the same names, or the same words (split at all that is no letter and no digit, `kernel` being torch's
    `weight`), but for words with which all names of one side begin or end.

    >>> matched(["second.weight", "first.weight"], ["['first']['kernel']", "['second']['kernel']"])
    [1, 0]
    >>> matched(["0.weight", "2.weight"], ["['a']['kernel']", "['b']['kernel']"])
    """
    if len(names) != len(others):
        return None
    if {*names} == {*others} and len({*names}) == len(names):
        return [names.index(name) for name in others]
    ours, theirs = [_words(name) for name in names], [_words(name) for name in others]
    if not all(map(_told, [*ours, *theirs])):
        return None  # numbers alone: a place in a list is no name on the other side
    tried = [*map(_same, *_with_cores(ours, theirs)), *map(_same, *_with_cores(theirs, ours)[::-1])]
    orders = {tuple(order) for order in tried if order is not None}
    return list(orders.pop()) if len(orders) == 1 else None


def alone(name: str, others: Sequence[str]) -> int | None:
    """Which of the other names one is: of the same words, and no other of them is; None where none is, or two.

    >>> alone("['second']['kernel']", ["first.weight", "second.weight"])
    1
    """
    words = _words(name)
    same = [k for k, other in enumerate(others) if _words(other) == words and _told(words)]
    return same[0] if len(same) == 1 else None


def turned(name: str, other: str, shape: Shape) -> bool:
    """Whether one name is of (out, in) and the other of (in, out), and the shape, the same both ways, does not tell.

    >>> turned("a.weight", "['a']['kernel']", (3, 3)), turned("a.weight", "['a']['kernel']", (3, 2))
    (True, False)
    """
    words = _split(name), _split(other)
    apart = any(_has(a, OUT_IN) and _has(b, IN_OUT) for a, b in (words, words[::-1]))
    return apart and len(shape) > 1 and (*shape[2:], shape[1], shape[0]) == shape


def _split(name: str) -> Words:
    return tuple(re.findall(r"[^\W_]+", name))


def _words(name: str) -> Words:
    return tuple(SPELLED.get(word, word) for word in _split(name))


def _has(words: Words, known: Words) -> bool:
    return any(word in known for word in words)


def _told(words: Words) -> bool:
    return any(not word.isdigit() for word in words)


def _same(ours: Sequence[Words], theirs: Sequence[Words]) -> list[int] | None:
    """The order in which these are those, if they are."""
    if len({*ours}) != len(ours) or {*ours} != {*theirs}:
        return None
    return [ours.index(words) for words in theirs]


def _with_cores(
    long: Sequence[Words], short: Sequence[Words]
) -> tuple[list[list[Words]], list[Sequence[Words]]]:
    """Each of the longer names' cores, beside the shorter names."""
    cores = _cores(long, short)
    return cores, [short] * len(cores)


def _cores(long: Sequence[Words], short: Sequence[Words]) -> list[list[Words]]:
    """The longer names without what all of them begin and end with, each way that makes them as long as the others.

    A number stays with the word before it: `Dense_0` is not `0`.
    """
    more, rest = divmod(sum(map(len, long)) - sum(map(len, short)), len(long))
    if rest or more < 0:
        return []
    found = []
    for begin in range(more + 1):
        end = more - begin
        ends = {(words[:begin], words[len(words) - end :]) for words in long}
        cores = [words[begin : len(words) - end] for words in long]
        if len(ends) == 1 and all(cores) and not (begin and any(core[0].isdigit() for core in cores)):
            found.append(cores)
    return found


def paths(tree: Pytree, is_leaf: Callable[[object], bool] | None = None) -> tuple[str, ...]:
    """The names of a tree's leaves, in their order.

    >>> paths({"b": 1.0, "a": [2.0]})
    ("['a'][0]", "['b']")
    """
    from jax.tree_util import keystr, tree_flatten_with_path

    return tuple(keystr(path) for path, _ in tree_flatten_with_path(tree, is_leaf=is_leaf)[0])
