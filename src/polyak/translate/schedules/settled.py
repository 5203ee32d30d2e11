"""A course that torch's cosine ends, as the others have it: where the one rises again, they stay."""

from __future__ import annotations

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
    if isinstance(course, Joined):
        starts = (0, *course.boundaries)
        ends: tuple[int | None, ...] = (*course.boundaries, None)
        found = [settled(part) for part in course.parts]
        lasts = [
            None if until is None or (end is not None and end <= start + until + 1) else start + until
            for (_, until), start, end in zip(found, starts, ends, strict=True)
        ]
        early = [last for last in lasts if last is not None]
        return Joined(tuple(part for part, _ in found), course.boundaries), min(early) if early else None
    return course, None
