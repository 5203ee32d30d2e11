"""Files written whole or not at all: beside their place first, waited for until they are on the disk, then renamed."""

from __future__ import annotations

import contextlib
import os
import secrets
from collections.abc import Iterator
from pathlib import Path

from polyak.ground.errors import PolyakError

HALF_WRITTEN = ".partial"  # how the name of a file ends that is not whole yet; Zarr's own too


@contextlib.contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """A place to write at, whose file stands at `path` once all of it was written; until then, the earlier one does.

    Two processes, or threads of one, that write the same file never share a place; the last one's file stays. A link
    is followed, as where a file is opened. An OSError is left as it is.

    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "losses.txt"
    >>> with whole_file(path) as part:
    ...     _ = part.write_text("0.25")
    >>> path.read_text(), len(list(path.parent.iterdir()))
    ('0.25', 1)
    """
    place = Path(os.path.realpath(path))
    part = place.with_name(f".{place.name}.{os.getpid()}-{secrets.token_hex(4)}{HALF_WRITTEN}")
    try:
        yield part
        to_disk(part)
        part.replace(place)
    finally:
        with contextlib.suppress(OSError):
            part.unlink(missing_ok=True)
    to_disk(place.parent)


def write_whole(path: Path, content: str | bytes) -> None:
    """Write a file whole or not at all; text in UTF-8.

    Raises PolyakError if it cannot be written; an earlier file is then as it was.

    >>> write_whole(Path("no/such/folder/losses.txt"), "0.25")
    Traceback (most recent call last):
    ...
    polyak.PolyakError: no/such/folder/losses.txt cannot be written: No such file or directory
    """
    with cannot_be_written(path), whole_file(path) as part:
        part.write_bytes(content.encode("utf-8", "replace") if isinstance(content, str) else content)


@contextlib.contextmanager
def cannot_be_written(what: object) -> Iterator[None]:
    """An OSError of what is done inside, in one line: `what` cannot be written."""
    try:
        yield
    except OSError as error:
        raise PolyakError(f"{what} cannot be written: {error.strerror or error}") from error


def remove_halves(path: Path) -> None:
    """Remove what killed processes have left beside a file that nobody writes any more."""
    place = Path(os.path.realpath(path))
    with contextlib.suppress(OSError):
        for beside in list(place.parent.iterdir()):
            if beside.name.startswith(f".{place.name}.") and beside.name.endswith(HALF_WRITTEN):
                beside.unlink(missing_ok=True)


def to_disk(path: Path) -> None:
    """Wait until a file's content, or a folder's names, are on the disk."""
    if os.name == "nt" and path.is_dir():  # Windows opens no folder
        return
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
