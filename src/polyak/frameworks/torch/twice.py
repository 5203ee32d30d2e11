"""Whether a loss is differentiated twice by all that it goes through: torch itself does not always say so.

A function that is marked `once_differentiable` hands on gradients without a graph. Where what comes in has none either,
torch raises nothing, and the Hessian would lack what the function adds to it.
"""

from __future__ import annotations

import torch

from polyak.ground.errors import PolyakError

MARK = torch.autograd.function.once_differentiable.__name__


def check_twice(scalar: torch.Tensor) -> None:
    """Refuse a loss whose graph has a function that differentiates once; it is named."""
    waiting, seen = [scalar.grad_fn], set()
    while waiting:
        node = waiting.pop()
        if node is None or node in seen:
            continue
        seen.add(node)
        backward = getattr(getattr(node, "_forward_cls", None), "backward", None)
        if MARK in getattr(getattr(backward, "__code__", None), "co_qualname", ""):
            raise PolyakError(
                f"a product with the Hessian: the loss goes through {node._forward_cls.__name__}, which is marked"
                f" {MARK}, expected functions that torch differentiates twice"
            )
        waiting.extend(after for after, _ in node.next_functions)
