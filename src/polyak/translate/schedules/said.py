"""A course in a framework's words; where it has none, a function of the step in plain Python and how it is used."""

from __future__ import annotations

from dataclasses import dataclass

from polyak.frameworks.framework import FRAMEWORKS
from polyak.translate.schedules.course import PYTHON, Course
from polyak.translate.schedules.courses.constant import Constant
from polyak.translate.schedules.row import WRITERS

MODULES = {"math.": "import math", "jnp.": "import jax.numpy as jnp", " ops.": "from keras import ops"}


@dataclass(frozen=True)
class Said:
    """A course as a framework has it.

    Attributes:
        lr: what stands for the optimizer's learning rate: a number, or the schedule as code.
        before: lines before the optimizer's, imports among them.
        after: lines after it, such as a scheduler.
        course: what was said; of the learning rate there.
        until: the step up to which it is the same; None for always.
        said: what else must be known, in words.
        within: how far from the course the framework's own arithmetic stays, of the largest learning rate.
    """

    lr: str
    before: str
    after: str
    course: Course
    until: int | None
    said: tuple[str, ...]
    within: float = 0.0


def say(prefix: str, course: Course) -> Said:
    """A course in the words of a framework.

    >>> from polyak.translate.schedules.courses.cosine import Cosine
    >>> say("optax", Cosine(0.5, 0.0, 100)).lr
    'optax.cosine_decay_schedule(init_value=0.5, decay_steps=100, alpha=0)'
    >>> say("mxnet", Cosine(0.5, 0.0, 100)).said
    ('mxnet has no schedule that says it: before step k = 0, 1, ... set the learning rate to lr(k)',)
    """
    write = WRITERS.get(prefix)
    if write is None:
        return _by_hand(prefix, course)
    found = write(course)
    imports = imported(f" {found.before} {found.text}")
    before = "\n".join(filter(None, [*imports, found.before]))
    if found.base is None:
        return Said(found.text, before, "", course, found.until, found.said, found.within)
    return Said(repr(found.base), before, found.text, course, found.until, found.said, found.within)


def _by_hand(prefix: str, course: Course) -> Said:
    """A function of the step, called before each."""
    from polyak.translate.schedules.course import number

    if isinstance(course, Constant):
        return Said(number(course.value), "", "", course, None, ())
    if FRAMEWORKS[prefix].ours:
        text = f"lambda k: {course.code('k', PYTHON)}"
        return Said(text, "\n".join(imported(f" {text}")), "", course, None, ())
    line = f"lr = lambda k: {course.code('k', PYTHON)}"
    said = f"{prefix} has no schedule that says it: before step k = 0, 1, ... set the learning rate to lr(k)"
    before = "\n".join([*imported(line), line])
    return Said(number(course.peak), before, "", course, None, (said,))


def imported(code: str) -> list[str]:
    """The imports that a line needs.

    >>> imported("math.cos(k)")
    ['import math']
    """
    return [line for sign, line in MODULES.items() if sign in code or sign.strip() in code.split("(")]
