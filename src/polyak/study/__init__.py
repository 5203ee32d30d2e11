"""The study: a page about one rule."""

from polyak.study.page import plain_text
from polyak.study.section import Picture, Section, Subject, Table
from polyak.study.sections import section
from polyak.study.sections.prediction import measured_beside, side_by_side
from polyak.study.study import study

__all__ = [
    "Picture",
    "Section",
    "Subject",
    "Table",
    "measured_beside",
    "plain_text",
    "section",
    "side_by_side",
    "study",
]
