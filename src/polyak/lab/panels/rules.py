"""Which rules: up to four side by side, each with its colour, one of them set by the sliders."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bokeh.models import Button, InlineStyleSheet, Row, Select

from polyak.lab.state import MOST_RULES, Chosen, State

if TYPE_CHECKING:
    from polyak.lab.page import Page

MARKS = ("●", "■", "▲", "◆")
TO_ADD = ("gradient_descent", "nesterov", "adam", "heavy_ball", "rmsprop")


class RulesPanel:
    """A button for each rule, one to add another and one to remove the active, and the choice of its kind.

    Bokeh's page keeps the widgets that are taken off it: those of four rules are made once, and hidden or shown.
    """

    def __init__(self, page: Page) -> None:
        self.page, say = page, page.words.say
        self.buttons = [self._button(k) for k in range(MOST_RULES)]
        self.more = Button(label="+", name="add_rule", stylesheets=[page.sheet])
        self.less = Button(label="−", name="drop_rule", stylesheets=[page.sheet])
        for button, name in ((self.more, "add"), (self.less, "drop")):
            button.html_attributes = {"title": say("controls", name)}
        self.more.on_click(self._add)
        self.less.on_click(self._drop)
        self.row = Row(
            *self.buttons,
            self.more,
            self.less,
            name="rules",
            css_classes=["rules"],
            stylesheets=[page.sheet],
            sizing_mode="stretch_width",
        )
        self.kind = Select(
            title=say("controls", "rule"),
            name="rule",
            options=self._kinds(),
            stylesheets=[page.sheet],
            sizing_mode="stretch_width",
        )
        self.kind.on_change("value", lambda _attr, _old, new: self._set_kind(new))

    @property
    def roots(self) -> list[Any]:
        """What the page's template places."""
        return [self.row, self.kind]

    def draw(self, state: State) -> None:
        """Show which rules there are, and which is active."""
        known = self.page.words.known
        for k, button in enumerate(self.buttons):
            button.visible = k < len(state.rules)
            if button.visible:
                name = state.rules[k].rule
                button.label = f"{MARKS[k]} {known('rules', name, name.replace('_', ' '))}"
                button.css_classes = ["rule", "active"] if k == state.active else ["rule"]
        self.more.visible, self.less.visible = len(state.rules) < MOST_RULES, len(state.rules) > 1
        self.kind.options = self._kinds()
        self.kind.value = state.current.rule

    def _button(self, k: int) -> Button:
        colour = InlineStyleSheet(css=f":host {{ --mark: {self.page.look.rules[k]}; }}")
        made = Button(label="", name=f"rule{k}", visible=False, stylesheets=[self.page.sheet, colour])
        made.on_click(lambda: self.page.change(active=k))
        return made

    def _kinds(self) -> list[tuple[str, str]]:
        known = self.page.words.known
        return [(name, known("rules", name, name.replace("_", " "))) for name in self.page.offer.rules]

    def _set_kind(self, name: str) -> None:
        """Another rule in the active one's place, with what settings of the same name there were."""
        state, kind = self.page.state, self.page.offer.rules.get(name)
        begin = {} if kind is None else kind.begin
        kept = {key: value for key, value in state.current.settings.items() if key in begin}
        rules = list(state.rules)
        rules[state.active] = Chosen(name, {**begin, **kept})
        self.page.change(rules=tuple(rules))

    def _add(self) -> None:
        state = self.page.state
        used = {chosen.rule for chosen in state.rules}
        name = next(name for name in TO_ADD if name not in used)
        rules = (*state.rules, Chosen(name, dict(self.page.offer.kind(name).begin)))
        self.page.change(rules=rules, active=len(rules) - 1)

    def _drop(self) -> None:
        state = self.page.state
        rules = tuple(chosen for k, chosen in enumerate(state.rules) if k != state.active)
        self.page.change(rules=rules, active=min(state.active, len(rules) - 1))
