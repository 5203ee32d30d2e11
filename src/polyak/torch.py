"""Optimizers for PyTorch that `torch.optim` lacks: `import polyak.torch`."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from polyak.frameworks.torch.export.optimizer import RuleOptimizer
from polyak.rules import CoupledDecay, HeavyBall, Nesterov


class SGD(RuleOptimizer):
    r"""`torch.optim.SGD` whose velocity may hold the learning rate, as Keras's, MXNet's and scikit-learn's does.

    With `lr_in_velocity`, v <- momentum v + lr (g + weight_decay x), x <- x - v, and with nesterov
    x <- x - (momentum v + lr (g + weight_decay x)). The two forms are the same while lr is constant: when it drops,
    a velocity that holds it fades out at the old one. Without `lr_in_velocity`, torch's own form.

    Args:
        params: parameters or param groups; each group may have its own settings.
        lr: learning rate, in [0, inf).
        momentum: in [0, 1).
        weight_decay: added to the gradient times x, in [0, inf).
        nesterov: whether the step looks ahead.
        maximize: whether to climb.
        lr_in_velocity: whether the velocity holds the learning rate.

    Raises PolyakError for settings out of their range.

    >>> import torch
    >>> x = torch.nn.Parameter(torch.tensor([4.0]))
    >>> optimizer = SGD([x], lr=0.5, momentum=0.5)
    >>> x.grad = torch.tensor([2.0])
    >>> optimizer.step()
    >>> optimizer.param_groups[0]["lr"], x.grad = 0.0, torch.tensor([0.0])
    >>> optimizer.step()
    >>> x.data
    tensor([2.5000])
    """

    def __init__(
        self,
        params: Iterable[Any],
        lr: float = 1e-3,
        momentum: float = 0.0,
        weight_decay: float = 0.0,
        nesterov: bool = False,
        *,
        maximize: bool = False,
        lr_in_velocity: bool = True,
    ) -> None:
        kind = Nesterov if nesterov else HeavyBall
        rule = kind(lr=lr, momentum=momentum, lr_in_velocity=lr_in_velocity)
        super().__init__(params, CoupledDecay(rule, weight_decay), maximize=maximize)
