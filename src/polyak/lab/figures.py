"""Figures and widgets in the page's colours, and what is sent to them: only what has changed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeAlias

import numpy as np
from bokeh.models import ColumnDataSource, Div, GlyphRenderer, Range1d
from bokeh.plotting import figure
from numpy.typing import ArrayLike

from polyak.lab.look import FONT, Look
from polyak.lab.session import Session

Figure: TypeAlias = figure
MARKERS = ("circle", "square", "triangle", "diamond")
DASHES = ("solid", "dashed", "dotdash", "dotted")
# On the overlay, what moves spares the picture below it a repaint; it is cut to the window before it is sent.
OVER: dict[str, Any] = {"level": "overlay"}


def styled(session: Session, **options: Any) -> dict[str, Any]:
    """The options of a widget of the page, as wide as there is room."""
    return {"stylesheets": [session.sheet], "sizing_mode": "stretch_width", **options}


def paragraph(session: Session, name: str) -> Div:
    """A place for words."""
    return Div(name=name, **styled(session))


def new_figure(look: Look, x_label: str, y_label: str, height: int, **options: Any) -> Figure:
    """An empty figure in the page's colours, as wide as there is room."""
    made = figure(
        height=height,
        sizing_mode="stretch_width",
        toolbar_location=None,
        tools="",
        background_fill_color=look.paper,
        border_fill_color=look.paper,
        outline_line_color=None,
        min_border_right=14,
        x_axis_label=x_label,
        y_axis_label=y_label,
        **options,
    )
    for axis in made.axis:
        axis.axis_label_text_color = axis.major_label_text_color = look.soft
        axis.axis_label_text_font = axis.major_label_text_font = FONT
        axis.axis_label_text_font_style = "normal"
        axis.axis_label_text_font_size, axis.major_label_text_font_size = "13px", "12px"
        axis.axis_line_color = axis.major_tick_line_color = look.soft
        axis.minor_tick_line_color = None
    made.grid.grid_line_color = look.line
    made.grid.grid_line_alpha = 0.6
    return made


def title(made: Figure, look: Look, text: str) -> None:
    """A figure's heading."""
    made.title.text = text
    made.title.text_color = look.ink
    made.title.text_font = FONT
    made.title.text_font_size = "13.5px"
    made.title.text_font_style = "bold"


def lean(*figures: Figure) -> None:
    """Drop the glyphs that Bokeh keeps for what is selected or muted: each message looks through all models."""
    for made in figures:
        for renderer in made.renderers:
            if isinstance(renderer, GlyphRenderer):
                renderer.nonselection_glyph = renderer.muted_glyph = "auto"


def ramp(low: str, high: str, count: int) -> list[str]:
    """Colours from one to another, evenly."""
    ends = [[int(colour[k : k + 2], 16) for k in (1, 3, 5)] for colour in (low, high)]
    parts = [k / max(count - 1, 1) for k in range(count)]
    mixed = [[round(a + part * (b - a)) for a, b in zip(*ends, strict=True)] for part in parts]
    return ["#{:02x}{:02x}{:02x}".format(*colour) for colour in mixed]


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
