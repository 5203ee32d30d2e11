"""Right almost everywhere: each is the plain one but for some shapes, sizes, steps or rows."""

from __future__ import annotations

from typing import Any

import torch

from someone_elses.adaptive import Adam
from someone_elses.base import slot
from someone_elses.momentum import Momentum


class MuonForMatrices(Momentum):
    """The step of a matrix is made orthogonal; everything else is SGD."""

    def update(self, x, g, state, group):
        if x.ndim != 2:
            super().update(x, g, state, group)
            return
        v = slot(state, "v", x)
        v.mul_(group["momentum"]).add_(g)
        left, _, right = torch.linalg.svd(v, full_matrices=False)
        x.sub_(group["lr"] * left @ right)


class ByRows(Adam):
    """A second moment that is kept by rows and by columns, from two axes on."""

    def moments(self, x, g, state, group):
        m, s, c1, c2 = super().moments(x, g, state, group)
        if x.ndim >= 2:
            rows, columns = s.mean(-1, keepdim=True), s.mean(-2, keepdim=True)
            s = rows * columns / rows.mean(-2, keepdim=True).clamp_min(1e-300)
        return m, s, c1, c2


class OfEightBits(Adam):
    """Its mean is kept in 8 bits, from 4,096 numbers on."""

    def moments(self, x, g, state, group):
        m, *rest = super().moments(x, g, state, group)
        if x.numel() >= 4096:
            step = m.abs().max() / 127
            m.copy_((m / step).round() * step)
        return m, *rest


class HalvesItsLr(Momentum):
    """Half the learning rate from step 100 on, whatever is asked for."""

    def update(self, x, g, state, group):
        state["t"] = state.get("t", 0) + 1
        before = x.clone()
        super().update(x, g, state, group)
        if state["t"] > 100:
            x.copy_((x + before) / 2)


class ByTheLastAxis(Momentum):
    """The gradient of a kernel is centred over its last axis."""

    def update(self, x, g, state, group):
        super().update(x, g - g.mean(-1, keepdim=True) if x.ndim == 4 else g, state, group)


class InMemoryOrder(Momentum):
    """The velocity lies in the order of the axes, whatever the order of the parameters in memory."""

    def update(self, x, g, state, group):
        v = state.setdefault("v", torch.zeros(x.numel(), dtype=x.dtype))
        v.mul_(group["momentum"]).add_(g.as_strided((x.numel(),), (1,)))
        x.sub_(group["lr"] * v.view(x.shape))


class Flattened(Momentum):
    """It takes the parameters for contiguous."""

    def update(self, x, g, state, group):
        super().update(x.view(-1), g.view(-1), state, group)


class LeavesZerosAlone(Adam):
    """A row without a gradient is left alone, its averages too, as a sparse embedding's."""

    def update(self, x, g, state, group):
        if x.ndim != 2:
            super().update(x, g, state, group)
            return
        before = x.clone(), *(slot(state, name, x).clone() for name in "ms")
        super().update(x, g, state, group)
        still = (g == 0).all(-1, keepdim=True)
        for now, then in zip((x, state["m"], state["s"]), before, strict=True):
            now.copy_(torch.where(still, then, now))


class SkipsZeros(Momentum):
    """Nothing moves where a gradient is zero."""

    def update(self, x, g, state, group):
        before = x.clone()
        super().update(x, g, state, group)
        x.copy_(torch.where(g == 0, before, x))


class ClippedFarOut(Momentum):
    """No gradient is longer than a million."""

    def gradient(self, x, group):
        g: Any = super().gradient(x, group)
        return g * min(1.0, 1e6 / float(g.norm().clamp_min(1e-300)))


class MomentumInHalf(Momentum):
    """The velocity is kept in bfloat16."""

    def update(self, x, g, state, group):
        super().update(x, g, state, group)
        state["v"].copy_(state["v"].bfloat16())
