"""The chunks of a sweep on Dask workers, who write the store themselves: only words come back."""

from __future__ import annotations

import contextlib
import logging
import signal
import sys
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from functools import lru_cache
from itertools import islice
from multiprocessing import resource_tracker
from pathlib import Path
from typing import TYPE_CHECKING

from polyak.ground.errors import PolyakError, whole_number
from polyak.ground.progress import Progress
from polyak.ground.version import __version__
from polyak.sweeps import store as stores
from polyak.sweeps.chunks import Region
from polyak.sweeps.claims import Claims
from polyak.sweeps.job import Job
from polyak.sweeps.loading import load
from polyak.sweeps.places import Folder, place_of
from polyak.sweeps.plan import WRITTEN
from polyak.sweeps.results import SweepResult

if TYPE_CHECKING:
    from distributed import Client, Future, LocalCluster, as_completed

AT_ONCE = 4  # chunks that each thread of a worker is given ahead
PATIENCE = 10  # seconds to wait for a scheduler and for its first worker
LOOK_AGAIN = 0.005  # seconds between looks at what has come back
ATTEMPTS = 3  # to begin workers
MOST_LOST = 100  # workers that may die under one chunk before the chunk is held to be the cause
# One core a worker: the chunks are what runs side by side.
ONE_THREAD = {"XLA_FLAGS": "--xla_cpu_multi_thread_eigen=false", "OMP_NUM_THREADS": "1"}
GOES_ON = "what is done is kept, and the same sweep goes on from there"


def run_on_cluster(
    jobs: dict[str, Job],
    store: str | Path,
    cluster: str | Client | None,
    workers: int | None,
    progress: Progress,
) -> SweepResult:
    """Run what the store does not hold yet on the workers, and open it."""
    if cluster is not None and workers is not None:
        raise PolyakError(
            "a cluster has workers of its own: give its address or a number of workers, not both"
        )
    place = place_of(store)
    with client_of(cluster, workers) as client:
        check_versions(client)
        store_begun = stores.begin(jobs, place)
        with store_begun.claims() as claims:
            missing = store_begun.missing()
            total = sum(job.cells for job in store_begun.jobs.values())
            done = total - sum(chunk.cells for chunk in missing)
            progress(done, total)
            if missing:
                _submit(client, store_begun, missing, claims, done, total, progress)
    return load(place)


def work(payload: bytes, version: str, path: str, name: str, number: int, region: Region) -> str:
    """What a worker does: one chunk, computed and written. Returns the number of its process."""
    import os

    if version != __version__:
        raise PolyakError(f"a worker has polyak {__version__}, this sweep is polyak {version}'s")
    jobs, place = _unpacked(payload), place_of(path)
    folder = "" if len(jobs) == 1 else f"{name}/"
    with Claims(place, f"{next(iter(jobs)) + '/' if folder else ''}{WRITTEN}"):
        stores.write(place, stores.group_of(place, folder), jobs[name], number, region)
    return str(os.getpid())


@contextlib.contextmanager
def client_of(cluster: str | Client | None, workers: int | None) -> Iterator[Client]:
    """A client of the cluster at an address, or of `workers` single-threaded processes on this machine."""
    import dask
    import distributed

    if isinstance(cluster, distributed.Client):
        yield cluster
        return
    with _quiet(), dask.config.set({"distributed.scheduler.allowed-failures": MOST_LOST}):
        if workers is not None:
            count = whole_number("workers", workers, at_least=1)
            with _local_cluster(count) as made, distributed.Client(made) as client:
                yield client
            return
        try:
            client = distributed.Client(str(cluster), timeout=PATIENCE)
        except (OSError, ValueError, TypeError) as error:
            what = " ".join(str(error).split())[:200]
            raise PolyakError(
                f"the cluster {cluster} cannot be reached ({what}); expected a scheduler such as tcp://host:8786"
            ) from None
        with client:
            yield client


def _local_cluster(count: int) -> LocalCluster:
    """Of processes on this machine; begun again where one of them is killed while it begins."""
    import distributed

    for attempt in range(ATTEMPTS):
        try:
            with _deaf_to_ctrl_c():
                return distributed.LocalCluster(
                    n_workers=count,
                    threads_per_worker=1,
                    processes=True,
                    host="127.0.0.1",
                    dashboard_address=None,
                    scheduler_kwargs={"dashboard_address": "127.0.0.1:0"},  # its own page, where no other is
                    silence_logs=logging.CRITICAL,
                    env=ONE_THREAD,
                )
        except RuntimeError as error:
            if attempt == ATTEMPTS - 1:
                raise PolyakError(f"workers cannot be begun on this machine: {error}") from error
    raise AssertionError


