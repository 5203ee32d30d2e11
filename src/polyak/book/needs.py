"""What documents need beyond Polyak itself: the extra `chapter`."""

from __future__ import annotations

from importlib.util import find_spec

from polyak.ground.errors import PolyakError

PACKAGES = {
    "markdown_it": "markdown-it-py",
    "mdit_py_plugins": "mdit-py-plugins",
    "nbformat": "nbformat",
    "nbclient": "nbclient",
    "nbconvert": "nbconvert",
    "ipykernel": "ipykernel",
    "lxml": "lxml",
    "nh3": "nh3",
    "math_core": "math-core",
}


def check() -> None:
    """Refuse to begin without the packages that documents need.

    Raises:
        PolyakError: one of them is missing; the line names the extra that brings it.

    >>> check()
    """
    missing = [name for module, name in PACKAGES.items() if find_spec(module) is None]
    if missing:
        raise PolyakError(
            f"documents need {', '.join(missing)}, not installed here: pip install 'polyak[chapter]'"
        )
