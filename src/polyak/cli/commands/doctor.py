"""`polyak doctor`: what this installation has, what it lacks, and what would bring that."""

from __future__ import annotations

import os
import platform
import shutil
import sys
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, requires, version
from typing import TYPE_CHECKING

from polyak.cli.answers import Json, note
from polyak.cli.command import WHAT_THERE_IS, command

if TYPE_CHECKING:
    from packaging.requirements import Requirement

DEVELOPERS = {"all", "test", "bench", "dev"}  # extras that are others together, or of those who build Polyak
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "firefox")

Line = tuple[str, str, str]  # what was looked at, what was found, what would bring what is lacking


@command(group=WHAT_THERE_IS)
def doctor(as_json: Json = False) -> None:
    """Say what Polyak finds here: versions, devices, extras, frameworks, data, the cache, a browser; what to add."""
    from polyak.cli.tables import print_table

    lines = [*_itself(), *_extras(), *_frameworks(), *_places()]
    print_table(("what", "found", "to add"), lines, as_json)
    lacking = sum(bool(add) for *_, add in lines)
    said = "What is lacking is needed by what is named after it alone." if lacking else "Nothing is lacking."
    note(said, as_json)


def _itself() -> Iterator[Line]:
    import jax

    import polyak

    yield "polyak", f"{polyak.__version__} in {next(iter(polyak.__path__))}", ""
    machine = f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores"
    yield "Python", f"{platform.python_version()} on {machine}: {sys.executable}", ""
    devices = ", ".join(sorted({str(device.device_kind) for device in jax.devices()}))
    yield "JAX", f"{jax.__version__} on {jax.default_backend()}: {devices}", ""


def _extras() -> Iterator[Line]:
    """Each extra by what it asks for; a version out of its range is lacking too."""
    from packaging.requirements import Requirement

    needs = [Requirement(text) for text in requires("polyak") or ()]
    extras = sorted({name for need in needs for name in _extras_of(need)} - DEVELOPERS)
    for extra in extras:
        wanted = [need for need in needs if extra in _extras_of(need)]
        lacking = [need.name for need in wanted if not _satisfied(need)]
        found = f"{len(wanted) - len(lacking)} of {len(wanted)} packages"
        yield f"[{extra}]", found, f"pip install 'polyak[{extra}]'  ({', '.join(lacking)})" if lacking else ""


def _extras_of(need: Requirement) -> set[str]:
    """The extras that ask for it: `extra == "lab"` in its marker."""
    marker = str(need.marker or "")
    return {part.split('"')[1] for part in marker.split("extra ==")[1:]}


def _satisfied(need: Requirement) -> bool:
    try:
        return need.specifier.contains(version(need.name), prereleases=True)
    except PackageNotFoundError:
        return False


def _frameworks() -> Iterator[Line]:
    from polyak.frameworks import FRAMEWORKS

    for framework in FRAMEWORKS.values():
        if framework.run_here and not framework.ours:
            found = framework.version
            yield framework.title, found, "" if framework.installed else framework.install


def _places() -> Iterator[Line]:
    import importlib

    from polyak.ground.errors import PolyakError
    from polyak.ground.numbers import readable
    from polyak.ground.programs import MOST, PROGRAMS, kept

    airfoil = importlib.import_module("polyak.data.airfoil")
    try:
        file = airfoil.at_hand()
        yield "airfoil data", str(file or "not here; downloaded when first asked for"), ""
    except PolyakError as error:
        yield "airfoil data", str(error), "name a folder that is there in POLYAK_DATA"
    try:
        yield "cache", str(airfoil.cache()), ""
        count, room = kept(airfoil.cache() / PROGRAMS)
        yield "programs kept", f"{count}, {readable(room / 2**20, 2)} MB of at most {MOST // 2**20}", ""
    except PolyakError as error:
        yield "cache", "none", str(error)
    browser = next((path for name in BROWSERS if (path := shutil.which(name))), None)
    yield (
        "browser",
        browser or "none on the path",
        "" if browser else "any browser, to look at pages and the lab",
    )
