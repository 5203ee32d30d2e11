"""Figures that a reader touches: a Bokeh document each, and one script of ours that steps what they show.

What a cell gives are numbers (`polyak.show.interactive`), and they are read as such: the figure, its words and the
script are made here, so that a page still runs no script but the one whose hash its security policy names.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from html import escape
from importlib.resources import files
from typing import Any

from polyak.ground.extras import has
from polyak.show.interactives import KIND, MOST_RULES, MOST_STEPS

__all__ = ["KIND", "Figures"]

GROUND = 96  # cells of the ground below the traces, along each side
LEVELS = 20  # of its heights, each a colour
LONGEST = 60  # letters of a name
WORDS = {
    "en": {
        "lr": "learning rate η",
        "momentum": "momentum γ",
        "start": "start",
        "hint": "Move the sliders; touch the plane to start from there.",
        "again": "as it was",
        "said": "{rule}, {steps} steps: x₁ {x1}, x₂ {x2}, {value} {f}",
        "left": "{rule}: beyond all numbers at step {step}",
        "step": "step",
        "above": "f − least f",
        "value": "f",
    },
    "zh": {
        "lr": "学习率 η",
        "momentum": "动量 γ",
        "start": "起点",
        "hint": "移动滑块；点按平面即从该处出发。",
        "again": "恢复原状",
        "said": "{rule}，{steps} 步之后：x₁ {x1}，x₂ {x2}，{value} {f}",
        "left": "{rule}：在第 {step} 步超出一切数",
        "step": "步",
        "above": "f − 最小值",
        "value": "f",
    },
}


class Figures:
    """The figures of one page.

    Args:
        language: of the page's words.
    """

    def __init__(self, language: str) -> None:
        self.words = WORDS["zh" if language.startswith("zh") else "en"]
        self.count = 0

    def html(self, given: object, still: str) -> str | None:
        """A figure as the page has it; None where what is given is none, or Bokeh is not installed.

        Args:
            given: the numbers, as a cell gave them.
            still: the picture that stands there where no script runs.
        """
        numbers = _checked(given) if has("bokeh") else None
        if numbers is None:
            return None
        from polyak.show.browser import LIGHT

        self.count += 1
        name = f"touched-{self.count}"
        made, roots = _document(numbers, self.words, name)
        about = {
            **numbers,
            "document": made,
            "roots": roots,
            "words": self.words,
            "colours": LIGHT.rules,
        }
        spelled = json.dumps(about, separators=(",", ":")).replace("<", "\\u003c")
        places = "".join(f'<div id="{place}"></div>' for place in roots.values())
        return (
            f'<div class="touched" id="{name}"><div class="still">{still}</div>'
            f'<script type="application/json">{spelled}</script><div class="planes" hidden>{places}</div>'
            f'<p class="hint" hidden>{escape(self.words["hint"])}</p><div class="hands" hidden></div>'
            '<p class="said" role="status"></p></div>'
        )

    def script(self) -> str:
        """The page's script: BokehJS, and the step; nothing where the page has no such figure."""
        if not self.count:
            return ""
        from bokeh.resources import Resources

        bokeh = "\n".join(Resources(mode="inline", components=["bokeh"]).js_raw)
        own = files("polyak.book.render").joinpath("interactive.js").read_text("utf-8")
        return f"{bokeh}\n{own}".replace("</script", "<\\/script")

    def style(self) -> str:
        """What the page's style is followed by."""
        if not self.count:
            return ""
        return files("polyak.book.render").joinpath("interactive.css").read_text("utf-8")


@dataclass(frozen=True)
class _Reader:
    """Reads numbers out of what a cell gave, and nothing else."""

    given: Any

    def numbers(self, name: str, count: int) -> list[float]:
        """So many finite numbers."""
        found = [float(value) for value in self.given[name]]
        if len(found) != count or not all(map(math.isfinite, found)):
            raise ValueError(name)
        return found

    def number(self, name: str) -> float:
        """A finite number."""
        found = float(self.given[name])
        if not math.isfinite(found):
            raise ValueError(name)
        return found

    def name(self) -> str:
        """What it is called."""
        return str(self.given["name"])[:LONGEST]


