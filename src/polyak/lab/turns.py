"""From a change to the picture, in three turns.

At once, with each change, every panel draws what needs no computing. What needs more work follows in a thread, once for
all changes that came meanwhile. What is patient, words and links that take a good part of a second to find, comes last.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, TypeAlias

from polyak.lab.background import Outcome, Task, Tell, attempted
from polyak.lab.panel import Panel, Question
from polyak.lab.session import Session

SETTLE = 0.1  # seconds without a change, before the second turn begins
AT_MOST = 0.4  # seconds, while changes go on

Outcomes: TypeAlias = dict[Panel, Outcome[Any]]


class Turns:
    """When the panels of a page are drawn, and when they compute."""

    def __init__(self, session: Session, panels: Sequence[Panel]) -> None:
        self.session, self.panels = session, panels
        self.abouts: dict[str, object] = {}
        self.tasks: dict[Panel, Task] = {}
        self.slowed = self.settling = False
        self.changed_at = self.unsettled_at = 0.0

    def now(self) -> Question:
        """What there is to compute about now."""
        return Question(self.session.state, self.session.offer)

    # The first turn.

    def begin(self) -> None:
        """Draw what has changed; a little later, where this session has had more than its share."""
        if self.slowed:
            return
        wait = self.session.budget.wait()
        if wait > 0:
            self.slowed = True
            self.session.say(self.session.words.say("page", "slowed"))
            self.session.after(1000 * wait + 1, self._begin_late)
            return
        self.draw()
        self._settle()

    def _begin_late(self) -> None:
        self.slowed = False
        self.session.say("")
        self.begin()

    def draw(self) -> None:
        """Every panel as the state is now, without an answer that is of something else."""
        question = self.now()
        with self.session.budget.spending(), self.session.silently():
            for panel in self.panels:
                about = panel.about(question)
                if about != self.abouts.get(panel.name):
                    panel.forget()
                self.abouts[panel.name] = about
                panel.draw(question.state)

    def _settle(self) -> None:
        """Begin the second turn once the changes pause, or have gone on for a while."""
        self.changed_at = time.monotonic()
        if not self.settling:
            self.settling, self.unsettled_at = True, self.changed_at
            self.session.after(1000 * SETTLE, self._settled)

    def _settled(self) -> None:
        wait = min(self.changed_at + SETTLE, self.unsettled_at + AT_MOST) - time.monotonic()
        if wait > 0.005:
            self.session.after(1000 * wait + 1, self._settled)
        else:
            self._compute()

    # The second turn, and the third.

    def _compute(self) -> None:
        self._ask([panel for panel in self.panels if panel.computes and not panel.patient], self._computed)

    def _computed(self, question: Question, outcomes: Outcomes) -> None:
        self.settling = False
        now = self.now()
        with self.session.budget.spending(), self.session.silently():
            for panel in self.panels:
                panel.settle(now.state)
            for panel, outcome in outcomes.items():
                if panel.about(question) == panel.about(now):
                    panel.take(outcome)
        if not _same(question, now):
            self._settle()
        else:
            self.be_patient()

    def be_patient(self) -> None:
        """Once the changes have paused: what the patient panels find, each in a task of its own."""
        for panel in self.panels:
            if panel.computes and panel.patient:
                if (before := self.tasks.pop(panel, None)) is not None:
                    before.cancel()
                if (task := self._ask([panel], self._found)) is not None:
                    self.tasks[panel] = task

    def _found(self, question: Question, outcomes: Outcomes) -> None:
        if _same(question, self.now()):  # else that of the state as it is is on its way
            with self.session.silently():
                for panel, outcome in outcomes.items():
                    panel.take(outcome)

    def _ask(self, panels: list[Panel], done: Callable[[Question, Outcomes], None]) -> Task | None:
        """Have these panels compute, one after another in a thread, about the state as it is."""
        question = self.now()

        def work(tell: Tell) -> list[Outcome[Any]]:
            asked = replace(question, tell=tell)
            return [attempted(partial(panel.compute, asked)) for panel in panels]

        return self.session.begin(
            work,
            lambda _, outcomes: done(question, dict(zip(panels, outcomes, strict=True))),
            lambda _, text: done(question, dict.fromkeys(panels, Outcome(None, text))),
        )


def _same(question: Question, now: Question) -> bool:
    return question.state == now.state and question.offer is now.offer
