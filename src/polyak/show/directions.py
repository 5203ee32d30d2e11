"""A landscape of many dimensions in a plane: its two slowest directions at the minimiser, and the traces in them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from polyak.ground.numbers import readable
from polyak.landscapes import Landscape
from polyak.run import Trace

MOST_DIMENSIONS = 500  # n gradients' derivatives and n^3 operations: a moment
MARGIN = 1.25  # of the farthest position, on each side


def in_slowest_directions(traces: Sequence[Trace]) -> tuple[list[Trace], str] | None:
    """The traces in the plane of the two directions of least curvature, by size, and what that plane is; or None.

    The plane goes through the minimiser; what a trace is off it is left out. None where no minimiser is known, or the
    Hessian there is not finite.
    """
    landscape = traces[0].landscape
    found = _directions(landscape)
    if found is None:
        return None
    origin, plane, curvatures = found
    ways = [(trace.positions - origin) @ plane.T for trace in traces]
    reach = np.array([MARGIN * max(np.abs(way[0, axis]) for way in ways) or 1.0 for axis in (0, 1)])
    flat = Landscape(
        name=landscape.name,
        function=lambda y: landscape.function(origin + y @ plane),
        start=tuple(map(float, ways[0][0])),
        minimisers=((0.0, 0.0),),
        window=((-float(reach[0]), float(reach[0])), (-float(reach[1]), float(reach[1]))),
        formula=landscape.formula,
        source=landscape.source,
    )
    low, high = (readable(float(each), 3) for each in curvatures)
    said = f"{len(origin)} coordinates, in the two slowest directions (curvatures {low} and {high})"
    return [
        replace(each, landscape=flat, positions=way) for each, way in zip(traces, ways, strict=True)
    ], said


def _directions(
    landscape: Landscape,
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]] | None:
    """The minimiser nearest to the start, two unit vectors, shape (2, n), and their curvatures."""
    import jax

    if not landscape.minimisers or landscape.dimension > MOST_DIMENSIONS:
        return None
    places = np.asarray(landscape.minimisers, dtype=np.float64)
    origin = places[np.argmin(np.linalg.norm(places - np.asarray(landscape.start), axis=1))]
    with jax.enable_x64(True):
        hessian = np.asarray(jax.hessian(landscape.function)(jax.numpy.asarray(origin)), dtype=np.float64)
    if not np.isfinite(hessian).all():
        return None
    curvatures, vectors = np.linalg.eigh(hessian)
    slowest = np.argsort(np.abs(curvatures), kind="stable")[:2]
    plane = vectors[:, slowest].T
    # An eigenvector has either sign: the start lies on the negative side of both axes, as it does on the ravine.
    signs = np.where(plane @ (np.asarray(landscape.start) - origin) > 0, -1.0, 1.0)
    return origin, plane * signs[:, None], curvatures[slowest]
