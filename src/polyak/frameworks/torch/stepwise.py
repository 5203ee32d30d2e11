"""A torch model's loss and gradient at any parameters, for a training that is run step by step on a copy of the net.

Nothing is kept in the copy from one call to the next: the parameters are put in anew each time, on one thread of
torch's, so that a step gives the same numbers wherever it runs.
"""

from __future__ import annotations

import threading
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
from polyak.frameworks.torch.local import the_loss
from polyak.frameworks.torch.losses import Loss, listening
from polyak.ground.errors import PolyakError, a_or_an
from polyak.ground.hashing import bytecode_hash, hashed, without_addresses
from polyak.ground.types import Pytree

Named = dict[str, Any]
ALIKE = 1e-4  # how far two losses of one batch may be apart, of their size: sums in another order, in float32
ONE_AT_A_TIME = threading.RLock()  # torch's count of threads is of the whole process


class StepByStep:
    """loss(params, batch) and its gradient, params being the trained arrays by name; what else the net holds stays.

    Args:
        net: of the user, copied here.
        loss: loss(net, batch).
        names: of the trained tensors.
        batch: one of the user's, whose parts are torch's tensors or others.
    """

    compiled = False

    def __init__(self, net: torch.nn.Module, loss: Loss, names: Sequence[str], batch: Batch) -> None:
        self._user, self._loss, self._names = net, loss, tuple(names)
        self._tensors_of = [isinstance(leaf, torch.Tensor) for leaf in jax.tree.leaves(batch)]
        try:
            self._net = deepcopy(net)
        except Exception as error:
            line = next(iter(str(error).strip().splitlines()), "")
            raise PolyakError(
                f"{type(net).__name__} cannot be copied, and each run needs one of its own: {type(error).__name__}:"
                f" {line}"
            ) from error
        own = dict(self._net.named_parameters())
        self._trained = [own[name] for name in self._names]
        strange = next(
            (x.dtype for x in self._trained if x.dtype not in (torch.float32, torch.float64)), None
        )
        if strange is not None:
            raise PolyakError(
                f"{type(net).__name__} holds parameters of {strange}, expected float32 or float64"
            )
        self.dtype = "float64" if self._trained[0].dtype == torch.float64 else "float32"
        self._others = self._beside(self._net)

    @property
    def measurable(self) -> bool:
        """Outputs are what the net returns."""
        return True

    def __call__(self, params: Named, batch: Batch) -> NDArray[Any]:
        """The loss at these parameters."""
        with self._at(params), torch.no_grad():
            return the_value(self._loss(self._net, self._as_given(batch)))

    def gradient(self, params: Named, batch: Batch) -> dict[str, NDArray[Any]]:
        """Its gradient there, by name."""
        with self._at(params):
            scalar = the_loss(self._loss(self._net, self._as_given(batch)))
            parts = torch.autograd.grad(scalar, self._trained, allow_unused=True)
            found = (
                torch.zeros_like(x) if part is None else part.to_dense() if part.is_sparse else part
                for part, x in zip(parts, self._trained, strict=True)
            )
            return {name: part.cpu().numpy() for name, part in zip(self._names, found, strict=True)}

    def outputs(self, params: Named, batch: Batch) -> Outputs:
        """What the net returned last in the loss, a tensor of this processor's."""
        heard: list[Outputs] = []
        with self._at(params), torch.no_grad(), listening(self._net, heard.append) as net:
            self._loss(net, self._as_given(batch))
        if not heard or not isinstance(heard[-1], torch.Tensor):
            came = a_or_an(type(heard[-1]).__name__) if heard else "nothing"
            raise PolyakError(f"the net's outputs are {came}, expected one tensor to measure")
        return heard[-1].cpu()

    def targets(self, batch: Batch) -> Outputs:
        """The second part of a batch (inputs, targets)."""
        return self._as_given(batch)[1]

    def whole(self, params: Named) -> torch.nn.Module:
        """A copy of the user's net with these parameters in it."""
        with self._at(params):
            return deepcopy(self._net)

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
        before = {name: x.clone() for name, x in probe.state_dict().items()}
        try:
            with refusals("the loss"), torch.no_grad():
                one, other = (float(the_value(self._loss(probe, self._as_given(batch)))) for _ in range(2))
        finally:
            restore()
        same = all(torch.equal(x, before[name]) for name, x in probe.state_dict().items())
        return not same or not abs(one - other) <= ALIKE * max(abs(one), abs(other))

    def said(self, _params: Named, _rows: Batch) -> str:
        """A hash of the net, of its loss and of what is not trained, the same in another process."""
        cells = [each.cell_contents for each in getattr(self._loss, "__closure__", None) or ()]
        functions = [each for each in (self._loss, *cells) if hasattr(each, "__code__")]
        others = [each for each in cells if not hasattr(each, "__code__")]
        words = [repr(self._net), *map(repr, others), bytecode_hash(functions)]
        kept = (x.detach().cpu().numpy().tobytes() for x in self._others.values())
        return hashed([*(without_addresses(word).encode() for word in words), *kept])

    def _beside(self, net: torch.nn.Module) -> Mapping[str, torch.Tensor]:
        return {
            name: x.detach().clone() for name, x in net.state_dict().items() if name not in set(self._names)
        }

    @contextmanager
    def _at(self, params: Named) -> Iterator[None]:
        """The copy with these parameters, alone and on one thread."""
        with ONE_AT_A_TIME:
            threads = torch.get_num_threads()
            torch.set_num_threads(1)
            try:
                with torch.no_grad():
                    for name, x in zip(self._names, self._trained, strict=True):
                        x.copy_(torch.tensor(np.asarray(params[name])))
                with refusals("the loss"):
                    yield
            finally:
                torch.set_num_threads(threads)

    def _as_given(self, batch: Batch) -> Pytree:
        """A batch of NumPy arrays as the user's loader gives one."""
        leaves, shape = jax.tree.flatten(batch)
        pairs = zip(leaves, self._tensors_of, strict=True)
        return jax.tree.unflatten(shape, [torch.from_numpy(x) if is_one else x for x, is_one in pairs])


def the_value(returned: object) -> NDArray[Any]:
    """A loss's number, without its graph."""
    if isinstance(returned, torch.Tensor) and returned.numel() == 1:
        value: NDArray[Any] = returned.detach().cpu().numpy().reshape(())
        return value
    raise PolyakError(f"the loss is {a_or_an(type(returned).__name__)}, expected a tensor of one number")
