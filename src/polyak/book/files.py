"""Text in: what cannot be read, and where nothing can be written, is said in one line."""

from __future__ import annotations

import os
from pathlib import Path

from polyak.ground.errors import PolyakError, nearest

LARGEST = 64 * 2**20  # bytes: no chapter and no translation of one comes near


def read_bytes(path: Path) -> bytes:
    """What a file holds.

    Raises:
        PolyakError: there is no such file, or it is empty, larger than 64 MiB or not to be read.

    >>> read_bytes(Path("no/such/chapter.md"))
    Traceback (most recent call last):
    ...
    polyak.PolyakError: no/such/chapter.md: no such file
    """
    try:
        if path.is_dir():
            raise PolyakError(f"{path} is a folder, expected a file")
        if not path.is_file():
            near = nearest(path.name, _beside(path))
            hint = f", did you mean {path.with_name(near)}?" if near else ""
            raise PolyakError(f"{path}: no such file{hint}")
        if path.stat().st_size > LARGEST:
            raise PolyakError(f"{path} is larger than {LARGEST // 2**20} MiB")
        content = path.read_bytes()
    except OSError as error:
        raise PolyakError(f"{path} cannot be read: {error.strerror}") from error
    except ValueError as error:  # a zero byte in the name
        if isinstance(error, PolyakError):
            raise
        raise PolyakError(f"{str(path)!r} is no file's name") from error
    if not content.strip():
        raise PolyakError(f"{path} is empty")
    return content


def read_text(path: Path) -> str:
    """A file's text, its line ends and its byte order mark as they are.

    Raises:
        PolyakError: as `read_bytes`, and if the file is not text in UTF-8.
    """
    content = read_bytes(path)
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise PolyakError(f"{path} is not text: line {line} is not UTF-8") from None
    if "\0" in text:
        line = text.count("\n", 0, text.index("\0")) + 1
        raise PolyakError(f"{path} is not text: line {line} holds a zero byte")
    if not text.strip("\ufeff \t\r\n"):
        raise PolyakError(f"{path} is empty")
    return text


def check_place(path: Path, *sources: Path) -> None:
    """Refuse, before any work is done, a place where nothing could be written.

    Raises:
        PolyakError: its folder is missing or closed, or it is a folder or one of the `sources` itself.
    """
    if path.is_dir():
        raise PolyakError(f"{path} is a folder, expected a file to write")
    if not path.parent.is_dir():
        raise PolyakError(f"{path.parent}: no such folder")
    if not os.access(path.parent, os.W_OK):
        raise PolyakError(f"{path.parent} cannot be written to; name another place with --out")
    for source in sources:
        if path.resolve() == source.resolve():
            raise PolyakError(f"{path} would overwrite what is read; name another place with --out")


def _beside(path: Path) -> list[str]:
    try:
        return [file.name for file in path.parent.iterdir() if file.suffix == path.suffix]
    except OSError:
        return []
