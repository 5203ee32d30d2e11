"""Every framework's names for optimizers, as rows of one table; a new spelling is a row in its framework's module."""

from polyak.frameworks.catalogue import PREFIXES, SPELLINGS, find, of_framework
from polyak.frameworks.reading import read, written
from polyak.frameworks.spelling import REQUIRED, Argument, Form, Meaning, Spelling

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
