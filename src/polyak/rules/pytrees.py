"""Rules as pytrees: their numbers are leaves, their choices and plain callables the structure."""

from __future__ import annotations

import functools
from collections.abc import Hashable, Sequence
from types import ModuleType
from typing import Self, TypeVar

from array_api_compat import is_numpy_array

from polyak.ground.types import Pytree

T = TypeVar("T")


def unchecked(cls: type[T], settings: dict[str, Pytree]) -> T:
    """A rule made without checking: inside a trace its leaves may be anything."""
    rule = object.__new__(cls)
    for name, value in settings.items():
        object.__setattr__(rule, name, value)
    return rule


def beside_traced(arrays: list[Pytree], others: Pytree) -> list[Pytree]:
    """NumPy arrays become JAX arrays where the rule, its state or its parameters are traced."""
    if not any(map(is_numpy_array, arrays)):
        return arrays
    import jax

    if not any(isinstance(leaf, jax.core.Tracer) for leaf in jax.tree_util.tree_leaves(others)):
        return arrays
    return [jax.numpy.asarray(x) if is_numpy_array(x) else x for x in arrays]


def tree_util() -> ModuleType:
    """JAX's pytrees, imported at the first use: naming and describing rules needs no JAX."""
    import jax.tree_util

    return jax.tree_util


class Node:
    """The base of what is a pytree by its own word, `_flatten` and `_unflatten`.

    JAX is told of a class when the first object of it is made: so a subclass is a pytree too, whenever it was
    defined, and a pickle is one in a process that has made no such object yet.
    """

    def __new__(cls, *_: object, **__: object) -> Self:
        """A new object, of a class that JAX knows."""
        _tell_jax(cls)  # type: ignore[arg-type] # mypy takes a class with a `__new__` for not hashable
        return super().__new__(cls)

    def _flatten(self) -> tuple[Sequence[Pytree], Hashable]:
        """The leaves, which are traced, and the structure, which is compiled for."""
        raise NotImplementedError

    @classmethod
    def _unflatten(cls, structure: Pytree, leaves: Sequence[Pytree]) -> Self:
        """The object that had these; unchecked: inside a trace its leaves may be anything."""
        raise NotImplementedError

    def _names(self) -> Sequence[str] | None:
        """The leaves' names, in their order; None where they have none."""
        return None


@functools.cache
def _tell_jax(cls: type[Node]) -> None:
    trees = tree_util()

    def flatten_with_keys(node: Node) -> tuple[list[tuple[Pytree, Pytree]], Hashable]:
        leaves, structure = node._flatten()
        names = node._names()
        keys = (
            map(trees.FlattenedIndexKey, range(len(leaves)))
            if names is None
            else map(trees.GetAttrKey, names)
        )
        return list(zip(keys, leaves, strict=True)), structure

    trees.register_pytree_with_keys(cls, flatten_with_keys, cls._unflatten, cls._flatten)
