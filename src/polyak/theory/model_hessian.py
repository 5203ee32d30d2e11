r"""The Hessian of a model's loss over a set of its batches, or its Gauss-Newton part, known by its products.

    H v = sum_b n_b H_b v / sum_b n_b,    n_b the rows of batch b, whose loss is a mean over them

and the block of it that belongs to some of the parameters alone: P H P, P what keeps theirs.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from contextlib import ExitStack
from types import TracebackType
from typing import Literal

import array_api_compat
import numpy as np

from polyak.frameworks.bridge import Batch, Bridge, Local, Vector
from polyak.theory.basis import at_home
from polyak.theory.lanczos import Operator

Kind = Literal["hessian", "gauss_newton"]


class ModelHessian:
    """H over some batches, at today's parameters; a context, within which its products may be asked.

    The model stays prepared on a batch that is the only one, so that what is kept for one product serves the next; of
    several each is prepared anew, so that one at a time takes memory.

    Attributes:
        size: how many parameters there are.
        rows: of all the batches.
    """

    def __init__(self, bridge: Bridge, batches: Sequence[Batch], kind: Kind = "hessian") -> None:
        self._bridge, self._kind, self._batches = bridge, kind, tuple(batches)
        self._rows = [bridge.rows(batch) for batch in self._batches]
        self.size, self.rows = bridge.size, sum(self._rows)
        self._open = ExitStack()
        self._local: Local | None = None

    def __enter__(self) -> ModelHessian:
        if len(self._batches) == 1:
            self._local = self._open.enter_context(self._bridge.on(self._batches[0]))
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._local = None
        self._open.__exit__(kind, error, traceback)

    def __matmul__(self, v: Vector, /) -> Vector:
        if self._local is not None:
            return getattr(self._local, self._kind)(v)
        total: Vector = None
        for batch, rows in zip(self._batches, self._rows, strict=True):
            with self._bridge.on(batch) as local:
                part = getattr(local, self._kind)(v) * (rows / self.rows)
            total = part if total is None else total + part
        return total

    def random(self, generator: np.random.Generator, /) -> Vector:
        """Standard normal numbers, of the model's framework."""
        return self._bridge.random(generator)


class Block:
    """The rows and columns of a matrix that belong to some of its entries.

    Attributes:
        size: how many entries.
    """

    def __init__(self, whole: Operator, slices: Sequence[slice]) -> None:
        self._whole, self._slices = whole, tuple(slices)
        self.size = sum(each.stop - each.start for each in slices)

    def __matmul__(self, v: Vector, /) -> Vector:
        v = at_home(v)
        xp = array_api_compat.array_namespace(v)
        whole = xp.zeros((self._whole.size,), dtype=v.dtype, device=array_api_compat.device(v))
        taken = 0
        for each in self._slices:
            length = each.stop - each.start
            part = v[taken : taken + length]
            if array_api_compat.is_writeable_array(whole):
                whole[each] = part
            else:  # JAX's on a GPU
                whole = whole.at[each].set(part)
            taken += length
        return self._own(self._whole @ whole)

    def random(self, generator: np.random.Generator, /) -> Vector:
        """Standard normal numbers, of the model's framework."""
        return self._own(self._whole.random(generator))

    def _own(self, v: Vector) -> Vector:
        v = at_home(v)
        return array_api_compat.array_namespace(v).concat([v[each] for each in self._slices])


def layers(names: Sequence[str], shapes: Sequence[tuple[int, ...]]) -> dict[str, list[slice]]:
    """Where each layer's parameters lie in a vector: arrays whose names differ in the last word are of one layer.

    >>> layers(["0.weight", "0.bias", "2.weight"], [(2, 3), (2,), (1, 2)])
    {'0': [slice(0, 6, None), slice(6, 8, None)], '2': [slice(8, 10, None)]}
    """
    found: dict[str, list[slice]] = {}
    start = 0
    for name, shape in zip(names, shapes, strict=True):
        stop = start + int(np.prod(shape, dtype=np.int64))
        found.setdefault(_layer(name), []).append(slice(start, stop))
        start = stop
    return found


def _layer(name: str) -> str:
    """A name without its last word, or all of it where it is one word; keys in brackets as words.

    >>> _layer("encoder.0.weight"), _layer("['dense']['kernel']"), _layer("layers[0].bias"), _layer("['w']")
    ('encoder.0', 'dense', 'layers.0', 'w')
    """
    words = re.sub(r"\[['\"]?([^\[\]]*?)['\"]?\]", r".\1", name).lstrip(".")
    return re.sub(r"[./][^./]+$", "", words)
