"""What documents need beyond Polyak itself: the extra `book`."""

from __future__ import annotations

from polyak.ground.extras import need

MODULES = (
    "markdown_it",
    "mdit_py_plugins",
    "nbformat",
    "nbclient",
    "nbconvert",
    "ipykernel",
    "lxml",
    "math_core",
    "nh3",
)


def check() -> None:
    """Refuse to begin without the packages that documents need.

    Raises:
        PolyakError: one of them is missing; the line names the extra that brings it.

    >>> check()
    """
    need(*MODULES, what="a document", extra="book")
