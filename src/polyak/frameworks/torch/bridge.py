"""PyTorch's models: `pk.model(net, loss, loader)`."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch.utils import _pytree

from polyak.frameworks.batches import Batches
from polyak.frameworks.bridge import Batch, Bridge, Options, Outputs, Pure, Vector
from polyak.frameworks.reads_batches import ReadsBatches, in_coarse, places_of
from polyak.frameworks.steppers import refusals
from polyak.frameworks.torch.layout import Layout
from polyak.frameworks.torch.local import TorchLocal, the_loss
from polyak.frameworks.torch.losses import Loss, as_loss, listening
from polyak.frameworks.torch.splitting import Split
from polyak.frameworks.torch.stepwise import StepByStep
from polyak.frameworks.torch.trained import inner_of, trained_of, unwrapped
from polyak.frameworks.torch.twice import check_twice
from polyak.frameworks.torch.untouched import generators_of, untouched
from polyak.ground.errors import PolyakError


def bridge(model: object, arguments: Sequence[object], batches: object, options: Options) -> Bridge | None:
    """A module with its loss: a criterion loss(outputs, targets), or loss(net, batch)."""
    if not isinstance(model, torch.nn.Module):
        return None
    if len(arguments) != 1:
        raise PolyakError(
            f"a torch module with {len(arguments)} arguments before the batches, expected one, its loss:"
            " pk.model(net, loss, loader)"
        )
    if options.forward is not None:
        raise PolyakError("forward= is of JAX's losses: a torch module is its own forward")
    if isinstance(arguments[0], torch.nn.Module) and isinstance(model, torch.nn.modules.loss._Loss):
        raise PolyakError("the loss comes first, expected pk.model(net, loss, loader)")
    read = Batches(batches, _leaves, options.rows)
    net, loss = inner_of(model), arguments[0]
    trained, name = trained_of(net), type(unwrapped(net)).__name__
    return TorchBridge(net, as_loss(net, loss, read.first), read, trained, name)


def _leaves(batch: Batch) -> list[Any]:
    return list(_pytree.tree_leaves(batch))


class TorchBridge(ReadsBatches):
    """A module, its loss and its batches; `polyak.frameworks.bridge.Bridge`.

    Args:
        net: the module.
        loss: loss(net, batch).
        batches: the batches.
        trained: the trained tensors by name, each once.
        name: what the model is called.
    """

    framework = "torch"

    def __init__(
        self,
        net: torch.nn.Module,
        loss: Loss,
        batches: Batches,
        trained: Mapping[str, torch.Tensor],
        name: str,
    ) -> None:
        super().__init__(batches)
        self.net, self.name = net, name
        self._loss, self._own = loss, generators_of(net)
        self._layout = Layout(trained)
        self._twice = False  # whether the loss is known to be differentiated twice
        self.names, self.shapes, self.size = self._layout.names, self._layout.shapes, self._layout.size
        self.dtype = str(self._layout.dtype).removeprefix("torch.")

    @property
    def mode(self) -> str:
        """As the net's modules are."""
        modes = {each.training for each in self.net.modules()}
        named = (
            "train and eval mode mixed" if len(modes) > 1 else "train mode" if modes.pop() else "eval mode"
        )
        return named + in_coarse({str(x.dtype).removeprefix("torch.") for x in self._layout.tensors})

    @contextmanager
    def at(self, v: Vector, /) -> Iterator[None]:
        """Other numbers in the parameters' place: each has another storage meanwhile, its own is not written."""
        parts = self._layout.split(v)
        users = [x.data for x in self._layout.tensors]
        try:
            for x, part in zip(self._layout.tensors, parts, strict=True):
                x.data = part.clone()
            yield
        finally:
            for x, own in zip(self._layout.tensors, users, strict=True):
                x.data = own

    @contextmanager
    def on(self, batch: Batch, /) -> Iterator[TorchLocal]:
        """The model on a batch."""
        rows = self.rows(batch)
        self._check_parameters()
        with untouched(self.net, own=self._own):
            split = Split(self.net, self._loss, batch, rows, self._layout, self._own)
            versions = self._versions()
            with refusals("the loss"), self._listening(split.heard) as net:
                scalar = the_loss(self._loss(net, batch))
            if self._versions() != versions:
                raise PolyakError("the loss writes into parameters of the model, expected it to read them")
            split.scalar = scalar
            local = TorchLocal(scalar, split, self._layout, rows, self._check_twice)
            try:
                yield local
            finally:
                local.close()

    def pure(self) -> Pure | None:
        """Its loss at any parameters, on a copy of the net."""
        return StepByStep(self.net, self._loss, self.names, self.first)

    def _listening(self, heard: Callable[[Outputs], None]) -> AbstractContextManager[Any]:
        """The net, or what stands in its place; what it returns is heard."""
        return listening(self.net, heard)

    def _check_parameters(self) -> None:
        """Refuse a net whose trained parameters are others than when it was looked at."""
        now = {id(x) for x in self.net.parameters() if x.requires_grad}
        if now != {id(x) for x in self._layout.tensors}:
            raise PolyakError(
                f"the trained parameters of {self.name} are others than when pk.model was called: expected a new"
                " pk.model after layers were frozen, thawed or exchanged"
            )

    def _check_twice(self, scalar: torch.Tensor) -> None:
        """Refuse a loss that is differentiated once; its graph is looked through at the first product."""
        if not self._twice:
            check_twice(scalar)
            self._twice = True

    def _versions(self) -> list[int]:
        return [x._version for x in self._layout.tensors]

    def parameters(self) -> dict[str, NDArray[Any]]:
        """Today's values, copies."""
        return self._layout.values()

    def vector(self, arrays: Mapping[str, Any], /) -> Vector:
        """Named arrays as one vector."""
        return self._layout.vector(arrays)

    def named(self, v: Vector, /) -> dict[str, NDArray[Any]]:
        """A vector by name."""
        return self._layout.named(v)

    def random(self, generator: np.random.Generator, /) -> Vector:
        """Standard normal numbers."""
        return self._layout.random(generator)

    def places(self, arrays: Sequence[object], /) -> tuple[int | None, ...]:
        """Which parameter each tensor is: that very tensor, not one that is equal."""
        frozen = (x for x in self.net.parameters() if not x.requires_grad)
        return places_of(arrays, self._layout.tensors, frozen, self.names, self.name)

    def untouched(self, batch: Batch, /) -> tuple[str, ...]:
        """Those that the loss does not reach."""
        with self.on(batch) as local:
            return tuple(self.names[k] for k in local.untouched())
