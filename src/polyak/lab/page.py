"""One page of the lab, one session: a state, the panels that show it, and the way of a change to them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from html import escape
from importlib.resources import files

from bokeh.document import Document
from bokeh.models import Div, InlineStyleSheet

from polyak.ground.errors import PolyakError
from polyak.lab import panels  # noqa: F401  each file there registers its panel
from polyak.lab.background import Task, Tell
from polyak.lab.budget import Budget
from polyak.lab.checking import checked
from polyak.lab.figures import paragraph
from polyak.lab.link import decoded, not_at_hand
from polyak.lab.offer import Offer
from polyak.lab.panel import Panel, in_order, words
from polyak.lab.session import Answer, Ask, Stop
from polyak.lab.shared import Shared
from polyak.lab.state import State, Value
from polyak.lab.turns import Turns
from polyak.lab.watched_files import WatchedFile
from polyak.show.browser import look

MOST_PAGES = 500


class Page:
    """A session's page, which its panels know as a `Session`: `doc` is Bokeh's document of it."""

    def __init__(self, doc: Document, shared: Shared, state: State, note: str = "") -> None:
        self.place = state.landscape  # of the link: a quadratic that only this page has
        self.doc, self.shared = doc, shared
        self.now_shown = checked(state, self.offer)
        self.words, self.look, self.address = words(state.language), look(dark=state.dark), shared.address
        css = files("polyak.lab").joinpath("widgets.css").read_text("utf-8")
        self.sheet = InlineStyleSheet(css="\n".join([css, *(panel.css for panel in in_order() if panel.css)]))
        self.budget = Budget()
        self.quiet = False
        self.notice, self.trouble = paragraph(self, "notice"), paragraph(self, "trouble")
        self.notice.visible = self.trouble.visible = False
        # Bokeh looks through all models at each one that is added: once, at the end, is enough.
        with doc.models.freeze():
            self.panels: dict[str, Panel] = {panel.name: panel(self) for panel in in_order()}
            parts = [root for panel in self.panels.values() for root in panel.roots]
            for root in (self.notice, self.trouble, *parts):
                doc.add_root(root)
            doc.title = self.words.say("page", "title")
            self.say(note)
            self.show_trouble()
            self.turns = Turns(self, list(self.panels.values()))
            self.turns.begin()

    @property
    def state(self) -> State:
        return self.now_shown

    @property
    def offer(self) -> Offer:
        return self.shared.offer.reaching(self.place)

    def close(self) -> None:
        """The tab is gone: end what was done for it."""
        for panel in self.panels.values():
            panel.close()
        self.shared.pages.discard(self)

    # A change, from whichever widget it comes.

    def change(self, **changes: object) -> None:
        if self.quiet:
            return
        try:
            state = checked(self.state.changed(**changes), self.offer)
        except PolyakError as error:
            self.say(str(error))
            self.turns.draw()
            return
        if state != self.state:
            self.now_shown = state
            self.say("")
            self.turns.begin()

    def change_settings(self, **settings: Value) -> None:
        if not self.quiet:
            self.change(rules=self.state.with_settings(**settings).rules)

    @contextmanager
    def silently(self) -> Iterator[None]:
        before, self.quiet = self.quiet, True
        try:
            yield
        finally:
            self.quiet = before

    def ask(self, work: Ask) -> None:
        """Find settings in a thread, for the active rule as it stands on this landscape; one line where there are none.

        The answer is that rule's: it is given to it, whichever is active by then, and to nothing where the rule, its
        settings or the landscape have changed meanwhile.
        """
        then, at = self.state, self.state.active
        kind, landscape = self.offer.kind(then.current.rule), self.offer.landscapes[then.landscape]

        def stands() -> bool:
            now, offer = self.state, self.offer
            return (
                at < len(now.rules)
                and now.rules[at] == then.current
                and offer.kind(then.current.rule) is kind
                and offer.landscapes.get(now.landscape) is landscape
            )

        def give(settings: Mapping[str, float]) -> None:
            if stands():
                self.change(rules=self.state.with_settings(at, **settings).rules)

        self.begin(
            lambda _: work(kind, then.current.settings, landscape),
            lambda _, settings: give(settings),
            lambda _, text: self.say(text) if stands() else None,
        )

    def call(self, word: str) -> None:
        for panel in self.panels.values():
            panel.hear(word)

    # Time.

    def begin(
        self,
        work: Callable[[Tell], Answer],
        done: Callable[[Task, Answer], None],
        failed: Callable[[Task | None, str], None],
        progress: Callable[[Task, float], None] | None = None,
    ) -> Task | None:
        tell = progress or (lambda _task, _part: None)
        try:
            return self.shared.background.begin(
                work,
                done=lambda task, answer: self.later(partial(done, task, answer)),
                failed=lambda task, text: self.later(partial(failed, task, text)),
                progress=lambda task, part: self.later(partial(tell, task, part)),
            )
        except PolyakError as error:
            failed(None, str(error))
            return None

    def later(self, act: Callable[[], None]) -> None:
        """Do something in the server's thread, from any other; nothing, if the page is gone by then."""
        with suppress(RuntimeError, AttributeError):
            self.doc.add_next_tick_callback(act)

    def after(self, milliseconds: float, act: Callable[[], None]) -> Stop:
        return partial(
            self.doc.remove_timeout_callback, self.doc.add_timeout_callback(act, int(milliseconds))
        )

    def every(self, milliseconds: float, act: Callable[[], None]) -> Stop:
        return partial(
            self.doc.remove_periodic_callback, self.doc.add_periodic_callback(act, int(milliseconds))
        )

    # What is said.

    def say(self, text: str) -> None:
        text = self.words.complaint(text)
        shown = f'<p role="status">{escape(text)}</p>' if text else ""
        if self.notice.text != shown:
            self.notice.text, self.notice.visible = shown, bool(shown)  # empty, it takes no room

    def show_trouble(self) -> None:
        """What is wrong with the files that are watched."""
        lines = "".join(f"<p>{escape(text)}</p>" for text in self.shared.troubles())
        self.trouble.text, self.trouble.visible = lines, bool(lines)

    def offer_changed(self, readable: Sequence[WatchedFile]) -> None:
        """A watched file was saved: the same state with what now stands in it; `readable` could not be read before."""
        self.show_trouble()
        try:
            self.now_shown = self.shared.adapted(self.state, readable)
        except PolyakError as error:
            self.say(str(error))
        self.turns.begin()


def open_page(shared: Shared, doc: Document) -> None:
    """Fill a new session's document."""
    if len(shared.pages) >= MOST_PAGES:
        doc.add_root(Div(text=f"This lab has {MOST_PAGES} pages open, and takes no more."))
        return
    state, note = shared.first, ""
    if letters := doc.session_context.request.arguments.get("state"):
        try:
            text = letters[-1].decode("ascii", "replace")
            state = decoded(text, shared.offer)
            if missing := not_at_hand(text, shared.offer):
                note = f"the link's data {missing} is not at hand on this machine: training begins with other data"
        except PolyakError as error:
            note = str(error)
    shared.pages.add(Page(doc, shared, state, note))


def parts(shared: Shared) -> tuple[str, ...]:
    """The names of a page's parts, in their order: those of a page that is made for nobody."""
    return tuple(str(root.name) for root in Page(Document(), shared, shared.first).doc.roots)
