"""Every framework's names for optimizers, as rows of one table; a new spelling is a row in its framework's module."""

from polyak.conventions.spellings.catalogue import PREFIXES, SPELLINGS, find, of_framework
from polyak.conventions.spellings.reading import read, written
from polyak.conventions.spellings.spelling import REQUIRED, Argument, Form, Meaning, Spelling

__all__ = [
    "PREFIXES",
    "REQUIRED",
    "SPELLINGS",
    "Argument",
    "Form",
    "Meaning",
    "Spelling",
    "find",
    "of_framework",
    "read",
    "written",
]
