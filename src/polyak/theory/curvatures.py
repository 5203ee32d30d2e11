"""Curvatures: the eigenvalues of a Hessian, given as numbers or taken from what is descended."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import TypeAlias

import jax
import jax.numpy as jnp
import numpy as np
from numpy.typing import ArrayLike, NDArray

from polyak.ground.compiled import quickly
from polyak.ground.errors import PolyakError
from polyak.ground.numbers import readable
from polyak.ground.shown import Shown
from polyak.ground.types import Pytree
from polyak.landscapes import Landscape, as_landscape
from polyak.problems import Problem
from polyak.run import Trace
from polyak.run.batches import parameter_generator
from polyak.theory.curvature_result import Curvature
from polyak.theory.flatness import TO, pulling, rounding
from polyak.theory.hessian import MOST_WHOLE, Hessian, ends_of, spectrum_of

On: TypeAlias = ArrayLike | Landscape | Callable[..., object] | Trace | Problem | Curvature
"""What has curvatures: numbers, a landscape, its name or its function, a trace, a problem, a model's as measured."""


@dataclass(frozen=True, eq=False)
class Curvatures(Shown):
    """Curvatures, and where they are from.

    Attributes:
        values: shape (n,), none of them 0, in rising order at each place.
        origin: in words.
        places: the step of the trace that each is of, shape (n,); None where all are of one point.
        flat: how many directions were left out because nothing pulls there: their curvature cannot be told from 0 in
            float64 (flatness.py).
    """

    values: NDArray[np.float64]
    origin: str
    places: NDArray[np.int64] | None = None
    flat: int = 0

    @property
    def ends(self) -> NDArray[np.float64]:
        """The smallest and the largest, shape (2,); (1,) where they are one."""
        return np.unique([self.values.min(), self.values.max()])


def curvatures(on: On, *, params: Pytree = None) -> Curvatures:
    """The curvatures of what a rule is run on.

    Args:
        on: a curvature or a list of them, finite and not 0; a Landscape, its name or its function (the Hessian at the
            minimiser nearest to its start, or at the start where none is known); a Trace (the Hessian at each
            position); a Problem (its loss's Hessian, whole up to 2,000 parameters; of more its two ends alone, by
            Lanczos' method on Hessian-vector products); a Curvature (what was found of a model by itself).
        params: where a Problem's Hessian is taken; its first parameters of seed 0 by default. For least squares the
            Hessian is the same everywhere.

    Returns Curvatures, in rising order; negative ones make a saddle. Flat directions are left out and counted. Raises
    PolyakError for anything else, and where the smallest curvature that is not flat cannot be had: where rounding
    hides it, and where over 2,000 parameters have flat directions among them.

    >>> curvatures("ravine").values.round(12).tolist()
    [0.2, 4.0]
    >>> curvatures([0.2, 0.0])
    Traceback (most recent call last):
    ...
    polyak.PolyakError: curvature 2 of 2 is 0: flat, nothing pulls there; expected numbers other than 0
    """
    if isinstance(on, str) or callable(on):
        on = as_landscape(on)
    if params is not None and not isinstance(on, Problem):
        raise PolyakError("params are given, but only a problem's Hessian is taken at parameters")
    if isinstance(on, Landscape):
        return _of_landscape(on)
    if isinstance(on, Trace):
        return _of_trace(on)
    if isinstance(on, Problem):
        return _of_problem(on, params)
    if isinstance(on, Curvature):
        return _as_measured(on)
    return Curvatures(checked_curvatures(on), "as given")


def _as_measured(model: Curvature) -> Curvatures:
    """What was found of a model by itself, without what its error does not tell from 0."""
    found, errors = np.append(model.bottom, model.values), np.append(model.bottom_errors, model.errors)
    values = np.unique(found[np.abs(found) > errors])
    if not len(values):
        raise PolyakError(f"{model.scope} is flat: no curvature is told from 0")
    return Curvatures(values, model.scope)


def checked_curvatures(values: ArrayLike) -> NDArray[np.float64]:
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


