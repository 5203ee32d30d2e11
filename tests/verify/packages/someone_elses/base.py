"""The loop over groups that they share; what is right or wrong stands in `update`."""

from __future__ import annotations

from typing import Any

import torch


class Plain(torch.optim.Optimizer):
    def __init__(
        self, params: Any, lr: float = 0.1, weight_decay: float = 0.0, maximize: bool = False, **more: Any
    ):
        super().__init__(params, {"lr": lr, "weight_decay": weight_decay, "maximize": maximize, **more})

    @torch.no_grad()
    def step(self, closure: Any = None) -> None:
        for group in self.param_groups:
            for x in group["params"]:
                if x.grad is not None:
                    self.update(x, self.gradient(x, group), self.state[x], group)

    def gradient(self, x: Any, group: Any) -> Any:
        g = -x.grad if group["maximize"] else x.grad
        return g + group["weight_decay"] * x

    def update(self, x: Any, g: Any, state: Any, group: Any) -> None:
        raise NotImplementedError


def slot(state: Any, name: str, x: Any) -> Any:
    return state.setdefault(name, torch.zeros_like(x))
