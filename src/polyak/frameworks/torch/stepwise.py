"""A torch model's loss at any parameters, and its trainings step by step, each on a copy of the net."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from copy import deepcopy
from typing import Any

import jax
import numpy as np
import torch
from numpy.typing import NDArray

from polyak.frameworks.bridge import Batch, Outputs
from polyak.frameworks.generators import remembered
from polyak.frameworks.steppers import refusals
from polyak.frameworks.stepping import Named
from polyak.frameworks.torch.losses import Loss
from polyak.frameworks.torch.training import TorchTraining, alone, the_value
from polyak.ground.errors import PolyakError
from polyak.ground.hashing import bytecode_hash, hashed, without_addresses
from polyak.ground.numbers import alike


class StepByStep:
    """loss(params, batch), params being the trained arrays by name, and the trainings of a model.

    Args:
        net: of the user, copied here.
        loss: loss(net, batch).
        names: of the trained tensors.
        batch: one of the user's, whose parts are torch's tensors or others.
    """

    compiled = False

    def __init__(self, net: torch.nn.Module, loss: Loss, names: Sequence[str], batch: Batch) -> None:
        self._user, self._loss, self._names = net, loss, tuple(names)
        self._devices = [
            leaf.device if isinstance(leaf, torch.Tensor) else None for leaf in jax.tree.leaves(batch)
        ]
        self._net = _copied(net)
        own = dict(self._net.named_parameters())
        trained = [own[name] for name in self._names]
        strange = next((x.dtype for x in trained if x.dtype not in (torch.float32, torch.float64)), None)
        if strange is not None:
            raise PolyakError(
                f"{type(net).__name__} holds parameters of {strange}, expected float32 or float64"
            )
        self.dtype = "float64" if trained[0].dtype == torch.float64 else "float32"
        self._others = self._beside(self._net)
        self._changes = self.changes(batch)

    @property
    def measurable(self) -> bool:
        """Outputs are what the net returns."""
        return True

    @contextmanager
    def training(self) -> Iterator[TorchTraining]:
        """One training, on a net of its own."""
        with alone():
            yield TorchTraining(
                _copied(self._net), self._loss, self._names, self._devices, changes=self._changes
            )

    def __call__(self, params: Named, batch: Batch) -> NDArray[Any]:
        """The loss at these parameters."""
        with self._at(params) as training:
            return training.value(training.rows(batch))

    def outputs(self, params: Named, batch: Batch) -> Outputs:
        """What the net returned last in the loss, a tensor of this processor's."""
        with self._at(params) as training:
            return training.answers(training.rows(batch))[0]

    def targets(self, batch: Batch) -> Outputs:
        """The second part of a batch (inputs, targets)."""
        with self.training() as training:
            return training.rows(batch)[1]

    def whole(self, params: Named) -> torch.nn.Module:
        """A copy of the user's net with these parameters in it, and what else changed in the training."""
        net = _copied(self._net)
        TorchTraining(net, self._loss, self._names, self._devices, changes=self._changes).load(params)
        return net

    def today(self) -> dict[str, NDArray[Any]]:
        """The user's parameters as they are now, copies."""
        own = dict(self._user.named_parameters())
        return {name: own[name].detach().cpu().numpy().copy() for name in self._names}

    def stands(self) -> bool:
        """Whether what is not trained is still as it was, and the mode too."""
        modes = [[each.training for each in net.modules()] for net in (self._user, self._net)]
        now = self._beside(self._user)
        return modes[0] == modes[1] and all(
            torch.equal(x, now[name].to(x)) for name, x in self._others.items()
        )

    def changes(self, batch: Batch) -> bool:
        """Whether a call changes what is not trained, or draws random numbers: running statistics, dropout."""
        probe, restore = deepcopy(self._net), remembered()
        before = {name: x.clone() for name, x in probe.named_buffers()}
        try:
            with refusals("the loss"), torch.no_grad():
                one, other = (float(the_value(self._loss(probe, batch))) for _ in range(2))
        finally:
            restore()
        same = all(torch.equal(x, before[name]) for name, x in probe.named_buffers())
        return not same or not alike(one, other)

    def said(self, _params: Named, _rows: Batch) -> str:
        """A hash of the net, of its mode, of its loss and of what is not trained, the same in another process."""
        cells = [each.cell_contents for each in getattr(self._loss, "__closure__", None) or ()]
        functions = [each for each in (self._loss, *cells) if hasattr(each, "__code__")]
        others = [each for each in cells if not hasattr(each, "__code__")]
        modes = [each.training for each in self._net.modules()]
        words = [repr(self._net), repr(modes), *map(repr, others), bytecode_hash(functions)]
        kept = (x.detach().cpu().numpy().tobytes() for x in self._others.values())
        return hashed([*(without_addresses(word).encode() for word in words), *kept])

    def _beside(self, net: torch.nn.Module) -> Mapping[str, torch.Tensor]:
        return {
            name: x.detach().clone() for name, x in net.state_dict().items() if name not in set(self._names)
        }

    @contextmanager
    def _at(self, params: Named) -> Iterator[TorchTraining]:
        with self.training() as training:
            training.load({name: np.asarray(x) for name, x in params.items()})
            yield training


def _copied(net: torch.nn.Module) -> torch.nn.Module:
    try:
        return deepcopy(net)
    except Exception as error:
        line = next(iter(str(error).strip().splitlines()), "")
        raise PolyakError(
            f"{type(net).__name__} cannot be copied, and each run needs one of its own: {type(error).__name__}: {line}"
        ) from error
