"""What a panel knows of the page that it stands on, and nothing more."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from typing import Protocol, TypeAlias, TypeVar

from bokeh.models import InlineStyleSheet

from polyak.lab.background import Task, Tell
from polyak.lab.budget import Budget
from polyak.lab.kinds import Kind
from polyak.lab.offer import Offer
from polyak.lab.state import State, Value
from polyak.lab.words import Words
from polyak.landscapes import Landscape
from polyak.show.browser import Look

Answer = TypeVar("Answer")
Ask: TypeAlias = Callable[[Kind, Mapping[str, Value], Landscape], Mapping[str, float]]
"""From a rule with its settings, on a landscape, to other settings of it."""
Stop: TypeAlias = Callable[[], None]
"""Ends what was to happen later."""


class Session(Protocol):
    """One page, as its panels know it.

    Attributes:
        look, words, sheet: the page's colours, its language, and the style of its widgets.
        budget: how much of the server's thread this page may still ask for.
        address: where the page is served.
    """

    look: Look
    words: Words
    sheet: InlineStyleSheet
    budget: Budget
    address: str

    @property
    def state(self) -> State:
        """What is shown."""

    @property
    def offer(self) -> Offer:
        """What the lab has now: a watched file may have changed it."""

    def change(self, **changes: object) -> None:
        """Another state, where it can be shown; else one line on what is wrong, and the widgets as they were."""

    def change_settings(self, **settings: Value) -> None:
        """Other settings of the active rule."""

    def silently(self) -> AbstractContextManager[None]:
        """Widgets that are set inside ask for nothing. All that a panel draws when it is told to is so drawn."""

    def ask(self, work: Ask) -> None:
        """Find settings in a thread, for the active rule on this landscape; one line where there are none."""

    def begin(
        self,
        work: Callable[[Tell], Answer],
        done: Callable[[Task, Answer], None],
        failed: Callable[[Task | None, str], None],
        progress: Callable[[Task, float], None] | None = None,
    ) -> Task | None:
        """Work in the background, whose end is handled in the server's thread; None where there is too much already."""

    def say(self, text: str) -> None:
        """One line at the head of the page."""

    def call(self, word: str) -> None:
        """Ask the other panels for something, such as "train"; whoever does not know the word does nothing."""

    def after(self, milliseconds: float, act: Callable[[], None]) -> Stop:
        """Do something once, later."""

    def every(self, milliseconds: float, act: Callable[[], None]) -> Stop:
        """Do something again and again."""
