"""timm's schedules, written from its documentation (timm 1.0.31): the course of its training arguments, in epochs.

warm-up: warmup_lr + (lr - warmup_lr) t / w for t < w; then, t counted from the start of the training,
cosine: min_lr + (lr - min_lr) (1 + cos(pi t / T)) / 2;  step: lr decay_rate^floor(t / decay_epochs)
"""

from __future__ import annotations

from polyak.ground.errors import unknown
from polyak.translate.schedules.course import Course
from polyak.translate.schedules.courses.constant import Constant
from polyak.translate.schedules.courses.cosine import Cosine
from polyak.translate.schedules.courses.exponential import Exponential
from polyak.translate.schedules.courses.ramp import Ramp
from polyak.translate.schedules.courses.shifted import started_at
from polyak.translate.schedules.row import positive, reads, whole

HOME = "timm"


@reads(HOME, "scheduler", relative=True, counts="epochs")
def _of_arguments(
    lr: float,
    sched: str = "cosine",
    epochs: int = 300,
    warmup_epochs: int = 5,
    warmup_lr: float = 1e-5,
    min_lr: float = 0.0,
    decay_rate: float = 0.1,
    decay_epochs: float = 90,
) -> Course:
    total, least = whole("epochs", epochs), positive("min_lr", min_lr, zero=True)
    courses: dict[str, Course] = {
        "cosine": Cosine(lr, least, total),
        "step": Exponential(
            lr, positive("decay_rate", decay_rate), whole("decay_epochs", decay_epochs), staircase=True
        ),
    }
    if sched == "none":
        return Constant(lr)
    if sched not in courses:
        raise unknown("sched of timm that is read", str(sched), list(courses))
    warm = whole("warmup_epochs", warmup_epochs, 0)
    return started_at(
        Ramp(positive("warmup_lr", warmup_lr, zero=True), lr, max(warm, 1)), courses[sched], warm
    )
