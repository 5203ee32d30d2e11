"""A module as it was: what runs inside changes nothing of it, not even where it stops in the middle.

Buffers (the running statistics of batch norm) are exchanged for copies while something runs, and the attributes of
every module are set back to what they were, so that nothing is written into what is the user's. Parameters are never
written, and no `.grad` is: gradients are asked for by `torch.autograd.grad`.
"""

from __future__ import annotations

import sys
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any

import torch
from torch.nn.attention import SDPBackend, sdpa_kernel

from polyak.frameworks.generators import held_by, remembered
from polyak.ground.errors import PolyakError

Restore = Callable[[], None]


@contextmanager
def untouched(*modules: torch.nn.Module, own: Sequence[object]) -> Iterator[None]:
    """Whatever runs inside, the modules and all generators are afterwards as they were, bit for bit.

    Inside, gradients can be had twice over: gradients are on, attention runs by its exact kernel, recurrent nets by
    torch's own code and not by cuDNN's, and what was compiled runs as it was written.

    Args:
        modules: those that are kept.
        own: the generators that they hold, as `generators_of` finds them: to look for them takes a while.
    """
    everything = {id(each): each for module in modules for each in module.modules()}
    restores = [remembered(own), *map(_attributes_of, everything.values())]
    copies: dict[
        int, torch.Tensor
    ] = {}  # by the tensor that it is a copy of: a buffer may stand at two places
    recurrent = any(isinstance(each, torch.nn.RNNBase) for each in everything.values())
    try:
        with ExitStack() as stack:
            stack.enter_context(torch.inference_mode(mode=False))
            stack.enter_context(torch.enable_grad())
            stack.enter_context(sdpa_kernel(SDPBackend.MATH))
            if recurrent:
                stack.enter_context(torch.backends.cudnn.flags(enabled=False))
            if "torch._dynamo" in sys.modules:  # else nothing was compiled
                stack.enter_context(torch.compiler.set_stance("force_eager"))
            for each in everything.values():
                each.__dict__["_buffers"] = {
                    name: _copied(buffer, copies) for name, buffer in each.__dict__["_buffers"].items()
                }
            yield
    finally:
        for restore in restores:
            restore()


def generators_of(*modules: torch.nn.Module) -> list[object]:
    """The generators of random numbers that modules hold."""
    return held_by(*(each for module in modules for each in module.modules()))


def _attributes_of(module: torch.nn.Module) -> Restore:
    """What sets a module's attributes back: its mode, its counters, which tensors and modules it has."""
    own = module.__dict__
    kept = dict(own)
    nests: list[tuple[dict[str, Any], dict[str, Any]]] = [
        (own[name], dict(own[name])) for name in ("_parameters", "_buffers", "_modules")
    ]

    def restore() -> None:
        for nest, content in nests:
            if _differ(nest, content):
                nest.clear()
                nest.update(content)
        own.update(kept)
        for added in own.keys() - kept.keys():
            del own[added]

    return restore


def _differ(one: dict[str, Any], other: dict[str, Any]) -> bool:
    return [*one] != [*other] or any(one[name] is not other[name] for name in one)


def _copied(buffer: torch.Tensor | None, copies: dict[int, torch.Tensor]) -> torch.Tensor | None:
    if buffer is None:
        return None
    if id(buffer) not in copies:
        copies[id(buffer)] = buffer.detach().clone()
    return copies[id(buffer)]


@contextmanager
def refusing(what: str) -> Iterator[None]:
    """What torch, or the user's own code, raises inside, as one line: `what` fails."""
    try:
        with warnings.catch_warnings():
            # Torch says at every graph that is kept with create_graph=True that a cycle may be left by backward().
            warnings.filterwarnings("ignore", message="Using backward\\(\\) with create_graph=True")
            yield
    except PolyakError:
        raise
    except Exception as error:
        first = next(iter(str(error).strip().splitlines()), "")
        raise PolyakError(f"{what} fails: {type(error).__name__}: {first}") from error
