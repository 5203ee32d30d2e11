"""The live page: `polyak lab`."""

from __future__ import annotations

import gc
import re
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from polyak.cli.command import A_RULE, command, number_or_word
from polyak.cli.own_code import raised_by
from polyak.cli.serving import Browser, Port, checked_port, stay
from polyak.cli.typed import Typed, typed
from polyak.cli.words import Task, landscape_from
from polyak.ground.errors import PolyakError, unknown

if TYPE_CHECKING:
    from polyak.lab import Lab
    from polyak.lab.kinds import Kind
    from polyak.lab.watched_files import WatchedFile
    from polyak.landscapes import Landscape
    from polyak.problems import Problem
    from polyak.rules import Optimizer

SETTINGS_HELP = (
    "The first rule's settings may follow: --lr 0.6 --momentum 0.5 ... A file that is named is watched."
)
LINK = re.compile(r"^[^ ]*\?state=|^(?=[0-9]+\.[0-9a-f]{8}\.)")
HERE = ("127.0.0.1", "localhost", "::1")


@command("lab", settings=True, epilog=SETTINGS_HELP, group=A_RULE)
def lab(
    context: typer.Context,
    names: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[NAME]...",
            help="Rules and a landscape: heavy_ball, ravine, my_rule.py:my_rule, my_function.py:f; or a link that "
            "somebody shared, to show the same here.",
        ),
    ] = None,
    *,
    task: Task,
    port: Port = 5006,
    address: Annotated[
        str,
        typer.Option(
            help="The machine's address to listen on; by default none but this machine can reach it."
        ),
    ] = "127.0.0.1",
    origin: Annotated[
        list[str] | None,
        typer.Option(help="Another HOST:PORT whose pages may talk to the lab; may be repeated."),
    ] = None,
    browser: Browser = True,
    export: Annotated[
        Path | None,
        typer.Option(
            help="Write the lab of the linear family as one .html file that needs no server, and open none.",
            show_default=False,
        ),
    ] = None,
) -> None:
    """Open the lab: a live page where momentum is in your hands, served from this machine."""
    from polyak.lab.addresses import check_address, checked_origin

    port = checked_port(port)
    origins = [checked_origin(word) for word in origin or []]
    check_address(address)
    named, letters = _without_link(names or [])
    rules, places, words = _sorted([*named, *context.args])
    problem = task.made() if task.data or task.column or task.problem else None
    opened = _lab(rules, places, replace(typed(context), words=words), problem)
    if letters:
        opened.begin_with(letters)
    if export is not None:
        typer.echo(opened.export(export))
        return
    try:
        opened.warm_up()
        opened.serve(host=address, port=port, origins=origins)
        _stay(opened, port, address, browser=browser)
    except KeyboardInterrupt as error:
        if raised_by(error):
            raise
        typer.echo("\nthe lab is closed")
    finally:
        gc.unfreeze()
        opened.stop()


def _stay(lab: Lab, port: int, address: str, *, browser: bool) -> None:
    """Say where the lab is served, show it, and wait for as long as it is."""
    serving = lab.serving
    assert serving is not None
    # Bokeh collects garbage twice for each session that it forgets, over all that JAX holds: here, where the
    # process is the lab's own, what is there before the first visitor is set aside.
    gc.collect()
    gc.freeze()
    _say(lab, port if port != serving.port else 0, serving.port, address)
    stay(lab.address, serving.thread, browser=browser)


def _without_link(names: list[str]) -> tuple[list[str], str]:
    """What else is named, and the letters of a link that is among it: an address with a state, or the state alone."""
    links = [name for name in names if LINK.search(name)]
    if len(links) > 1:
        raise PolyakError("two links: expected one")
    return [name for name in names if name not in links], LINK.split(links[0])[-1] if links else ""


