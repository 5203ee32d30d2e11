r"""A JAX loss as functions of flat vectors, each compiled once for a batch's shapes.

H v = d/dt \nabla L(x + t v)    (forward over reverse: Pearlmutter 1994, Fast exact multiplication by the Hessian)
G v = J^T (\nabla^2 l) J v      (Schraudolph 2002, Fast curvature matrix-vector products)
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from polyak.frameworks.bridge import Batch, Outputs, Vector
from polyak.frameworks.jax.trained import Leaves, Parameters, Today, apart, flat
from polyak.frameworks.steppers import refusals
from polyak.ground.compiled import jitted
from polyak.ground.errors import PolyakError, a_or_an
from polyak.ground.types import Pytree

Loss = Callable[..., Any]


class Functions:
    """A loss(params, batch), or a loss(outputs, batch) with a forward(params, batch), differentiated.

    Where the user's code cannot be compiled (it branches on a value, or reads it as NumPy), it runs step by step, with
    the same numbers; so it does for a batch that is not made of arrays. Compiled without XLA's emitters of fused loops
    (ground/compiled.py), which make a matrix product of a vector's slice take three times as long.
    """

    def __init__(self, params: Parameters, loss: Loss, forward: Loss | None, dtype: str) -> None:
        self._params, self._loss, self._forward, self._dtype = params, loss, forward, dtype
        self._compiled: dict[str, Callable[..., Any]] = {}
        self._eager = False

    def __call__(self, name: str, today: Today, batch: Batch, *vectors: Vector) -> Any:  # noqa: ANN401
        """One of the functions below, by its name."""
        function: Callable[..., Any] = getattr(self, f"_{name}")
        arguments = today.trained, today.others, batch, *vectors
        if self._eager or not all(map(_traceable, jax.tree.leaves(batch))):
            return self._told(function, arguments)
        compiled = self._compiled.setdefault(name, jitted(function))
        try:
            return compiled(*arguments)
        except PolyakError:
            raise
        except Exception:
            result = self._told(
                function, arguments
            )  # what is wrong in any case is said as it is without compiling
            self._eager = True
            return result

    def shapes(self, today: Today, batch: Batch) -> Pytree:
        """What the outputs will be, without computing them."""

        def outputs(trained: Leaves) -> Pytree:
            return self._tree(trained, today.others, batch)

        return self._told(lambda trained: jax.eval_shape(outputs, trained), (today.trained,))

    @staticmethod
    def _told(function: Callable[..., Any], arguments: tuple[Any, ...]) -> Any:  # noqa: ANN401
        with refusals("the loss"):
            return function(*arguments)

    def _value(self, trained: Leaves, others: Leaves, batch: Batch) -> jax.Array:
        params = self._params.with_arrays(trained, others)
        if self._forward is None:
            return the_loss(self._loss(params, batch))
        return the_loss(self._loss(self._forward(params, batch), batch))

    def _loss_and_gradient(
        self, trained: Leaves, others: Leaves, batch: Batch
    ) -> tuple[jax.Array, jax.Array]:
        value, leaves = jax.value_and_grad(self._value)(trained, others, batch)
        return value, flat(leaves, self._dtype)

    def _hessian(self, trained: Leaves, others: Leaves, batch: Batch, v: Vector) -> Vector:
        def gradient(x: Leaves) -> Leaves:
            leaves: Leaves = jax.grad(self._value)(x, others, batch)
            return leaves

        _, product = jax.jvp(gradient, (trained,), (apart(v, trained),))
        return flat(product, self._dtype)

    def _tree(self, trained: Leaves, others: Leaves, batch: Batch) -> Pytree:
        """The outputs as the user's forward returns them."""
        assert self._forward is not None
        return self._forward(self._params.with_arrays(trained, others), batch)

    def _outputs(self, trained: Leaves, others: Leaves, batch: Batch) -> Outputs:
        """f(x), a row for each row of the batch."""
        leaves = [leaf for leaf in jax.tree.leaves(self._tree(trained, others, batch)) if _is_real(leaf)]
        return jnp.concatenate([leaf.reshape(len(leaf), -1).astype(self._dtype) for leaf in leaves], 1)

    def _forward_product(self, trained: Leaves, others: Leaves, batch: Batch, v: Vector) -> Outputs:
        return jax.jvp(lambda x: self._outputs(x, others, batch), (trained,), (apart(v, trained),))[1]

    def _backward_product(self, trained: Leaves, others: Leaves, batch: Batch, u: Outputs) -> Vector:
        _, transposed = jax.vjp(lambda x: self._outputs(x, others, batch), trained)
        return flat(transposed(u)[0], self._dtype)

    def _loss_of(self, trained: Leaves, others: Leaves, batch: Batch, z: Outputs) -> jax.Array:
        """l(z)."""
        shapes = self.shapes(Today(trained, others), batch)
        leaves, shape = jax.tree.flatten(shapes)
        own = (
            jax.tree.leaves(self._tree(trained, others, batch)) if not all(map(_is_real, leaves)) else leaves
        )
        start = 0
        for k, leaf in enumerate(leaves):
            if _is_real(leaf):
                columns = leaf.size // leaf.shape[0]
                own[k] = z[:, start : start + columns].reshape(leaf.shape).astype(leaf.dtype)
                start += columns
        return the_loss(self._loss(jax.tree.unflatten(shape, own), batch))

    def _loss_gradient(self, trained: Leaves, others: Leaves, batch: Batch, z: Outputs) -> Outputs:
        return jax.grad(lambda z: self._loss_of(trained, others, batch, z))(z)

    def _loss_hessian(self, trained: Leaves, others: Leaves, batch: Batch, u: Outputs) -> Outputs:
        z = self._outputs(trained, others, batch)
        return jax.jvp(lambda z: self._loss_gradient(trained, others, batch, z), (z,), (u,))[1]

    def _gauss_newton(self, trained: Leaves, others: Leaves, batch: Batch, v: Vector) -> Vector:
        z, transposed = jax.vjp(lambda x: self._outputs(x, others, batch), trained)
        along = self._forward_product(trained, others, batch, v)
        bent = jax.jvp(lambda z: self._loss_gradient(trained, others, batch, z), (z,), (along,))[1]
        return flat(transposed(bent)[0], self._dtype)


def the_loss(returned: object) -> jax.Array:
    """What the user's loss returned, if it is one real number."""
    if isinstance(returned, tuple):
        raise PolyakError(
            f"the loss is a tuple of {len(returned)}, expected one number: without what has_aux=True is for"
        )
    if isinstance(returned, float | int):
        raise PolyakError("the loss has no gradient: it is a plain number, expected one computed by JAX")
    if not isinstance(returned, jax.Array):
        raise PolyakError(
            f"the loss is {a_or_an(type(returned).__name__)}, expected a JAX array of one number"
        )
    if returned.size != 1:
        raise PolyakError(
            f"the loss is of shape {tuple(returned.shape)}, expected one number: a mean over the rows"
        )
    if not jnp.issubdtype(returned.dtype, jnp.floating):
        raise PolyakError(f"the loss has no gradient: it is of {returned.dtype}, expected a real number")
    return returned.reshape(())


def _traceable(leaf: object) -> bool:
    """Whether JAX takes a batch's leaf as an argument."""
    if isinstance(leaf, np.ndarray | np.generic):
        return leaf.dtype.kind in "biufc"
    return isinstance(leaf, jax.Array | int | float | bool)


def _is_real(leaf: Any) -> bool:  # noqa: ANN401 - an array, or what it will be
    return hasattr(leaf, "dtype") and jnp.issubdtype(leaf.dtype, jnp.floating)
