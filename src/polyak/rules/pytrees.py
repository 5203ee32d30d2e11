"""Rules as pytrees: their numbers are leaves, their choices and plain callables the structure."""

from __future__ import annotations

import functools
from typing import Any, Self

from array_api_compat import is_numpy_array


def unchecked(cls: type, settings: dict[str, Any]) -> Any:
    """A rule made without checking: inside a trace its leaves may be anything."""
    rule: Any = object.__new__(cls)
    for name, value in settings.items():
        object.__setattr__(rule, name, value)
    return rule


def beside_traced(arrays: list[Any], others: Any) -> list[Any]:
    """NumPy arrays become JAX arrays where the rule, its state or its parameters are traced."""
    import jax

    if not any(isinstance(leaf, jax.core.Tracer) for leaf in jax.tree_util.tree_leaves(others)):
        return arrays
    return [jax.numpy.asarray(x) if is_numpy_array(x) else x for x in arrays]


def tree_util() -> Any:
    """JAX's pytrees, imported at the first use: naming and describing rules needs no JAX."""
    import jax.tree_util

    return jax.tree_util


class Node:
    """The base of what is a pytree by its own word, `_flatten` and `_unflatten`.

    JAX is told of a class when the first object of it is made: so a subclass is a pytree too, whenever it was
    defined, and a pickle is one in a process that has made no such object yet.
    """

    def __new__(cls, *_: Any, **__: Any) -> Self:
        """A new object, of a class that JAX knows."""
        _told(cls)  # type: ignore[arg-type] # mypy takes a class with a `__new__` for not hashable
        return super().__new__(cls)

    def _flatten(self) -> tuple[Any, Any]:
        """The leaves, which are traced, and the structure, which is compiled for."""
        raise NotImplementedError

    @classmethod
    def _unflatten(cls, structure: Any, leaves: Any) -> Self:
        """The object that had these; unchecked: inside a trace its leaves may be anything."""
        raise NotImplementedError


@functools.cache
def _told(cls: type[Node]) -> None:
    tree_util().register_pytree_node(cls, cls._flatten, cls._unflatten)


_registered: set[type] = set()


def register(cls: Any) -> None:
    """Make a rule's class a pytree: numbers are leaves, choices and plain callables its structure."""
    if cls in _registered:
        return
    trees, names = tree_util(), list(cls.hyperparameters())

    def flatten(rule: Any) -> tuple[list[Any], Any]:
        settings = rule.settings()
        fixed = {name: value for name, value in settings.items() if not _is_leaf(name, value, names)}
        free = [name for name in settings if name not in fixed]
        keyed = [(trees.GetAttrKey(name), settings[name]) for name in free]
        return keyed, (tuple(free), tuple(fixed.items()))

    def unflatten(structure: Any, leaves: Any) -> Any:
        free, fixed = structure
        return unchecked(cls, {**dict(zip(free, leaves, strict=True)), **dict(fixed)})

    trees.register_pytree_with_keys(cls, flatten, unflatten)
    _registered.add(cls)


def _is_leaf(name: str, value: Any, hyperparameters: list[str]) -> bool:
    tabulated = getattr(value, "is_tabulated", False)
    return name in hyperparameters and (tabulated or not callable(value))
