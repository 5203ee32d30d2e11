"""Learning rates that change with the number of updates, as `mxnet.lr_scheduler` has them.

A scheduler is any function of the number of the update, from 1; these have a warm-up before what their name says.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise

from polyak.book.gluonbook.missing import absent
from polyak.ground.errors import PolyakError, unknown, whole_number

__all__ = ["CosineScheduler", "FactorScheduler", "LRScheduler", "MultiFactorScheduler", "PolyScheduler"]


class LRScheduler:
    """The base of learning-rate schedulers.

    Args:
        base_lr: the learning rate after the warm-up.
        warmup_steps: updates of the warm-up.
        warmup_begin_lr: the learning rate that it begins with.
        warmup_mode: linear, which rises evenly to base_lr, or constant.
    """

    def __init__(
        self,
        base_lr: float = 0.01,
        warmup_steps: int = 0,
        warmup_begin_lr: float = 0.0,
        warmup_mode: str = "linear",
    ) -> None:
        if warmup_mode not in ("linear", "constant"):
            raise unknown("warmup_mode", warmup_mode, ("linear", "constant"))
        if warmup_begin_lr > base_lr:
            raise PolyakError(f"warmup_begin_lr is {warmup_begin_lr}, expected at most base_lr, {base_lr}")
        self.warmup_steps = whole_number("warmup_steps", warmup_steps, at_least=0)
        self.base_lr, self.warmup_final_lr = base_lr, base_lr
        self.warmup_begin_lr, self.warmup_mode = warmup_begin_lr, warmup_mode

    def get_warmup_lr(self, num_update: int) -> float:
        """The learning rate at an update of the warm-up."""
        if self.warmup_mode == "constant":
            return self.warmup_begin_lr
        rise = (self.warmup_final_lr - self.warmup_begin_lr) * num_update / self.warmup_steps
        return self.warmup_begin_lr + rise

    def after(self, num_update: int) -> float:
        """The learning rate at an update after the warm-up."""
        raise NotImplementedError

    def __call__(self, num_update: int) -> float:
        """The learning rate at an update."""
        return self.get_warmup_lr(num_update) if num_update < self.warmup_steps else self.after(num_update)


class FactorScheduler(LRScheduler):
    """The learning rate times a factor every `step` updates, down to `stop_factor_lr`.

    >>> halved = FactorScheduler(step=10, factor=0.5, base_lr=1.0)
    >>> [halved(k) for k in (1, 10, 11, 21)]
    [1.0, 1.0, 0.5, 0.25]
    """

    def __init__(
        self,
        step: int,
        factor: float = 1.0,
        stop_factor_lr: float = 1e-8,
        base_lr: float = 0.01,
        warmup_steps: int = 0,
        warmup_begin_lr: float = 0.0,
        warmup_mode: str = "linear",
    ) -> None:
        super().__init__(base_lr, warmup_steps, warmup_begin_lr, warmup_mode)
        self.step, self.factor = whole_number("step", step, at_least=1), factor
        self.stop_factor_lr, self.count = stop_factor_lr, 0

    def after(self, num_update: int) -> float:
        """As often times the factor as the step has passed."""
        while num_update > self.count + self.step:
            self.count += self.step
            self.base_lr = max(self.base_lr * self.factor, self.stop_factor_lr)
        return self.base_lr


class MultiFactorScheduler(LRScheduler):
    """The learning rate times a factor after each of several numbers of updates.

    >>> halved = MultiFactorScheduler(step=[15, 30], factor=0.5, base_lr=0.5)
    >>> [halved(k) for k in (1, 15, 16, 31)]
    [0.5, 0.5, 0.25, 0.125]
    """

    def __init__(
        self,
        step: Sequence[int],
        factor: float = 1.0,
        base_lr: float = 0.01,
        warmup_steps: int = 0,
        warmup_begin_lr: float = 0.0,
        warmup_mode: str = "linear",
    ) -> None:
        super().__init__(base_lr, warmup_steps, warmup_begin_lr, warmup_mode)
        if not step or any(high <= low for low, high in pairwise(step)) or step[0] < 1:
            raise PolyakError(f"step is {list(step)}, expected rising whole numbers from 1")
        self.step, self.factor, self.cur_step_ind = list(step), factor, 0

    def after(self, num_update: int) -> float:
        """Once times the factor for each number that has passed."""
        while self.cur_step_ind < len(self.step) and num_update > self.step[self.cur_step_ind]:
            self.cur_step_ind += 1
            self.base_lr *= self.factor
        return self.base_lr


class _Falling(LRScheduler):
    """The base of what falls from base_lr to final_lr, at update max_update."""

    def __init__(
        self,
        max_update: int,
        base_lr: float = 0.01,
        final_lr: float = 0.0,
        warmup_steps: int = 0,
        warmup_begin_lr: float = 0.0,
        warmup_mode: str = "linear",
    ) -> None:
        super().__init__(base_lr, warmup_steps, warmup_begin_lr, warmup_mode)
        self.base_lr_orig, self.final_lr = base_lr, final_lr
        self.max_update = whole_number("max_update", max_update, at_least=self.warmup_steps + 1)
        self.max_steps = self.max_update - self.warmup_steps

    def left(self, part: float) -> float:
        """What is left of the way down when a part of the updates is done, from 1 to 0."""
        raise NotImplementedError

    def after(self, num_update: int) -> float:
        """final_lr and what is left of the way down to it."""
        if num_update <= self.max_update:
            left = self.left((num_update - self.warmup_steps) / self.max_steps)
            self.base_lr = self.final_lr + (self.base_lr_orig - self.final_lr) * left
        return self.base_lr


class CosineScheduler(_Falling):
    """Down along half a wave of the cosine (Loshchilov & Hutter 2017).

    >>> cosine = CosineScheduler(max_update=20, base_lr=0.3, final_lr=0.1)
    >>> [round(cosine(k), 6) for k in (0, 10, 20, 30)]
    [0.3, 0.2, 0.1, 0.1]
    """

    def left(self, part: float) -> float:
        """Half of 1 + cos(pi part)."""
        return (1 + math.cos(math.pi * part)) / 2


class PolyScheduler(_Falling):
    """Down along a power of what is left of the updates, the second unless said otherwise."""

    def __init__(
        self,
        max_update: int,
        base_lr: float = 0.01,
        pwr: float = 2,
        final_lr: float = 0.0,
        warmup_steps: int = 0,
        warmup_begin_lr: float = 0.0,
        warmup_mode: str = "linear",
    ) -> None:
        super().__init__(max_update, base_lr, final_lr, warmup_steps, warmup_begin_lr, warmup_mode)
        self.power = pwr

    def left(self, part: float) -> float:
        """(1 - part) to that power."""
        return float((1 - part) ** self.power)


def __getattr__(name: str) -> object:
    raise AttributeError(absent("mxnet.lr_scheduler", name, __all__))
