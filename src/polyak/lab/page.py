"""One page of the lab, one session: a state, the panels that show it, and the way from a change to the picture.

A change is checked, then drawn in two turns. What the eye follows, traces and marks, is drawn at once; what needs more
work (predictions, memory, lines to copy) follows in a thread, once for all changes that came meanwhile.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from html import escape
from typing import TYPE_CHECKING, Any

from bokeh.document import Document
from bokeh.models import Div

from polyak.ground.errors import PolyakError
from polyak.lab.background import Task, in_a_line
from polyak.lab.budget import Budget
from polyak.lab.computing import descents, memories, planes, spellings
from polyak.lab.link import encoded
from polyak.lab.offer import Control, Kind, Offer
from polyak.lab.panels.elsewhere import ElsewherePanel
from polyak.lab.panels.look import look, widget_sheet
from polyak.lab.panels.memory import MemoryPanel
from polyak.lab.panels.phase import PhasePanel
from polyak.lab.panels.place import PlacePanel
from polyak.lab.panels.rules import RulesPanel
from polyak.lab.panels.settings import SettingsPanel
from polyak.lab.panels.tour import TourPanel
from polyak.lab.panels.trace import TracePanel
from polyak.lab.panels.training import TrainingPanel
from polyak.lab.state import State, checked
from polyak.lab.watch import Source
from polyak.lab.words import words
from polyak.landscapes import Landscape
from polyak.run import Trace

if TYPE_CHECKING:
    from polyak.lab.lab import Lab
    from polyak.theory import Stability

SETTLE = 0.1  # seconds without a change, before the second turn begins
AT_MOST = 0.4  # seconds, while changes go on
GREEK = {"lr": "η", "momentum": "γ", "beta1": "β₁", "beta2": "β₂", "eps": "ε", "decay": "ρ", "rate": "ρ"}


class Page:
    """A session's page: `doc` is Bokeh's document of it."""

    def __init__(self, doc: Document, lab: Lab, state: State, address: str, note: str = "") -> None:
        self.doc, self.lab, self.state, self.address = doc, lab, state, address
        self.words, self.look, self.sheet = words(state.language), look(dark=state.dark), widget_sheet()
        self.budget = Budget()
        self.quiet = False
        self.drawing: Task | None = None
        self.spelling: Task | None = None
        self.late = self.settling = False
        self.changed_at = self.unsettled_at = 0.0
        self.traces: dict[Any, Trace] = {}
        self.about: tuple[Any, ...] = ()
        self.notice = Div(name="notice", stylesheets=[self.sheet], sizing_mode="stretch_width")
        self.trouble = Div(name="trouble", stylesheets=[self.sheet], sizing_mode="stretch_width")
        self.controls = RulesPanel(self), SettingsPanel(self), PlacePanel(self)
        self.trace, self.phase = TracePanel(self), PhasePanel(self)
        self.memory, self.training = MemoryPanel(self), TrainingPanel(self)
        self.elsewhere, self.tour = ElsewherePanel(self), TourPanel(self)
        self.appearance = Div(name="appearance", stylesheets=[self.sheet])
        # Bokeh looks through all models at each one that is added: once, at the end, is enough.
        with doc.models.freeze():
            self._build(note)

    @property
    def offer(self) -> Offer:
        """What the lab has now: a watched file may have changed it."""
        return self.lab.offer

    def _build(self, note: str) -> None:
        panels = (
            *self.controls,
            self.trace,
            self.phase,
            self.memory,
            self.training,
            self.elsewhere,
            self.tour,
        )
        for root in (
            self.notice,
            self.trouble,
            self.appearance,
            *(r for panel in panels for r in panel.roots),
        ):
            self.doc.add_root(root)
        self.doc.title = self.words.say("page", "title")
        self.doc.on_session_destroyed(lambda _: self.close())
        self.say(note)
        self.show_trouble()
        self._redraw()

    def close(self) -> None:
        """The tab is gone: end what was done for it."""
        self.training.cancel()
        self.lab.pages.discard(self)

    # A change, from whichever widget it comes.

    def change(self, **changes: Any) -> None:
        """Another state, where it can be shown; else one line on what is wrong, and the widgets as they were."""
        if self.quiet:
            return
        try:
            state = checked(replace(self.state, **changes), self.offer)
        except PolyakError as error:
            self.say(str(error))
            self._draw_controls()
            return
        if state != self.state:
            self.state = state
            self.say("")
            self._redraw()

    def change_settings(self, **settings: Any) -> None:
        """Other settings of the active rule."""
        if not self.quiet and settings:
            self.change(rules=self.state.with_settings(**settings).rules)

    @contextmanager
    def silently(self) -> Iterator[None]:
        """Widgets that are set inside ask for nothing."""
        before, self.quiet = self.quiet, True
        try:
            yield
        finally:
            self.quiet = before

    def ask(self, work: Callable[[Kind, Mapping[str, Any], Landscape], Mapping[str, float]]) -> None:
        """Find settings in a thread, for the active rule as it stands on this landscape; one line where there are none.

        The answer is that rule's: it is given to it, whichever is active by then, and to nothing where the rule, its
        settings or the landscape have changed meanwhile.
        """
        asked, at = self.state, self.state.active
        kind, landscape = self.offer.kind(asked.current.rule), self.offer.landscapes[asked.landscape]

        def stands() -> bool:
            now, offer = self.state, self.offer
            return (
                at < len(now.rules)
                and now.rules[at] == asked.current
                and offer.kind(asked.current.rule) is kind
                and offer.landscapes.get(now.landscape) is landscape
            )

        def answered(found: Mapping[str, float]) -> None:
            if stands():
                self.change(rules=self.state.with_settings(at, **found).rules)

        self._begin(
            lambda _: work(kind, asked.current.settings, landscape),
            lambda _, found: answered(found),
            lambda text: self.say(text) if stands() else None,
        )

    def later(self, act: Callable[[], None]) -> None:
        """Do something in the server's thread, from any other; nothing, if the page is gone by then."""
        with suppress(RuntimeError, AttributeError):
            self.doc.add_next_tick_callback(act)

    def say(self, text: str) -> None:
        """One line at the head of the page."""
        shown = f'<p role="status">{escape(text)}</p>' if text else ""
        if self.notice.text != shown:
            self.notice.text = shown

    def show_trouble(self) -> None:
        """What is wrong with the files that are watched."""
        lines = "".join(f"<p>{escape(text)}</p>" for text in self.lab.troubles())
        self.trouble.text, self.trouble.visible = lines, bool(lines)

    def offer_changed(self, found: Sequence[Source]) -> None:
        """A watched file was saved: the same state with what now stands in it; `found` could not be read before."""
        self.show_trouble()
        self.traces.clear()
        self.trace.landscape = None
        try:
            self.state = self.lab.adapted(self.state, found)
        except PolyakError as error:
            self.say(str(error))
        self._redraw()

    # Drawing.

    def _redraw(self) -> None:
        """The first turn, at once; later, where this session has had more than its share, or a thread is at it."""
        if self.late or self.drawing is not None:
            return
        wait = self.budget.wait()
        if wait > 0:
            self.late = True
            self.say(self.words.say("page", "slowed"))
            self.doc.add_timeout_callback(self._redraw_late, int(1000 * wait) + 1)
            return
        with self.budget.spending():
            self._draw_traces()
            self._draw_controls()

    def _draw_controls(self) -> None:
        with self.silently():
            for panel in self.controls:
                panel.draw(self.state)

    def _redraw_late(self) -> None:
        self.late = False
        self.say("")
        self._redraw()

    def _draw_traces(self) -> None:
        state, missing = self.state, self._missing()
        if missing and not all(self.lab.is_warm(key) for key in missing):
            # Compiling takes most of a second: in a thread, so that the other sessions do not wait for it.
            self.say(self.words.say("page", "compiling"))
            offer = self.offer
            self.drawing = self._begin(
                lambda _: self._compute(missing, offer),
                lambda _, found: self._drawn(found, offer),
                self._not_drawn,
            )
            return
        try:
            self.traces.update(self._compute(missing, self.offer))
        except BaseException as error:  # a file of the user's may call sys.exit()
            self.say(in_a_line(error))
            return
        self._show_traces(state)

    def _drawn(self, found: dict[Any, Trace], offer: Offer) -> None:
        self.drawing = None
        if offer is self.offer:  # else a file was saved meanwhile, and they are of what stood there before
            self.traces.update(found)
        self.say("")
        self._redraw()

    def _not_drawn(self, text: str) -> None:
        self.drawing = None
        self.say(text)

    def _show_traces(self, state: State) -> None:
        keys = self._keys(state)
        self.traces = {key: self.traces[key] for key in keys}
        self.trace.draw(state, [self.traces[key] for key in keys])
        self._forget_another(state)
        self.phase.draw_marks(state)
        self.tour.draw(state)
        self.training.draw(state)
        self._settle()

    def _settle(self) -> None:
        """Begin the second turn once the changes pause, or have gone on for a while."""
        self.changed_at = time.monotonic()
        if not self.settling:
            self.settling, self.unsettled_at = True, self.changed_at
            self.doc.add_timeout_callback(self._settled, int(1000 * SETTLE))

    def _settled(self) -> None:
        now = time.monotonic()
        wait = min(self.changed_at + SETTLE, self.unsettled_at + AT_MOST) - now
        if wait > 0.005:
            self.doc.add_timeout_callback(self._settled, int(1000 * wait) + 1)
        else:
            self._second_turn()

    def _keys(self, state: State) -> list[Any]:
        place = state.landscape, state.start, state.steps
        return [(chosen.rule, tuple(chosen.settings.items()), *place) for chosen in state.rules]

    def _missing(self) -> dict[Any, Any]:
        keys = self._keys(self.state)
        return {k: r for k, r in zip(keys, self.state.rules, strict=True) if k not in self.traces}

    def _compute(self, missing: dict[Any, Any], offer: Offer) -> dict[Any, Trace]:
        found = {}
        for key, chosen in missing.items():
            landscape, start, steps = key[2:]
            found[key] = descents.trace_of(offer.rule(chosen), offer.landscapes[landscape], start, steps)
            self.lab.warm(key)
        return found

    def _second_turn(self) -> None:
        """What needs more than a moment: computed in a thread for the state as it is, drawn when it is done."""
        state, offer, shown = self.state, self.offer, self.phase.plane
        about = self._about(state)

        def work(_: Any) -> Any:
            kind, landscape = offer.kind(state.current.rule), offer.landscapes[state.landscape]
            rule, plane, prediction, why_not = offer.rule(state.current), None, None, ""
            changes = False
            try:
                plane = planes.plane_of(kind, state.current.settings)
                if plane is not shown:
                    planes.path_at(kind, state.current.settings, plane, 1.0, float(plane.values[0]))
                prediction = planes.prediction(rule, landscape)
                changes = planes.changes(rule, landscape, state.start, state.steps)
            except PolyakError as error:
                why_not = str(error)
            try:
                memory = memories.memory_of(rule, state.signal)
            except PolyakError as error:
                memory, why_not = None, why_not or str(error)
            return kind, plane, (prediction, changes), why_not, memory

        self._begin(
            work,
            lambda _, found: self._draw_rest(state, about, *found),
            lambda text: self._rest_failed(state, about, text),
        )

    def _about(self, state: State) -> tuple[Any, ...]:
        """What the second turn's words and figures are about; while only numbers move, they follow a moment behind."""
        return state.active, self.offer.kind(state.current.rule), self.offer.landscapes[state.landscape]

    def _forget_another(self, state: State) -> None:
        """Leave nothing on the page that was found of another rule, or on another landscape."""
        about = self._about(state)
        if about != self.about:
            self.phase.forget()
        if about[:2] != self.about[:2]:
            self.memory.forget()
        self.about = about

    def _draw_rest(
        self,
        state: State,
        about: tuple[Any, ...],
        kind: Kind,
        plane: Any,
        prediction: tuple[Stability | None, bool],
        why_not: str,
        memory: Any,
    ) -> None:
        self.settling = False
        if about != self._about(self.state):
            self._settle()
            return
        with self.budget.spending():
            self.trace.settle()
            self.phase.draw_plane(kind, plane)
            self.phase.draw_marks(self.state)
            self.phase.draw_prediction(*prediction, why_not)
            if memory is not None:
                self.memory.draw(state, memory)
            else:
                self.memory.forget()
        if state != self.state:
            self._settle()
        else:
            self._third_turn()

    def _third_turn(self) -> None:
        """Words and links, once the changes have paused: some translations take a good part of a second to find."""
        state, offer, shell = self.state, self.offer, self.words.say("elsewhere", "shell")
        self._draw_appearance(state)

        def work(tell: Any) -> list[tuple[str, str]]:
            lines = [
                ("Python", spellings.python_line(state, offer)),
                (shell, spellings.shell_line(state, offer)),
            ]
            for framework in spellings.frameworks():
                tell(0, 1)
                lines += spellings.elsewhere(state, offer, framework)
            return lines

        if self.spelling is not None:
            self.spelling.cancel()

        def show(lines: list[tuple[str, str]]) -> None:
            if (
                state == self.state and offer is self.offer
            ):  # else those of the state as it is are on their way
                self.elsewhere.draw(state, lines)

        def fail(text: str) -> None:
            self.say(text)
            show([])

        self.spelling = self._begin(work, lambda _, lines: show(lines), fail)

    def _rest_failed(self, state: State, about: tuple[Any, ...], text: str) -> None:
        self.settling = False
        if about == self._about(self.state):
            self.say(text)
            self.phase.forget()
            self.memory.forget()
        if state != self.state:
            self._settle()

    def _draw_appearance(self, state: State) -> None:
        """Links to the same state in the other language and on the other paper."""
        say = self.words.say
        other = "zh" if state.language == "en" else "en"
        links = (
            (replace(state, language=other), say("page", "other_language"), "language"),
            (replace(state, dark=not state.dark), say("page", "light" if state.dark else "dark"), "dark"),
        )
        self.appearance.text = " ".join(
            f'<a class="button" id="{name}" href="?state={encoded(target)}">{escape(text)}</a>'
            for target, text, name in links
        )

    def _begin(
        self,
        work: Callable[[Any], Any],
        done: Callable[[Task, Any], None],
        failed: Callable[[str], None] | None = None,
    ) -> Task | None:
        """Work in the background, whose end is handled in the server's thread."""

        fail = failed or self.say
        try:
            return self.lab.background.begin(
                work,
                done=lambda task, found: self.later(lambda: done(task, found)),
                failed=lambda _, text: self.later(lambda: fail(text)),
            )
        except PolyakError as error:
            fail(str(error))
            return None

    # Names.

    def symbol(self, name: str) -> str:
        """A setting's letter on paper, or its name."""
        return GREEK.get(name, name.replace("_", " "))

    def label(self, name: str, control: Control | None = None) -> str:
        """A setting's meaning and its letter."""
        meaning = self.words.known("settings", name, control.meaning if control else name.replace("_", " "))
        return f"{meaning} {GREEK[name]}" if name in GREEK else meaning
