"""How many pieces of memory a process has mapped: Linux lets it have 65,530, and JAX maps some for every program.

A process that compiles ten thousand programs, as a lab that is left open for a term may, ends by a signal at the next
one. Before that, what JAX has compiled is forgotten; what is asked for again is compiled again.
"""

from __future__ import annotations

from pathlib import Path

MOST = Path("/proc/sys/vm/max_map_count")  # on Linux alone: elsewhere there is no such limit
MAPPED = Path("/proc/self/maps")
SHARE = 0.5  # of what it may have, from which programs are forgotten


def mapped() -> float:
    """The share of the mappings this process may have that it has; 0 where there is no limit to them.

    >>> 0 <= mapped() < 1
    True
    """
    try:
        with MAPPED.open("rb") as lines:
            return sum(1 for _ in lines) / int(MOST.read_text())
    except (OSError, ValueError):
        return 0.0


def forget_programs(share: float = SHARE) -> bool:
    """Forget what JAX has compiled, where the process has this share of its mappings or more; whether it did."""
    if mapped() < share:
        return False
    import jax

    jax.clear_caches()
    return True
