"""Where each trained tensor lies in a vector."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from polyak.frameworks.reads_batches import in_order
from polyak.ground.errors import PolyakError

Parts = Sequence["torch.Tensor | None"]


class Layout:
    """Named tensors, one after the other in one flat tensor: on the first one's device, in float32, or in float64 where
    all of them are.

    >>> layout = Layout({"weight": torch.ones(2, 3), "bias": torch.zeros(2)})
    >>> layout.size, layout.join([None, torch.ones(2)])
    (8, tensor([0., 0., 0., 0., 0., 0., 1., 1.]))
    """

    def __init__(self, tensors: Mapping[str, torch.Tensor]) -> None:
        self.names, self.tensors = tuple(tensors), tuple(tensors.values())
        self.shapes = tuple(tuple(x.shape) for x in self.tensors)
        self.counts = [x.numel() for x in self.tensors]
        self.size = sum(self.counts)
        self.device = self.tensors[0].device
        double = all(x.dtype == torch.float64 for x in self.tensors)
        self.dtype = torch.float64 if double else torch.float32

    def split(self, v: torch.Tensor) -> list[torch.Tensor]:
        """A vector's parts, each as its tensor is: its shape, its type, its device."""
        flat = torch.as_tensor(v, dtype=self.dtype, device=self.device)
        if flat.shape != (self.size,):
            raise PolyakError(
                f"a vector of shape {tuple(flat.shape)}, expected ({self.size},), a number for each parameter"
            )
        parts = zip(flat.split(self.counts), self.tensors, strict=True)
        return [part.reshape(x.shape).to(device=x.device, dtype=x.dtype) for part, x in parts]

    def join(self, parts: Parts) -> torch.Tensor:
        """A vector of such parts; None is zero."""
        return torch.cat([self.flat(part, x) for part, x in zip(parts, self.tensors, strict=True)])

    def flat(self, part: torch.Tensor | None, x: torch.Tensor) -> torch.Tensor:
        """One part as it lies in a vector."""
        if part is None:
            return torch.zeros(x.numel(), dtype=self.dtype, device=self.device)
        if part.is_sparse:  # an embedding's gradient
            part = part.to_dense()
        return part.detach().reshape(-1).to(device=self.device, dtype=self.dtype)

    def vector(self, arrays: Mapping[str, Any]) -> torch.Tensor:
        """Named arrays as one vector; a PolyakError where a name or a shape is not the model's."""
        parts = in_order(arrays, self.names, self.shapes)
        return self.join([torch.as_tensor(_of_any(part)) for part in parts])

    def named(self, v: torch.Tensor) -> dict[str, NDArray[Any]]:
        """A vector's parts as NumPy arrays, copies."""
        parts = torch.as_tensor(v).detach().cpu().split(self.counts)
        shaped = zip(self.names, parts, self.shapes, strict=True)
        return {name: part.reshape(shape).numpy().copy() for name, part, shape in shaped}

    def values(self) -> dict[str, NDArray[Any]]:
        """The tensors' own values, copies."""
        return self.named(self.join(self.tensors))

    def random(self, generator: np.random.Generator) -> torch.Tensor:
        """Standard normal numbers."""
        kind = np.float64 if self.dtype == torch.float64 else np.float32
        return torch.from_numpy(generator.standard_normal(self.size, dtype=kind)).to(self.device)


def _of_any(array: object) -> object:
    """An array of any library as torch takes it."""
    return array if isinstance(array, torch.Tensor) else np.array(array)
