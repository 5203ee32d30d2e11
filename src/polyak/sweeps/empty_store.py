"""A store before a chunk is in it, as names and bytes: what is made at first, and made anew where it is torn."""

from __future__ import annotations

import json
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import xarray as xr
import zarr
from zarr.codecs import ZstdCodec
from zarr.core.buffer import Buffer
from zarr.errors import UnstableSpecificationWarning
from zarr.storage import MemoryStore

from polyak.ground.hashing import sha256
from polyak.sweeps.chunks import count
from polyak.sweeps.dataset import coordinates, fill_value
from polyak.sweeps.job import Job
from polyak.sweeps.plan import FORMAT, PLAN, ROOT, WRITTEN, digest, root_with

COMPRESSED = ZstdCodec(checksum=True)  # what is torn on the disk is an error, not numbers


def files_of_empty_store(jobs: dict[str, Job]) -> dict[str, bytes]:
    """Every file of an empty store, its root last: two processes make the same ones."""
    files: dict[str, Buffer] = {}
    with text_allowed():
        root = zarr.open_group(MemoryStore(files), mode="w-", zarr_format=3)
        identities = {name: job.identity for name, job in jobs.items()}
        for name, job in jobs.items():
            _make_arrays(root, "" if len(jobs) == 1 else name, job, digest(identities[name]))
        about = {
            "format": FORMAT,
            "sweeps": identities,
            "chunks": {name: list(job.chunk) for name, job in jobs.items()},
            "variables": {name: list(job.variables()) for name, job in jobs.items()},
            "files": {name: sha256(file.to_bytes()) for name, file in sorted(files.items()) if name != ROOT},
        }
        root.attrs.update({PLAN: json.dumps(about)})
        root.attrs.update(root_with(json.loads(files[ROOT].to_bytes())))
    last = files.pop(ROOT)
    return {**{name: file.to_bytes() for name, file in files.items()}, ROOT: last.to_bytes()}


def _make_arrays(root: zarr.Group, name: str, job: Job, identity: str) -> None:
    """Arrays for every variable and coordinate of one rule."""
    group = root.require_group(name) if name else root
    coords = coordinates(job)
    beside = " ".join(name for name, values in coords.items() if values.dims != (name,))
    for variable, about in job.variables().items():
        behind = about.shape[len(job.shape) :]
        array = group.create_array(
            variable,
            shape=about.shape,
            chunks=(*job.chunk, *behind),
            dtype=about.dtype,
            fill_value=fill_value(about.dtype),
            compressors=COMPRESSED,
            dimension_names=about.dims,
        )
        array.attrs.update({"long_name": about.meaning, **({"coordinates": beside} if beside else {})})
    marks = group.create_array(
        WRITTEN,
        shape=(count(job.shape, job.chunk),),
        chunks=(1,),
        dtype="int8",
        fill_value=0,
        compressors=None,  # a byte, the same whoever writes it
        dimension_names=("chunk",),
    )
    marks.attrs.update({"sweep": identity, "chunk": list(job.chunk)})
    place: dict[str, Any] = {"group": name} if name else {}
    for values in coords.values():
        values.encoding["_FillValue"] = None  # none is missing
    xr.Dataset(coords=coords).to_zarr(root.store, mode="a", consolidated=False, **place)
    group.attrs.update(json.loads(json.dumps(job.attrs())))  # last: what xarray writes has none


@contextmanager
def text_allowed() -> Iterator[None]:
    """Without Zarr's word on how text is stored, of which there is some as a coordinate; not for threads."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UnstableSpecificationWarning)
        yield