@contextlib.contextmanager
def _deaf_to_ctrl_c() -> Iterator[None]:
    """Threads begun here, and the processes that those begin, do not hear Ctrl-C: who began them ends them.

    A terminal sends it to all of them, and each would print where it was just then.
    """
    if not hasattr(signal, "pthread_sigmask") or threading.current_thread() is not threading.main_thread():
        yield
        return
    resource_tracker.ensure_running()  # which would let them hear again, were it begun by the first of them
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Dask's own words about workers that come and go would stand between the lines of this program."""
    names = [name for name in logging.root.manager.loggerDict if name.partition(".")[0] == "distributed"]
    levels = {logging.getLogger(name): logging.getLogger(name).level for name in names}
    for logger in levels:
        logger.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        for logger, level in levels.items():
            logger.setLevel(level)


def check_versions(client: Client) -> None:
    """Refuse a cluster without workers, and workers with another version of Polyak or none."""

    import distributed

    try:
        client.wait_for_workers(1, timeout=PATIENCE)
    except (TimeoutError, distributed.TimeoutError):
        raise PolyakError(f"the cluster has no worker after {PATIENCE} s") from None
    for worker, version in client.run(_version_of).items():
        if version != __version__:
            has = f"polyak {version}" if version else "no polyak"
            raise PolyakError(
                f"the worker {worker} has {has}, expected {__version__}, which this sweep is run with"
            )


def _version_of() -> str:
    # Sent as it is: a worker may have no polyak to import it from.
    try:
        from importlib import import_module

        return str(import_module("polyak.ground.version").__version__)
    except ImportError:
        return ""


def _submit(
    client: Client,
    store: stores.Store,
    missing: list[stores.Chunk],
    claims: Claims,
    done: int,
    total: int,
    progress: Progress,
) -> None:
    """A few chunks for each worker at a time: a scheduler that holds millions of tasks is slow."""
    import dask
    from distributed import CancelledError, KilledWorker, as_completed

    path = str(store.place.root) if isinstance(store.place, Folder) else store.place.text
    # A task, not scattered data: where the workers that hold it die, it is sent again.
    with dask.config.set({"distributed.admin.large-graph-warning-threshold": "1 GiB"}):
        shared = client.submit(bytes, _packed(store.jobs))
    sent: dict[object, stores.Chunk] = {}
    by_others = 0

    def send() -> Iterator[Future[str]]:
        nonlocal by_others
        for chunk, mine in store.shared_out(missing, claims):
            if not mine:
                claims.give_back(chunk.claim)
                by_others += chunk.cells
                continue
            what = path, chunk.name, chunk.number, chunk.region
            future = client.submit(work, shared, __version__, *what, pure=False, retries=0)
            sent[future.key] = chunk
            yield future

    def safe() -> int:
        return done + by_others

    waiting = send()
    ahead = max(1, sum(client.nthreads().values())) * AT_ONCE
    finished = as_completed(list(islice(waiting, ahead)))
    try:
        for future in _patiently(client, finished, safe, total):
            future.result()
            chunk = sent.pop(future.key)
            claims.give_back(chunk.claim)
            done += chunk.cells
            for sending in islice(waiting, 1):
                finished.add(sending)
            progress(done + by_others, total)
    except KilledWorker:
        raise PolyakError(f"workers die under this sweep again and again; {GOES_ON}") from None
    except ImportError as error:
        client.cancel(list(finished.futures), force=True)
        raise PolyakError(f"a worker lacks what this sweep needs: {error}; expected it there too") from None
    except CancelledError:
        raise PolyakError(f"the cluster went away; {GOES_ON}") from None
    except BaseException:
        client.cancel(list(finished.futures), force=True)
        raise
    if by_others:
        progress(done + by_others, total)


def _patiently(
    client: Client, finished: as_completed, done: Callable[[], int], total: int
) -> Iterator[Future[str]]:
    """The futures as they finish; where nothing does because no worker is left, that is said once."""
    since, was_said = time.monotonic(), False
    while not finished.is_empty():
        if finished.has_ready():
            since, was_said = time.monotonic(), False
            yield next(finished)
        elif time.monotonic() - since > PATIENCE and not was_said and not client.nthreads():
            was_said = True
            warnings.warn(
                f"the cluster has no worker any more: {done():,} of {total:,} cells are safe in the store, and the "
                "sweep goes on when one comes",
                stacklevel=2,
            )
        else:
            time.sleep(LOOK_AGAIN)


def _packed(jobs: dict[str, Job]) -> bytes:
    """The jobs with the reader's own rule file in them."""
    import cloudpickle

    own = [module for name, module in list(sys.modules.items()) if name.startswith(OWN_FILES)]
    for module in own:
        cloudpickle.register_pickle_by_value(module)
    try:
        packed: bytes = cloudpickle.dumps(jobs)
        return packed
    finally:
        for module in own:
            cloudpickle.unregister_pickle_by_value(module)


OWN_FILES = "_polyak_"  # how modules from a reader's own file are named


@lru_cache(maxsize=4)
def _unpacked(payload: bytes) -> dict[str, Job]:
    """The jobs, once a process: what they compile is found again."""
    import cloudpickle

    jobs: dict[str, Job] = cloudpickle.loads(payload)
    return jobs
