"""Widgets in the page's colours, and what is sent to figures: only what has changed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from bokeh.models import ColumnDataSource, Div, Range1d
from numpy.typing import ArrayLike

from polyak.lab.session import Session


def styled(session: Session, **options: Any) -> dict[str, Any]:
    """The options of a widget of the page, as wide as there is room."""
    return {"stylesheets": [session.sheet], "sizing_mode": "stretch_width", **options}


def paragraph(session: Session, name: str) -> Div:
    """A place for words."""
    return Div(name=name, **styled(session))


def send(source: ColumnDataSource, columns: Mapping[str, Any]) -> None:
    """Give a source these columns, unless it has them: what is sent is painted again."""
    before = source.data
    same = before.keys() == columns.keys() and all(
        len(before[name]) == len(values) and np.array_equal(before[name], values, equal_nan=True)
        for name, values in columns.items()
    )
    if not same:
        source.data = dict(columns)


def empty(*sources: ColumnDataSource) -> None:
    """Nothing in any column."""
    for source in sources:
        send(source, {name: [] for name in source.data})


def set_ends(span: Range1d, start: float, end: float) -> None:
    """Set a range's ends, where they differ."""
    if span.start != start:
        span.start = start
    if span.end != end:
        span.end = end


def fit(span: Range1d, values: ArrayLike, *, logarithmic: bool = False) -> None:
    """Set a range so that it holds these values, with a margin."""
    numbers = np.asarray(values, dtype=np.float64)
    numbers = numbers[np.isfinite(numbers)]
    if not len(numbers):
        return
    low, high = float(numbers.min()), float(numbers.max())
    if logarithmic:
        set_ends(span, low / 1.5, high * 1.5)
    else:
        margin = 0.06 * (high - low) or max(abs(high), 1e-3)
        set_ends(span, low - margin, high + margin)