def _sorted(words: list[str]) -> tuple[list[str], list[str], list[str]]:
    """Names of rules, names of landscapes, and the settings that follow them."""
    from polyak.cli.files import in_file
    from polyak.lab.checking import MOST_RULES
    from polyak.landscapes import CATALOGUE
    from polyak.rules import CATALOGUE as RULES

    first = next((k for k, word in enumerate(words) if word.startswith("--")), len(words))
    names, settings = words[:first], words[first:]
    rules, places = [], []
    for name in names:
        if name.startswith("quadratic:") or name in CATALOGUE:
            places.append(name)
        elif name.startswith("optax:") or in_file(name) or name in RULES:
            rules.append(name)
        else:
            raise unknown("rule or landscape", name, [*RULES, *CATALOGUE])
    if len(rules) > MOST_RULES:
        raise PolyakError(f"{len(rules)} rules at once, expected at most {MOST_RULES}")
    if len(places) > 1:
        raise PolyakError(f"two landscapes, {places[0]} and {places[1]}: expected one")
    return rules, places, settings


def _lab(rules: list[str], places: list[str], typed: Typed, problem: Problem | None) -> Lab:
    """The lab of what the line names."""
    from polyak.cli.files import in_file
    from polyak.lab.kinds import kind_like
    from polyak.lab.lab import FIRST, lab_of
    from polyak.lab.offer import plane_only
    from polyak.lab.state import Chosen

    kinds, chosen, watched = {}, [], []
    for k, name in enumerate(rules or ["heavy_ball"] * bool(typed.words)):
        own = typed if k == 0 else replace(typed, words=())
        if in_file(name):
            watched.append(_watched(name, own))
            continue
        kind = kind_like(_rule(name, own), name)
        kinds[kind.name] = kind
        chosen.append(Chosen(kind.name, dict(kind.begin)))
    place = plane_only(landscape_from(places[0] if places else "ravine"))
    return lab_of(kinds, chosen or [FIRST], place, problem, watched)


def _rule(name: str, typed: Typed) -> Optimizer:
    """The rule of that name; a setting that is not given is as the lab begins with."""
    from polyak.cli.rules import is_rule_class, rule_from, spelled
    from polyak.cli.settings import settings_from, values
    from polyak.lab.kinds import kind_of

    kind = spelled(name)
    if not is_rule_class(kind):
        return rule_from(name, replace(typed, words=typed.words or ("--lr", "0.1")))
    rule: Optimizer = kind_of(kind).rule(values(kind, settings_from(typed.words), typed))
    return rule


def _watched(name: str, typed: Typed) -> WatchedFile:
    """What stands in a file, to be watched; a file that is not there is refused at once."""
    from polyak.lab.watched_files import WatchedFile

    path = Path(name.rpartition(":")[0])
    if not path.is_file():
        raise PolyakError(f"{path}: no such file")
    watched = WatchedFile(name, lambda: _in_file(name, typed))
    watched.read()
    return watched


def _in_file(name: str, typed: Typed) -> Kind | Landscape:
    """A rule with its settings free, or a landscape: by what stands in the file."""
    import inspect

    from polyak.cli.rules import is_rule_class, rule_from, spelled
    from polyak.cli.settings import settings_from
    from polyak.lab.kinds import kind_like
    from polyak.lab.offer import plane_only
    from polyak.landscapes import Landscape, from_function
    from polyak.rules import arity
    from polyak.rules.pages.first_settings import page_rule

    thing = spelled(name)
    if isinstance(thing, Landscape):
        return plane_only(thing)
    if is_rule_class(thing):
        return kind_like(_rule(name, typed), name)
    if not inspect.isfunction(thing):
        return kind_like(rule_from(name, typed), name)
    if arity(thing) in (1, 2):
        return plane_only(from_function(thing))
    numbers: dict[str, Any] = {key: number_or_word(word) for key, word in settings_from(typed.words).items()}
    return kind_like(page_rule(thing, numbers), name)


def _say(lab: Lab, refused: int, port: int, address: str) -> None:
    if refused:
        typer.echo(f"port {refused} is in use: the lab took {port}", err=True)
    for trouble in lab.troubles():
        typer.echo(f"polyak: {trouble}", err=True)
    if address not in HERE:
        typer.echo(
            f"polyak: note: listening on {address}, every machine that can reach this one can open the lab and use its "
            "processor; it can read nothing but what the lab shows",
            err=True,
        )
    typer.echo(f"the lab is open at {lab.address} (Ctrl-C closes it)")
