"""What a document's cells did is kept, so that reading it again runs nothing.

A run is known by all that it came from: its cells in order, whose names they find (the old ones or the reader's own),
Python and every package with its version, Polyak's own files, and each file beside the document, or in POLYAK_DATA,
that a cell names or could import, by its size and time. Where one of these differs, the cells run anew. A run in which
a cell failed is not kept. What the key cannot see (a clock, a random seed that is not set, a server) is as it was then:
`again` runs anew.

Kept as JSON in the folder `runs` of Polyak's cache (POLYAK_CACHE), bounded, the least used going first.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import sys
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from polyak.book.result import Reading
from polyak.ground.errors import PolyakError

if TYPE_CHECKING:
    from types import ModuleType

RUNS = "runs"  # in Polyak's cache
MOST = 256 * 2**20  # bytes of all runs together: a chapter's are half a megabyte
NAMED = re.compile(r"""["']([^"'\n]{1,200})["']|\]\(([^)\s]{1,200})""")  # what could be a file's name
FORM = 1  # of what is kept; another one is another key


@dataclass(frozen=True)
class Kept:
    """What is kept in a folder, by keys; nothing is kept, and nothing found, where the folder cannot be written.

    >>> import tempfile
    >>> kept = Kept(Path(tempfile.mkdtemp()))
    >>> kept.put("key", {"page": "<p>1</p>"}); kept.get("key"), kept.get("another")
    ({'page': '<p>1</p>'}, None)
    """

    folder: Path

    def get(self, key: str) -> dict[str, object] | None:
        """What was kept under a key; None where nothing is, or not in one piece."""
        place = self.folder / f"{key}.json"
        try:
            found = json.loads(place.read_text("utf-8"))
            os.utime(place)
        except (OSError, ValueError):
            return None
        return found if isinstance(found, dict) else None

    def put(self, key: str, content: dict[str, object]) -> None:
        """Keep a run; where that cannot be done, the next reading runs anew."""
        from polyak.ground.files import write_whole
        from polyak.ground.programs import bound

        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            write_whole(self.folder / f"{key}.json", json.dumps(content))
            bound(self.folder, MOST)
        except (OSError, PolyakError):
            return


def now() -> str:
    """The time that a run is kept with, to the minute, where the reader is."""
    return datetime.now(tz=UTC).astimezone().strftime("%Y-%m-%d %H:%M")


def runs() -> Kept:
    """The runs kept in Polyak's cache."""
    from polyak.data.downloads import cache

    return Kept(cache() / RUNS)


def key(parts: Iterable[object], codes: Sequence[str], folder: Path) -> str:
    """The key of a run: all that it came from, as a hash.

    Args:
        parts: what else tells one run from another.
        codes: the text of the cells, in order; or of the whole document.
        folder: where the document stands; its cells run there.

    >>> here = Path(".").resolve()
    >>> key(["html"], ["x = 1"], here) == key(["html"], ["x = 1"], here) != key(["html"], ["x = 2"], here)
    True
    """
    said = [FORM, *parts, list(codes), str(folder), _environment(), _files("\n".join(codes), folder)]
    return hashlib.sha256(json.dumps(said, default=str).encode("utf-8", "surrogatepass")).hexdigest()


def _environment() -> list[object]:
    """Python, every package by its name and version, and Polyak's own files."""
    import polyak

    packages = sorted(
        entry.name
        for place in sys.path
        if place and Path(place).is_dir()
        for entry in os.scandir(place)
        if entry.name.endswith((".dist-info", ".egg-info"))
    )
    own = [_state(path) for path in sorted(_folder_of(polyak).rglob("*.py"))]
    return [sys.version, sys.prefix, packages, own, os.environ.get("POLYAK_DATA")]


def _folder_of(module: ModuleType) -> Path:
    return Path(module.__file__ or ".").parent


def _files(text: str, folder: Path) -> list[object]:
    """The files that the cells name, and the modules that they could import, as they stand."""
    places = [folder, *([Path(data)] if (data := os.environ.get("POLYAK_DATA")) else [])]
    found = {name for pair in NAMED.findall(text) for name in pair if name}
    named = {place / name for said in found for place in places for name in (said, Path(said).name)}
    modules = {*folder.glob("*.py"), *folder.glob("*/*.py")}
    return [_state(path) for path in sorted(named | modules)]


def _state(path: Path) -> tuple[str, int, int] | None:
    try:
        of = path.stat()
    except (OSError, ValueError):
        return None
    return str(path), of.st_size, of.st_mtime_ns


def page_kept(reading: Reading) -> dict[str, object]:
    """A reading with what it wrote, to be kept."""
    said = asdict(reading) | {"run_at": reading.run_at or now()}
    del said["path"]
    return {"written": reading.path.read_text("utf-8"), "reading": said}


def page_of(found: dict[str, object] | None, place: Path) -> Reading | None:
    """Write again what a reading that is kept wrote; None where none is."""
    from polyak.ground.files import write_whole

    said = (found or {}).get("reading")
    if not found or not isinstance(said, dict):
        return None
    settings: dict[str, Any] = {
        name: tuple(what) if isinstance(what, list) else what for name, what in said.items()
    }
    write_whole(place, str(found["written"]))
    return Reading(place, **settings)
