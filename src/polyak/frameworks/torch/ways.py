"""The ways in which an optimizer of PyTorch's wants its step: alone, with a closure, or with gradients of a graph."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import numpy as np
import torch

from polyak.frameworks.steppers import Array, Asked

SEED = 1964  # of the draws of those that estimate a curvature: the same for both sides of a comparison
Step = Callable[..., Any]


class Way:
    """How one optimizer is stepped, found out at its first step.

    PyTorch's LBFGS takes a closure, which evaluates the loss again at other parameters; SAM does by agreement.
    AdaHessian and Sophia differentiate the gradients once more. What swaps parameters in to train, as Schedule-Free
    does, is told to.

    Args:
        optimizer: of PyTorch's.
    """

    def __init__(self, optimizer: torch.optim.Optimizer) -> None:
        self.optimizer, self.rng = optimizer, torch.Generator().manual_seed(SEED).get_state()
        for mode in ("train",) if hasattr(optimizer, "train") and hasattr(optimizer, "eval") else ():
            getattr(optimizer, mode)()
        # PyTorch wraps `step`, and a scheduler does: the class says what it takes.
        closure = inspect.signature(inspect.unwrap(type(optimizer).step)).parameters.get("closure")
        self.kind = "closure" if closure is not None and closure.default is closure.empty else ""

    def step(self, params: list[torch.nn.Parameter], asked: Asked | None) -> None:
        """One step, in the way that was found; the first tells it."""
        if self.kind or asked is None:
            self._stepped(self.kind or "alone", params, asked)
            return
        before = [x.detach().clone() for x in params]
        try:
            self._stepped("alone", params, asked)
            self.kind = "alone"
        except (TypeError, AssertionError, RuntimeError) as error:
            wanted = _wanted(str(error))
            if not wanted or (
                self.optimizer.state
                and any(not torch.equal(x, old) for x, old in zip(params, before, strict=True))
            ):
                raise
            self.optimizer.state.clear()
            self.kind = wanted
            self._stepped(wanted, params, asked)

    def _stepped(self, kind: str, params: list[torch.nn.Parameter], asked: Asked | None) -> None:
        with torch.random.fork_rng(devices=[]):
            torch.set_rng_state(self.rng)
            if kind == "closure" and asked is not None:
                self.optimizer.step(_closure(params, asked))
            else:
                if kind == "graph" and asked is not None:
                    _with_graph(params, asked.curvature)
                self.optimizer.step()
            self.rng = torch.get_rng_state()


def _wanted(message: str) -> str:
    """What an optimizer asks for that fails without it; empty where that cannot be told."""
    if "closure" in message:
        return "closure"
    return "graph" if "does not require grad" in message or "create_graph" in message else ""


def _closure(params: list[torch.nn.Parameter], asked: Asked) -> Callable[[], torch.Tensor]:
    def closure() -> torch.Tensor:
        arrays = [x.detach().numpy().copy() for x in params]
        for x, g in zip(params, asked.gradients(arrays), strict=True):
            x.grad = None if g is None else torch.from_numpy(np.array(g, dtype=np.float64))
        return torch.tensor(asked.loss(arrays))

    return closure


def _with_graph(params: list[torch.nn.Parameter], curvature: Array) -> None:
    """The same gradients, as functions of the parameters: g + J (x - x), of which the last is not differentiated."""
    with torch.enable_grad():
        x = torch.cat([each.reshape(-1) for each in params])
        J, away = torch.from_numpy(np.array(curvature)), x - x.detach()
        moved, at = J @ away if J.ndim == 2 else J * away, 0
        for each in params:
            size = each.numel()
            if each.grad is not None:
                each.grad = each.grad.detach() + moved[at : at + size].reshape(each.shape)
            at += size
