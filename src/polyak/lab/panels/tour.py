"""The guided tour: eight steps that follow the chapter, each a state of the lab and two sentences."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import Any

from bokeh.models import Button, Row

from polyak.lab.fields import whole
from polyak.lab.figures import paragraph
from polyak.lab.panel import Panel
from polyak.lab.session import Session
from polyak.lab.state import Chosen, State

RAVINE: Mapping[str, Any] = {
    "landscape": "ravine",
    "start": (-5.0, -2.0),
    "steps": 20,
    "shown": 20,
    "active": 0,
}


def _descent(lr: float) -> Chosen:
    return Chosen("gradient_descent", {"lr": lr})


def _momentum(lr: float, momentum: float) -> Chosen:
    return Chosen("heavy_ball", {"lr": lr, "momentum": momentum})


# What each step sets; its words are in words/*.toml, under the same number.
STEPS: tuple[Mapping[str, Any], ...] = (
    {**RAVINE, "rules": (_descent(0.4),)},
    {**RAVINE, "rules": (_descent(0.6),)},
    {**RAVINE, "rules": (_momentum(0.4, 0.5), _descent(0.4))},
    {**RAVINE, "rules": (_momentum(0.6, 0.5), _descent(0.6))},
    {**RAVINE, "rules": (_momentum(0.6, 0.5),), "signal": "alternating"},
    {**RAVINE, "rules": (_momentum(0.05, 0.95),), "steps": 200, "shown": 200, "signal": "noisy"},
    {
        **RAVINE,
        "rules": (_momentum(0.02, 0.9), _momentum(0.02, 0.5)),
        "batch_size": 10,
        "epochs": 2,
        "seeds": 16,
    },
    {
        **RAVINE,
        "rules": (_momentum(0.6, 0.5), Chosen("averaged_gradient", {"lr": 0.6, "momentum": 0.5})),
    },
)
TOUR = len(STEPS)
TRAINS = 7  # the step that trains


def at_step(step: int) -> dict[str, Any]:
    """What a step of the tour changes of any state; step 0 ends the tour and changes nothing else."""
    return {"tour": step, **(STEPS[step - 1] if step else {})}


class TourPanel(Panel):
    """The words of a step, and the way on and back."""

    name = "tour"
    order = 10
    fields = (whole("tour", 0, 0, TOUR),)
    sections = {"tour": '{{ place("tour_words") }}{{ place("tour_buttons") }}'}

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self.text = paragraph(session, "tour_words")
        self.buttons = {name: self._button(name) for name in ("begin", "back", "next", "end")}
        self.buttons["begin"].on_click(lambda: self._go(1))
        self.buttons["back"].on_click(lambda: self._go(int(session.state.own["tour"]) - 1))
        self.buttons["next"].on_click(lambda: self._go(int(session.state.own["tour"]) + 1))
        self.buttons["end"].on_click(lambda: self._go(0))
        self.row = Row(
            *self.buttons.values(), name="tour_buttons", css_classes=["buttons"], stylesheets=[session.sheet]
        )
        self.roots = [self.text, self.row]

    def _button(self, name: str) -> Button:
        return Button(label=self.say(name), name=f"tour_{name}", stylesheets=[self.session.sheet])

    def _go(self, step: int) -> None:
        step = min(max(step, 0), TOUR)
        self.session.change(**at_step(step))
        if step == TRAINS:
            self.session.call("train")

    def draw(self, state: State) -> None:
        step = int(state.own["tour"])
        self.buttons["begin"].visible = not step
        self.buttons["back"].visible = step > 1
        self.buttons["next"].visible = 0 < step < TOUR
        self.buttons["end"].visible = step > 0
        self.text.update(text=self._words(step) if step else "", visible=step > 0)  # empty, it takes no room

    def _words(self, step: int) -> str:
        title, text = (escape(self.session.words.say(f"tour_{step}", part)) for part in ("title", "text"))
        return f"<strong>{step}/{TOUR} {title}</strong> {text}"
