"""Where the rules descend, from where, and how far; and the steps played one after another."""

from __future__ import annotations

from bokeh.models import Column, NumericInput, Row, Select, Slider, Spinner, Toggle

from polyak.lab.checking import FARTHEST, MOST_STEPS
from polyak.lab.figures import styled
from polyak.lab.panel import Panel
from polyak.lab.session import Session, Stop
from polyak.lab.state import State

FRAME = 90  # milliseconds between two steps that are played


class DescentPanel(Panel):
    """The landscape, the start's coordinates, the steps, and up to which the trace is shown."""

    name = "descent"
    order = 30
    sections = {"controls": '<hr>{{ place("descent") }}'}

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self.stop_playing: Stop | None = None
        title = {
            name: session.words.say("controls", name) for name in ("landscape", "start", "steps", "shown")
        }
        self.landscape = Select(
            title=title["landscape"],
            options=self._places(),
            **styled(session, name="landscape"),
        )
        ends = {"mode": "float", "low": -FARTHEST, "high": FARTHEST}
        self.start = [
            NumericInput(title=f"{title['start']} {symbol}", **styled(session, name=f"start{k}", **ends))
            for k, symbol in ((1, "x₁"), (2, "x₂"))
        ]
        bounds = {"low": 1, "high": MOST_STEPS, "step": 10, "mode": "int"}
        self.steps = Spinner(title=title["steps"], **styled(session, name="steps", **bounds))
        way = {"start": 0, "end": 20, "step": 1, "value": 20, "bar_color": session.look.accent}
        self.shown = Slider(title=title["shown"], **styled(session, name="shown", **way))
        self.play = Toggle(label=session.words.say("controls", "play"), **styled(session, name="play"))
        self.landscape.on_change("value", lambda _attr, _old, new: self._set_landscape(new))
        for box in self.start:
            box.on_change("value", lambda _attr, _old, _new: self._set_start())
        self.steps.on_change("value", lambda _attr, _old, new: self._set_steps(new))
        self.shown.on_change("value", lambda _attr, _old, new: session.change(shown=new))
        self.play.on_change("active", lambda _attr, _old, new: self._play(new))
        self.column = Column(
            self.landscape,
            Row(*self.start, **styled(session)),
            Row(self.steps, self.play, **styled(session, css_classes=["bottom"])),
            self.shown,
            name="descent",
            sizing_mode="stretch_width",
        )
        self.roots = [self.column]

    def draw(self, state: State) -> None:
        self.landscape.options = self._places()
        self.landscape.value = state.landscape
        for box, value in zip(self.start, state.start, strict=True):
            box.value = value
        self.steps.value, self.shown.end, self.shown.value = state.steps, state.steps, state.shown

    def _places(self) -> list[tuple[str, str]]:
        return [(name, self.session.words.place(name)) for name in self.session.offer.landscapes]

    def _set_landscape(self, name: str) -> None:
        landscape = self.session.offer.landscapes.get(name)
        start = self.session.state.start if landscape is None else landscape.start
        self.session.change(landscape=name, start=start)

    def _set_start(self) -> None:
        values = [box.value for box in self.start]
        if None not in values:
            self.session.change(start=tuple(values))

    def _set_steps(self, steps: int) -> None:
        followed = self.session.state.shown >= self.session.state.steps
        self.session.change(steps=steps, **({"shown": steps} if followed else {}))

    def _play(self, on: bool) -> None:
        state = self.session.state
        if self.stop_playing is not None:
            self.stop_playing()
            self.stop_playing = None
        if on:
            if state.shown >= state.steps:
                self.session.change(shown=0)
            self.stop_playing = self.session.every(FRAME, self._next)

    def _next(self) -> None:
        state = self.session.state
        if state.shown >= state.steps:
            self.play.active = False
        else:
            self.session.change(shown=state.shown + max(1, state.steps // 100))
