"""A torch model that is trained step by step, on a net of its own and one thread of torch's, so that a run gives the
same numbers wherever it runs.

A model that a call in train mode changes (running statistics, dropout) is trained in that mode and judged in eval mode.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import jax
import numpy as np
import torch
from numpy.typing import NDArray

from polyak.frameworks.bridge import Batch, Outputs
from polyak.frameworks.generators import remembered, seed_all
from polyak.frameworks.steppers import refusals
from polyak.frameworks.stepping import (
    ONE_AT_A_TIME,
    Named,
    on_any_arrays,
    seed_of,
    started,
    stepper,
)
from polyak.frameworks.torch.local import the_loss
from polyak.frameworks.torch.losses import Loss, listening
from polyak.ground.errors import PolyakError, a_or_an
from polyak.ground.types import Pytree
from polyak.rules import Optimizer

AT_A_TIME = 32  # batches whose rows are gathered together


@contextmanager
def alone() -> Iterator[None]:
    """One run at a time, on one thread, and the user's generators as they were afterwards."""
    with ONE_AT_A_TIME:
        threads, restore = torch.get_num_threads(), remembered()
        torch.set_num_threads(1)
        try:
            yield
        finally:
            torch.set_num_threads(threads)
            restore()


class TorchTraining:
    """`polyak.frameworks.bridge.Training` of a torch net.

    Args:
        net: of this run alone.
        loss: loss(net, batch).
        names: of the trained tensors.
        devices: of each leaf of a batch, None for what is no tensor.
        changes: whether a call in train mode changes what is not trained, or draws random numbers.
    """

    def __init__(
        self,
        net: torch.nn.Module,
        loss: Loss,
        names: Sequence[str],
        devices: Sequence[torch.device | None],
        *,
        changes: bool,
    ) -> None:
        self._net, self._loss, self._names, self._devices = net, loss, tuple(names), devices
        own = dict(net.named_parameters())
        self._trained = [own[name] for name in self._names]
        self._params = {name: x.detach() for name, x in zip(self._names, self._trained, strict=True)}
        self._others = dict(net.named_buffers()) if changes else {}
        self._modules = list(net.modules()) if changes else []

    def load(self, arrays: Named, /) -> None:
        """Write them into the net."""
        for name, x in {**self._params, **self._others}.items():
            if name in arrays:
                x.copy_(torch.tensor(np.asarray(arrays[name])))

    def arrays(self) -> dict[str, NDArray[Any]]:
        """What the net holds now."""
        return {name: x.detach().cpu().numpy().copy() for name, x in {**self._params, **self._others}.items()}

    def rows(self, rows: Batch, /) -> Batch:
        """As tensors, where the user's batches have tensors."""
        leaves, shape = jax.tree.flatten(rows)
        pairs = zip(leaves, self._devices, strict=True)
        tensors = [x if to is None else torch.from_numpy(x).to(to) for x, to in pairs]
        return jax.tree.unflatten(shape, tensors)

    def batches(self, rows: Batch, order: NDArray[Any], size: int, /) -> Iterator[Batch]:
        """Batches, some gathered at a time."""
        leaves, shape = jax.tree.flatten(rows)
        for start in range(0, len(order), AT_A_TIME * size):
            numbers = np.asarray(order[start : start + AT_A_TIME * size], np.int64)
            parts = [_parts(leaf, numbers, size) for leaf in leaves]
            for one in zip(*parts, strict=True):
                yield jax.tree.unflatten(shape, one)

    def seeded(self, seed: int, epoch: int, /) -> None:
        """torch's, NumPy's and Python's."""
        seed_all(seed_of(seed, epoch))

    def start(self, rule: Optimizer, *, compiles: bool) -> Pytree:
        """Tensors of a rule of ours, JAX's arrays of any other."""
        self._rule = rule
        self._native = on_any_arrays(rule)
        self._moved = stepper(compiles=compiles)
        return rule.init(self._params) if self._native else started(rule, self.arrays())

    def kept(self, state: Pytree, /) -> Pytree:
        """As NumPy's arrays, copies."""
        return jax.tree.map(
            lambda x: x.detach().cpu().numpy().copy() if isinstance(x, torch.Tensor) else np.array(x), state
        )

    def restored(self, kept: Pytree, /) -> Pytree:
        """Tensors where there were; whole numbers count steps."""
        if not self._native:
            return jax.tree.map(jax.numpy.asarray, kept)
        like = self._trained[0]

        def leaf(x: NDArray[Any]) -> object:
            x = np.asarray(x)
            return torch.tensor(x).to(like.device) if x.dtype.kind == "f" else int(x)

        return jax.tree.map(leaf, kept)

    def step(self, state: Pytree, batch: Batch, /) -> Pytree:
        """The gradient by autograd, and the rule's step, added in place."""
        with refusals("the loss"):
            scalar = the_loss(self._loss(self._net, batch))
            parts = torch.autograd.grad(scalar, self._trained, allow_unused=True)
        grads = {
            name: _whole(part, self._params[name]) for name, part in zip(self._names, parts, strict=True)
        }
        if self._native:
            with torch.no_grad():
                updates, state = self._rule.update(grads, state, self._params)
                for name, x in self._params.items():
                    x.add_(updates[name])
            return state
        numbers = {name: part.cpu().numpy() for name, part in grads.items()}
        params, state = self._moved(
            self._rule, numbers, state, {n: x.cpu().numpy() for n, x in self._params.items()}
        )
        self.load(params)
        return state

    def value(self, batch: Batch, /) -> NDArray[Any]:
        """The loss."""
        with self._judged(), torch.no_grad(), refusals("the loss"):
            return the_value(self._loss(self._net, batch))

    def answers(self, batch: Batch, /) -> tuple[Outputs, Outputs]:
        """What the net returned last in the loss, a tensor of this processor's, and the targets."""
        heard: list[Outputs] = []
        with self._judged(), torch.no_grad(), refusals("the loss"), listening(self._net, heard.append) as net:
            self._loss(net, batch)
        if not heard or not isinstance(heard[-1], torch.Tensor):
            came = a_or_an(type(heard[-1]).__name__) if heard else "nothing"
            raise PolyakError(f"the net's outputs are {came}, expected one tensor to measure")
        return heard[-1].cpu(), batch[1]

    @contextmanager
    def _judged(self) -> Iterator[None]:
        """In eval mode, where train mode would change something."""
        modes = [each.training for each in self._modules]
        for each in self._modules:
            each.training = False
        try:
            yield
        finally:
            for each, mode in zip(self._modules, modes, strict=True):
                each.training = mode


def _parts(leaf: Any, numbers: NDArray[np.int64], size: int) -> Sequence[Any]:  # noqa: ANN401 - a tensor, or an array
    """A leaf's rows of some batches, batch by batch."""
    if isinstance(leaf, torch.Tensor):
        parts: Sequence[Any] = leaf[torch.from_numpy(numbers).to(leaf.device)].split(size)
        return parts
    return [leaf[numbers[k : k + size]] for k in range(0, len(numbers), size)]


def _whole(part: torch.Tensor | None, x: torch.Tensor) -> torch.Tensor:
    """A gradient as one dense tensor: of what the loss does not reach it is zero."""
    return torch.zeros_like(x) if part is None else part.to_dense() if part.is_sparse else part


def the_value(returned: object) -> NDArray[Any]:
    """A loss's number, without its graph."""
    if isinstance(returned, torch.Tensor) and returned.numel() == 1:
        value: NDArray[Any] = returned.detach().cpu().numpy().reshape(())
        return value
    raise PolyakError(f"the loss is {a_or_an(type(returned).__name__)}, expected a tensor of one number")
