"""Where results are written: which endings a picture may have, and which folders take files."""

from __future__ import annotations

import tempfile
from pathlib import Path

from polyak.ground.errors import PolyakError, unknown

FORMATS = ("svg", "png", "pdf")


def picture_format(path: Path) -> str:
    """The format that a picture's name ends in.

    >>> picture_format(Path("trace.SVG"))
    'svg'
    """
    ending = path.suffix.removeprefix(".").lower()
    if not ending:
        name = path.name or "a picture's name"
        raise PolyakError(f"'{name}' has no ending, expected one of .{', .'.join(FORMATS)}")
    if ending not in FORMATS:
        raise unknown("picture format", ending, FORMATS)
    return ending


def check_folder(folder: Path) -> None:
    """Refuse a folder that could not be made or written to; nothing is left behind."""
    place = next(place for place in (folder.absolute(), *folder.absolute().parents) if place.exists())
    try:
        with tempfile.TemporaryFile(dir=place):
            pass
    except OSError as error:
        raise PolyakError(f"{folder} cannot be written: {error.strerror}") from None
