"""Detectron2's schedules, written from its documentation (detectron2 0.6): a warm-up that multiplies the rest.

WarmupMultiStepLR: lr gamma^(steps passed), times f (1 - k / w) + k / w for k < w;  f = WARMUP_FACTOR
WarmupCosineLR: lr (1 + cos(pi k / T)) / 2, with the same warm-up
"""

from __future__ import annotations

from collections.abc import Sequence

from polyak.ground.errors import PolyakError, unknown
from polyak.translate.schedules.course import Course
from polyak.translate.schedules.courses.constant import Constant
from polyak.translate.schedules.courses.cosine import Cosine
from polyak.translate.schedules.courses.drops import Drops
from polyak.translate.schedules.courses.joined import joined
from polyak.translate.schedules.courses.product import Product
from polyak.translate.schedules.courses.ramp import Ramp
from polyak.translate.schedules.row import positive, reads, whole

HOME = "detectron2"


@reads(HOME, "solver", relative=True)
def _solver(
    lr: float,
    name: str = "WarmupMultiStepLR",
    steps: Sequence[int] = (30000,),
    gamma: float = 0.1,
    max_iter: int = 40000,
    warmup_factor: float = 1e-3,
    warmup_iters: int = 1000,
    warmup_method: str = "linear",
) -> Course:
    drops = tuple(whole("STEPS", step) for step in steps)
    total, warm = whole("MAX_ITER", max_iter), whole("WARMUP_ITERS", warmup_iters, 0)
    factor = positive("WARMUP_FACTOR", warmup_factor, zero=True)
    start = _start(warmup_method, factor, warm)
    if name == "WarmupCosineLR":
        cosine = Cosine(lr, 0.0, total)
        return Product((cosine, start)) if warm else cosine
    if name != "WarmupMultiStepLR":
        raise unknown("LR_SCHEDULER_NAME that is read", str(name), ["WarmupMultiStepLR", "WarmupCosineLR"])
    gammas = (positive("GAMMA", gamma),) * len(drops)
    if not warm:
        return Drops(lr, drops, gammas)
    if drops and drops[0] < warm:
        return Product((Drops(lr, drops, gammas), start))
    warming = Constant(lr * factor) if warmup_method == "constant" else start.scaled(lr)
    return joined((warming, Drops(lr, tuple(step - warm for step in drops), gammas)), (warm,))


def _start(method: str, factor: float, steps: int) -> Course:
    """What the learning rate is multiplied by as it warms up."""
    if method not in ("linear", "constant"):
        raise PolyakError(f"WARMUP_METHOD is {method!r}, expected 'linear' or 'constant'")
    if method == "constant":
        return joined((Constant(factor), Constant(1.0)), (steps,))
    return Ramp(factor, 1.0, max(steps, 1))
