"""Which rules: up to four side by side, each with its colour, one of them set by the sliders."""

from __future__ import annotations

from bokeh.models import Button, InlineStyleSheet, Row, Select

from polyak.lab.checking import MOST_RULES
from polyak.lab.figures import styled
from polyak.lab.panel import Panel
from polyak.lab.session import Session
from polyak.lab.state import Chosen, State

MARKS = ("●", "■", "▲", "◆")
TO_ADD = ("gradient_descent", "nesterov", "adam", "heavy_ball", "rmsprop")


class ChosenRulesPanel(Panel):
    """A button for each rule, one to add another and one to remove the active, and the choice of its kind.

    Bokeh's page keeps the widgets that are taken off it: those of four rules are made once, and hidden or shown.
    """

    name = "chosen_rules"
    order = 20
    sections = {"controls": '{{ place("rules") }}{{ place("rule") }}'}

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        say = session.words.say
        self.buttons = [self._button(k) for k in range(MOST_RULES)]
        self.more = Button(label="+", name="add_rule", stylesheets=[session.sheet])
        self.less = Button(label="−", name="drop_rule", stylesheets=[session.sheet])
        for button, name in ((self.more, "add"), (self.less, "drop")):
            button.html_attributes = {"title": say("controls", name)}
        self.more.on_click(self._add)
        self.less.on_click(self._drop)
        buttons = *self.buttons, self.more, self.less
        self.row = Row(*buttons, **styled(session, name="rules", css_classes=["rules"]))
        self.kind = Select(
            title=say("controls", "rule"), options=self._kinds(), **styled(session, name="rule")
        )
        self.kind.on_change("value", lambda _attr, _old, new: self._set_kind(new))
        self.roots = [self.row, self.kind]

    def draw(self, state: State) -> None:
        for k, button in enumerate(self.buttons):
            button.visible = k < len(state.rules)
            if button.visible:
                button.label = f"{MARKS[k]} {self.session.words.rule(state.rules[k].rule)}"
                button.css_classes = ["rule", "active"] if k == state.active else ["rule"]
        self.more.visible, self.less.visible = len(state.rules) < MOST_RULES, len(state.rules) > 1
        self.kind.options = self._kinds()
        self.kind.value = state.current.rule

    def _button(self, k: int) -> Button:
        colour = InlineStyleSheet(css=f":host {{ --mark: {self.session.look.rules[k]}; }}")
        button = Button(label="", name=f"rule{k}", visible=False, stylesheets=[self.session.sheet, colour])
        button.on_click(lambda: self.session.change(active=k))
        return button

    def _kinds(self) -> list[tuple[str, str]]:
        return [(name, self.session.words.rule(name)) for name in self.session.offer.rules]

    def _set_kind(self, name: str) -> None:
        """Another rule in the active one's place, with what settings of the same name there were."""
        state, kind = self.session.state, self.session.offer.rules.get(name)
        begin = {} if kind is None else kind.begin
        kept = {key: value for key, value in state.current.settings.items() if key in begin}
        rules = list(state.rules)
        rules[state.active] = Chosen(name, {**begin, **kept})
        self.session.change(rules=tuple(rules))

    def _add(self) -> None:
        state = self.session.state
        used = {chosen.rule for chosen in state.rules}
        name = next(name for name in (*TO_ADD, *self.session.offer.rules) if name not in used)
        rules = (*state.rules, Chosen(name, dict(self.session.offer.kind(name).begin)))
        self.session.change(rules=rules, active=len(rules) - 1)

    def _drop(self) -> None:
        state = self.session.state
        rules = tuple(chosen for k, chosen in enumerate(state.rules) if k != state.active)
        self.session.change(rules=rules, active=min(state.active, len(rules) - 1))
