"""Weight decay that nobody asked for."""

from __future__ import annotations

from typing import Any

from someone_elses.adaptive import Adam as Plainly
from someone_elses.adaptive import AdamW as Beside
from someone_elses.momentum import LrInside, Momentum


class Decayed(Momentum):
    """A decay of its own, of one kind or another."""

    def __init__(
        self,
        params: Any,
        lr: float = 0.1,
        momentum: float = 0.9,
        nesterov: bool = False,
        own: float = 1e-4,
        kind: str = "coupled",
    ):
        super().__init__(params, lr, momentum, nesterov=nesterov)
        self.own, self.kind = own, kind

    def gradient(self, x, group):
        return x.grad + self.own * x if self.kind == "coupled" else x.grad

    def update(self, x, g, state, group):
        before = x.clone()
        super().update(x, g, state, group)
        taken = {"decoupled": before, "constant": 1.0, "sign": before.sign(), "coupled": 0.0}[self.kind]
        x.sub_(group["lr"] * self.own * taken)


class DecayedInside(Decayed, LrInside):
    pass


class DecayedBesides(Decayed):
    """Its own decay comes on top of the one that is asked for."""

    def __init__(self, params: Any, lr: float = 0.1, momentum: float = 0.9, weight_decay: float = 0.0):
        super().__init__(params, lr, momentum)
        self.param_groups[0]["weight_decay"] = weight_decay

    def gradient(self, x, group):
        return x.grad + (self.own + group["weight_decay"]) * x


class Adam(Plainly):
    def __init__(self, params: Any, lr: float = 1e-3, eps: float = 1e-8, weight_decay: float = 1e-4):
        super().__init__(params, lr, eps=eps, weight_decay=weight_decay)


class AdamW(Adam, Beside):
    pass


class ConstantSGDW(Momentum):
    """What is called weight decay is a constant."""

    def gradient(self, x, group):
        return -x.grad if group["maximize"] else x.grad

    def update(self, x, g, state, group):
        super().update(x, g, state, group)
        x.sub_(group["lr"] * group["weight_decay"])
