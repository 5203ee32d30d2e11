"""A lab: `polyak.lab(rule, ...)`, or `polyak lab` at the terminal."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from polyak.ground.errors import PolyakError
from polyak.lab import offer as offers
from polyak.lab.addresses import checked_origin
from polyak.lab.checking import checked
from polyak.lab.kinds import Kind, kind_like, kind_of
from polyak.lab.link import decoded, not_at_hand
from polyak.lab.notebook import shown
from polyak.lab.offer import Offer
from polyak.lab.server import Serving
from polyak.lab.shared import Shared
from polyak.lab.state import Chosen, State, Value
from polyak.lab.watched_files import WatchedFile
from polyak.landscapes import Landscape, as_landscape
from polyak.problems import Problem
from polyak.rules import CATALOGUE, Rule
from polyak.rules.protocol import Optimizer

FIRST = Chosen("heavy_ball", {"lr": 0.6, "momentum": 0.5})  # where no rule is given


class Lab(Shared):
    """A lab that can be served. Made by `lab` and by `polyak lab`.

    Attributes:
        offer: its rules, landscapes and problems.
        first: the state that a page without a link begins with.
        address: what to open in a browser; empty where it is not served.
    """

    serving: Serving | None = None

    def serve(self, *, host: str = "127.0.0.1", port: int = 0, origins: Sequence[str] = ()) -> Lab:
        """Serve the lab in a thread of its own, on `port` or the first free one after it; 0 for any."""
        if self.serving is None:
            self.serving = Serving(self, host, port, [checked_origin(word) for word in origins])
            self.address = self.serving.address
        return self

    def stop(self) -> None:
        """End the server; pages that are open say so."""
        self.background.stop()
        if self.serving is not None:
            self.serving.stop()
            self.serving, self.address = None, ""

    def begin_with(self, letters: str) -> None:
        """Begin with what a link shows: its letters, as they stand behind `?state=`. Raises PolyakError for another."""
        self.first = decoded(letters, self.offer)
        if missing := not_at_hand(letters, self.offer):
            warnings.warn(f"the link's data {missing} is not at hand on this machine", stacklevel=2)

    def export(self, path: str | Path) -> Path:
        """Write the lab as one HTML file that needs no server: trace, phase plane and memory of the linear family.

        Raises PolyakError for a rule that is not of the linear family, for a landscape that cannot be written as
        JavaScript, and for a file that cannot be written.
        """
        from polyak.lab.export.page import export

        return export(self, path)

    def _repr_html_(self) -> str:
        served = self.serving
        return shown(self, self.address, served.port, served.key) if served else shown(self, "", 0, "")

    def __repr__(self) -> str:
        return f"Lab({self.address or 'not served'})"


def lab(
    *rules: Optimizer | type[Rule] | str,
    on: Landscape | str | Callable[..., object] = "ravine",
    data: Problem | None = None,
    steps: int = 20,
    port: int = 0,
) -> Lab:
    """The lab, live: in a notebook its panels are shown inline; anywhere, `address` is what to open in a browser.

    Args:
        rules: one to four rules with their settings; an Optax optimizer or a page's function made a rule is one too.
            Classes of ours and their names stand for themselves with settings to begin with. The heavy ball, where none
            is given.
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
    chosen = [_chosen(rule, kinds) for rule in rules] or [FIRST]
    made = lab_of(kinds, chosen, offers.plane_only(as_landscape(on)), data, steps=steps)
    made.warm_up()
    return made.serve(port=port)


def lab_of(
    kinds: dict[str, Kind],
    chosen: Sequence[Chosen],
    place: Landscape,
    problem: Problem | None,
    watched: Sequence[WatchedFile] = (),
    steps: int = 20,
) -> Lab:
    """A lab, not yet served: these rules and this problem beside those at hand, and what it begins with."""
    problems: dict[str, Callable[[], Problem]] = {}
    own: dict[str, Value] = {}
    if problem is not None:
        if not isinstance(problem, Problem):
            raise PolyakError(f"{problem!r} is no problem: expected one such as linear_regression(data)")
        problems[problem.data.name] = lambda: problem
        own["data"] = problem.data.name
    offered: Offer = offers.offer(kinds, {place.name: place}, problems)
    start = place.start[0], place.start[1]
    first = State(tuple(chosen), landscape=place.name, start=start, steps=steps, shown=steps, own=own)
    return Lab(offered, checked(first, offered), watched)


def _chosen(rule: Optimizer | type[Rule] | str, kinds: dict[str, Kind]) -> Chosen:
    """A rule as the state names it; its kind is added to those of the catalogue where it is none of them."""
    rule = CATALOGUE.find(rule) if isinstance(rule, str) else rule
    kind = kind_of(rule) if isinstance(rule, type) and issubclass(rule, Rule) else kind_like(rule)
    ours = CATALOGUE.get(kind.name)
    if ours is None or kind.make != ours.from_settings:
        while kind.name in kinds or (ours is not None and kind.name == ours.name()):
            kind = replace(kind, name=f"{kind.name} (yours)")
            ours = None
        kinds[kind.name] = kind
    return Chosen(kind.name, dict(kind.begin))
