"""States moved from one framework to another: CPU time beside a plain copy of the same tensors, and memory at its peak.

python benchmarks/moving_states.py [parameters, 1e8 by default]
"""

from __future__ import annotations

import statistics
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch

import polyak as pk

ROUNDS, PAGE = 3, 4096
STATM = Path("/proc/self/statm")
GROUP = {"lr": 0.1, "momentum": 0.9, "dampening": 0.0, "amsgrad": False, "params": [0]}
MOVES = {
    "torch:AdamW to optax:adamw": ("exp_avg", "exp_avg_sq"),
    "torch:AdamW to keras:AdamW": ("exp_avg", "exp_avg_sq"),
    "torch:SGD to keras:SGD": ("momentum_buffer",),
}


def state_of(slots: tuple[str, ...], size: int) -> dict[str, Any]:
    """A state_dict of one parameter, in float32."""
    held: dict[str, Any] = {name: torch.full((size,), 0.5) for name in slots}
    if len(slots) > 1:
        held["step"] = torch.tensor(3.0)
    return {"state": {0: held}, "param_groups": [GROUP]}


@contextmanager
def peak() -> Iterator[list[int]]:
    """The most bytes of memory beyond what there were at first."""
    found, over = [0], threading.Event()
    before = _resident()

    def watch() -> None:
        while not over.wait(0.002):
            found[0] = max(found[0], _resident() - before)

    thread = threading.Thread(target=watch)
    thread.start()
    yield found
    over.set()
    thread.join()


def _resident() -> int:
    return int(STATM.read_text().split()[1]) * PAGE


def spent(work: Callable[[], object]) -> float:
    """CPU seconds of one call."""
    begin = time.process_time()
    work()
    return time.process_time() - begin


def measured(move: str, size: int) -> tuple[float, float]:
    """A move's CPU time in plain copies, the median of ROUNDS, and its memory in sizes of the state."""
    frm, _, to = move.partition(" to ")
    state = state_of(MOVES[move], size)
    tensors = [state["state"][0][name] for name in MOVES[move]]

    def moved() -> Any:
        return pk.convert_state(state, frm=frm, to=to)

    def copied() -> list[torch.Tensor]:
        return [x.clone() for x in tensors]

    pk.convert_state(state_of(MOVES[move], 4), frm=frm, to=to)  # what is imported, is
    ratio = statistics.median(spent(moved) / spent(copied) for _ in range(ROUNDS))
    with peak() as most:
        kept = moved()
    size_in_bytes = sum(x.numel() * x.element_size() for x in tensors)
    del kept
    return ratio, most[0] / size_in_bytes


def main(size: int) -> None:
    for move in MOVES:
        ratio, memory = measured(move, size)
        print(f"{move}: {ratio:.2f} times a copy, memory {memory:.2f} times the state")


if __name__ == "__main__":
    main(int(float(sys.argv[1])) if len(sys.argv) > 1 else 100_000_000)
