"""What all pages of a lab share: what there is to choose from, the files that are watched, the threads."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import Protocol

from polyak.lab.background import Background, Task
from polyak.lab.checking import MOST_RULES, checked
from polyak.lab.kinds import Kind
from polyak.lab.offer import Offer
from polyak.lab.panel import Question, in_order
from polyak.lab.state import Chosen, State
from polyak.lab.watched_files import WatchedFile
from polyak.landscapes import Landscape


class Follower(Protocol):
    """A page that is open, as far as its lab knows it."""

    def offer_changed(self, readable: Sequence[WatchedFile], /) -> None:
        """A watched file was saved."""

    def later(self, act: Callable[[], None], /) -> None:
        """Do something in the server's thread."""


class Shared:
    """What the pages of one lab have in common.

    Attributes:
        offer: its rules, landscapes and problems.
        first: the state that a page without a link begins with.
        pages: those that are open.
        address: where it is served; empty where it is not.
    """

    def __init__(self, offer: Offer, first: State, watched: Sequence[WatchedFile] = ()) -> None:
        self.base, self.watched = offer, list(watched)
        self.pages: set[Follower] = set()
        self.background = Background()
        self.address = ""
        self.downloads = 0  # under way
        for file in self.watched:
            file.changed()
        self.offer = self._offered()
        self.first = checked(with_contents(first, self.watched), self.offer)

    def _offered(self) -> Offer:
        kinds, places, spelled = dict(self.base.rules), dict(self.base.landscapes), dict(self.base.spelled)
        for file in self.watched:
            if isinstance(file.content, Kind):
                kinds[file.content.name] = file.content
            elif isinstance(file.content, Landscape):
                places[file.content.name] = file.content
                spelled[file.content.name] = file.spelled
        return Offer(kinds, places, self.base.problems, spelled)

    def troubles(self) -> list[str]:
        """What is wrong with the files that are watched, a line each."""
        return [file.trouble for file in self.watched if file.trouble]

    def look_at_files(self) -> None:
        """Read what was saved since the last look, in a thread; the pages follow."""
        saved = [file for file in self.watched if file.changed()]
        if not saved:
            return
        missing = [file for file in saved if file.content is None]

        def read(_: object) -> None:
            for file in saved:
                file.read()

        def follow(_task: Task, _answer: None) -> None:
            self._follow([file for file in missing if file.content is not None])

        self.background.begin(read, done=follow, failed=lambda *_: None)

    def _follow(self, readable: Sequence[WatchedFile]) -> None:
        self.offer = self._offered()
        if readable:
            self.first = with_contents(self.first, readable)
        for page in list(self.pages):
            page.later(partial(page.offer_changed, readable))

    def adapted(self, state: State, readable: Sequence[WatchedFile] = ()) -> State:
        """The state for what there is now: settings that a rule has no longer are left out."""
        state = with_contents(state, readable)
        rules = tuple(
            Chosen(c.rule, {k: v for k, v in c.settings.items() if k in self.offer.kind(c.rule).begin})
            for c in state.rules
        )
        return checked(replace(state, rules=rules), self.offer.reaching(state.landscape))

    def warm_up(self) -> None:
        """Compute what the first page shows, so that nobody waits for a compilation when it is opened."""
        for panel in in_order():
            panel.warm_up(Question(self.first, self.offer.reaching(self.first.landscape)))


def with_contents(state: State, watched: Sequence[WatchedFile]) -> State:
    """The state with what these files hold: their rules first, their landscape descended."""
    contents = [file.content for file in watched]
    kinds = [content for content in contents if isinstance(content, Kind)]
    places = [content for content in contents if isinstance(content, Landscape)]
    if kinds:
        rules = tuple(Chosen(kind.name, dict(kind.begin)) for kind in kinds[:MOST_RULES])
        state = replace(state, rules=rules, active=0)
    if places:
        state = replace(state, landscape=places[0].name, start=(places[0].start[0], places[0].start[1]))
    return state
