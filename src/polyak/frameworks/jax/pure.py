"""A JAX loss as a pure function of its trained arrays by name, as the compiled loop differentiates it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from numpy.typing import NDArray

from polyak.frameworks.bridge import Batch
from polyak.frameworks.jax.functions import the_loss
from polyak.frameworks.jax.trained import Leaves, Parameters
from polyak.ground.hashing import code_hash
from polyak.ground.types import Pytree

Named = dict[str, Any]


@dataclass(frozen=True, eq=False)
class PureLoss:
    """loss(params, batch), params being the trained arrays by name; what else the model holds stays as it is here.

    Attributes:
        parameters: of the user.
        loss: the user's own, of (params, batch), or of (outputs, batch) where there is a forward.
        forward: forward(params, batch) -> outputs; None where the loss is one function.
        others: the arrays that are not trained, as they were when this was made.
    """

    parameters: Parameters
    loss: Callable[..., Any]
    forward: Callable[..., Any] | None
    others: Leaves

    compiled = True
    dtype = ""

    @property
    def measurable(self) -> bool:
        """Whether there is a forward."""
        return self.forward is not None

    def __call__(self, params: Named, batch: Batch) -> jax.Array:
        """The loss at these parameters."""
        whole = self.whole(params)
        if self.forward is None:
            return the_loss(self.loss(whole, batch))
        return the_loss(self.loss(self.forward(whole, batch), batch))

    def outputs(self, params: Named, batch: Batch) -> Pytree:
        """What the user's forward returns."""
        assert self.forward is not None
        return self.forward(self.whole(params), batch)

    def targets(self, batch: Batch) -> Pytree:
        """The second part of a batch (inputs, targets)."""
        return batch[1]

    def said(self, params: Named, rows: Batch) -> str:
        """A hash of what JAX traces."""
        return code_hash(self, params, rows)

    def whole(self, params: Named) -> Pytree:
        """What the user's loss takes, with these arrays in it."""
        return self.parameters.with_arrays([params[name] for name in self.parameters.names], self.others)

    def today(self) -> dict[str, NDArray[Any]]:
        """The trained arrays as they are now, copies."""
        return dict(zip(self.parameters.names, map(np.array, self.parameters.today().trained), strict=True))

    def stands(self) -> bool:
        """Whether what is not trained is still as it was."""
        return _same(self.others, self.parameters.today().others)

    def changes(self, batch: Batch) -> bool:
        """Whether a call changes arrays that are not trained: a dropout's counter, running statistics."""
        params = {name: jnp.asarray(x) for name, x in self.today().items()}
        whole = self.whole(params)
        before = self.parameters.others_of(whole)
        self.loss(*((whole, batch) if self.forward is None else (self.forward(whole, batch), batch)))
        return not _same(before, self.parameters.others_of(whole))


def _same(before: Leaves, after: Leaves) -> bool:
    return all(
        np.array_equal(_numbers(one), _numbers(other)) for one, other in zip(before, after, strict=True)
    )


def _numbers(leaf: Any) -> NDArray[Any]:  # noqa: ANN401 - an array, or a key of random numbers
    keys = isinstance(leaf, jax.Array) and jnp.issubdtype(leaf.dtype, jax.dtypes.prng_key)
    return np.array(jax.random.key_data(leaf) if keys else leaf)
