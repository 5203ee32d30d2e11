"""The study: a page about one rule."""

from polyak.study.page import plain_text
from polyak.study.section import Picture, Section, Subject, Table
from polyak.study.study import SECTIONS, study

__all__ = ["SECTIONS", "Picture", "Section", "Subject", "Table", "plain_text", "study"]
