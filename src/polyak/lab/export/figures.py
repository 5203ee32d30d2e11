"""The exported page's figures: Bokeh documents, one for each paper and language; the page's script fills them."""

from __future__ import annotations

from typing import Any

import numpy as np
from bokeh.core.properties import value as literally
from bokeh.document import Document
from bokeh.models import ColumnDataSource, LinearColorMapper, Range1d

from polyak.lab.computing.planes import TOP
from polyak.lab.words import Words
from polyak.show.browser import DASHES, FONT, MARKERS, OVER, Figure, Look, lean, new_figure, ramp

GROUND = 240  # pixels of the ground below the trace, along each side
PLANE = (160, 200)  # of the phase plane: along the other setting, along lr times curvature
LEVELS = 24  # of the ground, each a colour


def document(look: Look, words: Words, rules: int) -> Document:
    """The figures on one paper: trace, value above the least and plain value, phase plane, memory."""
    made = Document()
    values = [ColumnDataSource({"step": [], "value": []}, name=f"value{k}") for k in range(rules)]
    curves = [_value(look, words, values, name) for name in ("value", "plain")]
    for figure in (_trace(look, rules), *curves, _phase(look, words), _memory(look, words)):
        lean(figure)
        made.add_root(figure)
    return made


def _image(shape: tuple[int, int], name: str) -> ColumnDataSource:
    """A picture whose cells the script writes in place."""
    box = {"x": [0.0], "y": [0.0], "dw": [1.0], "dh": [1.0]}
    return ColumnDataSource({"image": [np.zeros(shape, np.uint8)], **box}, name=name)


def _painted(figure: Figure, source: ColumnDataSource, colours: list[str]) -> None:
    mapper = LinearColorMapper(palette=colours, low=-0.5, high=len(colours) - 0.5)
    figure.image("image", "x", "y", "dw", "dh", source=source, color_mapper=mapper, level="image")


def _trace(look: Look, rules: int) -> Figure:
    plane = new_figure(look, "x₁", "x₂", 430, name="trace", x_range=Range1d(), y_range=Range1d())
    _painted(plane, _image((GROUND, GROUND), "ground"), ramp(look.valley, look.wall, LEVELS))
    minimisers = ColumnDataSource({"x1": [], "x2": []}, name="minimisers")
    start = ColumnDataSource({"x1": [], "x2": []}, name="start")
    for k in range(rules):
        source = ColumnDataSource(
            {name: [] for name in ("step", "x1", "x2", "size", "value")}, name=f"trace{k}"
        )
        shared: dict[str, Any] = {"color": look.rules[k], "source": source, **OVER}
        plane.line("x1", "x2", line_width=2, line_dash=DASHES[k], **shared)
        plane.scatter("x1", "x2", size="size", marker=MARKERS[k], **shared)
    star = {"marker": "star", "size": 17, "fill_color": look.ink, "line_color": look.paper}
    plane.scatter("x1", "x2", source=minimisers, **star, **OVER)
    ring = {"size": 15, "fill_color": None, "line_color": look.ink, "line_width": 3}
    plane.scatter("x1", "x2", source=start, **ring, **OVER)
    return plane


def _value(look: Look, words: Words, sources: list[ColumnDataSource], name: str) -> Figure:
    """f above its least value on a logarithmic axis, or f itself on a plain one."""
    spans = {"x_range": Range1d(0, 20), "y_range": Range1d(1e-4, 10)}
    kind = "log" if name == "value" else "linear"
    made = new_figure(look, words.say("trace", "step"), "", 230, name=name, y_axis_type=kind, **spans)
    made.yaxis.ticker.desired_num_ticks = 4
    for k, source in enumerate(sources):
        pen = {"color": look.rules[k], "line_dash": DASHES[k], "line_width": 1.8}
        made.line("step", "value", source=source, **pen, **OVER)
    return made


def _phase(look: Look, words: Words) -> Figure:
    spans = {"x_range": Range1d(0, TOP), "y_range": Range1d(0, 1)}
    across = f"{words.label('lr')} × {words.say('phase', 'curvature')}"
    made = new_figure(look, across, words.label("momentum"), 380, name="phase", **spans)
    _painted(made, _image(PLANE, "regimes"), list(look.regimes))
    names = ColumnDataSource({"x": [], "y": [], "text": []}, name="regime_names")
    letters = {"text_align": "center", "text_baseline": "middle", "text_color": look.ink}
    font = {"text_font_size": "12px", "text_font": literally(FONT)}
    paper = {"background_fill_color": look.paper, "background_fill_alpha": 0.75, "padding": 2}
    made.text("x", "y", "text", source=names, **font, **letters, **paper)
    edge = ColumnDataSource({"a": [], "value": []}, name="edge")
    made.line("a", "value", source=edge, line_color=look.ink, line_width=2.2)
    marks = ColumnDataSource({"a": [], "value": [], "marker": []}, name="marks")
    dot = {"size": 14, "fill_color": look.rules[0], "line_color": look.ink, "line_width": 2}
    made.scatter("a", "value", marker="marker", source=marks, name="dots", **dot, **OVER)
    return made


def _memory(look: Look, words: Words) -> Figure:
    spans = {"x_range": Range1d(-0.5, 11.5), "y_range": Range1d(0, 1)}
    ago, weight = words.say("memory", "ago"), words.say("memory", "weight")
    made = new_figure(look, ago, weight, 230, name="memory", **spans)
    weights = ColumnDataSource({"ago": [], "weight": []}, name="weights")
    mark = ColumnDataSource({"ago": []}, name="memory_mark")
    bar = {"fill_color": look.accent, "line_color": None, "fill_alpha": 0.85}
    made.vbar("ago", 0.8, "weight", source=weights, **bar, **OVER)
    made.vspan("ago", source=mark, line_color=look.rules[1], line_width=2, line_dash="dashed", **OVER)
    return made
