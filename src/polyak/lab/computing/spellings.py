"""The current setting in words to copy: the Python line, the shell line, and other frameworks' own."""

from __future__ import annotations

import shlex
from functools import lru_cache
from typing import Any

from polyak.ground.errors import PolyakError
from polyak.lab.kinds import Kind
from polyak.lab.offer import Offer
from polyak.lab.state import State, Value
from polyak.rules import CATALOGUE, Rule
from polyak.rules.pages import PageRule
from polyak.rules.protocol import Optimizer


def frameworks() -> list[str]:
    """The other frameworks, by their prefixes."""
    from polyak.frameworks import FRAMEWORKS

    return [prefix for prefix, framework in FRAMEWORKS.items() if not framework.ours]


def python_line(state: State, offer: Offer) -> str:
    """The line of Python that draws the active rule's trace."""
    kind = offer.kind(state.current.rule)
    rule = kind.rule(state.current.settings)
    start = f"({state.start[0]!r}, {state.start[1]!r})"
    place = _place(state, offer)
    return f"pk.descend({_python_rule(kind, rule)}, {place}, steps={state.steps}, start={start}).plot()"


def shell_line(state: State, offer: Offer) -> str:
    """The line for the terminal that draws the same."""
    kind = offer.kind(state.current.rule)
    settings = kind.rule(state.current.settings).settings() if kind.begin else {}
    words = ["polyak", "trace", kind.spelled]
    for name, value in settings.items():
        if name in kind.begin:
            words += [
                f"--{name.replace('_', '-')}",
                str(value).lower() if isinstance(value, bool) else str(value),
            ]
    words += ["--on", offer.spelled.get(state.landscape, state.landscape)]
    words += [f"--start={state.start[0]!r},{state.start[1]!r}", "--steps", str(state.steps)]
    return " ".join([*map(shlex.quote, words), "--out", "trace.svg"])


def elsewhere(state: State, offer: Offer, framework: str) -> list[tuple[str, str, str]]:
    """The active rule as a framework spells it, as (framework, line, how far it is the same): `polyak.translate`.

    A framework that has no such rule says so, in place of a line; of a rule that is not ours nothing is said.
    """
    kind = offer.kind(state.current.rule)
    rule = kind.rule(state.current.settings)
    if not isinstance(rule, Rule) or CATALOGUE.get(kind.name) is not type(rule):
        return []
    return [(framework, *_translated(kind.name, tuple(rule.settings().items()), framework))]


@lru_cache(maxsize=512)
def _translated(name: str, settings: tuple[tuple[str, Value], ...], framework: str) -> tuple[str, str]:
    from polyak.translate.translate import translate

    try:
        given: dict[str, Any] = dict(settings)
        translation = translate(f"polyak:{name}", to=framework, **given)
        return str(translation), translation.equal
    except PolyakError as error:
        return str(error), ""


def _python_rule(kind: Kind, rule: Optimizer) -> str:
    settings = {name: value for name, value in rule.settings().items() if name in kind.begin}
    shown = ", ".join(f"{name}={value!r}" for name, value in settings.items())
    if isinstance(rule, Rule):
        ours = type(rule).__module__.startswith("polyak.")
        return f"{'pk.' if ours else ''}{type(rule).__name__}({shown})"
    if isinstance(rule, PageRule):
        maker = "from_page" if len(type(rule).takes) == 3 else "from_plane"
        return f"pk.{maker}({', '.join(filter(None, [rule.function.__name__, shown]))})"
    if kind.name.startswith("optax:"):
        return f"pk.from_optax(optax.{kind.name.removeprefix('optax:')}, {shown})"
    return kind.name


def _place(state: State, offer: Offer) -> str:
    from polyak.landscapes import CATALOGUE as LANDSCAPES

    landscape = offer.landscapes[state.landscape]
    if LANDSCAPES.get(state.landscape) is landscape:
        return repr(state.landscape)
    return offer.spelled.get(state.landscape, state.landscape).rpartition(":")[2]
