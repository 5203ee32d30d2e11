"""The live page: `polyak lab`."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Annotated, Any

import typer

from polyak.cli.options import Options, options
from polyak.cli.own_code import raised_by
from polyak.cli.runs import SETTINGS, number
from polyak.ground.errors import PolyakError, unknown

SETTINGS_HELP = (
    "The first rule's settings may follow: --lr 0.6 --momentum 0.5 ... A file that is named is watched."
)
HERE = ("127.0.0.1", "localhost", "::1")


def add_to(app: typer.Typer) -> None:
    """Add this command to the terminal's door."""
    app.command("lab", context_settings=SETTINGS, epilog=SETTINGS_HELP)(lab)


def lab(
    context: typer.Context,
    names: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[NAME]...",
            help="Rules and a landscape: heavy_ball, ravine, my_rule.py:my_rule, my_function.py:f.",
        ),
    ] = None,
    data: Annotated[str | None, typer.Option(help="airfoil, diabetes ..., or a CSV or TSV file.")] = None,
    target: Annotated[
        str | None, typer.Option(help="The file's column to tell; the last by default.")
    ] = None,
    port: Annotated[
        Any,
        typer.Option(
            parser=number, metavar="INTEGER", help="Where to listen; the next one where it is in use."
        ),
    ] = 5006,
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
    browser: Annotated[
        bool, typer.Option("--browser/--no-browser", help="Open the page in a browser.")
    ] = True,
) -> None:
    """Open the lab: a live page where momentum is in your hands, served from this machine."""
    from polyak.cli.arguments import problem_from
    from polyak.ground.errors import whole_number
    from polyak.lab.addresses import check_address, checked_origin

    port = whole_number("port", port, at_least=0, at_most=65_535)
    origins = [checked_origin(word) for word in origin or []]
    check_address(address)
    rules, places, words = _sorted([*(names or []), *context.args])
    task = problem_from(data, target, None) if data or target else None
    made = _made(rules, places, words, options(context), task)
    try:
        made.warm_up()
        made.serve(host=address, port=port, origins=origins)
        _say(made, port, address)
        if browser:
            import webbrowser

            webbrowser.open(made.address)
        while made.serving.thread.is_alive():
            time.sleep(0.5)
    except KeyboardInterrupt as error:
        if raised_by(error):
            raise
        typer.echo("\nthe lab is closed")
    finally:
        made.stop()


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


def _made(rules: list[str], places: list[str], words: list[str], known: Options, task: Any) -> Any:
    """The lab of what the line names."""
    from polyak.cli.arguments import landscape_from
    from polyak.cli.files import in_file
    from polyak.lab import offer as offers
    from polyak.lab.kinds import kind_like
    from polyak.lab.lab import FIRST, lab_of
    from polyak.lab.state import Chosen

    kinds, chosen, watched = {}, [], []
    for k, name in enumerate(rules or ["heavy_ball"] * bool(words)):
        settings = words if k == 0 else []
        if in_file(name):
            watched.append(_watched(name, settings, known))
            continue
        kind = kind_like(_rule(name, settings, known), name)
        kinds[kind.name] = kind
        chosen.append(Chosen(kind.name, dict(kind.begin)))
    place = offers.plane_only(landscape_from(places[0] if places else "ravine"))
    return lab_of(kinds, chosen or [FIRST], place, task, watched)


def _rule(name: str, words: list[str], known: Options) -> Any:
    """The rule of that name; a setting that is not given is as the lab begins with."""
    from polyak.cli.rules import rule_from
    from polyak.cli.settings import settings_from, typed
    from polyak.lab.kinds import kind_of
    from polyak.rules import find

    if name.startswith("optax:"):
        return rule_from(name, words or ["--lr", "0.1"], known)
    cls = find(name)
    return kind_of(cls).rule(typed(cls, settings_from(words), known))


def _watched(name: str, words: list[str], known: Options) -> Any:
    """What stands in a file, to be watched; a file that is not there is refused at once."""
    from polyak.lab.watched_files import WatchedFile

    path = Path(name.rpartition(":")[0])
    if not path.is_file():
        raise PolyakError(f"{path}: no such file")
    watched = WatchedFile(name, lambda: _found_in_file(name, words, known))
    watched.read()
    return watched


def _found_in_file(name: str, words: list[str], known: Options) -> Any:
    """A rule with its settings free, or a landscape: by what stands in the file."""
    import inspect

    from polyak.cli.files import object_in_file
    from polyak.cli.rules import rule_from
    from polyak.cli.settings import number_or_word, settings_from, typed
    from polyak.lab.kinds import kind_like, kind_of
    from polyak.lab.offer import plane_only
    from polyak.lab.page_functions import page_rule
    from polyak.landscapes import Landscape, from_function
    from polyak.rules import Rule, arity

    found = object_in_file(name)
    if isinstance(found, Landscape):
        return plane_only(found)
    if isinstance(found, type) and issubclass(found, Rule):
        kind = kind_of(found, name)
        return kind_like(kind.rule(typed(found, settings_from(words), known)), name)
    if inspect.isfunction(found):
        if arity(found) in (1, 2):
            return plane_only(from_function(found))
        numbers = {key: number_or_word(word) for key, word in settings_from(words).items()}
        return kind_like(page_rule(found, numbers), name)
    return kind_like(rule_from(name, words, known), name)


def _say(made: Any, port: int, address: str) -> None:
    if port and made.serving.port != port:
        typer.echo(f"port {port} is in use: the lab took {made.serving.port}", err=True)
    for trouble in made.troubles():
        typer.echo(f"polyak: {trouble}", err=True)
    if address not in HERE:
        typer.echo(
            f"polyak: note: listening on {address}, every machine that can reach this one can open the lab and use its "
            "processor; it can read nothing but what the lab shows",
            err=True,
        )
    typer.echo(f"the lab is open at {made.address} (Ctrl-C closes it)")
