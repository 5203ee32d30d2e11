"""The loss on a batch in two: the outputs that the net returned, and the loss of them, where it is of them alone."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch.utils import _pytree

from polyak.frameworks.bridge import Batch, Outputs
from polyak.frameworks.generators import Restore, remembered
from polyak.frameworks.torch.layout import Layout, Parts
from polyak.frameworks.torch.losses import InPlace, Loss
from polyak.ground.errors import PolyakError
from polyak.ground.numbers import alike, readable


class Split:
    """What the net returned while the loss was computed, call by call, and the loss with other outputs in their place.

    Args:
        net: the user's.
        loss: loss(net, batch).
        batch: the batch.
        rows: how many rows it has.
        layout: of the parameters: the loss of the outputs may not depend on them.
        own: generators that the net holds.
    """

    def __init__(
        self,
        net: torch.nn.Module,
        loss: Loss,
        batch: Batch,
        rows: int,
        layout: Layout,
        own: Sequence[object] = (),
    ) -> None:
        self._net, self._loss, self._batch, self._rows, self._layout = net, loss, batch, rows, layout
        self._own = own
        self._calls: list[Any] = []
        self._generators: Restore | None = None  # where the last call of the net left them
        self._reason: str | None = None
        self._graph: tuple[Parts, list[torch.Tensor]] | None = None
        self.scalar: torch.Tensor | None = None
        self.parts: list[torch.Tensor] = []  # the outputs that the loss depends on

    def heard(self, outputs: Outputs) -> None:
        """The net returned these; what the loss draws after it, it will draw again."""
        self._calls.append(outputs)
        self._generators = remembered(self._own)

    @property
    def reason(self) -> str:
        """Why the loss does not split; empty where it does."""
        if self._reason is None:
            self._reason = self._found()
        return self._reason

    def checked(self) -> Split:
        """Itself, where it splits."""
        if self.reason:
            raise PolyakError(f"the outputs are not told from the loss: {self.reason}")
        return self

    def _found(self) -> str:
        if not self._calls:
            return "the loss calls the model by no call of the model itself"
        leaves, self._shape = _pytree.tree_flatten(self._calls)
        self._leaves = leaves
        self._places = [k for k, leaf in enumerate(leaves) if _trained(leaf)]
        self.parts = [leaves[k] for k in self._places]
        try:
            z = [part.detach().requires_grad_() for part in self.parts]
            value = self.loss_of(z)
            inputs = [*z, *self._layout.tensors]
            used = torch.autograd.grad(value, inputs, create_graph=True, allow_unused=True)
        except Exception as error:
            return f"the loss of outputs alone fails ({type(error).__name__})"
        return self._checked(value, z, list(used))

    def _checked(self, value: torch.Tensor, z: list[torch.Tensor], used: list[torch.Tensor | None]) -> str:
        gradient, beside = used[: len(z)], used[len(z) :]
        named = [name for name, x in zip(self._layout.names, beside, strict=True) if x is not None]
        if named:
            return f"the loss depends on {named[0]} beside the outputs"
        taken = [k for k, x in enumerate(gradient) if x is not None]
        # Only what the loss depends on are outputs: a model may return its hidden states besides.
        self._places = [self._places[k] for k in taken]
        self.parts = [self.parts[k] for k in taken]
        self._graph = [gradient[k] for k in taken], [z[k] for k in taken]
        return self._another_value(value) or self._no_rows()

    def _another_value(self, value: torch.Tensor) -> str:
        assert self.scalar is not None
        first, second = float(self.scalar.detach()), float(value.detach())
        if alike(first, second):
            return ""
        return f"it is {readable(first, 6)}, and of the same outputs {readable(second, 6)}"

    def _no_rows(self) -> str:
        for part in self.parts:
            if not part.ndim:
                return "the model computes its loss itself; give a loss(net, batch) that takes its outputs"
            if part.shape[0] != self._rows:
                return f"an output is of shape {tuple(part.shape)}, expected {self._rows} rows"
        return ""

    def loss_of(self, parts: Sequence[torch.Tensor]) -> torch.Tensor:
        """The loss with these in the place of the outputs."""
        leaves = list(self._leaves)
        for place, part in zip(self._places, parts, strict=True):
            leaves[place] = part
        calls = _pytree.tree_unflatten([_constant(leaf) for leaf in leaves], self._shape)
        back = remembered(self._own)
        try:
            if self._generators is not None:
                self._generators()
            value = self._loss(InPlace(self._net, calls), self._batch)
        finally:
            back()
        return value.reshape(())

    def gradient(self) -> tuple[Parts, list[torch.Tensor]]:
        """Of the loss at the model's own outputs, with its graph, and these outputs."""
        self.checked()
        assert self._graph is not None
        return self._graph

    def join(self, parts: Parts) -> Outputs:
        """Parts of the outputs as one array, a row of it for each row of the batch."""
        flat = [
            (torch.zeros_like(own) if part is None else part).detach().reshape(self._rows, -1)
            for part, own in zip(parts, self.parts, strict=True)
        ]
        return torch.cat([part.to(device=self._layout.device, dtype=self._layout.dtype) for part in flat], 1)

    def apart(self, outputs: Outputs) -> list[torch.Tensor]:
        """The same array in parts, as the model returns them."""
        array = torch.as_tensor(outputs, dtype=self._layout.dtype, device=self._layout.device)
        columns = [own.numel() // self._rows for own in self.parts]
        if tuple(array.shape) != (self._rows, sum(columns)):
            raise PolyakError(
                f"outputs of shape {tuple(array.shape)}, expected ({self._rows}, {sum(columns)})"
            )
        return [
            part.reshape(own.shape).to(device=own.device, dtype=own.dtype)
            for part, own in zip(array.split(columns, 1), self.parts, strict=True)
        ]

    def close(self) -> None:
        """Forget the graphs."""
        self._calls, self._leaves, self.parts, self._graph, self.scalar = [], [], [], None, None
        self._reason = "the model was left: products are had inside `with bridge.on(batch)`"


def _trained(leaf: object) -> bool:
    return isinstance(leaf, torch.Tensor) and leaf.is_floating_point() and leaf.requires_grad


def _constant(leaf: object) -> object:
    """What is no output stays as it was, without its graph."""
    return leaf.detach() if isinstance(leaf, torch.Tensor) and leaf.grad_fn is not None else leaf
