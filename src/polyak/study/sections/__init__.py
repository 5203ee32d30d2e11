"""The sections of a study: a file each, which says where it stands on the page, `@section(30)`."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable

from polyak.study.section import Section, Subject

Write = Callable[[Subject], Section]
NUMBERED: dict[str, tuple[int, Write]] = {}


def section(number: int) -> Callable[[Write], Write]:
    """Make a function a section of every study; the page has them in the order of their numbers."""

    def registered(write: Write) -> Write:
        NUMBERED[write.__module__] = number, write
        return write

    return registered


def in_order() -> list[Write]:
    """Every section there is, in the order of the page."""
    names = [f"{__name__}.{module.name}" for module in pkgutil.iter_modules(__path__)]
    for name in names:
        importlib.import_module(name)
    numbered = sorted((NUMBERED[name][0], name) for name in names if name in NUMBERED)
    return [NUMBERED[name][1] for _, name in numbered]
