"""The settings of the active rule: each number a slider in its natural scale and a box, each choice a list."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import zip_longest

from bokeh.models import Column, NumericInput, Row, Select, Slider

from polyak.lab.figures import styled
from polyak.lab.kinds import Control, Kind
from polyak.lab.panel import Panel
from polyak.lab.scales import Scale
from polyak.lab.session import Session
from polyak.lab.state import State, Value


class NumberRow:
    """A slider and a box for one number; made once, and given to one setting or another."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.control: Control | None = None
        self.scale: Scale | None = None
        way = {"start": 0, "end": 1, "value": 0, "step": 0.01, "show_value": False, "tooltips": False}
        self.slider = Slider(bar_color=session.look.accent, **styled(session, **way))
        self.box = NumericInput(mode="float", width=96, stylesheets=[session.sheet])
        self.row = Row(self.slider, self.box, **styled(session, css_classes=["setting"]))
        self.slider.on_change("value", lambda _attr, _old, new: self._slid(new))
        self.box.on_change("value", lambda _attr, _old, new: self._typed(new))

    def give(self, control: Control | None, value: float) -> None:
        """Stand for this setting from here on, or for none."""
        self.control = control
        self.row.visible = control is not None
        if control is None:
            self.slider.name = self.box.name = None
            return
        self.scale = control.scale(value)
        label = self.session.words.label(control.name, control.meaning)
        self.slider.update(
            title=label,
            name=f"slider_{control.name}",
            start=self.scale.low,
            end=self.scale.high,
            step=self.scale.step,
            value=self.scale.position(value),
        )
        self.box.update(name=f"number_{control.name}", html_attributes={"aria-label": label})

    def show(self, value: float) -> None:
        if self.box.value != value:
            self.box.value = value
        assert self.scale is not None
        position = self.scale.position(value)
        if abs(self.slider.value - position) > self.scale.step / 2:
            self.slider.value = position

    def _slid(self, position: float) -> None:
        if self.control is not None and self.scale is not None:
            self.session.change_settings(**{self.control.name: self.scale.value(position)})

    def _typed(self, value: float) -> None:
        if self.control is not None:
            self.session.change_settings(**{self.control.name: value})


class ChoiceRow:
    """A list for one choice between conventions; made once, and given to one choice or another."""

    def __init__(self, session: Session) -> None:
        self.session, self.name = session, ""
        self.spelled: dict[str, Value] = {}
        self.select = Select(**styled(session))
        self.select.on_change("value", lambda _attr, _old, new: self._chosen(new))

    def give(self, name: str | None, options: tuple[Value, ...] = ()) -> None:
        """Stand for this choice from here on, or for none."""
        self.select.visible = name is not None
        self.name, self.spelled = name or "", {str(option): option for option in options}
        self.select.update(
            title=self.session.words.choice(self.name) if name else "",
            name=f"choice_{name}" if name else None,
            options=[(word, self.session.words.option(word)) for word in self.spelled],
        )

    def _chosen(self, word: str) -> None:
        if self.name:
            self.session.change_settings(**{self.name: self.spelled.get(word, word)})


class SettingsPanel(Panel):
    """As many rows as the rule has settings; Bokeh's page keeps what is taken off it, so rows are hidden instead."""

    name = "rule_settings"
    order = 25
    sections = {"controls": '{{ place("settings") }}'}

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self.kind: Kind | None = None
        self.numbers: list[NumberRow] = []
        self.choices: list[ChoiceRow] = []
        self.column = Column(name="settings", sizing_mode="stretch_width")
        self.roots = [self.column]

    def draw(self, state: State) -> None:
        kind = self.session.offer.kind(state.current.rule)
        settings = {**kind.begin, **state.current.settings}
        if kind is not self.kind:
            self.kind = kind
            self._give(kind, settings)
        for row in self.numbers:
            if row.control is not None:
                row.show(float(settings[row.control.name]))
        for choice in self.choices:
            if choice.name:
                choice.select.value = str(settings[choice.name])

    def _give(self, kind: Kind, settings: Mapping[str, Value]) -> None:
        controls, choices = kind.controls, kind.choices.items()
        before = len(self.numbers) + len(self.choices)
        self.numbers += [NumberRow(self.session) for _ in range(len(controls) - len(self.numbers))]
        self.choices += [ChoiceRow(self.session) for _ in range(len(choices) - len(self.choices))]
        for row, control in zip_longest(self.numbers, controls):
            row.give(control, float(settings[control.name]) if control else 0.0)
        for choice, about in zip_longest(self.choices, choices):
            choice.give(*(about or (None,)))
        if len(self.numbers) + len(self.choices) != before:
            self.column.children = [row.row for row in self.numbers] + [c.select for c in self.choices]
