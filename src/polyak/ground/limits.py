"""What this machine cannot do: more than its memory holds, or than a day has time for, is refused before it begins."""

from __future__ import annotations

import psutil

from polyak.ground.errors import PolyakError
from polyak.ground.numbers import readable

DAY = 86_400.0  # seconds


def memory() -> int:
    """Bytes that this process may have: the machine's, or fewer where the shell has set a limit (`ulimit -v`)."""
    total = int(psutil.virtual_memory().total)
    try:
        import resource
    except ImportError:  # on Windows
        return total
    limit, _ = resource.getrlimit(resource.RLIMIT_AS)
    return total if limit == resource.RLIM_INFINITY else min(total, limit)


def check_memory(what: str, needed: float) -> None:
    """Refuse what needs more bytes than there are.

    >>> check_memory("a matrix of 1,000,000 rows and columns", 8e12)  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ...
    polyak.PolyakError: a matrix of 1,000,000 rows and columns: at least 8000 GB of memory, this machine has ...
    """
    if needed > memory():
        has = f"this machine has {readable(memory() / 1e9)} GB"
        raise PolyakError(f"{what}: at least {readable(needed / 1e9)} GB of memory, {has}")


def check_time(what: str, seconds: float) -> None:
    """Refuse what takes over a day, however fast the machine.

    >>> check_time("1,000,000,000 epochs", 864_000)
    Traceback (most recent call last):
    ...
    polyak.PolyakError: 1,000,000,000 epochs: at least 10 days, expected at most one
    """
    if seconds > DAY:
        raise PolyakError(f"{what}: at least {readable(seconds / DAY)} days, expected at most one")
