"""Packages that only a part of Polyak needs: each is named with the extra that brings it, in one line."""

from __future__ import annotations

import importlib.util

from polyak.ground.errors import PolyakError

NAMES = {  # a module's package where it has another name
    "markdown_it": "markdown-it-py",
    "math_core": "math-core",
    "mdit_py_plugins": "mdit-py-plugins",
    "sklearn": "scikit-learn",
}


def need(*modules: str, what: str, extra: str) -> None:
    """Refuse what asks for modules that are not installed.

    Args:
        modules: by the names that they are imported by.
        what: what needs them, in the singular: "a guarantee".
        extra: of Polyak's, which brings them.

    >>> need("numpy", what="a chapter", extra="book")
    >>> need("no_such_module", what="a chapter", extra="book")
    Traceback (most recent call last):
    ...
    polyak.PolyakError: a chapter needs no_such_module, which is not installed: pip install 'polyak[book]'
    """
    missing = [NAMES.get(module, module) for module in modules if not has(module)]
    if missing:
        are = "is" if len(missing) == 1 else "are"
        raise PolyakError(
            f"{what} needs {' and '.join(missing)}, which {are} not installed: {installing(extra)}"
        )


def has(*modules: str) -> bool:
    """Whether all of these modules are installed; none is imported.

    >>> has("numpy"), has("numpy", "no_such_module")
    (True, False)
    """
    return all(importlib.util.find_spec(module) is not None for module in modules)


def installing(extra: str) -> str:
    """How an extra of Polyak's is installed.

    >>> installing("torch")
    "pip install 'polyak[torch]'"
    """
    return f"pip install 'polyak[{extra}]'"
