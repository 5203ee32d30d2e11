"""Adam, AdamW, RMSProp and Adagrad: right, and with one fault each."""

from __future__ import annotations

from typing import Any

from someone_elses.base import Plain, slot


class Adam(Plain):
    def __init__(
        self,
        params: Any,
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.0,
        maximize: bool = False,
    ):
        super().__init__(params, lr, weight_decay, maximize, betas=betas, eps=eps)

    first, root = 1, 0.5
    corrects = (True, True)

    def betas(self, group):
        return group["betas"]

    def moments(self, x, g, state, group):
        b1, b2 = self.betas(group)
        m, s = slot(state, "m", x), slot(state, "s", x)
        m.mul_(b1).add_(g, alpha=1 - b1)
        s.mul_(b2).add_(g**2, alpha=1 - b2)
        t = state["t"] = state.get("t", self.first - 1) + 1
        c1, c2 = ((1 - b**t if corrected else 1.0) for b, corrected in zip((b1, b2), self.corrects))
        return m, s, c1, c2

    def update(self, x, g, state, group):
        m, s, c1, c2 = self.moments(x, g, state, group)
        x.sub_(group["lr"] * (m / c1) / ((s / c2) ** self.root + group["eps"]))


class BetasSwapped(Adam):
    def betas(self, group):
        return group["betas"][::-1]


class NoRoot(Adam):
    root = 1


class CountsFromTwo(Adam):
    first = 2


class NoCorrection(Adam):
    corrects = (False, False)


class SquaresNotCorrected(Adam):
    corrects = (True, False)


class MeanNotCorrected(Adam):
    corrects = (False, True)


class EpsInside(Adam):
    def update(self, x, g, state, group):
        m, s, c1, c2 = self.moments(x, g, state, group)
        x.sub_(group["lr"] * (m / c1) / (s / c2 + group["eps"]) ** 0.5)


class EpsHat(Adam):
    def update(self, x, g, state, group):
        m, s, c1, c2 = self.moments(x, g, state, group)
        x.sub_(group["lr"] * c2**0.5 / c1 * m / (s**0.5 + group["eps"]))


class NoEps(Adam):
    def update(self, x, g, state, group):
        m, s, c1, c2 = self.moments(x, g, state, group)
        x.sub_(group["lr"] * (m / c1) / ((s / c2) ** 0.5 + 1e-300))


class SquaresForgotten(Adam):
    def update(self, x, g, state, group):
        state.pop("s", None)
        super().update(x, g, state, group)


class MeanForgotten(Adam):
    def update(self, x, g, state, group):
        state.pop("m", None)
        super().update(x, g, state, group)


class NoMean(Adam):
    def update(self, x, g, state, group):
        _, s, _, c2 = self.moments(x, g, state, group)
        x.sub_(group["lr"] * g / ((s / c2) ** 0.5 + group["eps"]))


class Summed(Adam):
    def update(self, x, g, state, group):
        m, s, c1, c2 = self.moments(x, g, state, group)
        x.sub_(group["lr"] * (m / (1 - group["betas"][0]) / c1) / ((s / c2) ** 0.5 + group["eps"]))


class CorrectionStays(Adam):
    def update(self, x, g, state, group):
        state["t"] = 0
        super().update(x, g, state, group)


class AdamW(Adam):
    def gradient(self, x, group):
        return -x.grad if group["maximize"] else x.grad

    def update(self, x, g, state, group):
        x.mul_(1 - group["lr"] * group["weight_decay"])
        super().update(x, g, state, group)


class RMSProp(Plain):
    lr_inside, start, root = False, 0.0, 0.5

    def __init__(
        self, params: Any, lr: float = 1e-2, alpha: float = 0.99, eps: float = 1e-8, momentum: float = 0.0
    ):
        super().__init__(params, lr, alpha=alpha, eps=eps, momentum=momentum)

    def denominator(self, s, group):
        return s**self.root + group["eps"]

    def update(self, x, g, state, group):
        s, v = slot(state, "s", x), slot(state, "v", x)
        if not state.get("begun"):
            state["begun"] = 1
            s.fill_(self.start)
        s.mul_(group["alpha"]).add_(g**2, alpha=1 - group["alpha"])
        scaled = g / self.denominator(s, group)
        v.mul_(group["momentum"]).add_(group["lr"] * scaled if self.lr_inside else scaled)
        x.sub_(v if self.lr_inside else group["lr"] * v)


class RMSPropEpsInside(RMSProp):
    def denominator(self, s, group):
        return (s + group["eps"]) ** 0.5


class RMSPropLrInside(RMSProp):
    lr_inside = True


class RMSPropFromOne(RMSProp):
    start = 1.0


class RMSPropNoRoot(RMSProp):
    root = 1


class RMSPropSummed(RMSProp):
    def update(self, x, g, state, group):
        s, v = slot(state, "s", x), slot(state, "v", x)
        s.add_(g**2)
        v.mul_(group["momentum"]).add_(g / self.denominator(s, group))
        x.sub_(group["lr"] * v)


class Adagrad(Plain):
    start, root = 0.0, 0.5

    def __init__(self, params: Any, lr: float = 1e-2, eps: float = 1e-10):
        super().__init__(params, lr, eps=eps)

    def update(self, x, g, state, group):
        if "s" not in state:
            state["s"] = x * 0 + self.start
        state["s"].add_(g**2)
        x.sub_(group["lr"] * g / (state["s"] ** self.root + group["eps"]))


class AdagradFromATenth(Adagrad):
    start = 0.1


class AdagradNoRoot(Adagrad):
    root = 1
