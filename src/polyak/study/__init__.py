"""The study: a page about one rule."""

from polyak.study.page import plain_text
from polyak.study.section import Picture, Section, Subject, Table
from polyak.study.study import SECTIONS, study
from polyak.study.the_prediction import measured_beside, side_by_side

__all__ = [
    "SECTIONS",
    "Picture",
    "Section",
    "Subject",
    "Table",
    "measured_beside",
    "plain_text",
    "side_by_side",
    "study",
]
