"""Hugging Face's schedules, written from the documentation of transformers 5.24 (its `optimization.py`).

warm-up: lr k / w for k < w, w = num_warmup_steps; then with p = (k - w) / (T - w), T = num_training_steps
linear: lr max(0, 1 - p);  cosine: lr (1 + cos(2 pi c p)) / 2, c = num_cycles
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

from polyak.ground.errors import PolyakError, unknown
from polyak.translate.schedules.course import Course
from polyak.translate.schedules.courses.constant import Constant
from polyak.translate.schedules.courses.cosine import Cosine
from polyak.translate.schedules.courses.inverse import Inverse
from polyak.translate.schedules.courses.joined import joined
from polyak.translate.schedules.courses.ramp import Ramp
from polyak.translate.schedules.courses.restarts import Restarts
from polyak.translate.schedules.row import Reader, positive, reads, whole

HOME = "transformers"
HALF = 0.5


def _reads(name: str) -> Callable[[Reader], Reader]:
    return reads(HOME, name, relative=True)


def _warmed(lr: float, warmup: object, course: Course) -> Course:
    """A course after a warm-up from 0."""
    steps = whole("num_warmup_steps", warmup, 0)
    return joined((Ramp(0.0, lr, max(steps, 1)), course), (steps,))


def _left(warmup: object, total: object) -> int:
    """The steps after the warm-up."""
    if total is None:
        raise PolyakError(
            "the schedule ends where the training does, which the text does not say: give total_steps=..."
        )
    steps, warm = whole("num_training_steps", total), whole("num_warmup_steps", warmup, 0)
    if steps <= warm:
        raise PolyakError(f"num_training_steps is {steps}, expected more than the {warm} of the warm-up")
    return steps - warm


@_reads("get_constant_schedule")
def _constant(lr: float) -> Course:
    return Constant(lr)


@_reads("get_constant_schedule_with_warmup")
def _constant_with_warmup(lr: float, num_warmup_steps: int) -> Course:
    return _warmed(lr, num_warmup_steps, Constant(lr))


@_reads("get_linear_schedule_with_warmup")
def _linear(lr: float, num_warmup_steps: int, num_training_steps: int | None = None) -> Course:
    return _warmed(lr, num_warmup_steps, Ramp(lr, 0.0, _left(num_warmup_steps, num_training_steps)))


@_reads("get_cosine_schedule_with_warmup")
def _cosine(
    lr: float, num_warmup_steps: int, num_training_steps: int | None = None, num_cycles: float = HALF
) -> Course:
    return _cosine_to(lr, num_warmup_steps, num_training_steps, num_cycles, 0.0)


def _cosine_to(lr: float, warmup: object, total: object, cycles: object, end: float) -> Course:
    if cycles != HALF:
        raise PolyakError(f"num_cycles is {cycles!r}, expected 0.5: half a cosine")
    return _warmed(lr, warmup, Cosine(lr, end, _left(warmup, total)))


@_reads("get_cosine_with_hard_restarts_schedule_with_warmup")
def _restarts(
    lr: float, num_warmup_steps: int, num_training_steps: int | None = None, num_cycles: int = 1
) -> Course:
    left = _left(num_warmup_steps, num_training_steps)
    period = left / whole("num_cycles", num_cycles)
    return _warmed(lr, num_warmup_steps, Restarts(lr, 0.0, period, ends=left))


@_reads("get_polynomial_decay_schedule_with_warmup")
def _polynomial(
    lr: float,
    num_warmup_steps: int,
    num_training_steps: int | None = None,
    lr_end: float = 1e-7,
    power: float = 1.0,
) -> Course:
    left = _left(num_warmup_steps, num_training_steps)
    end = positive("lr_end", lr_end, zero=True)
    return _warmed(lr, num_warmup_steps, Ramp(lr, end, left, positive("power", power)))


@_reads("get_inverse_sqrt_schedule")
def _inverse_root(lr: float, num_warmup_steps: int, timescale: int | None = None) -> Course:
    scale = whole("timescale", timescale or num_warmup_steps or 10_000)
    return _warmed(lr, num_warmup_steps, Inverse(lr, 1.0, scale, power=0.5))


@_reads("get_cosine_with_min_lr_schedule_with_warmup")
def _cosine_with_least(
    lr: float,
    num_warmup_steps: int,
    num_training_steps: int | None = None,
    num_cycles: float = HALF,
    min_lr: float | None = None,
    min_lr_rate: float | None = None,
) -> Course:
    if (min_lr is None) == (min_lr_rate is None):
        raise PolyakError("cosine_with_min_lr needs either min_lr or min_lr_rate")
    end = (
        lr * positive("min_lr_rate", min_lr_rate, zero=True)
        if min_lr is None
        else positive("min_lr", min_lr, zero=True)
    )
    return _cosine_to(lr, num_warmup_steps, num_training_steps, num_cycles, end)


NAMES = {
    "linear": _linear,
    "cosine": _cosine,
    "cosine_with_restarts": _restarts,
    "polynomial": _polynomial,
    "constant": _constant,
    "constant_with_warmup": _constant_with_warmup,
    "inverse_sqrt": _inverse_root,
    "cosine_with_min_lr": _cosine_with_least,
}
WITHOUT_END = (_constant_with_warmup, _inverse_root)


@_reads("get_scheduler")
def _by_name(
    lr: float,
    name: str,
    num_warmup_steps: int | None = None,
    num_training_steps: int | None = None,
    scheduler_specific_kwargs: Mapping[str, Any] | None = None,
    warmup_ratio: float | None = None,
) -> Course:
    if name not in NAMES:
        raise unknown("lr_scheduler_type that is read", str(name), list(NAMES))
    made, more = NAMES[name], dict(scheduler_specific_kwargs or {})
    if made is _constant:
        return Constant(lr)
    if warmup_ratio:
        if num_training_steps is None:
            raise PolyakError(
                "warmup_ratio is of all steps, which the text does not say: give total_steps=..."
            )
        num_warmup_steps = math.ceil(num_training_steps * warmup_ratio)
    warm = num_warmup_steps or 0
    try:
        if made in WITHOUT_END:
            return made(lr, warm, **more)
        return made(lr, warm, num_training_steps, **more)
    except TypeError:
        raise PolyakError(f"{name}: scheduler_specific_kwargs is {more}, which it does not take") from None
