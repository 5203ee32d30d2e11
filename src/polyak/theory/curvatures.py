"""Curvatures: the eigenvalues of a Hessian, given as numbers or taken from what is descended."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from numpy.typing import NDArray

from polyak.errors import PolyakError
from polyak.landscapes import Landscape
from polyak.problems import Problem
from polyak.run import Trace, as_landscape
from polyak.run.batches import parameter_generator
from polyak.shown import Shown
from polyak.theory.hessian import Hessian, extremes

FLAT = 1e-10  # of the largest: a Hessian's smaller eigenvalues are rounding, and pull nothing


@dataclass(frozen=True, eq=False)
class Curvatures(Shown):
    """Curvatures, and where they are from.

    Attributes:
        values: shape (n,), none of them 0, in rising order at each place.
        origin: in words.
        places: the step of the trace that each is of, shape (n,); None where all are of one point.
        flat: how many directions were left out because nothing pulls there.
    """

    values: NDArray[np.float64]
    origin: str
    places: NDArray[np.int64] | None = None
    flat: int = 0


def curvatures(target: Any, *, params: Any = None) -> Curvatures:
    """The curvatures of a target.

    Args:
        target: a curvature or a list of them, finite and not 0; a Landscape or its name (the Hessian at the minimiser
            nearest to its start, or at the start where none is known); a Trace (the Hessian at each position); a
            Problem (the two extreme eigenvalues of its loss's Hessian, by Lanczos' method on Hessian-vector products).
        params: where a Problem's Hessian is taken; its first parameters of seed 0 by default. For least squares the
            Hessian is the same everywhere.

    Returns Curvatures, in rising order; negative ones make a saddle. Raises PolyakError for anything else.

    >>> curvatures("ravine").values.round(12).tolist()
    [0.2, 4.0]
    >>> curvatures([0.2, 0.0])
    Traceback (most recent call last):
    ...
    polyak.errors.PolyakError: curvature 2 of 2 is 0: flat, nothing pulls there; expected numbers other than 0
    """
    if isinstance(target, str):
        target = as_landscape(target)
    if params is not None and not isinstance(target, Problem):
        raise PolyakError("params are given, but only a problem's Hessian is taken at parameters")
    if isinstance(target, Landscape):
        return _of_landscape(target)
    if isinstance(target, Trace):
        return _of_trace(target)
    if isinstance(target, Problem):
        return _of_problem(target, params)
    return Curvatures(checked_curvatures(target), "as given")


def checked_curvatures(values: Any) -> NDArray[np.float64]:
    """Curvatures as typed: a number or a list of numbers, each finite and not 0; in rising order."""
    expected = "expected a number or a list of numbers"
    try:
        numbers = np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError):
        raise PolyakError(f"curvatures are {values!r}, {expected}") from None
    if isinstance(values, str | bool) or numbers.ndim > 1:
        shape = f" of shape {numbers.shape}" if numbers.ndim > 1 else ""
        raise PolyakError(
            f"curvatures are {'an array' if shape else repr(values)}{shape}, {expected} (the eigenvalues of a Hessian)"
        )
    numbers = np.atleast_1d(numbers)
    if not numbers.size:
        raise PolyakError(f"curvatures are empty, {expected}")
    for place, value in enumerate(numbers, start=1):
        which = f"curvature {place} of {len(numbers)}" if len(numbers) > 1 else "the curvature"
        if not np.isfinite(value):
            raise PolyakError(f"{which} is {value}, expected finite numbers")
        if value == 0:
            raise PolyakError(f"{which} is 0: flat, nothing pulls there; expected numbers other than 0")
    return np.sort(numbers)


def _of_landscape(landscape: Landscape) -> Curvatures:
    if landscape.minimisers:
        away = [np.linalg.norm(np.subtract(m, landscape.start)) for m in landscape.minimisers]
        point, where = landscape.minimisers[int(np.argmin(away))], "at its minimiser"
    else:
        point, where = landscape.start, "at its start (no minimiser is known)"
    spelled = ", ".join(f"{value:g}" for value in point)
    found = _hessian_eigenvalues(landscape, np.array([point]))[0]
    values, flat = _without_flat(found, f"{landscape.name} {where}")
    return Curvatures(values, f"{landscape.name}, {where} ({spelled})", None, flat)


def _of_trace(trace: Trace) -> Curvatures:
    finite = np.isfinite(trace.positions).all(axis=1)
    found = _hessian_eigenvalues(trace.landscape, trace.positions[finite])
    pulls = np.isfinite(found) & (np.abs(found) > FLAT * np.abs(found).max(axis=1, keepdims=True))
    if not pulls.any():
        raise PolyakError(f"{trace.landscape.name} is flat along the trace: no curvature is other than 0")
    places = np.broadcast_to(np.flatnonzero(finite)[:, None], found.shape)
    origin = f"{trace.landscape.name}, along a trace of {trace.steps} steps"
    return Curvatures(found[pulls], origin, places[pulls].astype(np.int64), int((~pulls).sum()))


def _of_problem(problem: Problem, params: Any) -> Curvatures:
    point = problem.init(parameter_generator(0)) if params is None else params
    where = "its first parameters" if params is None else "the given parameters"
    with jax.enable_x64(True):
        found = extremes(Hessian(problem, point))
    values, flat = _without_flat(found, f"{problem.name} at {where}")
    return Curvatures(values, f"{problem.name} on {problem.data.name}, at {where}", None, flat)


def _without_flat(found: NDArray[np.float64], what: str) -> tuple[NDArray[np.float64], int]:
    pulls = np.abs(found) > FLAT * np.abs(found).max()
    if not np.isfinite(found).all():
        raise PolyakError(f"the Hessian of {what} is not finite")
    if not pulls.any():
        raise PolyakError(f"the Hessian of {what} is 0: flat, nothing pulls there")
    return found[pulls], int((~pulls).sum())


def _hessian_eigenvalues(landscape: Landscape, points: NDArray[Any]) -> NDArray[np.float64]:
    """The eigenvalues of the Hessian at points (k, n), rising: shape (k, n)."""
    with jax.enable_x64(True):
        hessians = np.asarray(_hessians(landscape.function)(jnp.asarray(points, dtype=jnp.float64)))
    finite = np.isfinite(hessians).all(axis=(1, 2))
    found = np.full(points.shape, np.nan)
    found[finite] = np.linalg.eigvalsh(hessians[finite])
    return found


@lru_cache(maxsize=64)
def _hessians(function: Any) -> Any:
    return jax.jit(jax.vmap(jax.hessian(function)))
