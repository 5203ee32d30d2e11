"""Programs that were compiled are kept on disk, so that the next process does not compile them again.

JAX keeps them (its persistent compilation cache) and knows by a program's text, its options and the compiler's version
which is which. What is here is the folder: in the user's own cache, one for each kind of processor, for a program made
for one may not run on another; no larger than a bound, the least used going first; emptied where one cannot be read.

JAX reads where its cache is from the environment when it is first imported, so that this imports nothing, and processes
that are started from this one have the same.
"""

from __future__ import annotations

import contextlib
import os
import platform
import shutil
import sys
from pathlib import Path

PROGRAMS = "programs"  # in the user's cache
FOLDER = "JAX_COMPILATION_CACHE_DIR"
SETTINGS = {
    # The theory's small questions take 30 ms each to compile and 2 ms to read: all are kept.
    "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0",
    "JAX_PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES": "0",
}
MOST = 256 * 2**20  # bytes of all programs together: a study's are 6 MB
LEFT = 0.75  # of it, once the least used are gone
NOT_KEPT = ("Error reading persistent compilation cache", "Error writing persistent compilation cache")


def remember_programs(folder: Path, most: int = MOST) -> None:
    """Have JAX keep its programs below a folder, from here on and in every process that is started from this one.

    Nothing is done where JAX is there already, where the user has said where its cache is, or where the folder cannot
    be made: programs are then compiled each time, as ever.

    Args:
        folder: it is made where it is not there.
        most: bytes that all programs may take together; checked here, at the start of a process.
    """
    if "jax" in sys.modules or FOLDER in os.environ:
        return
    own = folder / _processor()
    try:
        own.mkdir(parents=True, exist_ok=True)
        bound(folder, most)
    except OSError:
        return
    if os.access(own, os.W_OK):
        os.environ.update({FOLDER: str(own), **SETTINGS})


def bound(folder: Path, most: int) -> int:
    """Remove the programs that were used least recently, until three quarters of the room are left; how many went.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as made:
    ...     for k in range(4):
    ...         _ = (Path(made) / f"{k}-cache").write_bytes(bytes(100))
    ...         os.utime(Path(made) / f"{k}-cache", (k, k))
    ...     bound(Path(made), 399), sorted(path.name for path in Path(made).iterdir())
    (2, ['2-cache', '3-cache'])
    """
    programs = [(max(of.st_atime, of.st_mtime), of.st_size, path) for path, of in _files(folder)]
    room, gone = sum(size for _, size, _ in programs), 0
    if room <= most:
        return 0
    for _, size, path in sorted(programs):
        if room <= LEFT * most:
            break
        path.unlink(missing_ok=True)
        room, gone = room - size, gone + 1
    return gone


def kept(folder: Path) -> tuple[int, int]:
    """How many programs are kept below a folder, and how many bytes they take."""
    sizes = [of.st_size for _, of in _files(folder)]
    return len(sizes), sum(sizes)


def begin_anew(warning: str) -> bool:
    """Whether a warning is of programs that could not be read or written; they are then forgotten, and made again.

    A process that is killed while it writes leaves half a program, which no later one would write again.
    """
    if not warning.startswith(NOT_KEPT):
        return False
    if folder := os.environ.get(FOLDER):
        shutil.rmtree(folder, ignore_errors=True)
        with contextlib.suppress(OSError):
            Path(folder).mkdir(parents=True, exist_ok=True)
    return True


def _files(folder: Path) -> list[tuple[Path, os.stat_result]]:
    found = []
    for path in folder.rglob("*"):
        with contextlib.suppress(OSError):  # another process may have removed it
            if path.is_file():
                found.append((path, path.stat()))
    return found


def _processor() -> str:
    """The processor's kind, by what it can do: a short hash."""
    import hashlib

    can = b""
    with contextlib.suppress(OSError), Path("/proc/cpuinfo").open("rb") as lines:
        can = next((line for line in lines if line.startswith((b"flags", b"Features"))), b"")
    return hashlib.sha256(platform.machine().encode() + can).hexdigest()[:12]
