"""The phase plane: regimes named, a handle for each curvature to drag, and the trajectory under the pointer."""

from __future__ import annotations

from collections.abc import Callable
from html import escape
from typing import TYPE_CHECKING, Any

import numpy as np
from bokeh.core.properties import value as literally
from bokeh.events import MouseMove, Pan, PanStart, Tap
from bokeh.models import Button, ColumnDataSource, Div, LinearColorMapper, Range1d, Row
from bokeh.plotting.contour import contour_data

from polyak.ground.numbers import readable
from polyak.lab.computing import planes
from polyak.lab.offer import Kind
from polyak.lab.panels.look import FONT, lean, new_figure, title
from polyak.lab.state import State
from polyak.theory import Stability
from polyak.theory.words import GROWS, rate_in_words

if TYPE_CHECKING:
    from polyak.lab.page import Page

RATES, EDGE = [0.3, 0.5, 0.7, 0.8, 0.9, 0.95], [1.0]
MARKERS = ("circle", "square", "diamond", "triangle")
NOTHING: dict[str, list[Any]] = {"a": [], "value": [], "marker": [], "curvature": []}


class PhasePanel:
    """The plane of (lr times curvature, momentum), its buttons, and what is under the pointer."""

    def __init__(self, page: Page) -> None:
        self.page, look, say = page, page.look, page.words.say
        self.kind: Kind | None = None
        self.plane: planes.Plane | None = None
        self.handle = 0
        self.fresh = False
        self.image = ColumnDataSource({"image": [], "x": [], "y": [], "dw": [], "dh": []})
        self.names = ColumnDataSource({"x": [], "y": [], "text": []})
        self.marks = ColumnDataSource(NOTHING, name="marks")
        self.path = ColumnDataSource({"step": [], "x": []}, name="path")
        self.figure = new_figure(
            look, "η λ", "γ", 380, name="phase", x_range=Range1d(0, planes.TOP), y_range=Range1d(0, 1)
        )
        self.small = new_figure(
            look,
            say("trace", "step"),
            "x",
            150,
            name="under_pointer",
            x_range=Range1d(-0.5, planes.SMALL_STEPS + 0.5),
            y_range=Range1d(-1.4, 1.4),
        )
        title(self.small, look, say("phase", "hover"))
        self.words = Div(name="prediction", stylesheets=[page.sheet], sizing_mode="stretch_width")
        self.buttons = Row(
            *(self._button(name, ask) for name, ask in self._asks().items()),
            name="phase_buttons",
            sizing_mode="stretch_width",
            stylesheets=[page.sheet],
            css_classes=["buttons"],
        )
        self.lines: list[Any] = []
        self._draw_glyphs()

    @property
    def roots(self) -> list[Any]:
        """What the page's template places."""
        return [self.figure, self.small, self.words, self.buttons]

    def _asks(self) -> dict[str, Callable[..., dict[str, float]]]:
        return {"best": planes.best, "critical": planes.critical, "edge": planes.edge}

    def _button(self, name: str, ask: Callable[..., dict[str, float]]) -> Button:
        say = self.page.words.say
        made = Button(label=say("phase", name), name=name, stylesheets=[self.page.sheet])
        made.on_click(lambda: self.page.ask(ask))
        return made

    def _draw_glyphs(self) -> None:
        look, figure = self.page.look, self.figure
        mapper = LinearColorMapper(palette=list(look.regimes), low=-0.5, high=len(look.regimes) - 0.5)
        figure.image("image", "x", "y", "dw", "dh", source=self.image, color_mapper=mapper, level="image")
        letters = {"text_align": "center", "text_baseline": "middle", "text_color": look.ink}
        paper = {"background_fill_color": look.paper, "background_fill_alpha": 0.75, "padding": 2}
        figure.text(
            "x",
            "y",
            "text",
            source=self.names,
            text_font_size="12px",
            text_font=literally(FONT),
            level="annotation",
            **letters,
            **paper,
        )
        self.dots = figure.scatter(
            "a",
            "value",
            marker="marker",
            source=self.marks,
            size=14,
            fill_color=look.rules[0],
            line_color=look.ink,
            line_width=2,
            level="overlay",
        )
        self.small.line("step", "x", source=self.path, color=look.ink, line_width=1.5)
        self.small.scatter("step", "x", source=self.path, color=look.ink, size=4)
        lean(self.small)
        lean(figure)
        figure.on_event(PanStart, self._grab)
        figure.on_event(Pan, self._drag)
        figure.on_event(Tap, self._jump)
        figure.on_event(MouseMove, self._hover)

    def forget(self) -> None:
        """Say nothing: what was said is of another rule, or of another landscape."""
        self.words.text = ""

    def draw_plane(self, kind: Kind, plane: planes.Plane | None) -> None:
        """Show a rule's plane, or that there is none."""
        self.kind = kind
        say, known = self.page.words.say, self.page.words.known
        if plane is self.plane and plane is not None:
            return
        self.plane = plane
        if plane is None:
            for line in self.lines:
                line.set_data(contour_data([0, 1], [0, 1], np.zeros((2, 2)), EDGE, want_fill=False))
            self.image.data = {name: [] for name in self.image.data}
            self.names.data = {"x": [planes.TOP / 2], "y": [0.5], "text": [say("phase", "none")]}
            self.figure.y_range.start, self.figure.y_range.end = 0, 1
            self.marks.data = NOTHING
            self.path.data = {"step": [], "x": []}
            return
        low, high = float(plane.values[0]), float(plane.values[-1])
        self.image.data = {
            "image": [plane.regimes.astype(np.uint8)],
            "x": [0],
            "y": [low],
            "dw": [planes.TOP],
            "dh": [high - low],
        }
        self.figure.y_range.start, self.figure.y_range.end = low, high
        places = [(x, y, known("regimes", name, name)) for x, y, name in plane.names]
        self.names.data = dict(zip(("x", "y", "text"), map(list, zip(*places, strict=True)), strict=True))
        self.figure.yaxis.axis_label = self.page.label(plane.over) if plane.over else ""
        self.figure.yaxis.visible = plane.over is not None
        self.figure.xaxis.axis_label = f"{self.page.label(plane.lr)} × {say('phase', 'curvature')}"
        self._draw_rates(plane)
        self.fresh = True

    def _draw_rates(self, plane: planes.Plane) -> None:
        """Lines of equal rate, and the edge; made once, and given other places for another plane."""
        look, place = self.page.look, (plane.lr_curvature, plane.values, plane.rates)
        if self.lines:
            for line, levels in zip(self.lines, (RATES, EDGE), strict=True):
                line.set_data(contour_data(*place, levels, want_fill=False))
            return
        for levels, colour, width in ((RATES, look.contour, 0.7), (EDGE, look.ink, 2.2)):
            self.lines.append(self.figure.contour(*place, levels, line_color=colour, line_width=width))

    def draw_marks(self, state: State) -> None:
        """Where the setting stands, a mark for each curvature of the landscape; at the border, for one beyond."""
        kind, plane = self.page.offer.kind(state.current.rule), self.plane
        if plane is None or self.kind is not kind:  # the plane of another rule: its own is being computed
            self.marks.data = NOTHING
            return
        settings = kind.rule(state.current.settings).settings()
        lr = float(settings[plane.lr])
        value = float(settings[plane.over]) if plane.over else 0.5
        known = planes.curvatures_of(self.page.offer.landscapes[state.landscape])
        beyond = [lr * c > planes.TOP for c in known]
        self.marks.data = {
            "a": [float(min(max(lr * c, 0.0), planes.TOP)) for c in known],
            "value": [min(value, float(plane.values[-1]))] * len(known),
            "marker": ["asterisk" if far else MARKERS[k % 4] for k, far in enumerate(beyond)],
            "curvature": known.tolist(),
        }
        colour = self.page.look.rules[state.active]
        if self.dots.glyph.fill_color != colour:
            self.dots.glyph.fill_color = colour
        if self.fresh and self.marks.data["a"]:
            self.fresh = False
            self._draw_path(self.marks.data["a"][-1], value)

    def draw_prediction(self, found: Stability | None, changes: bool, why_not: str) -> None:
        """The regime and the rate on each curvature, how large the learning rate may be, and what that is true of.

        Or, where nothing is found, why nothing is said.
        """
        if found is None:
            self.words.text = escape(why_not)
            return
        say, known = self.page.words.say, self.page.words.known
        signs = ("●", "■", "◆", "▲")
        lines = [
            say(
                "phase",
                "on_curvature",
                sign=signs[k % 4],
                curvature=readable(curvature),
                regime=known("regimes", regime, regime),
                rate=rate_in_words(rate),
            )
            + (say("phase", "grows_first", peak=readable(peak, 3)) if GROWS <= peak < np.inf else "")
            for k, (curvature, regime, rate, peak) in enumerate(
                zip(found.curvatures, found.regimes, found.log_rates, found.peaks, strict=True)
            )
        ]
        if found.lr and found.stable_lrs:
            lr = self.page.label(found.lr)
            ends = [f"{readable(low, 6)}-{readable(high, 6)}" for low, high in found.stable_lrs]
            if len(ends) > 1 or not found.max_lr:
                lines.append(say("phase", "stable_between", lr=lr, ends=", ".join(ends)))
            elif np.isfinite(found.max_lr):
                lines.append(say("phase", "stable_up_to", lr=lr, most=readable(found.max_lr, 6)))
        lines.append(say("phase", "near_the_minimiser" if changes else "on_quadratics"))
        self.words.text = "<br>".join(map(escape, lines))

    def _settings_at(self, a: float, value: float, curvature: float) -> dict[str, float]:
        plane = self.plane
        if plane is None or not curvature > 0 or self.kind is not self._current():
            return {}
        lr = float(readable(max(a, 0.0) / curvature, 3))
        found = {plane.lr: lr}
        if plane.over is not None:
            low, high = float(plane.values[0]), float(plane.values[-1])
            found[plane.over] = round(min(max(value, low), high), 3)
        return found

    def _grab(self, event: Any) -> None:
        """The mark nearest to where a drag begins is the one that is dragged."""
        away = [abs(a - event.x) for a in self.marks.data["a"]]
        self.handle = int(np.argmin(away)) if away else 0

    def _drag(self, event: Any) -> None:
        marks = self.marks.data["curvature"]
        if self.handle < len(marks):
            self.page.change_settings(**self._settings_at(event.x, event.y, marks[self.handle]))

    def _jump(self, event: Any) -> None:
        self._grab(event)
        self._drag(event)

    def _current(self) -> Kind:
        return self.page.offer.kind(self.page.state.current.rule)

    def _hover(self, event: Any) -> None:
        known = self.plane is not None and self.kind is self._current() and None not in (event.x, event.y)
        if known and 0 <= event.x <= planes.TOP:
            with self.page.budget.spending():
                self._draw_path(float(event.x), float(event.y))

    def _draw_path(self, a: float, height: float) -> None:
        """The small trajectory of a place of the plane, on a curvature of 1."""
        plane, page = self.plane, self.page
        assert plane is not None
        low, high = float(plane.values[0]), float(plane.values[-1])
        value = min(max(height, low), high)
        kind = page.offer.kind(page.state.current.rule)
        x = planes.path_at(kind, page.state.current.settings, plane, a, value)
        shown = np.where(np.abs(x) < 1e3, x, np.nan)
        rate, regime = plane.at(a, value)
        self.path.data = {"step": np.arange(len(x)), "x": shown}
        self.small.title.text = page.words.say(
            "phase",
            "under_pointer",
            a=readable(a, 3),
            over=page.symbol(plane.over) if plane.over else "",
            value=readable(value, 3) if plane.over else "",
            regime=page.words.known("regimes", regime, regime),
            rate=readable(rate, 3),
        )
