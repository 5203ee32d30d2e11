"""The phase plane: regimes named, a handle for each curvature to drag, and the trajectory under the pointer."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import Any

import numpy as np
from bokeh.core.properties import value as literally
from bokeh.events import MouseMove, Pan, PanStart, PointEvent, Tap
from bokeh.models import (
    Button,
    ColumnDataSource,
    ContourRenderer,
    LinearColorMapper,
    Range1d,
    Row,
)
from bokeh.plotting.contour import contour_data

from polyak.ground.numbers import readable
from polyak.lab.computing import planes
from polyak.lab.figures import empty, paragraph, set_ends, styled
from polyak.lab.kinds import Kind
from polyak.lab.panel import Panel, Question
from polyak.lab.panels.phase_words import sentences
from polyak.lab.session import Ask, Session
from polyak.lab.state import State
from polyak.lab.words import symbol
from polyak.show.browser import FONT, lean, new_figure, title

RATES, EDGE = [0.3, 0.5, 0.7, 0.8, 0.9, 0.95], [1.0]
MARKERS = ("circle", "square", "diamond", "triangle")
NOTHING: dict[str, list[Any]] = {"a": [], "value": [], "marker": [], "curvature": []}
ASKS: Mapping[str, Ask] = {"best": planes.best, "critical": planes.critical, "edge": planes.edge}


class PhasePanel(Panel):
    """The plane of (lr times curvature, momentum), its buttons, and what is under the pointer."""

    name = "phase"
    order = 50
    computes = True
    sections = {
        "phase": """<p class="title">{{ say("plane") }}</p>
{{ place("phase") }}{{ place("phase_buttons") }}{{ place("prediction") }}{{ place("under_pointer") }}"""
    }

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        look, step = session.look, session.words.say("trace", "step")
        self.kind: Kind | None = None
        self.plane: planes.Plane | None = None
        self.handle = 0
        self.fresh = False
        self.image = ColumnDataSource({"image": [], "x": [], "y": [], "dw": [], "dh": []})
        self.names = ColumnDataSource({"x": [], "y": [], "text": []})
        self.marks = ColumnDataSource(NOTHING, name="marks")
        self.path = ColumnDataSource({"step": [], "x": []}, name="path")
        spans = {"x_range": Range1d(0, planes.TOP), "y_range": Range1d(0, 1)}
        self.figure = new_figure(look, "η λ", "γ", 380, name="phase", **spans)
        spans = {"x_range": Range1d(-0.5, planes.SMALL_STEPS + 0.5), "y_range": Range1d(-1.4, 1.4)}
        self.small = new_figure(look, step, "x", 150, name="under_pointer", **spans)
        title(self.small, look, self.say("hover"))
        self.prediction = paragraph(session, "prediction")
        buttons = [self._button(name, ask) for name, ask in ASKS.items()]
        self.buttons = Row(*buttons, **styled(session, name="phase_buttons", css_classes=["buttons"]))
        self.lines: list[ContourRenderer] = []
        self._draw_glyphs()
        self.roots = [self.figure, self.small, self.prediction, self.buttons]

    def _button(self, name: str, ask: Ask) -> Button:
        button = Button(label=self.say(name), name=name, stylesheets=[self.session.sheet])
        button.on_click(lambda: self.session.ask(ask))
        return button

    def _draw_glyphs(self) -> None:
        look, figure = self.session.look, self.figure
        mapper = LinearColorMapper(palette=list(look.regimes), low=-0.5, high=len(look.regimes) - 0.5)
        figure.image("image", "x", "y", "dw", "dh", source=self.image, color_mapper=mapper, level="image")
        letters = {"text_align": "center", "text_baseline": "middle", "text_color": look.ink}
        font = {"text_font_size": "12px", "text_font": literally(FONT), "level": "annotation"}
        paper = {"background_fill_color": look.paper, "background_fill_alpha": 0.75, "padding": 2}
        figure.text("x", "y", "text", source=self.names, **font, **letters, **paper)
        dot = {"size": 14, "fill_color": look.rules[0], "line_color": look.ink, "line_width": 2}
        self.dots = figure.scatter("a", "value", marker="marker", source=self.marks, level="overlay", **dot)
        self.small.line("step", "x", source=self.path, color=look.ink, line_width=1.5)
        self.small.scatter("step", "x", source=self.path, color=look.ink, size=4)
        lean(self.small, figure)
        figure.on_event(PanStart, self._grab)
        figure.on_event(Pan, self._drag)
        figure.on_event(Tap, self._jump)
        figure.on_event(MouseMove, self._hover)

    # What is computed: the plane, and the prediction on the landscape's curvatures.

    @classmethod
    def compute(cls, question: Question) -> planes.Prediction:
        state = question.state
        return planes.prediction(
            question.kind, state.current.settings, question.landscape, state.start, state.steps
        )

    def forget(self) -> None:
        self.prediction.text = ""

    def show(self, answer: planes.Prediction) -> None:
        self._draw_plane(answer.kind, answer.plane)
        self.draw(self.session.state)
        lines = sentences(answer, self.session.words)
        self.prediction.text = "<br>".join(map(escape, lines))

    def _draw_plane(self, kind: Kind, plane: planes.Plane | None) -> None:
        self.kind = kind
        self.buttons.visible = self.small.visible = plane is not None
        if plane is None:
            self._draw_no_plane()
        elif plane is not self.plane:
            self._draw_regimes(plane)
            self._draw_rates(plane)
            self.fresh = True
        self.plane = plane

    def _draw_no_plane(self) -> None:
        for line in self.lines:
            line.set_data(contour_data([0, 1], [0, 1], np.zeros((2, 2)), EDGE, want_fill=False))
        empty(self.image, self.marks, self.path)
        self.names.data = {"x": [planes.TOP / 2], "y": [0.5], "text": [self.say("none")]}
        self.small.title.text = self.say("hover")
        set_ends(self.figure.y_range, 0, 1)

    def _draw_regimes(self, plane: planes.Plane) -> None:
        figure, words = self.figure, self.session.words
        low, high = plane.ends
        box = {"x": [0], "y": [low], "dw": [planes.TOP], "dh": [high - low]}
        self.image.data = {"image": [plane.regimes.astype(np.uint8)], **box}
        set_ends(figure.y_range, low, high)
        places = [(x, y, words.translated("regimes", name, name)) for x, y, name in plane.names]
        self.names.data = dict(zip(("x", "y", "text"), map(list, zip(*places, strict=True)), strict=True))
        figure.yaxis.axis_label = words.label(plane.over) if plane.over else ""
        figure.yaxis.visible = plane.over is not None
        figure.xaxis.axis_label = f"{words.label(plane.lr)} × {self.say('curvature')}"

    def _draw_rates(self, plane: planes.Plane) -> None:
        """Lines of equal rate, and the edge; made once, and given other places for another plane."""
        look, place = self.session.look, (plane.lr_curvature, plane.values, plane.rates)
        if self.lines:
            for line, levels in zip(self.lines, (RATES, EDGE), strict=True):
                line.set_data(contour_data(*place, levels, want_fill=False))
            return
        for levels, colour, width in ((RATES, look.contour, 0.7), (EDGE, look.ink, 2.2)):
            self.lines.append(self.figure.contour(*place, levels, line_color=colour, line_width=width))

    # The marks, at once with each change.

    def draw(self, state: State) -> None:
        kind, plane = self.session.offer.kind(state.current.rule), self.plane
        if plane is None or self.kind is not kind:  # the plane of another rule: its own is being computed
            self.marks.data = NOTHING
            return
        settings = kind.rule(state.current.settings).settings()
        value = float(settings[plane.over]) if plane.over else 0.5
        curvatures = planes.curvatures_of(self.session.offer.landscapes[state.landscape])
        places = float(settings[plane.lr]) * curvatures
        self.marks.data = {
            "a": np.clip(places, 0.0, planes.TOP).tolist(),
            "value": [min(value, plane.ends[1])] * len(places),
            "marker": ["asterisk" if a > planes.TOP else MARKERS[k % 4] for k, a in enumerate(places)],
            "curvature": curvatures.tolist(),
        }
        colour = self.session.look.rules[state.active]
        if self.dots.glyph.fill_color != colour:
            self.dots.glyph.fill_color = colour
        if self.fresh and len(places):
            self.fresh = False
            self._draw_path(plane, self.marks.data["a"][-1], value)

    # The pointer.

    def _shown_plane(self) -> planes.Plane | None:
        """The plane, if it is the active rule's own."""
        own = self.kind is self.session.offer.kind(self.session.state.current.rule)
        return self.plane if own else None

    def _grab(self, event: PointEvent) -> None:
        """The mark nearest to where a drag begins is the one that is dragged."""
        away = [abs(a - event.x) for a in self.marks.data["a"]]
        self.handle = int(np.argmin(away)) if away else 0

    def _drag(self, event: PointEvent) -> None:
        marks, plane = self.marks.data["curvature"], self._shown_plane()
        if plane is None or self.handle >= len(marks) or not marks[self.handle] > 0:
            return
        settings = {plane.lr: float(readable(max(event.x, 0.0) / marks[self.handle], 3))}
        if plane.over is not None:
            settings[plane.over] = round(plane.inside(event.y), 3)
        self.session.change_settings(**settings)

    def _jump(self, event: PointEvent) -> None:
        self._grab(event)
        self._drag(event)

    def _hover(self, event: PointEvent) -> None:
        plane = self._shown_plane()
        if plane is not None and None not in (event.x, event.y) and 0 <= event.x <= planes.TOP:
            with self.session.budget.spending():
                self._draw_path(plane, float(event.x), float(event.y))

    def _draw_path(self, plane: planes.Plane, a: float, height: float) -> None:
        """The small trajectory of a place of the plane, on a curvature of 1."""
        state, words = self.session.state, self.session.words
        value = plane.inside(height)
        kind = self.session.offer.kind(state.current.rule)
        x = planes.path_at(kind, state.current.settings, plane, a, value)
        self.path.data = {"step": np.arange(len(x)), "x": np.where(np.abs(x) < 1e3, x, np.nan)}
        rate, regime = plane.at(a, value)
        self.small.title.text = self.say(
            "under_pointer",
            a=readable(a, 3),
            over=symbol(plane.over) if plane.over else "",
            value=readable(value, 3) if plane.over else "",
            regime=words.translated("regimes", regime, regime),
            rate=readable(rate, 3),
        )
