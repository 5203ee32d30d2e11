"""A lab: what it has to choose from, the pages that are open, and the server that serves them."""

from __future__ import annotations

import html
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import cached_property
from typing import Any

from polyak.ground.errors import PolyakError
from polyak.lab import offer as offers
from polyak.lab.background import Background
from polyak.lab.computing import descents, memories, planes
from polyak.lab.link import decoded
from polyak.lab.offer import Kind, Offer
from polyak.lab.state import Chosen, State, checked
from polyak.lab.watch import Source
from polyak.landscapes import Landscape, as_landscape
from polyak.problems import Problem
from polyak.rules import CATALOGUE, Rule

MOST_PAGES = 500
FRAME = 1000  # pixels of height, in a notebook


class Lab:
    """A lab that can be served. Made by `lab` and by `polyak lab`.

    Attributes:
        offer: its rules, landscapes and problems.
        first: the state that a page without a link begins with.
        pages: those that are open.
    """

    def __init__(self, offer: Offer, first: State, sources: Sequence[Source] = ()) -> None:
        self.base, self.first, self.sources = offer, first, list(sources)
        self.pages: set[Any] = set()
        self.background = Background()
        self.serving: Any = None
        self.known: set[Any] = set()
        self.reading = False
        self.downloads = 0  # under way
        self.lock = threading.Lock()
        for source in self.sources:
            source.changed()
        self.offer = self._offered()
        self.first = checked(self._with_sources(first), self.offer)

    # What there is.

    def _offered(self) -> Offer:
        kinds, places, spelled = dict(self.base.rules), dict(self.base.landscapes), dict(self.base.spelled)
        for source in self.sources:
            if isinstance(source.found, Kind):
                kinds[source.found.name] = source.found
            elif isinstance(source.found, Landscape):
                places[source.found.name] = source.found
                spelled[source.found.name] = source.spelled
        return Offer(kinds, places, self.base.problems, spelled)

    def _with_sources(self, state: State, only: Sequence[Source] | None = None) -> State:
        """The state with what the files hold: their rules first, their landscape descended."""
        found = [source.found for source in (self.sources if only is None else only)]
        kinds = [kind for kind in found if isinstance(kind, Kind)]
        places = [place for place in found if isinstance(place, Landscape)]
        if kinds:
            state = replace(
                state, rules=tuple(Chosen(kind.name, dict(kind.begin)) for kind in kinds[:4]), active=0
            )
        if places:
            state = replace(state, landscape=places[0].name, start=(places[0].start[0], places[0].start[1]))
        return state

    def troubles(self) -> list[str]:
        """What is wrong with the files that are watched, a line each."""
        return [source.trouble for source in self.sources if source.trouble]

    def look_at_files(self) -> None:
        """Read what was saved since the last look, in a thread; the pages follow."""
        saved = [source for source in self.sources if source.changed()]
        if not saved:
            return
        missing = [source for source in saved if source.found is None]

        def read(_: Any) -> None:
            for source in saved:
                source.read()

        def done(*_: Any) -> None:
            self.offer = self._offered()
            found = [source for source in missing if source.found is not None]
            if found:
                self.first = self._with_sources(self.first, found)
            for page in list(self.pages):
                page.later(lambda page=page: page.offer_changed(found))

        self.background.begin(read, done=done, failed=lambda *_: None)

    def adapted(self, state: State, found: Sequence[Source] = ()) -> State:
        """The state for what there is now: settings that a rule has no longer are left out."""
        state = self._with_sources(state, found) if found else state
        rules = tuple(
            Chosen(c.rule, {k: v for k, v in c.settings.items() if k in self.offer.kind(c.rule).begin})
            for c in state.rules
        )
        return checked(replace(state, rules=rules), self.offer)

    # What was computed before, so that nothing has to be compiled for it.

    def _compilation(self, key: Any) -> Any:
        name, settings, landscape, _, steps = key
        words = tuple((k, v) for k, v in settings if isinstance(v, str | bool))
        return self.offer.rules[name], words, self.offer.landscapes[landscape], (steps - 1).bit_length()

    def is_warm(self, key: Any) -> bool:
        """Whether a trace of this rule, on this landscape, of about as many steps, was computed before."""
        return self._compilation(key) in self.known

    def warm(self, key: Any) -> None:
        """Remember that it was."""
        with self.lock:
            self.known.add(self._compilation(key))

    def warm_up(self) -> None:
        """Compute what the first page shows, so that nobody waits for a compilation when it is opened."""
        state, offer = self.first, self.offer
        landscape = offer.landscapes[state.landscape]
        descents.contours(landscape, descents.window(landscape, state.start))
        for chosen in state.rules:
            descents.trace_of(offer.rule(chosen), landscape, state.start, state.steps)
            key = chosen.rule, tuple(chosen.settings.items()), state.landscape, state.start, state.steps
            self.warm(key)
        with suppress(PolyakError):
            plane = planes.plane_of(offer.kind(state.current.rule), state.current.settings)
            first = float(plane.values[0])
            planes.path_at(offer.kind(state.current.rule), state.current.settings, plane, 1.0, first)
            planes.prediction(offer.rule(state.current), landscape)
            planes.changes(offer.rule(state.current), landscape, state.start, state.steps)
        with suppress(PolyakError):
            memories.memory_of(offer.rule(state.current), state.signal)
        assert self.places  # what a page is made with is imported before one is asked for

    # Serving.

    def open_page(self, doc: Any) -> None:
        """Fill a new session's document: the first state, or the one that the link spells."""
        from polyak.lab.page import Page

        request = doc.session_context.request
        state, note = self.first, ""
        if len(self.pages) >= MOST_PAGES:
            from bokeh.models import Div

            doc.add_root(Div(text=f"This lab has {MOST_PAGES} pages open, and takes no more."))
            return
        if letters := request.arguments.get("state"):
            try:
                state = decoded(letters[-1].decode("ascii", "replace"), self.offer)
            except PolyakError as error:
                note = str(error)
        self.pages.add(Page(doc, self, state, self.address, note))

    def serve(self, *, host: str = "127.0.0.1", port: int = 0, origins: Sequence[str] = ()) -> Lab:
        """Serve the lab in a thread of its own, on `port` or the first free one after it; 0 for any."""
        from polyak.lab.addresses import checked_origin
        from polyak.lab.server import Serving

        if self.serving is None:
            self.serving = Serving(self, host, port, [checked_origin(word) for word in origins])
        return self

    @cached_property
    def places(self) -> tuple[str, ...]:
        """The names of a page's parts, in their order: those of a page that is made for nobody."""
        from bokeh.document import Document

        from polyak.lab.page import Page

        page = Page(Document(), self, self.first, self.address)
        return tuple(str(root.name) for root in page.doc.roots)

    @property
    def address(self) -> str:
        """What to open in a browser."""
        return "" if self.serving is None else str(self.serving.address)

    def stop(self) -> None:
        """End the server; pages that are open say so."""
        self.background.stop()
        if self.serving is not None:
            self.serving.stop()
            self.serving = None

    def _repr_html_(self) -> str:
        source = html.escape(self.address)
        return f'<iframe src="{source}" width="100%" height="{FRAME}" style="border: 0"></iframe>'

    def __repr__(self) -> str:
        return f"Lab({self.address or 'not served'})"


