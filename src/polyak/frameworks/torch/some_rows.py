r"""Some rows of a batch, where they say of the model what all of them do: the loss is a mean over the rows,

    n L(batch) = n_1 L(its first n_1 rows) + n_2 L(the others)

which is tested on the batch itself, in the mode that the model is in; only dropout, which would draw other masks, is
left out. Batch norm, a loss of pairs or one over so many words a row does not pass, and is read whole.
"""

from __future__ import annotations

import math
from typing import Any

import torch
from torch.utils import _pytree

from polyak.frameworks.bridge import Batch
from polyak.frameworks.torch.bridge import TorchBridge
from polyak.frameworks.torch.untouched import untouched

SAME_TO = 1e-4  # relative: float32's rounding in a mean over rows, with room


class SomeRows:
    """What was found out of a model's loss, once."""

    def __init__(self, bridge: TorchBridge) -> None:
        self._bridge = bridge
        self._adds: bool | None = None

    def of(self, batch: Batch, rows: int) -> Batch:
        """The first rows of a batch; the batch itself where it is not known to be of rows on their own."""
        n = self._bridge.rows(batch)
        if rows >= n or not _by_rows(batch, n):
            return batch
        if self._adds is None:
            self._adds = self._tested(batch, n)
        return _between(batch, 0, rows) if self._adds else batch

    def _tested(self, batch: Batch, n: int) -> bool:
        half = n // 2
        bridge = self._bridge
        parts = batch, _between(batch, 0, half), _between(batch, half, n)
        try:
            with untouched(bridge.net, own=bridge._own), torch.no_grad():
                for module in bridge.net.modules():
                    if "Dropout" in type(module).__name__ or isinstance(
                        getattr(module, "dropout", None), float
                    ):
                        module.training = False
                whole, first, second = (float(bridge._loss(bridge.net, part)) for part in parts)
        except Exception:  # whatever a user's loss may raise of fewer rows
            return False
        expected = (half * first + (n - half) * second) / n
        return math.isclose(whole, expected, rel_tol=SAME_TO) and first != second


def _leaves(batch: Batch) -> list[Any]:
    return [leaf for leaf in _pytree.tree_leaves(batch) if isinstance(leaf, torch.Tensor)]


def _by_rows(batch: Batch, n: int) -> bool:
    """Whether all that is in it has a row for each."""
    everything, tensors = _pytree.tree_leaves(batch), _leaves(batch)
    return len(tensors) == len(everything) and all(x.ndim and len(x) == n for x in tensors)


def _between(batch: Batch, start: int, stop: int) -> Batch:
    return _pytree.tree_map(lambda x: x[start:stop], batch)
