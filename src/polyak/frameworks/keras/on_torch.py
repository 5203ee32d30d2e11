"""A compiled Keras model on its torch backend."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import torch

from polyak.frameworks.batches import Batches
from polyak.frameworks.bridge import Batch, Outputs
from polyak.frameworks.keras.compiled import Compiled
from polyak.frameworks.keras.stepwise import KerasStepwise
from polyak.frameworks.torch.bridge import TorchBridge

Net = Callable[..., Outputs]


class KerasOnTorch(TorchBridge):
    """A compiled model and its batches."""

    framework = "keras"

    def __init__(self, compiled: Compiled, batches: Batches) -> None:
        self._compiled = compiled

        def loss(net: Net, batch: Batch) -> torch.Tensor:
            with compiled.scope(*compiled.values()):
                return compiled.loss(net, batch)

        tensors = {v.path: v.value for v in compiled.trained}
        super().__init__(compiled.model, loss, batches, tensors, str(compiled.model.name))

    @property
    def mode(self) -> str:
        """That of `fit`."""
        return "train mode"

    @contextmanager
    def _listening(self, heard: Callable[[Outputs], None]) -> Iterator[Net]:
        """Keras calls no hooks of torch's: a function stands in the net's place."""

        def net(*arguments: object, **named: object) -> Outputs:
            outputs = self.net(*arguments, **named)
            heard(outputs)
            return outputs

        yield net

    def _check_parameters(self) -> None:
        """Keras's variables are asked for by name: what is trained was fixed when the model was looked at."""

    def pure(self) -> KerasStepwise:
        """Its variables have values of their own in each training."""
        return KerasStepwise(self._compiled, self.first)

    def places(self, arrays: Sequence[object], /) -> tuple[int | None, ...]:
        """Which variable each of an optimizer's is."""
        return self._compiled.places(arrays)
