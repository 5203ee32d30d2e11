"""Chunks on this machine: one thread a core, each with a chunk of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from itertools import islice

import jax

from polyak.ground.progress import Progress
from polyak.sweeps.lanes import cores


def run(
    tasks: Iterable[tuple[int, Callable[[], object]]],
    done: int,
    total: int,
    progress: Progress,
    *,
    first_alone: bool = False,
) -> int:
    """Do every task, its cells and what computes them; the cells done afterwards, `done` of `total` before.

    The first is done alone where that is asked for: what it prepares, the others find. When interrupted, chunks under
    way are finished and no new one is begun.
    """
    waiting = iter(tasks)
    progress(done, total)
    for cells, compute in islice(waiting, int(first_alone)):
        compute()
        done += cells
        progress(done, total)
    threads = cores() if jax.default_backend() == "cpu" else 1
    with ThreadPoolExecutor(threads) as pool:
        under_way: dict[Future[object], int] = {}
        try:
            for cells, compute in islice(waiting, 2 * threads):
                under_way[pool.submit(compute)] = cells
            while under_way:
                finished, _ = wait(under_way, return_when=FIRST_COMPLETED)
                for future in finished:
                    future.result()
                    done += under_way.pop(future)
                    for cells, compute in islice(waiting, 1):
                        under_way[pool.submit(compute)] = cells
                progress(done, total)
        except BaseException:
            pool.shutdown(wait=True, cancel_futures=True)
            raise
    return done
