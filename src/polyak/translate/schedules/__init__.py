"""Schedules of the learning rate: read from any framework's words as a course, and said in another's."""

from polyak.translate.schedules import rows as _rows  # each registers itself
from polyak.translate.schedules.read import Schedule, is_schedule, read_schedule
from polyak.translate.schedules.said import Said, say

__all__ = ["Said", "Schedule", "is_schedule", "read_schedule", "say"]

del _rows
