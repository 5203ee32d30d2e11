"""Making a store, so that it is there whole or not at all; and making anew what is torn in one."""

from __future__ import annotations

import contextlib
import json
import os
import re
import secrets
import shutil
import warnings
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from polyak.ground.errors import PolyakError
from polyak.ground.files import to_disk
from polyak.sweeps.empty_store import files_of_empty_store
from polyak.sweeps.job import Job
from polyak.sweeps.loading import named
from polyak.sweeps.locks import folder_locked, given_back
from polyak.sweeps.places import Bucket, Folder, Place, one_line, place_of
from polyak.sweeps.plan import ROOT, WRITTEN, Plan, TornError, digest, plan_of

ATTEMPTS = 3  # to lock a folder; on a disk without locks the last is taken as it is
HASHES = ("step", "numbers", "values", "function", "loss", "data")  # of an identity, in no words


def prepared(jobs: dict[str, Job], store: str | Path | Place) -> Place:
    """The store's place, with room for every chunk; one that holds another sweep is refused."""
    place = place_of(store)
    try:
        plan = plan_of(place)
    except TornError:
        if (plan := _as_beside_the_marks(place, jobs)) is None:
            raise
    if plan is None:
        _check_room(jobs, place)
        with one_line(place.text):
            if isinstance(place, Folder):
                _make_in_folder(place, files_of_empty_store(jobs))
            else:
                _make_in_bucket(place, files_of_empty_store(jobs))
        plan = plan_of(place)
        assert plan is not None
    _refuse_another(place, plan, jobs)
    _mend(place, plan, jobs)
    if isinstance(place, Folder):
        remove_parts(place.root)
    return place


def _make_in_folder(place: Folder, files: dict[str, bytes]) -> None:
    """Beside its place first. Where another process was faster, its store is as good: the files are the same."""
    root = place.root
    root.parent.mkdir(parents=True, exist_ok=True)
    with _part_beside(root) as part:
        for name, content in files.items():
            (part / name).parent.mkdir(parents=True, exist_ok=True)
            (part / name).write_bytes(content)
        for file in (*part.rglob("*"), part):
            to_disk(file)
        try:
            part.replace(root)
        except OSError:
            if not (root / ROOT).exists():
                raise
    to_disk(root.parent)


def _make_in_bucket(place: Bucket, files: dict[str, bytes]) -> None:
    """Its root last: a store without is made again, from the same files."""
    others = place.top() - {name.partition("/")[0] for name in files}
    if others:
        raise PolyakError(f"{place.text} is no store of a sweep: it holds other things")
    for name, content in files.items():
        place.write(name, content)


@contextlib.contextmanager
def _part_beside(root: Path) -> Iterator[Path]:
    """A folder beside the store to make it in, and gone afterwards; those of killed processes too.

    It is locked by who makes it: a folder of such a name that can be locked is nobody's any more.
    """
    for attempt in range(ATTEMPTS):
        part = root.with_name(f".{root.name}.{os.getpid()}-{secrets.token_hex(4)}.part")
        part.mkdir()
        lock = folder_locked(part)
        if part.is_dir() and (lock is not None or attempt == ATTEMPTS - 1):
            break
        given_back(lock)  # another took it for a dead one's before it was locked
    try:
        yield part
    finally:
        shutil.rmtree(part, ignore_errors=True)
        given_back(lock)


def remove_parts(root: Path) -> None:
    """Remove what killed processes left beside a store's place."""
    ours = re.compile(rf"\.{re.escape(root.name)}\.\d+-[0-9a-f]{{8}}\.part")
    with contextlib.suppress(OSError), os.scandir(root.parent) as entries:
        for entry in list(entries):
            if ours.fullmatch(entry.name) and (lock := folder_locked(Path(entry.path))) is not None:
                shutil.rmtree(entry.path, ignore_errors=True)
                given_back(lock)


def _as_beside_the_marks(place: Place, jobs: dict[str, Job]) -> Plan | None:
    """The plan of a store whose root is torn, if what stands beside its marks says that it is of these sweeps."""
    chunks, identities = {}, {}
    for name, job in jobs.items():
        folder = "" if len(jobs) == 1 else f"{name}/"
        content = place.read(f"{folder}{WRITTEN}/{ROOT}")
        identities[name] = job.identity
        try:
            said = json.loads(content or b"")["attributes"]
            chunk = [int(size) for size in said["chunk"]]
            if said["sweep"] != digest(identities[name]) or len(chunk) != len(job.shape) or min(chunk) < 1:
                return None
        except (ValueError, KeyError, TypeError, RecursionError):
            return None
        chunks[name] = chunk
    variables = {name: list(job.variables()) for name, job in jobs.items()}
    return Plan(identities, chunks, variables, {ROOT: ""})  # whatever is there is not that


def _mend(place: Place, plan: Plan, jobs: dict[str, Job]) -> None:
    """Write anew what is missing or damaged of the files that the store was made with."""
    with one_line(place.text):
        damaged = plan.damaged(place)
        if not damaged:
            return
        cut = {name: replace(job, chunk_asked=tuple(plan.chunks[name])) for name, job in jobs.items()}
        for name, content in files_of_empty_store(cut).items():
            if place.read(name) != content:
                place.write(name, content)
    what = "was damaged or lost and is" if len(damaged) == 1 else "were damaged or lost and are"
    warnings.warn(f"{place.text}: {named(damaged)} {what} made anew", stacklevel=2)


def _refuse_another(place: Place, plan: Plan, jobs: dict[str, Job]) -> None:
    """Refuse a store of another sweep, and say what is another."""
    path, stored = place.text, plan.sweeps
    if list(stored) != list(jobs):
        raise PolyakError(
            f"{path} is of another sweep: its rules were {', '.join(stored)}, now {', '.join(jobs)}; "
            "name another store"
        )
    differences = {
        what: f"{what} was {stored[name].get(what, 'nothing')}, now {value}"
        for name, job in jobs.items()
        for what, value in job.identity.items()
        if stored[name].get(what) != value
    }
    if differences:
        # What a hash tells too is only said where nothing else does.
        in_words = [text for what, text in differences.items() if what not in HASHES]
        raise PolyakError(
            f"{path} is of another sweep: {'; '.join(in_words or differences.values())}; name another store"
        )


def _check_room(jobs: dict[str, Job], place: Place) -> None:
    """Refuse what the disk does not hold, before anything is computed."""
    if not isinstance(place, Folder):
        return
    folder = next(folder for folder in (place.root, *place.root.parents) if folder.exists())
    needed = sum(job.cells * job.recorded_bytes for job in jobs.values())
    free = shutil.disk_usage(folder).free
    if needed > free:
        cells = sum(job.cells for job in jobs.values())
        raise PolyakError(
            f"{cells:,} cells take up to {needed / 1e9:,.1f} GB, and {folder} has {free / 1e9:,.1f} GB free"
        )
