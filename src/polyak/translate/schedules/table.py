"""Usual schedules in the words of each framework that has schedules, as they are written by the program."""

from __future__ import annotations

from polyak.ground.numbers import readable
from polyak.translate.paste.text import taken_apart
from polyak.translate.schedules.course import Course
from polyak.translate.schedules.read import read_schedule
from polyak.translate.schedules.row import WRITERS
from polyak.translate.schedules.said import say

HEADER = ("schedule, at lr 0.1", "learning rate at steps 0, 50, 100, 199", "in another framework's words")
AT = (0, 50, 100, 199)
USUAL = (
    "torch.optim.lr_scheduler.StepLR(optimizer, 30)",
    "torch.optim.lr_scheduler.MultiStepLR(optimizer, [60, 120])",
    "torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, 200)",
    "torch.optim.lr_scheduler.OneCycleLR(optimizer, 0.1, 200, cycle_momentum=False)",
    "optax.warmup_cosine_decay_schedule(0.0, 0.1, 20, 200)",
    "optax.linear_schedule(0.1, 0.0, 200)",
    "keras.optimizers.schedules.ExponentialDecay(0.1, 100, 0.5)",
    "keras.optimizers.schedules.PiecewiseConstantDecay([60, 120], [0.1, 0.01, 0.001])",
    "transformers.get_cosine_schedule_with_warmup(optimizer, 20, 200)",
)


def table() -> list[tuple[str, ...]]:
    """A row for each usual schedule: its call, some of its values, and what stands for it elsewhere.

    >>> table()[0][:2]
    ('`lr_scheduler.StepLR(optimizer, 30)`', '0.1 0.01 0.0001 1e-07')
    """
    rows = list[tuple[str, ...]]()
    for text in USUAL:
        found = read_schedule(taken_apart(text).calls[0], 0.1)
        values = " ".join(readable(value, 4) for value in found.course.values(AT[-1] + 1)[list(AT)])
        others = [_said(home, found.course) for home in WRITERS if home != found.row.home]
        short = text.removeprefix("torch.optim.").removeprefix("keras.optimizers.")
        rows.append((f"`{short}`", values, "<br>".join(others)))
    return rows


def _said(home: str, course: Course) -> str:
    said = say(home, course)
    own = said.before.rpartition("return ")[2] if "class" in said.before else ""  # of a class, its formula
    line = (own or said.after or said.lr).removeprefix("torch.optim.").removeprefix("keras.optimizers.")
    until = "" if said.until is None else f", up to step {said.until:,}"
    return f"{home}: `{line}`{until}"
