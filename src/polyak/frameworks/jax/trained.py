"""Which arrays of a pytree, or of a Flax or Equinox module, are trained, and the same thing again with others in it."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import jax
import jax.numpy as jnp
import numpy as np

from polyak.frameworks.array_names import paths
from polyak.ground.errors import PolyakError, a_or_an
from polyak.ground.types import Pytree

Leaves = list[Any]


@dataclass(frozen=True)
class Today:
    """A model's arrays as they are now.

    Attributes:
        trained: the arrays that are trained.
        others: its other arrays: counts, keys, running statistics.
    """

    trained: Leaves
    others: Leaves


class Parameters(Protocol):
    """What a model's parameters are, wherever they are kept.

    Attributes:
        kind: what they make up, its class's name; empty where they are a plain pytree.
        names: of the trained arrays.
        shapes: theirs.
    """

    kind: str
    names: tuple[str, ...]
    shapes: tuple[tuple[int, ...], ...]

    def today(self) -> Today:
        """Their values now."""

    def with_arrays(self, trained: Leaves, others: Leaves) -> Pytree:
        """What the loss takes, with these arrays in it."""

    def others_of(self, whole: Pytree) -> Leaves:
        """The arrays that are not trained, of what `with_arrays` returned."""

    def leaves_of_user(self) -> Leaves:
        """What the user holds, in the order of the names."""


class Params:
    """Parameters as the user has them.

    The trained leaves are arrays of real numbers. Of an nnx module they are its `nnx.Param`s; of an Equinox module its
    arrays, as `eqx.is_inexact_array` tells them; of any other pytree plain floats too.

    >>> params = Params({"w": np.ones((2, 3)), "steps": 4})
    >>> params.names, params.shapes
    (("['w']",), ((2, 3),))
    """

    def __init__(self, params: Pytree) -> None:
        self._params = params
        self.kind = type(params).__name__ if _of(params, "flax.nnx") or _of(params, "equinox") else ""
        tree, _ = _split(params)
        leaves, self._shape = jax.tree.flatten(tree)
        plain = not _of(params, "equinox")
        self._places = [k for k, leaf in enumerate(leaves) if _is_trained(leaf, plain)]
        self._beside = [k for k, leaf in enumerate(leaves) if _is_array(leaf) and k not in set(self._places)]
        named = paths(tree)
        self.names = tuple(named[k] for k in self._places)
        self._check(leaves)
        self.shapes = tuple(tuple(x.shape) for x in self.today().trained)

    def _check(self, leaves: Leaves) -> None:
        """Refuse what has nothing to train, or complex numbers."""
        if not self._places:
            hint = ": of a torch module, pk.model(net, loss, batches)" if _of(self._params, "torch") else ""
            raise PolyakError(
                f"the params are {a_or_an(type(self._params).__name__)} without an array of real numbers, expected a"
                f" pytree with some{hint}"
            )
        if any(np.iscomplexobj(leaves[k]) for k in self._beside):
            raise PolyakError("the params hold complex numbers, expected real ones")

    def today(self) -> Today:
        """As they are now: an nnx module changes in place, and so does a NumPy array."""
        leaves = jax.tree.leaves(_split(self._params)[0])
        return Today([jnp.asarray(leaves[k]) for k in self._places], self.others_of(self._params))

    def others_of(self, whole: Pytree) -> Leaves:
        """What is not trained, of the user's own or of what stands in its place."""
        tree, rest = _split(whole)
        leaves = jax.tree.leaves(tree)
        return [*(leaves[k] for k in self._beside), *jax.tree.leaves(rest)]

    def with_arrays(self, trained: Leaves, others: Leaves) -> Pytree:
        """What the user's loss takes, with these arrays in it: a new one, the user's is as it was."""
        tree, rest = _split(self._params)
        leaves = jax.tree.leaves(tree)
        for place, leaf in zip([*self._places, *self._beside], [*trained, *others], strict=False):
            leaves[place] = leaf
        beside = jax.tree.unflatten(jax.tree.structure(rest), others[len(self._beside) :])
        return _joined(self._params, jax.tree.unflatten(self._shape, leaves), beside)

    def leaves_of_user(self) -> Leaves:
        """The very arrays that the user holds, in the order of the names."""
        leaves = jax.tree.leaves(_split(self._params)[0])
        return [leaves[k] for k in self._places]


def _split(params: Pytree) -> tuple[Pytree, Pytree]:
    """What may be trained, and the rest: of an nnx module only its Params are."""
    if not _of(params, "flax.nnx"):
        return params, ()
    nnx = sys.modules["flax.nnx"]
    _, trained, rest = nnx.split(params, nnx.Param, ...)
    return trained, rest


def _joined(params: Pytree, trained: Pytree, rest: Pytree) -> Pytree:
    if not _of(params, "flax.nnx"):
        return trained
    nnx = sys.modules["flax.nnx"]
    return nnx.merge(nnx.graphdef(params), trained, rest)


def _of(thing: object, package: str) -> bool:
    """Whether an object's class, or one that it is made from, is of a package."""
    return any(f"{kind.__module__}.".startswith(f"{package}.") for kind in type(thing).__mro__)


def _is_array(leaf: object) -> bool:
    return isinstance(leaf, jax.Array | np.ndarray | np.generic)


def _is_trained(leaf: object, plain: bool) -> bool:
    if isinstance(leaf, float):
        return plain
    return _is_array(leaf) and jnp.issubdtype(leaf.dtype, jnp.floating)  # type: ignore[attr-defined]


def flat(leaves: Sequence[jax.Array], dtype: str) -> jax.Array:
    """Arrays as one vector."""
    return jnp.concatenate([jnp.ravel(leaf).astype(dtype) for leaf in leaves])


def apart(v: jax.Array, like: Sequence[jax.Array]) -> Leaves:
    """A vector as arrays such as these."""
    parts, start = [], 0
    for leaf in like:
        end = start + leaf.size
        parts.append(v[start:end].reshape(leaf.shape).astype(leaf.dtype))
        start = end
    return parts
