"""A course that torch's cosine ends, as the others have it: where the one rises again, they stay."""

from __future__ import annotations

import math
from dataclasses import replace

from polyak.translate.schedules.course import Course
from polyak.translate.schedules.courses.cosine import Cosine
from polyak.translate.schedules.courses.epochs import Epochs
from polyak.translate.schedules.courses.joined import Joined


def settled(course: Course) -> tuple[Course, int | None]:
    """The course with cosines that stay at their end, and the step up to which it is the same; None for always.

    >>> settled(Cosine(1.0, 0.0, 90, rises=True))
    (Cosine(begin=1.0, to=0.0, steps=90, exponent=1.0, rises=False), 90)
    """
    if isinstance(course, Cosine) and course.rises:
        return replace(course, rises=False), course.steps
    if isinstance(course, Epochs):
        inside, until = settled(course.course)
        return Epochs(inside, course.steps), None if until is None else (until + 1) * course.steps
    return _joined(course) if isinstance(course, Joined) else (course, None)


def _joined(course: Joined) -> tuple[Course, int | None]:
    """Its parts settled; the first step from which one of them, still going on, is another."""
    found = [settled(part) for part in course.parts]
    starts, ends = (0, *course.boundaries), (*course.boundaries, math.inf)
    early = [
        start + until
        for (_, until), start, end in zip(found, starts, ends, strict=True)
        if until is not None and end > start + until + 1
    ]
    return Joined(tuple(part for part, _ in found), course.boundaries), min(early, default=None)
