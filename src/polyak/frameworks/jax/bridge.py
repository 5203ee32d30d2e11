"""JAX's models: `pk.model(loss, params, batches)`, with Flax's and Equinox's modules as params."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from numpy.typing import NDArray

from polyak.frameworks.batches import Batches
from polyak.frameworks.bridge import Batch, Bridge, Options, Pure, Vector
from polyak.frameworks.generators import remembered
from polyak.frameworks.jax.functions import Functions
from polyak.frameworks.jax.local import WHOLE, JaxLocal
from polyak.frameworks.jax.pure import PureLoss
from polyak.frameworks.jax.trained import Leaves, Parameters, Params, Today, apart, flat
from polyak.frameworks.reads_batches import ReadsBatches, in_coarse, in_order, places_of
from polyak.ground.errors import PolyakError

TRIES = 2  # other parameters at which an array's gradient must be zero for it to be untouched


def bridge(model: object, arguments: Sequence[object], batches: object, options: Options) -> Bridge | None:
    """A function loss(params, batch), with the params; or loss(outputs, batch), with forward=."""
    if not callable(model):
        return None
    if len(arguments) != 1:
        raise PolyakError(
            f"a loss with {len(arguments)} arguments before the batches, expected one, the params:"
            " pk.model(loss, params, batches)"
        )
    read = Batches(batches, jax.tree.leaves, options.rows)
    return JaxBridge(model, Params(arguments[0]), read, options.forward)


class JaxBridge(ReadsBatches):
    """A loss, its parameters and its batches; `polyak.frameworks.bridge.Bridge`."""

    framework, whole = "jax", WHOLE
    trains = ""  # the mode that it is in, where the framework has modes

    def __init__(
        self,
        loss: Callable[..., Any],
        params: Parameters,
        batches: Batches,
        forward: Callable[..., Any] | None,
    ) -> None:
        super().__init__(batches)
        self.name = params.kind or str(getattr(forward or loss, "__name__", type(loss).__name__))
        self._params, self._loss, self._forward = params, loss, forward
        self.names, self.shapes = params.names, params.shapes
        self._like = params.today().trained
        self.size = sum(x.size for x in self._like)
        self._double = bool(jax.config.read("jax_enable_x64"))
        self.dtype = "float64" if all(x.dtype == jnp.float64 for x in self._like) else "float32"
        self._moved: Leaves | None = None  # the trained arrays' values inside `at`
        self._reasons: dict[object, str] = {}  # why a batch of some shapes does not split
        self._functions = Functions(params, loss, forward, self.dtype)

    @property
    def mode(self) -> str:
        """JAX has no modes; what numbers it computes in is said where they are coarse."""
        return (self.trains + in_coarse({str(x.dtype) for x in self._like})).removeprefix(", ")

    @contextmanager
    def at(self, v: Vector, /) -> Iterator[None]:
        """Other numbers in the parameters' place."""
        before = self._moved
        with jax.enable_x64(self._double):
            self._moved = apart(jnp.asarray(v), self._like)
        try:
            yield
        finally:
            self._moved = before

    def _today(self) -> Today:
        """The parameters as they are now, or as `at` has them."""
        today = self._params.today()
        return today if self._moved is None else Today(self._moved, today.others)

    @contextmanager
    def on(self, batch: Batch, /) -> Iterator[JaxLocal]:
        """The model on a batch."""
        rows = self.rows(batch)
        restore = remembered()  # a loss may read a batch by NumPy, which may draw
        try:
            yield JaxLocal(
                self._functions,
                self._today(),
                batch,
                rows,
                lambda: self._unsplit(batch, rows),
                self._double,
            )
        finally:
            restore()

    def pure(self) -> Pure | None:
        """Its loss as a function of the arrays by name, what is not trained as it is now."""
        return PureLoss(self._params, self._loss, self._forward, self._params.today().others)

    def _unsplit(self, batch: Batch, rows: int) -> str:
        """Why the outputs are not told from the loss."""
        if self._forward is None:
            return self.whole
        shapes = *map(np.shape, jax.tree.leaves(batch)), jax.tree.structure(batch), rows
        if shapes not in self._reasons:
            self._reasons[shapes] = self._outputs_reason(batch, rows)
        return self._reasons[shapes]

    def _outputs_reason(self, batch: Batch, rows: int) -> str:
        today = self._params.today()
        with jax.enable_x64(self._double):
            shapes = self._functions.shapes(today, batch)
        real = [leaf for leaf in jax.tree.leaves(shapes) if jnp.issubdtype(leaf.dtype, jnp.floating)]
        if not real:
            return "forward returns no array of real numbers"
        strange = next((leaf for leaf in real if leaf.shape[:1] != (rows,)), None)
        return "" if strange is None else f"an output is of shape {strange.shape}, expected {rows} rows"

    def parameters(self) -> dict[str, NDArray[Any]]:
        """Today's values, copies."""
        return dict(zip(self.names, map(np.array, self._params.today().trained), strict=True))

    def vector(self, arrays: Mapping[str, Any], /) -> Vector:
        """Named arrays as one vector."""
        with jax.enable_x64(self._double):
            parts = in_order(arrays, self.names, self.shapes)
            return flat([jnp.asarray(part) for part in parts], self.dtype)

    def named(self, v: Vector, /) -> dict[str, NDArray[Any]]:
        """A vector by name."""
        parts = np.split(np.array(v), np.cumsum([x.size for x in self._like])[:-1])
        return {
            name: part.reshape(shape)
            for name, part, shape in zip(self.names, parts, self.shapes, strict=True)
        }

    def random(self, generator: np.random.Generator, /) -> Vector:
        """Standard normal numbers."""
        kind = np.float64 if self.dtype == "float64" else np.float32
        with jax.enable_x64(self._double):
            return jnp.asarray(generator.standard_normal(self.size, dtype=kind))

    def places(self, arrays: Sequence[object], /) -> tuple[int | None, ...]:
        """Which parameter each array is: that very array."""
        return places_of(arrays, self._params.leaves_of_user(), (), self.names, self.name)

    def untouched(self, batch: Batch, /) -> tuple[str, ...]:
        """Those whose gradient is zero here and at other parameters."""
        with self.on(batch) as local:
            zero = self._zero(local.gradient())
            generator = np.random.default_rng(0)
            for _ in range(TRIES if zero else 0):
                zero &= self._zero(local.elsewhere(generator))
        return tuple(name for name in self.names if name in zero)

    def _zero(self, v: Vector) -> set[str]:
        return {name for name, part in self.named(v).items() if not part.any()}
