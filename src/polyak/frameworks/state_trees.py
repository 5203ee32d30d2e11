"""Trees of arrays: their leaves in order, each with its path as a name."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from jax.tree_util import keystr, tree_flatten_with_path

NAMING = "keep the parameters in a dict, whose keys are their names"


def paths(tree: Any, is_leaf: Callable[[Any], bool] | None = None) -> tuple[str, ...]:
    """The leaves' names.

    >>> paths({"b": 1.0, "a": [2.0]})
    ("['a'][0]", "['b']")
    """
    return tuple(keystr(path) for path, _ in tree_flatten_with_path(tree, is_leaf=is_leaf)[0])