def _checked(given: object) -> dict[str, Any] | None:
    """The numbers that a figure is made of; None where these are not such."""
    try:
        whole, of = _Reader(given), _Reader(given["landscape"])  # type: ignore[index]
        hessian = [_Reader({"row": row}).numbers("row", 2) for row in of.given["hessian"]]
        window = [_Reader({"ends": ends}).numbers("ends", 2) for ends in of.given["window"]]
        steps, rules = int(whole.number("steps")), list(whole.given["rules"])
        if (
            not 1 <= steps <= MOST_STEPS
            or not 1 <= len(rules) <= MOST_RULES
            or not len(hessian) == len(window) == 2
        ):
            return None
        return {
            "landscape": {
                "name": of.name(),
                "hessian": hessian,
                "curvatures": of.numbers("curvatures", 2),
                "centre": of.numbers("centre", 2),
                "value": of.number("value"),
                "window": window,
            },
            "start": whole.numbers("start", 2),
            "steps": steps,
            "rules": [_rule(_Reader(rule)) for rule in rules],
        }
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError):
        return None


def _rule(rule: _Reader) -> dict[str, Any]:
    row = _Reader(rule.given["row"])
    return {
        "name": rule.name(),
        "lr": rule.number("lr"),
        "momentum": None if rule.given["momentum"] is None else rule.number("momentum"),
        "most": rule.number("most"),
        "row": [row.numbers(name, 4) for name in "mcpq"],
    }


def _document(
    numbers: dict[str, Any], words: dict[str, str], name: str
) -> tuple[dict[str, Any], dict[str, str]]:
    """The two figures as BokehJS takes them, and the place of each; the script fills them."""
    from bokeh.document import Document
    from bokeh.models import ColumnDataSource, Range1d

    from polyak.show.browser import DASHES, LIGHT, MARKERS, OVER, lean, new_figure

    (left, right), (bottom, top) = numbers["landscape"]["window"]
    above = min(numbers["landscape"]["curvatures"]) > 0
    plane = new_figure(
        LIGHT, "x₁", "x₂", 360, name="plane", x_range=Range1d(left, right), y_range=Range1d(bottom, top)
    )
    _ground(plane, numbers["landscape"])
    spans = {"x_range": Range1d(0, numbers["steps"]), "y_range": Range1d(1e-4, 10)}
    kind, label = ("log", words["above"]) if above else ("linear", words["value"])
    values = new_figure(LIGHT, words["step"], label, 360, name="values", y_axis_type=kind, **spans)
    for k, _ in enumerate(numbers["rules"]):
        source = ColumnDataSource({each: [] for each in ("step", "x1", "x2", "value")}, name=f"trace{k}")
        pen: dict[str, Any] = {"color": LIGHT.rules[k], "source": source, **OVER}
        plane.line("x1", "x2", line_width=2, line_dash=DASHES[k], **pen)
        plane.scatter("x1", "x2", size=4.5, marker=MARKERS[k], **pen)
        values.line("step", "value", line_width=1.8, line_dash=DASHES[k], **pen)
    start = ColumnDataSource({"x1": [], "x2": []}, name="start")
    plane.scatter(
        "x1", "x2", source=start, size=15, fill_color=None, line_color=LIGHT.ink, line_width=3, **OVER
    )
    if above:
        star = {"marker": "star", "size": 17, "fill_color": LIGHT.ink, "line_color": LIGHT.paper}
        plane.scatter(*([x] for x in numbers["landscape"]["centre"]), **star, **OVER)
    lean(plane, values)
    made = Document()
    roots = {}
    for figure in (plane, values):
        made.add_root(figure)
        roots[figure.id] = f"{name}-{figure.name}"
    return dict(made.to_json(deferred=False)), roots


def _ground(plane: Any, landscape: dict[str, Any]) -> None:  # noqa: ANN401  Bokeh's figure has no types
    """The quadratic's heights, as a picture: spaced by the square, they show the valley as well as the walls."""
    import numpy as np

    from polyak.show.browser import LIGHT, ramp

    (left, right), (bottom, top) = landscape["window"]
    sides = [np.linspace(low, high, GROUND) for low, high in landscape["window"]]
    away = np.stack(np.meshgrid(*sides), axis=-1) - np.array(landscape["centre"])
    heights = np.einsum("...i,ij,...j->...", away, np.array(landscape["hessian"]), away)
    heights -= heights.min()
    part = (heights / (heights.max() or 1.0)) ** (1 / 2.2)
    levels = np.minimum((LEVELS * part).astype(np.uint8), LEVELS - 1).astype(np.uint8)
    plane.image(
        image=[levels],
        x=left,
        y=bottom,
        dw=right - left,
        dh=top - bottom,
        palette=ramp(LIGHT.valley, LIGHT.wall, LEVELS),
        level="image",
    )
