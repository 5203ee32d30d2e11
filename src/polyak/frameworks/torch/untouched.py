"""A module as it was: what runs inside changes nothing of it, not even where it stops in the middle.

Buffers (the running statistics of batch norm) are exchanged for copies while something runs, and the attributes of
every module are set back to what they were, so that nothing is written into what is the user's. Parameters are never
written, and no `.grad` is: gradients are asked for by `torch.autograd.grad`.
"""

from __future__ import annotations

import sys
import warnings
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial
from typing import Any

import torch
from torch.nn.attention import SDPBackend, sdpa_kernel

from polyak.frameworks.generators import held_by, remembered

Restore = Callable[[], None]


@contextmanager
def untouched(*modules: torch.nn.Module, own: Sequence[object]) -> Iterator[None]:
    """Whatever runs inside, the modules and all generators are afterwards as they were, bit for bit; so is every other
    module that is called inside, such as one that a loss holds.

    Inside, gradients can be had twice over: gradients are on, attention runs by its exact kernel, recurrent nets by
    torch's own code and not by cuDNN's, and what was compiled runs as it was written. Hooks on gradients, which may
    change them, are not run.

    Args:
        modules: those that are kept.
        own: the generators that they hold, as `generators_of` finds them: to look for them takes a while.
    """
    everything = [each for module in modules for each in module.modules()]
    kept = _Kept(own)
    try:
        with ExitStack() as stack:
            stack.enter_context(warnings.catch_warnings())
            warnings.filterwarnings(
                "ignore", message=".*when there are global hooks on modules"
            )  # such as below
            stack.enter_context(torch.inference_mode(mode=False))
            stack.enter_context(torch.enable_grad())
            stack.enter_context(sdpa_kernel(SDPBackend.MATH))
            if any(isinstance(each, torch.nn.RNNBase) for each in everything):
                stack.enter_context(torch.backends.cudnn.flags(enabled=False))
            if "torch._dynamo" in sys.modules and hasattr(
                torch.compiler, "set_stance"
            ):  # else nothing is compiled
                stack.enter_context(torch.compiler.set_stance("force_eager"))
            for each in everything:
                kept.keep(each)
            hook = torch.nn.modules.module.register_module_forward_pre_hook(kept.keep_called)
            stack.callback(hook.remove)
            yield
    finally:
        kept.restore()


class _Kept:
    """What is to be put back, and the copies that stand in for the user's buffers meanwhile."""

    def __init__(self, own: Sequence[object]) -> None:
        self._restores: list[Restore] = [remembered(own)]
        self._modules: set[int] = set()
        self._copies: dict[int, torch.Tensor] = {}  # by the buffer that it is of: one may stand at two places

    def keep(self, module: torch.nn.Module) -> None:
        """Remember a module, and let it write into copies."""
        if id(module) in self._modules:
            return
        self._modules.add(id(module))
        own = module.__dict__
        self._restores.append(_attributes_of(module))
        own["_buffers"] = {name: self._copied(buffer) for name, buffer in own["_buffers"].items()}
        own["_backward_hooks"], own["_backward_pre_hooks"] = OrderedDict(), OrderedDict()
        for x in own["_parameters"].values():
            if x is not None and x._backward_hooks:
                self._restores.append(partial(setattr, x, "_backward_hooks", x._backward_hooks))
                x._backward_hooks = None

    def keep_called(self, module: torch.nn.Module, _inputs: object) -> None:
        """A module that is called and was not among those given."""
        if id(module) not in self._modules and not isinstance(module, torch.jit.ScriptModule):
            self._restores.append(remembered(generators_of(module), shared=False))
            self.keep(module)

    def restore(self) -> None:
        """Put all back, what was remembered first at the very end."""
        for restore in reversed(self._restores):
            restore()

    def _copied(self, buffer: torch.Tensor | None) -> torch.Tensor | None:
        if buffer is None:
            return None
        if id(buffer) not in self._copies:
            self._copies[id(buffer)] = buffer.detach().clone()
        return self._copies[id(buffer)]


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
