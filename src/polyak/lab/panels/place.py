"""Where the rules descend, from where, and how far; and the steps played one after another."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bokeh.models import Column, NumericInput, Row, Select, Slider, Spinner, Toggle

from polyak.lab.state import FARTHEST, MOST_STEPS, State

if TYPE_CHECKING:
    from polyak.lab.page import Page

FRAME = 90  # milliseconds between two steps that are played


class PlacePanel:
    """The landscape, the start's coordinates, the steps, and up to which the trace is shown."""

    def __init__(self, page: Page) -> None:
        self.page, say = page, page.words.say
        self.playing: Any = None
        wide: dict[str, Any] = {"stylesheets": [page.sheet], "sizing_mode": "stretch_width"}
        self.landscape = Select(
            title=say("controls", "landscape"), name="landscape", options=list(page.offer.landscapes), **wide
        )
        self.start = [
            NumericInput(
                title=f"{say('controls', 'start')} {symbol}",
                name=f"start{k + 1}",
                mode="float",
                low=-FARTHEST,
                high=FARTHEST,
                **wide,
            )
            for k, symbol in enumerate(("x₁", "x₂"))
        ]
        self.steps = Spinner(
            title=say("controls", "steps"), name="steps", low=1, high=MOST_STEPS, step=10, mode="int", **wide
        )
        self.shown = Slider(
            title=say("controls", "shown"),
            name="shown",
            start=0,
            end=20,
            step=1,
            value=20,
            bar_color=page.look.accent,
            **wide,
        )
        self.play = Toggle(label=say("controls", "play"), name="play", **wide)
        self.landscape.on_change("value", lambda _attr, _old, new: self._set_landscape(new))
        for box in self.start:
            box.on_change("value", lambda _attr, _old, _new: self._set_start())
        self.steps.on_change("value", lambda _attr, _old, new: self._set_steps(new))
        self.shown.on_change("value", lambda _attr, _old, new: page.change(shown=new))
        self.play.on_change("active", lambda _attr, _old, new: self._play(new))

    @property
    def roots(self) -> list[Any]:
        """What the page's template places."""
        beside: dict[str, Any] = {"sizing_mode": "stretch_width", "stylesheets": [self.page.sheet]}
        return [
            Column(
                self.landscape,
                Row(*self.start, **beside),
                Row(self.steps, self.play, css_classes=["bottom"], **beside),
                self.shown,
                name="place",
                sizing_mode="stretch_width",
            )
        ]

    def draw(self, state: State) -> None:
        """Show the state."""
        self.landscape.options = list(self.page.offer.landscapes)
        self.landscape.value = state.landscape
        for box, value in zip(self.start, state.start, strict=True):
            box.value = value
        self.steps.value, self.shown.end, self.shown.value = state.steps, state.steps, state.shown

    def _set_landscape(self, name: str) -> None:
        landscape = self.page.offer.landscapes.get(name)
        start = self.page.state.start if landscape is None else landscape.start
        self.page.change(landscape=name, start=start)

    def _set_start(self) -> None:
        values = [box.value for box in self.start]
        if None not in values:
            self.page.change(start=tuple(values))

    def _set_steps(self, steps: Any) -> None:
        followed = self.page.state.shown >= self.page.state.steps
        self.page.change(steps=steps, **({"shown": steps} if followed else {}))

    def _play(self, on: bool) -> None:
        doc, state = self.page.doc, self.page.state
        if self.playing is not None:
            doc.remove_periodic_callback(self.playing)
            self.playing = None
        if on:
            if state.shown >= state.steps:
                self.page.change(shown=0)
            self.playing = doc.add_periodic_callback(self._next, FRAME)

    def _next(self) -> None:
        state = self.page.state
        if state.shown >= state.steps:
            self.play.active = False
        else:
            self.page.change(shown=state.shown + max(1, state.steps // 100))
