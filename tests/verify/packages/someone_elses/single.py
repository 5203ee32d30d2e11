"""Optimizers that compute in float32, whatever they are given: right, and with something else besides."""

from __future__ import annotations

import torch

from someone_elses.adaptive import Adam as InDouble
from someone_elses.adaptive import AdamW as BesideInDouble
from someone_elses.base import Plain
from someone_elses.momentum import DecayBeside, Momentum
from someone_elses.momentum import LrInside as InDoubleInside
from someone_elses.momentum import NeverLooksAhead as InDoubleWithout


class InSingle(Plain):
    """Parameters, gradients and state go through float32 on their way in."""

    def update(self, x, g, state, group):
        kept = state.setdefault("float32", x.detach().float())
        kept.copy_(x)
        super().update(kept, g.float(), state, group)
        x.copy_(kept)

    def gradient(self, x, group):
        return super().gradient(x, group).float()


class SGD(InSingle, Momentum):
    pass


class NeverLooksAhead(InSingle, InDoubleWithout):
    pass


class LrInside(InSingle, InDoubleInside):
    pass


class SGDW(InSingle, DecayBeside):
    pass


class Adam(InSingle, InDouble):
    """Its corrections for the start are in float32 too."""

    def moments(self, x, g, state, group):
        m, s, *_ = super().moments(x, g, state, group)
        powers = (torch.tensor(b) ** state["t"] for b in self.betas(group))
        return m, s, *(1 - float(power) for power in powers)


class AdamW(InSingle, BesideInDouble):
    pass


class ScalarsAlone(Momentum):
    """Only an array without axes is in float32."""

    def update(self, x, g, state, group):
        super().update(x, g, state, group)
        if x.ndim == 0:
            x.copy_(x.float())


class EightBits(InSingle, BesideInDouble):
    """Its mean is kept in 8 bits besides, from 4,096 numbers on."""

    def moments(self, x, g, state, group):
        m, *rest = super().moments(x, g, state, group)
        if x.numel() >= 4096:
            step = m.abs().max() / 127
            m.copy_((m / step).round() * step)
        return m, *rest
