"""Figures for a browser: Bokeh's, in the house's colours on light and on dark paper."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeAlias

from bokeh.models import GlyphRenderer
from bokeh.plotting import figure

from polyak.show.style import COLORS

Figure: TypeAlias = figure
MARKERS = ("circle", "square", "triangle", "diamond")
DASHES = ("solid", "dashed", "dotdash", "dotted")
# On the overlay, what moves spares the picture below it a repaint; it is cut to the window before it is sent.
OVER: dict[str, Any] = {"level": "overlay"}
FONT = 'system-ui, "Segoe UI", "Noto Sans CJK SC", "DejaVu Sans", sans-serif'


@dataclass(frozen=True)
class Look:
    """The colours of one paper.

    Attributes:
        paper, ink, soft, line: of the page, its letters, its labels, its rules.
        rules: of the one to four rules, in their order.
        valley, wall: of a landscape's lowest and highest ground; contour: of the lines between.
        regimes: in the order of `polyak.theory.REGIMES`.
        accent: of what is measured on its own.
    """

    paper: str
    ink: str
    soft: str
    line: str
    rules: tuple[str, ...]
    valley: str
    wall: str
    contour: str
    regimes: tuple[str, ...]
    accent: str


LIGHT = Look(
    paper="#ffffff",
    ink="#1c2330",
    soft="#5a6575",
    line="#d9dee5",
    rules=COLORS[:4],
    valley="#fbfdff",
    wall="#a9c9e6",
    contour="#8fa3b5",
    regimes=("#dceaf5", "#0072b2", "#ffffff", "#fbe3c8", "#d9d9d9"),
    accent=COLORS[0],
)
# On dark paper the blue and the vermilion are the house's lighter ones.
DARK = Look(
    paper="#12161c",
    ink="#eef2f6",
    soft="#a7b3c0",
    line="#323b46",
    rules=(COLORS[4], COLORS[5], COLORS[2], COLORS[3]),
    valley="#141a21",
    wall="#3b5d7d",
    contour="#5f7386",
    regimes=("#1d3347", "#56b4e9", "#12161c", "#46361f", "#33383f"),
    accent=COLORS[4],
)


def look(*, dark: bool) -> Look:
    """The look of light or of dark paper."""
    return DARK if dark else LIGHT


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