def lab(
    *rules: Any,
    on: Any = "ravine",
    data: Any = None,
    steps: int = 20,
    port: int = 0,
) -> Lab:
    """The lab, live: in a notebook its panels are shown inline; anywhere, `address` is what to open in a browser.

    Args:
        rules: one to four rules with their settings; an Optax optimizer or a page's function made a rule is one too.
            Classes of ours stand for themselves with settings to begin with. The heavy ball, where none is given.
        on: a landscape of two coordinates, its name, or a function f(x1, x2).
        data: a Problem to train, beside those at hand.
        steps: of the descents, from 1 to 1000.
        port: to listen on, at 127.0.0.1 alone; any that is free by default.

    Returns a Lab; its server ends with `stop()`, and with the process. Raises PolyakError for what cannot be used.

    >>> import polyak as pk
    >>> made = pk.lab(pk.HeavyBall(lr=0.6, momentum=0.5))
    >>> made.address.startswith("http://127.0.0.1:")
    True
    >>> made.stop()
    """
    kinds: dict[str, Kind] = {}
    chosen = [_chosen(rule, kinds) for rule in rules] or [Chosen("heavy_ball", {"lr": 0.6, "momentum": 0.5})]
    place = offers.plane_only(as_landscape(on))
    problems: dict[str, Callable[[], Problem]] = {}
    if data is not None:
        if not isinstance(data, Problem):
            raise PolyakError(f"{data!r} is no problem: expected one such as linear_regression(data)")
        problems[data.data.name] = lambda: data
    offered = offers.offer(kinds, {place.name: place}, problems)
    first = State(
        rules=tuple(chosen),
        landscape=place.name,
        start=(place.start[0], place.start[1]),
        steps=steps,
        shown=steps,
        data=next(iter(problems), next(iter(offered.problems))),
    )
    made = Lab(offered, checked(first, offered))
    made.warm_up()
    return made.serve(port=port)


def _chosen(rule: Any, kinds: dict[str, Kind]) -> Chosen:
    """A rule as the state names it; its kind is added to those of the catalogue where it is none of them."""
    is_class = isinstance(rule, type) and issubclass(rule, Rule)
    kind = offers.kind_of(rule) if is_class else offers.kind_like(rule)
    ours = CATALOGUE.get(kind.name)
    if ours is None or kind.make != ours.from_settings:
        while kind.name in kinds or (ours is not None and kind.name == ours.name()):
            kind = replace(kind, name=f"{kind.name} (yours)")
            ours = None
        kinds[kind.name] = kind
    return Chosen(kind.name, dict(kind.begin))
