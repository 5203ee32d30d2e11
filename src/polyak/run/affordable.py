"""What trainings need at the least, by their sizes alone: memory and time that no machine of today goes below."""

from __future__ import annotations

from polyak.ground.limits import check_memory, check_time
from polyak.problems import Task

# Seconds, a fraction of what was measured on two cores (2e-5, 4e-6, 8e-8): an epoch's rows drawn by NumPy, a step of
# the compiled loop whatever it holds, and one run's part in a step of many side by side, which many cores share.
DRAWN, STEP, LANE = 5e-6, 1e-6, 2e-9
MOST_STEPS = 10_000_000  # of one descent: its positions are kept
A_SEED = 64  # bytes of a seed's number, in a tuple
RECORD = 20  # bytes of a record: a run's loss, and how many rows and steps it came after
ROW = 8  # bytes of a row's number in an epoch's order, twice


def check_seeds(runs: int) -> None:
    """Refuse seeds that could not so much as be listed."""
    check_memory(f"{runs:,} seeds", A_SEED * runs)


def check_memory_of(problem: Task, *, epochs: int, runs: int, records: int) -> None:
    """Refuse trainings side by side whose orders of rows, for one epoch, and losses do not fit into memory."""
    needed = runs * problem.data.rows * ROW + runs * epochs * records * 4 + epochs * records * (RECORD - 4)
    check_memory(_spelled(epochs, runs), needed)


def check_time_of(problem: Task, *, batch_size: int, epochs: int, runs: int, cells: int = 1) -> None:
    """Refuse trainings that could not end within a day; `cells` settings of each, beside one another."""
    steps = -(-problem.data.rows // batch_size)
    seconds = epochs * (runs * DRAWN + steps * (STEP + runs * cells * LANE))
    check_time(_spelled(epochs, runs * cells), seconds)


def _spelled(epochs: int, runs: int) -> str:
    return f"{runs:,} run{'s' if runs > 1 else ''} of {epochs:,} epoch{'s' if epochs > 1 else ''}"
