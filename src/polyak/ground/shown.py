"""How a result shows itself: in words, in one short line, and in a notebook with a picture or a table beside the words.

A notebook must not stop at a result: where the picture fails, the table is shown, and where that fails, the words.
"""

from __future__ import annotations

import base64
import dataclasses
import html
from collections.abc import Callable
from typing import Any

from polyak.ground.numbers import readable

LONGEST = 200  # letters of a repr
CELL = 120  # letters of a table's cell
FEW = 8  # numbers of an array that are spelled one by one


class Shown:
    """The base of what people get back: `str` is all of it in words, `repr` one line, a notebook shows HTML.

    A subclass has its words in `__str__`, and may have a picture (`_png`) and a table of its own (`_table`). Words
    and tables have the notebook's colours, light or dark; a picture stands on paper of its own.
    """

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        if "__repr__" not in vars(cls):  # before a dataclass makes one, of every array in it
            cls.__repr__ = Shown.__repr__  # type: ignore[method-assign]

    def __repr__(self) -> str:
        """The name of the class with the first line of the words, or with its numbers where it has none."""
        said = _words(self).splitlines() or [
            ", ".join(f"{name}={spelled(value)}" for name, value in _attributes(self).items())
        ]
        return shortened(f"{type(self).__name__}({said[0]})", LONGEST)

    def _png(self) -> bytes | None:
        """A picture; None where nothing draws it."""
        return None

    def _table(self) -> str:
        """A table, in HTML: its numbers by name."""
        if hasattr(self, "to_xarray"):
            return str(self.to_xarray()._repr_html_())
        return table([[name, spelled(value)] for name, value in _attributes(self).items()])

    def _repr_html_(self) -> str:
        said = _words(self)
        words = html.escape(said)
        head = f"<pre>{words}</pre>" if "\n" in said else f"<p>{words}</p>"
        picture = _tried(self._picture)
        if picture is None:
            return head + (_tried(self._table) or "")
        numbers = _tried(lambda: table([[name, spelled(value)] for name, value in _attributes(self).items()]))
        return (
            head + picture + (f"<details><summary>in numbers</summary>{numbers}</details>" if numbers else "")
        )

    def _picture(self) -> str | None:
        png = self._png()
        if png is None:
            return None
        text = html.escape(repr(self), quote=True)
        source = f"data:image/png;base64,{base64.b64encode(png).decode()}"
        return f'<img alt="{text}" style="max-width: 100%" src="{source}">'


def table(rows: list[list[str]], header: list[str] | None = None) -> str:
    """Rows of text as an HTML table; the first cell of a row is its heading.

    >>> table([["lr", "0.1"]])
    '<table><tbody><tr><th>lr</th><td>0.1</td></tr></tbody></table>'
    """

    def cells(row: list[str], tag: str) -> str:
        return "".join(f"<{tag}>{html.escape(cell)}</{tag}>" for cell in row)

    head = f"<thead><tr>{cells(header, 'th')}</tr></thead>" if header else ""
    body = "".join(f"<tr>{cells(row[:1], 'th')}{cells(row[1:], 'td')}</tr>" for row in rows)
    return f"<table>{head}<tbody>{body}</tbody></table>"


def spelled(value: object) -> str:
    """A value as a cell of a table.

    >>> spelled(0.1234567), spelled({"lr": 1e30}), spelled("a" * 500)[-3:]
    ('0.1235', 'lr=1e+30', '...')
    """
    if isinstance(value, float):
        return readable(value)
    if isinstance(value, dict):
        return shortened(", ".join(f"{name}={spelled(part)}" for name, part in value.items()), CELL)
    if isinstance(value, tuple | list):
        return shortened(", ".join(spelled(part) for part in value), CELL)
    if shape := getattr(value, "shape", ()):
        if len(shape) == 1 and shape[0] <= FEW and hasattr(value, "tolist"):
            return spelled(value.tolist())
        return f"array of shape {tuple(shape)}"
    return shortened(" ".join(str(value).split()), CELL)


def shortened(text: str, letters: int) -> str:
    """A text of at most so many letters.

    >>> shortened("momentum", 6)
    'mom...'
    """
    return text if len(text) <= letters else text[: letters - 3] + "..."


def _words(result: object) -> str:
    """What it says of itself; its name, where it cannot."""
    try:
        return str(result) if "__str__" in _names(type(result)) else ""
    except Exception as error:
        return f"{type(result).__name__}, which cannot be said in words: {type(error).__name__}: {error}"


def _names(kind: type) -> set[str]:
    """The names that a class or one of its bases defines, but for what every object has."""
    return {name for base in kind.__mro__ if base is not object for name in vars(base)}


def _attributes(result: object) -> dict[str, Any]:
    if dataclasses.is_dataclass(result):
        return {field.name: getattr(result, field.name) for field in dataclasses.fields(result)}
    return {name: value for name, value in vars(result).items() if not name.startswith("_")}


def _tried(show: Callable[[], str | None]) -> str | None:
    try:
        return show()
    except Exception:  # drawing fails in many ways, and what is shown next says the same
        return None
