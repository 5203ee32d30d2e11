"""A panel of the page: a class in a file of its own, which registers itself by its name.

The page has every panel that is registered; the link holds every panel's fields, the warm-up computes what each shows
first. A file in `lab/panels/` is found by itself; one from elsewhere need only be imported before the lab is made.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, ClassVar

from bokeh.models import UIElement

from polyak.ground.errors import PolyakError
from polyak.lab.background import Outcome, Tell
from polyak.lab.fields import Field
from polyak.lab.kinds import Kind
from polyak.lab.offer import Offer
from polyak.lab.session import Session
from polyak.lab.state import ATTRIBUTES, State
from polyak.lab.words import Words
from polyak.landscapes import Landscape
from polyak.rules.protocol import Optimizer

PANELS: dict[str, type[Panel]] = {}
ALONE = '<h2>{{ say("title") }}</h2>{{ place(name) }}'  # a section of its own, for a panel of one part


@dataclass(frozen=True, eq=False)
class Question:
    """What a panel computes about: a state, what the lab had then, and a way to hear that it is not wanted any more."""

    state: State
    offer: Offer
    tell: Tell = lambda _part, _whole: None

    @property
    def kind(self) -> Kind:
        """The active rule, its settings free."""
        return self.offer.kind(self.state.current.rule)

    @property
    def rule(self) -> Optimizer:
        """The active rule."""
        return self.offer.rule(self.state.current)

    @property
    def landscape(self) -> Landscape:
        """What is descended."""
        return self.offer.landscapes[self.state.landscape]


class Panel:
    """What is shown of a state, drawn in up to three turns.

    A subclass with a `name` is registered. At once, with each change, it is drawn. What it computes follows in a
    thread once the changes pause, or, where it is `patient`, once all others are drawn.

    Attributes:
        name: of the panel, and of its words.
        order: of the panel among the others, from the page's head to its foot.
        fields: what it keeps in the state, and so in every link.
        sections: HTML by the section of the page that it stands in; `place("x")` is where its part of that name goes,
            `say("y")` its phrase of that name.
        words: its phrases by language and name, beside those in `lab/words/`; English where a language is left out.
        css: the style of its section and of its parts.
        computes: whether there is anything to compute.
        patient: whether that waits until all others are drawn, in a thread of its own.
        roots: its parts, each with a name of its own; made with the panel.
    """

    name: ClassVar[str]
    order: ClassVar[int] = 100
    fields: ClassVar[tuple[Field, ...]] = ()
    sections: ClassVar[Mapping[str, str]] = {}
    words: ClassVar[Mapping[str, Mapping[str, str]]] = {}
    css: ClassVar[str] = ""
    computes: ClassVar[bool] = False
    patient: ClassVar[bool] = False
    roots: list[UIElement]

    def __init_subclass__(cls) -> None:
        taken = ATTRIBUTES | own_fields().keys()
        for field in cls.fields:
            if field.name in taken:
                raise TypeError(f"{cls.__name__}: the state has a {field.name} already")
        if cls.name in PANELS:
            raise TypeError(f"{cls.__name__}: there is a panel {cls.name} already")
        PANELS[cls.name] = cls

    def __init__(self, session: Session) -> None:
        self.session = session

    def say(self, name: str, **values: object) -> str:
        """One of its phrases."""
        return self.session.words.say(self.name, name, **values)

    def draw(self, state: State) -> None:
        """Show what needs no computing: at once, with each change."""

    def settle(self, state: State) -> None:
        """Show what can wait until the changes pause."""

    def about(self, question: Question) -> object:
        """What its answer is about: when that is another, the answer that is shown is forgotten at once.

        A rule on a landscape, unless a panel says otherwise; while only numbers move, answers follow a moment behind.
        """
        return question.state.active, question.kind, question.landscape

    @classmethod
    def compute(cls, question: Question) -> Any:  # noqa: ANN401
        """The answer to what it shows, in a thread; a PolyakError is what it says instead."""

    def take(self, outcome: Outcome[Any]) -> None:
        """Show an answer, or why there is none."""
        if outcome.complaint:
            self.refuse(self.session.words.complaint(outcome.complaint))
        else:
            self.show(outcome.answer)

    def show(self, answer: Any) -> None:  # noqa: ANN401
        """Show an answer."""

    def refuse(self, text: str) -> None:
        """Say why there is no answer."""
        self.forget()
        self.session.say(text)

    def forget(self) -> None:
        """Show no answer: the one that is shown is of something else."""

    def hear(self, word: str) -> None:
        """Another panel asks for something."""

    def close(self) -> None:
        """The page is gone: end what is done for it."""

    @classmethod
    def warm_up(cls, question: Question) -> None:
        """Compute once what the first page shows, so that nobody waits for a compilation.

        A PolyakError is raised only where nothing can be shown at all: the lab is not made then.
        """
        if cls.computes and not cls.patient:
            with suppress(PolyakError):
                cls.compute(question)


def in_order() -> list[type[Panel]]:
    """The panels, from the page's head to its foot."""
    return sorted(PANELS.values(), key=lambda panel: panel.order)


def own_fields() -> dict[str, Field]:
    """What the panels keep in the state, by name."""
    return {field.name: field for panel in PANELS.values() for field in panel.fields}


def words(language: str) -> Words:
    """The words of a page in a language: those that it shares, and those of its panels."""
    own = {
        panel.name: {**panel.words["en"], **panel.words.get(language, {})}
        for panel in PANELS.values()
        if panel.words
    }
    return Words(language, own)