def point_of(landscape: Landscape) -> tuple[NDArray[np.float64], str]:
    """Where a landscape's curvatures are taken, and what that point is, in words."""
    if not landscape.minimisers:
        return np.array(landscape.start), "at its start (no minimiser is known)"
    away = [np.linalg.norm(np.subtract(m, landscape.start)) for m in landscape.minimisers]
    return np.array(landscape.minimisers[int(np.argmin(away))]), "at its minimiser"


def _of_landscape(landscape: Landscape) -> Curvatures:
    point, where = point_of(landscape)
    spelled = ", ".join(readable(value, 6) for value in point)
    eigenvalues = _hessian_eigenvalues(landscape, point[None])[0]
    return _at_one_point(
        eigenvalues, f"{landscape.name} {where}", f"{landscape.name}, {where} ({spelled})", len(eigenvalues)
    )


def _of_trace(trace: Trace) -> Curvatures:
    finite = np.isfinite(trace.positions).all(axis=1)
    eigenvalues = _hessian_eigenvalues(trace.landscape, trace.positions[finite])
    # Along a trace a curvature may pass through 0: at the places where it does, nothing pulls.
    pulls = np.isfinite(eigenvalues) & (
        np.abs(eigenvalues) > TO * rounding(eigenvalues, eigenvalues.shape[-1])
    )
    if not pulls.any():
        raise PolyakError(f"{trace.landscape.name} is flat along the trace: no curvature is other than 0")
    places = np.broadcast_to(np.flatnonzero(finite)[:, None], eigenvalues.shape)
    origin = f"{trace.landscape.name}, along a trace of {trace.steps} steps"
    return Curvatures(eigenvalues[pulls], origin, places[pulls].astype(np.int64), int((~pulls).sum()))


def _of_problem(problem: Problem, params: Pytree) -> Curvatures:
    point = problem.init(parameter_generator(0)) if params is None else params
    where = "its first parameters" if params is None else "the given parameters"
    what, origin = f"{problem.name} at {where}", f"{problem.name} on {problem.data.name}, at {where}"
    with jax.enable_x64(True):
        hessian = Hessian(problem, point)
        if hessian.size <= MOST_WHOLE:
            return _at_one_point(spectrum_of(hessian), what, origin, hessian.size)
        ends = ends_of(hessian)
    if 0 < TO * float(rounding(ends, hessian.size)[0]) >= abs(ends[0]):
        raise PolyakError(
            f"{what} has flat directions, and the smallest curvature that is not flat cannot be had of {hessian.size} "
            f"parameters, only of {MOST_WHOLE} at most (the largest is {readable(ends[-1], 6)})"
        )
    return _at_one_point(ends, what, f"{origin}, the ends of its spectrum", hessian.size)


def _at_one_point(eigenvalues: NDArray[np.float64], what: str, origin: str, size: int) -> Curvatures:
    """Eigenvalues of one Hessian of `size` rows, without those that are flat."""
    if not np.isfinite(eigenvalues).all():
        raise PolyakError(f"the Hessian of {what} is not finite")
    pulls = pulling(eigenvalues, size, what)
    flat = int((~pulls).sum())
    left_out = f", {flat} flat direction{'s' * (flat > 1)} left out" if flat else ""
    return Curvatures(eigenvalues[pulls], origin + left_out, None, flat)


def _hessian_eigenvalues(landscape: Landscape, points: NDArray[np.floating]) -> NDArray[np.float64]:
    """The eigenvalues of the Hessian at points (k, n), rising: shape (k, n)."""
    there = hessians(landscape, points)
    finite = np.isfinite(there).all(axis=(1, 2))
    eigenvalues = np.full(points.shape, np.nan)
    eigenvalues[finite] = np.linalg.eigvalsh(there[finite])
    return eigenvalues


def hessians(landscape: Landscape, points: NDArray[np.floating]) -> NDArray[np.float64]:
    """The Hessian at points (k, n): shape (k, n, n)."""
    with jax.enable_x64(True):
        return np.asarray(_hessians(landscape.function)(jnp.asarray(points, dtype=jnp.float64)))


@lru_cache(maxsize=64)
def _hessians(function: Callable[[jax.Array], jax.Array]) -> Callable[[jax.Array], jax.Array]:
    return quickly(jax.vmap(jax.hessian(function)))
