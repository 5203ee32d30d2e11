"""A landscape: a deterministic function to descend, with a start, its minimisers and a window to draw."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, cast

import numpy as np
from numpy.typing import ArrayLike, NDArray

from polyak.ground.errors import PolyakError
from polyak.ground.numbers import as_float
from polyak.ground.types import Array

if TYPE_CHECKING:
    import jax

Point = tuple[float, ...]
Window = tuple[tuple[float, float], tuple[float, float]]
Function = Callable[[Array], Array]


@dataclass(frozen=True, eq=False)
class Landscape:
    """A function of a vector x, with what is known of it.

    Attributes:
        name: what it is called at the terminal.
        function: f(x), x of shape (n,) -> a scalar, in operations that JAX can trace.
        start: where a descent begins, n numbers.
        minimisers: the known global minimisers; empty where there is none.
        window: the part of the plane that is drawn, ((low, high) of x1, (low, high) of x2).
        formula: f in LaTeX.
        source: where the function comes from.

    >>> from polyak import landscapes
    >>> landscapes.ravine([-5, -2]), landscapes.ravine.gradient([-5, -2])
    (10.5, array([-1., -8.]))
    """

    name: str
    function: Function
    start: Point
    minimisers: tuple[Point, ...]
    window: Window
    formula: str
    source: str

    @property
    def dimension(self) -> int:
        """How many coordinates x has."""
        return len(self.start)

    def __call__(self, x: ArrayLike) -> float | NDArray[np.float64]:
        """f at one point (a float) or at many, shape (..., n), as float64."""
        points = self._points(x)
        values = self._mapped("value", points)
        return float(values) if points.ndim == 1 else values

    def gradient(self, x: ArrayLike) -> NDArray[np.float64]:
        """The gradient of f at one point or at many, shape (..., n), by automatic differentiation."""
        return self._mapped("gradient", self._points(x))

    def distance(self, x: ArrayLike) -> NDArray[np.float64]:
        """The Euclidean distance from x, shape (..., n), to the nearest known minimiser; nan if none is known."""
        points = self._points(x)
        if not self.minimisers:
            return np.full(points.shape[:-1], np.nan)
        away = [np.linalg.norm(points - np.array(m), axis=-1) for m in self.minimisers]
        return np.asarray(np.min(away, axis=0))

    def starting_at(self, start: object) -> Landscape:
        """The same landscape with another start, of as many finite numbers."""
        point = checked_point("start", start)
        if len(point) != self.dimension:
            raise PolyakError(
                f"start has {len(point)} coordinates, expected {self.dimension} for {self.name}"
            )
        return replace(self, start=point)

    def __repr__(self) -> str:
        return f"Landscape({self.name}, start={self.start})"

    def _repr_markdown_(self) -> str:
        return f"**{self.name}**\n\n$${self.formula}$$\n\n{self.source}"

    def _points(self, x: ArrayLike) -> NDArray[np.float64]:
        points = np.asarray(x, dtype=np.float64)
        if points.ndim == 0 or points.shape[-1] != self.dimension:
            raise PolyakError(f"{self.name}: x has shape {points.shape}, expected (..., {self.dimension})")
        return points

    def _mapped(self, what: str, points: NDArray[np.float64]) -> NDArray[np.float64]:
        import jax

        with jax.enable_x64(True):
            flat = points.reshape(-1, self.dimension)
            values = np.asarray(_mapped(self.function, what)(flat))
        return values.reshape(points.shape[:-1] + values.shape[1:])


@functools.lru_cache(maxsize=64)
def _mapped(function: Function, what: str) -> Callable[[NDArray[np.float64]], jax.Array]:
    import jax

    from polyak.ground.compiled import quickly

    return quickly(jax.vmap(function if what == "value" else jax.grad(function)))


def checked_point(name: str, values: object) -> Point:
    """`values` as a tuple of finite floats, or a one-line error."""
    try:
        point = tuple(map(as_float, cast("Iterable[object]", values)))
    except (TypeError, ValueError):
        point = ()
    if isinstance(values, str) or not point:
        raise PolyakError(f"{name} is {values!r}, expected numbers such as -5, -2")
    if not np.isfinite(point).all():
        raise PolyakError(f"{name} is {values!r}, expected finite numbers")
    return point
