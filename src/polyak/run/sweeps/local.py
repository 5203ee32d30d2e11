"""Chunks on this machine: one thread a core, each with a chunk of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from itertools import islice
from typing import Any

import jax

from polyak.run.sweeps import chunks
from polyak.run.sweeps.chunks import Region
from polyak.run.sweeps.lanes import cores


def run(
    compute: Callable[[Region], Any],
    regions: Iterable[Region],
    done: int,
    total: int,
    progress: Callable[[int, int], None],
) -> int:
    """Compute every region; the cells done afterwards, `done` of `total` before.

    The first region is computed alone: what it compiles, the others find. When interrupted, chunks under way are
    finished and no new one is begun.
    """
    waiting = iter(regions)
    progress(done, total)
    for region in islice(waiting, 1):
        compute(region)
        done += chunks.size(region)
        progress(done, total)
    threads = cores() if jax.default_backend() == "cpu" else 1
    with ThreadPoolExecutor(threads) as pool:
        under_way: dict[Future[Any], Region] = {}
        try:
            for region in islice(waiting, 2 * threads):
                under_way[pool.submit(compute, region)] = region
            while under_way:
                finished, _ = wait(under_way, return_when=FIRST_COMPLETED)
                for future in finished:
                    future.result()
                    done += chunks.size(under_way.pop(future))
                    for region in islice(waiting, 1):
                        under_way[pool.submit(compute, region)] = region
                progress(done, total)
        except BaseException:
            pool.shutdown(wait=True, cancel_futures=True)
            raise
    return done
