"""A figure's picture for a page: its panels side by side where there is room, one below the other where there is not.

The drawing stands in the picture once; two arrangements show parts of it, and the shape of the box that the page gives
to the picture says which: wider than high, or not.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.legend import Legend
from matplotlib.transforms import Bbox

Box = tuple[float, float, float, float]  # left, top, width, height, in the picture's own points

ROOT = re.compile(rb"<svg\b[^>]*?>", re.DOTALL)
MARGIN = 3.0  # points around a part
HANDLE = 30.0  # points to the left of a legend's text, where its line is
LEAST = 300.0  # points: a part that is narrower is not blown up to the page's width


@dataclass(frozen=True)
class Stacked:
    """A picture with two arrangements.

    Attributes:
        svg: of no size of its own: it takes the box that it is given.
        wide, narrow: the shapes of the two boxes, width over height; equal where there is one arrangement.
    """

    svg: bytes
    wide: float
    narrow: float


def stacked(figure: Figure, drawn: bytes) -> Stacked:
    """The picture of a figure that was `drawn` as SVG; the figure is as it was laid out then."""
    width, height = (72 * float(side) for side in figure.get_size_inches())
    root = ROOT.search(drawn)
    dots = figure.dpi
    figure.set_dpi(72)  # as it was drawn: a legend's words stand where they stood then
    try:
        parts = _parts(figure, height)
    finally:
        figure.set_dpi(dots)
    if root is None or len(parts) < 2:
        return Stacked(drawn, width / height, width / height)
    across, down = max(LEAST, *(part[2] for part in parts)), sum(part[3] for part in parts)
    inner = drawn[root.end() : drawn.rindex(b"</svg>")]
    places, top = [], 0.0
    for left, upper, wide, high in parts:
        y, w, h = (round(100 * share, 3) for share in (top / down, wide / across, high / down))
        place = f'y="{y}%" width="{w}%" height="{h}%"'
        box = " ".join(str(round(length, 2)) for length in (left, upper, wide, high))
        view = f'viewBox="{box}" preserveAspectRatio="xMinYMin"'
        places.append(f'<svg {place} {view}><use href="#drawn"/></svg>')
        top += high
    written = (
        '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" width="100%" height="100%">'
        "<style>.narrow { display: none } @media (max-aspect-ratio: 1/1) "
        "{ .narrow { display: inline } .wide { display: none } }</style>"
        f'<rect width="100%" height="100%" fill="white"/><g class="narrow">{"".join(places)}</g>'
        f'<g class="wide"><svg width="100%" height="100%" viewBox="0 0 {round(width, 2)} {round(height, 2)}">'
        '<use href="#drawn"/></svg></g><defs><g id="drawn">'
    )
    return Stacked(written.encode() + inner + b"</g></defs></svg>", width / height, across / down)


def _parts(figure: Figure, height: float) -> list[Box]:
    """What is stacked: each panel with its scale of colours, then each column of the legend; nothing in one column."""
    boxes = sorted(_panels(figure).values(), key=lambda box: (-round(box.y1 / 20), box.x0))
    if all(one.x0 < other.x1 and other.x0 < one.x1 for one in boxes for other in boxes):
        return []
    boxes += [column for legend in figure.legends for column in _columns(legend)]
    return [
        (
            float(box.x0) - MARGIN,
            height - float(box.y1) - MARGIN,
            float(box.width) + 2 * MARGIN,
            float(box.height) + 2 * MARGIN,
        )
        for box in boxes
    ]


def _panels(figure: Figure) -> dict[Axes, Bbox]:
    """Each panel with its scale of colours, and the room that both take."""
    panels: dict[Axes, Bbox] = {}
    for axes in figure.axes:
        if not axes.get_visible() or (box := axes.get_tightbbox()) is None:
            continue
        scale: Any = getattr(axes, "_colorbar", None)
        home = axes if scale is None else scale.mappable.axes
        panels[home] = Bbox.union([panels[home], box]) if home in panels else box
    return panels


def _columns(legend: Legend) -> list[Bbox]:
    """A legend's columns, each with the lines before its words."""
    columns: dict[int, list[Bbox]] = {}
    for text in legend.get_texts():
        box = text.get_window_extent()
        columns.setdefault(round(box.x0 / 10), []).append(box)
    found = [Bbox.union(boxes) for _, boxes in sorted(columns.items())]
    return [Bbox.from_extents(box.x0 - HANDLE, box.y0, box.x1, box.y1) for box in found]
