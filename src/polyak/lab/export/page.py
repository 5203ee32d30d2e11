"""The lab as one HTML file that a class can open from a disk: no server, no request, BokehJS inside."""

from __future__ import annotations

import json
from importlib.resources import files
from pathlib import Path
from typing import Any

from bokeh.resources import Resources

from polyak.ground.errors import PolyakError
from polyak.ground.files import write_whole
from polyak.ground.version import __version__
from polyak.lab.checking import MOST_RULES
from polyak.lab.computing.descents import MARGIN
from polyak.lab.computing.planes import TOP
from polyak.lab.export.figures import LEVELS, document
from polyak.lab.export.formulas import is_exported, kind_in_script, landscape_in_script, row_of
from polyak.lab.panel import words
from polyak.lab.shared import Shared
from polyak.lab.shell import environment
from polyak.lab.state import State
from polyak.lab.words import LANGUAGES, Words, symbol
from polyak.show.browser import Look, look
from polyak.theory import REGIMES

SECTIONS = ("page", "controls", "trace", "phase", "memory", "export")


def export(lab: Shared, path: str | Path) -> Path:
    """Write a lab as one page: trace, phase plane and memory of the linear family on its landscapes.

    The page steps each rule's own row (m, c, p, q) along each landscape's own gradient, both written as JavaScript from
    what JAX traces of them, in float64. It asks for nothing from anywhere.

    Raises PolyakError where a rule of the first state is not of the linear family, where a landscape of the user's own
    uses an operation that has no JavaScript here, and where the file cannot be written.
    """
    path = Path(path)
    if path.suffix.lower() not in (".html", ".htm"):
        raise PolyakError(f"'{path.name}' is no name for a page, expected one that ends in .html")
    write_whole(path, page(lab))
    return path


def page(lab: Shared) -> str:
    """The page's HTML."""
    first = lab.first
    rules, rows = _both(_rules(lab))
    grounds, gradients = _both(_landscapes(lab))
    looks = {"light": look(dark=False), "dark": look(dark=True)}
    languages = {language: words(language) for language in LANGUAGES}
    about = {
        "rules": rules,
        "landscapes": grounds,
        "first": _begun(first),
        "documents": {
            f"{paper}-{language}": _embedded(colours, said)
            for paper, colours in looks.items()
            for language, said in languages.items()
        },
        "words": {language: _said(said, rules) for language, said in languages.items()},
        "colours": {paper: list(colours.rules) for paper, colours in looks.items()},
        "regimes": REGIMES,
        "top": TOP,
        "margin": MARGIN,
        "levels": LEVELS,
        "most": MOST_RULES,
    }
    return str(
        environment()
        .get_template("export/page.html.j2")
        .render(
            bokeh="\n".join(Resources(mode="inline", components=["bokeh"]).js_raw),
            about=json.dumps(about, separators=(",", ":")).replace("<", "\\u003c"),
            rows=_listed(rows),
            gradients=_listed(gradients),
            script=files("polyak.lab.export").joinpath("page.js").read_text("utf-8"),
            looks=looks,
            words=words("en"),
            version=__version__,
        )
    )


def _rules(lab: Shared) -> dict[str, tuple[dict[str, Any], str]]:
    """The rules that the page begins with and those of the catalogue, each with its row as JavaScript.

    Raises PolyakError for one of the first that is not of the linear family.
    """
    begun = {chosen.rule: chosen.settings for chosen in lab.first.rules}
    for chosen in lab.first.rules:
        row_of(lab.offer.rule(chosen), chosen.rule)
    kinds = [kind for kind in lab.offer.rules.values() if kind.name in begun or is_exported(kind)]
    return {kind.name: kind_in_script(kind, begun.get(kind.name, {})) for kind in kinds}


def _landscapes(lab: Shared) -> dict[str, tuple[dict[str, Any], str]]:
    """The landscape that the page begins on and those of the catalogue, each with its gradient as JavaScript."""
    wanted = {*_catalogued(), lab.first.landscape}
    return {name: landscape_in_script(each) for name, each in lab.offer.landscapes.items() if name in wanted}


def _begun(first: State) -> dict[str, Any]:
    """The state that the page begins with, as its script reads it."""
    return {
        "rules": [{"rule": each.rule, "settings": dict(each.settings)} for each in first.rules],
        "landscape": first.landscape,
        "start": list(first.start),
        "steps": first.steps,
    }


def _catalogued() -> set[str]:
    from polyak.landscapes import CATALOGUE

    return set(CATALOGUE)


def _both(made: dict[str, tuple[dict[str, Any], str]]) -> tuple[dict[str, Any], dict[str, str]]:
    """What is known of each, and each one's function."""
    return {name: about for name, (about, _) in made.items()}, {
        name: text for name, (_, text) in made.items()
    }


def _listed(functions: dict[str, str]) -> str:
    """An object of functions, by name."""
    named = (f"{json.dumps(name)}: {text}" for name, text in functions.items())
    return ("{\n" + ",\n".join(named) + "\n}").replace("</", "<\\/")


def _embedded(colours: Look, said: Words) -> dict[str, Any]:
    """A document as BokehJS takes it, and the place of each of its roots."""
    made = document(colours, said, MOST_RULES)
    places = {root.id: f"place-{root.name}" for root in made.roots}
    return {"json": made.to_json(deferred=False), "roots": places}


def _said(said: Words, rules: dict[str, Any]) -> dict[str, Any]:
    """The page's words in one language."""
    settings = {each["name"]: each["meaning"] for rule in rules.values() for each in rule["controls"]}
    return {
        **{section: dict(said.tables[section]) for section in SECTIONS},
        "rules": {name: said.rule(name) for name in rules},
        "settings": {name: said.label(name, meaning) for name, meaning in settings.items()},
        "symbols": {name: symbol(name) for name in settings},
        "regimes": {name: said.translated("regimes", name, name) for name in REGIMES},
        "language": said.language,
    }
