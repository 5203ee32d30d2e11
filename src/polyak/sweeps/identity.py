"""What decides the numbers of a sweep, in words and hashes: a store that says otherwise is another sweep's."""

from __future__ import annotations

import json
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

import jax
import numpy as np

from polyak.ground.hashing import bytecode_hash, hashed, numbers_hash, without_addresses
from polyak.ground.precision import in_precision
from polyak.ground.version import __version__
from polyak.rules import PageRule, unwrapped
from polyak.rules.pages.captured import functions_around
from polyak.run.checkpoint import step_hash

if TYPE_CHECKING:
    from polyak.sweeps.job import Job

COMPUTED_BY = ("jax", "jaxlib", "numpy")  # another version may round, or draw, otherwise


def identity(job: Job) -> dict[str, str]:
    """What tells a sweep from another; the same in another process."""
    params = job.on.params(0)
    with in_precision(job.on.dtype):
        step, numbers = step_hash(job.rule, params), numbers_hash(job.rule)
    fixed = settings(job)
    return {
        "rule": job.plane.name,
        "settings": ", ".join(f"{name}={value}" for name, value in fixed.items()) or "none",
        "step": step or _code_of(job.rule),
        "numbers": numbers,
        **job.on.identity(),
        "axes": ", ".join(f"{name}={axis.spelled()}" for name, axis in job.plane.axes.items()),
        "values": hashed(np.asarray(found).tobytes() for found in job.coordinates.values()),
        "sampling": job.sampling
        if job.sampling == "grid"
        else f"{job.sampling}, {job.drawn}, seed {job.seed}",
        "seeds": ", ".join(map(str, job.seeds)) or "none",
        "record": ", ".join(job.recording.names),
        "target": str(job.recording.target),
        "polyak": __version__,
        **{name: version(name) for name in COMPUTED_BY},
        "processor": jax.default_backend(),
    }


def attrs(job: Job) -> dict[str, Any]:
    """What a result says of itself: enough to run it again."""
    schedules = tables(job)
    return {
        "rule": job.plane.name,
        "settings": json.dumps(settings(job)),
        **({"schedules": json.dumps(schedules)} if schedules else {}),
        "axes": json.dumps({name: axis.spelled() for name, axis in job.plane.axes.items()}),
        "sampling": job.sampling,
        **({} if job.sampling == "grid" else {"sampling_seed": job.seed}),
        **job.on.attrs(),
        **({} if job.recording.target is None else {"target_to_reach": job.recording.target}),
        "seeds": list(job.seeds),
        "version": __version__,
    }


def tables(job: Job) -> dict[str, list[float]]:
    """The value of each schedule at every step, by the setting's name: its code is not in a store, its numbers are."""
    found: dict[str, Any] = getattr(job.rule, "schedules", dict)()
    return {name: np.asarray(schedule.values, np.float64).tolist() for name, schedule in found.items()}


def settings(job: Job) -> dict[str, str]:
    """The settings that are the same in every cell, spelled."""
    scheduled: dict[str, Any] = getattr(job.rule, "schedules", dict)()
    return {
        name: "a schedule" if name in scheduled else without_addresses(str(value))
        for name, value in job.plane.fixed().items()
    }


def _code_of(rule: Any) -> str:
    """What a page's function that cannot be traced computes, by its bytecode."""
    page = unwrapped(rule)
    assert isinstance(page, PageRule)
    return bytecode_hash([page.function, *functions_around(page.function).values()])
