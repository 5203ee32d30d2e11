"""The guided tour: eight steps that follow the chapter, each a state of the lab and two sentences."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import TYPE_CHECKING, Any

from bokeh.models import Button, Div, Row

from polyak.lab.state import TOUR, Chosen, State

if TYPE_CHECKING:
    from polyak.lab.page import Page

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
assert len(STEPS) == TOUR


def at_step(step: int) -> dict[str, Any]:
    """What a step of the tour changes of any state; step 0 ends the tour and changes nothing else."""
    return {"tour": step, **(STEPS[step - 1] if step else {})}


class TourPanel:
    """The words of a step, and the way on and back."""

    def __init__(self, page: Page) -> None:
        self.page, say = page, page.words.say
        self.words = Div(name="tour_words", stylesheets=[page.sheet], sizing_mode="stretch_width")
        self.buttons = {
            name: Button(label=say("tour", name), name=f"tour_{name}", stylesheets=[page.sheet])
            for name in ("begin", "back", "next", "end")
        }
        self.buttons["begin"].on_click(lambda: self._go(1))
        self.buttons["back"].on_click(lambda: self._go(page.state.tour - 1))
        self.buttons["next"].on_click(lambda: self._go(page.state.tour + 1))
        self.buttons["end"].on_click(lambda: self._go(0))
        self.row = Row(
            *self.buttons.values(), name="tour_buttons", css_classes=["buttons"], stylesheets=[page.sheet]
        )

    @property
    def roots(self) -> list[Any]:
        """What the page's template places."""
        return [self.words, self.row]

    def _go(self, step: int) -> None:
        step = min(max(step, 0), TOUR)
        self.page.change(**at_step(step))
        if step == 7:
            self.page.training.begin()

    def draw(self, state: State) -> None:
        """Show the words of the state's step."""
        say, on = self.page.words.say, state.tour > 0
        self.buttons["begin"].visible = not on
        self.buttons["back"].visible = state.tour > 1
        self.buttons["next"].visible = on and state.tour < TOUR
        self.buttons["end"].visible = on
        if not on:
            self.words.text = ""
            return
        number = str(state.tour)
        self.words.text = (
            f"<strong>{state.tour}/{TOUR} {escape(say(f'tour_{number}', 'title'))}</strong> "
            f"{escape(say(f'tour_{number}', 'text'))}"
        )
