"""SGD with momentum: right, and with one fault each."""

from __future__ import annotations

from typing import Any

import torch

from someone_elses.base import Plain, slot


class Momentum(Plain):
    def __init__(
        self,
        params: Any,
        lr: float = 0.1,
        momentum: float = 0.9,
        dampening: float = 0.0,
        nesterov: bool = False,
        weight_decay: float = 0.0,
        maximize: bool = False,
    ):
        super().__init__(
            params, lr, weight_decay, maximize, momentum=momentum, dampening=dampening, nesterov=nesterov
        )

    def update(self, x, g, state, group):
        lr, m = group["lr"], group["momentum"]
        first = "v" not in state
        v = slot(state, "v", x)
        v.mul_(m).add_(g, alpha=1.0 if first else 1 - group["dampening"])
        x.sub_(lr * (g + m * v) if group["nesterov"] else lr * v)


class Right(Momentum):
    pass


class Dropped(Momentum):
    def update(self, x, g, state, group):
        v = torch.zeros_like(x)
        v = group["momentum"] * v + g
        x.sub_(group["lr"] * v)


class Climbs(Momentum):
    def update(self, x, g, state, group):
        v = slot(state, "v", x)
        v.mul_(group["momentum"]).add_(g)
        x.add_(group["lr"] * v)


class TurnedMomentum(Momentum):
    def update(self, x, g, state, group):
        v = slot(state, "v", x)
        v.copy_(g - group["momentum"] * v)
        x.sub_(group["lr"] * v)


class LrInside(Momentum):
    def update(self, x, g, state, group):
        v = slot(state, "v", x)
        v.copy_(group["momentum"] * v + group["lr"] * g)
        x.sub_(group["momentum"] * v + group["lr"] * g if group["nesterov"] else v)


class LrOnTheVelocity(Momentum):
    def update(self, x, g, state, group):
        v = slot(state, "v", x)
        v.copy_(group["lr"] * (group["momentum"] * v + g))
        x.sub_(v)


class LrTwice(Momentum):
    def update(self, x, g, state, group):
        v = slot(state, "v", x)
        v.copy_(group["momentum"] * v + group["lr"] * g)
        x.sub_(group["lr"] * v)


class LrForgotten(Momentum):
    def update(self, x, g, state, group):
        v = slot(state, "v", x)
        v.copy_(group["momentum"] * v + g)
        x.sub_(v)


class DampenedFirst(Momentum):
    def update(self, x, g, state, group):
        v = slot(state, "v", x)
        v.mul_(group["momentum"]).add_(g, alpha=1 - group["dampening"])
        x.sub_(group["lr"] * v)


class Averaged(Momentum):
    def update(self, x, g, state, group):
        v = slot(state, "v", x)
        v.mul_(group["momentum"]).add_(g, alpha=1 - group["momentum"])
        x.sub_(
            group["lr"] * (g * (1 - group["momentum"]) + group["momentum"] * v)
            if group["nesterov"]
            else group["lr"] * v
        )


class NeverLooksAhead(Momentum):
    def update(self, x, g, state, group):
        v = slot(state, "v", x)
        v.mul_(group["momentum"]).add_(g)
        x.sub_(group["lr"] * v)


class AlwaysLooksAhead(Momentum):
    def update(self, x, g, state, group):
        v = slot(state, "v", x)
        v.mul_(group["momentum"]).add_(g)
        x.sub_(group["lr"] * (g + group["momentum"] * v))


class LooksAheadHalf(Momentum):
    def update(self, x, g, state, group):
        v = slot(state, "v", x)
        v.mul_(group["momentum"]).add_(g)
        x.sub_(group["lr"] * (g + v))


class OfParameters(Momentum):
    def update(self, x, g, state, group):
        v = slot(state, "v", x)
        v.mul_(group["momentum"]).add_(x)
        x.sub_(group["lr"] * (v + g))


class KeptAside(Momentum):
    """The velocity stands where state_dict() does not look."""

    def update(self, x, g, state, group):
        v = slot(self.__dict__.setdefault("aside", {}).setdefault(id(x), {}), "v", x)
        v.mul_(group["momentum"]).add_(g)
        x.sub_(group["lr"] * v)


class LrOfTheFirstStep(Momentum):
    def update(self, x, g, state, group):
        lr = state.setdefault("lr", group["lr"])
        v = slot(state, "v", x)
        v.mul_(group["momentum"]).add_(g)
        x.sub_(lr * v)


class LrOfTheStart(Momentum):
    def update(self, x, g, state, group):
        v = slot(state, "v", x)
        v.mul_(group["momentum"]).add_(g)
        x.sub_(self.defaults["lr"] * v)


class MissingForZeros(Momentum):
    def step(self, closure=None):
        for group in self.param_groups:
            for x in group["params"]:
                if x.grad is None:
                    x.grad = torch.zeros_like(x)
        super().step()


class DecayBeside(Momentum):
    def gradient(self, x, group):
        return -x.grad if group["maximize"] else x.grad

    def update(self, x, g, state, group):
        before = x.clone()
        super().update(x, g, state, group)
        x.sub_(group["lr"] * group["weight_decay"] * before)


class DecayBesideWithoutLr(DecayBeside):
    def update(self, x, g, state, group):
        before = x.clone()
        Momentum.update(self, x, g, state, group)
        x.sub_(group["weight_decay"] * before)


class DecayAfter(DecayBeside):
    def update(self, x, g, state, group):
        Momentum.update(self, x, g, state, group)
        x.mul_(1 - group["lr"] * group["weight_decay"])


class DecayIgnored(Momentum):
    def gradient(self, x, group):
        return -x.grad if group["maximize"] else x.grad


class MaximizeIgnored(Momentum):
    def gradient(self, x, group):
        return x.grad + group["weight_decay"] * x


class MaximizeTurnsDecay(Momentum):
    def gradient(self, x, group):
        g = x.grad + group["weight_decay"] * x
        return -g if group["maximize"] else g


class Late(Momentum):
    def update(self, x, g, state, group):
        v = slot(state, "v", x)
        x.sub_(group["lr"] * v)
        v.mul_(group["momentum"]).add_(g)


class CountedTwice(Momentum):
    """A buffer that begins as the gradient, and is then updated with it like every other."""

    def update(self, x, g, state, group):
        v = state.setdefault("v", g.clone())
        v.mul_(group["momentum"]).add_(g)
        x.sub_(group["lr"] * v)


class InSinglePrecision(Momentum):
    def update(self, x, g, state, group):
        v = slot(state, "v", x)
        v.mul_(group["momentum"]).add_(g)
        x.sub_((group["lr"] * v).float().double())


class ScaledByTwo(Momentum):
    def update(self, x, g, state, group):
        v = slot(state, "v", x)
        v.mul_(group["momentum"]).add_(g)
        x.sub_(2 * group["lr"] * v)


class LrInsideAndDecayBeside(DecayBeside):
    def update(self, x, g, state, group):
        before, v = x.clone(), slot(state, "v", x)
        v.copy_(group["momentum"] * v + group["lr"] * g)
        x.sub_(v + group["lr"] * group["weight_decay"] * before)


class Unheard(Momentum):
    """Nothing that anyone would expect: a velocity of cubes."""

    def update(self, x, g, state, group):
        v = slot(state, "v", x)
        v.mul_(group["momentum"]).add_(g**3)
        x.sub_(group["lr"] * torch.sin(v))


class NoMissing(Momentum):
    def step(self, closure=None):
        for group in self.param_groups:
            for x in group["params"]:
                x.grad.mul_(1.0)
        super().step()
