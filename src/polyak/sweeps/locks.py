"""Locks that the kernel gives back when a process ends, however it ends."""

from __future__ import annotations

import contextlib
import os
import struct
from pathlib import Path

try:
    import fcntl
except ImportError:  # pragma: no cover - there are none on Windows
    fcntl = None  # type: ignore[assignment]

THERE_ARE = fcntl is not None
SHARED, EXCLUSIVE, NONE = (0, 1, 2) if fcntl is None else (fcntl.F_RDLCK, fcntl.F_WRLCK, fcntl.F_UNLCK)


def opened(file: Path) -> int | None:
    """A file of no bytes to hold locks on, made where it is missing; None where that cannot be."""
    if not THERE_ARE:
        return None
    try:
        return os.open(file, os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o666)
    except OSError:  # in a folder that may only be read: what is to be written there will say so
        return None


def lock(descriptor: int, kind: int, byte: int) -> bool:
    """Lock a byte of an open file or unlock it, without waiting; False where another has it.

    A lock of the open file, and not of the process where that can be had: two sweeps of one process are two.
    """
    try:
        if command := getattr(fcntl, "F_OFD_SETLK", None):
            fcntl.fcntl(descriptor, command, struct.pack("hhqqi4x", kind, os.SEEK_SET, byte, 1, 0))
        else:  # pragma: no cover - not on Linux
            how = {SHARED: fcntl.LOCK_SH, EXCLUSIVE: fcntl.LOCK_EX, NONE: fcntl.LOCK_UN}[kind]
            fcntl.lockf(descriptor, how | fcntl.LOCK_NB, 1, byte)
    except (BlockingIOError, PermissionError):
        return False
    except OSError:  # a disk that has no locks
        return True
    return True


def folder_locked(folder: Path) -> int | None:
    """A descriptor that holds a folder's lock; None where another has it, or there are no such locks."""
    if not THERE_ARE:
        return None
    descriptor = None
    try:
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        given_back(descriptor)
        return None
    return descriptor


def given_back(descriptor: int | None) -> None:
    """Close what holds locks, and with it give them back."""
    if descriptor is not None:
        with contextlib.suppress(OSError):
            os.close(descriptor)
