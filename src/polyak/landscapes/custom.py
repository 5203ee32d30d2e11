"""A landscape from any function of the user's own, `f(x1, x2)` or `f(x)`."""

from __future__ import annotations

import inspect
import math
import warnings
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from polyak.ground.errors import PolyakError
from polyak.ground.numbers import as_float, readable
from polyak.ground.types import Array
from polyak.landscapes.landscape import Function, Landscape, Point, Window, checked_point

CHAPTER_START = (-5.0, -2.0)


def from_function(
    function: Callable[..., Any],
    *,
    start: Sequence[float] | None = None,
    minimisers: Sequence[Sequence[float]] = (),
    window: Window | None = None,
    name: str | None = None,
) -> Landscape:
    """A landscape from a function of two numbers, f(x1, x2), or of a vector, f(x).

    A function that JAX can trace (plain arithmetic, jax.numpy) is differentiated exactly; any other
    by central differences, with a warning that says so.

    Args:
        function: returns one finite number at the start.
        start: its coordinates; (-5, -2), as in the chapter, for an f(x1, x2).
        minimisers: the known minimisers, if any.
        window: ((low, high), (low, high)) to draw; around start and minimisers by default.
        name: the function's own name by default.

    Raises PolyakError if the function raises, or returns an array, nan, or no number at its start.

    >>> def tilted(x1, x2):
    ...     return (x1 - 1) ** 2 + x1 * x2 + x2**2
    >>> from_function(tilted, start=(2, 3))([2, 3])
    16.0
    """
    label = str(name or getattr(function, "__name__", "f"))
    arity = _arity(function, label)
    begin = _start(start, arity, label)
    known = _minimisers(minimisers, len(begin))

    def of_vector(x: Array) -> Array:
        value: Array = function(x[0], x[1]) if arity == 2 else function(x)
        return value

    _check_value(of_vector, np.array(begin), label)
    return Landscape(
        name=label,
        function=_differentiable(of_vector, begin, label),
        start=begin,
        minimisers=known,
        window=window or _window(begin, known),
        formula=rf"f = \mathrm{{{label.replace('_', ' ')}}}",
        source=(inspect.getdoc(function) or "a function of the user's own").splitlines()[0],
    )


def _start(start: Sequence[float] | None, arity: int, label: str) -> Point:
    if start is None and arity == 1:
        raise PolyakError(f"{label}(x) takes a vector: say where it starts, such as start -5,-2")
    begin = checked_point("start", CHAPTER_START if start is None else start)
    if arity == 2 and len(begin) != 2:
        raise PolyakError(f"start has {len(begin)} coordinates, expected 2 for {label}(x1, x2)")
    return begin


def _minimisers(minimisers: Sequence[Sequence[float]], dimension: int) -> tuple[Point, ...]:
    known = tuple(checked_point("minimiser", point) for point in minimisers)
    for point in known:
        if len(point) != dimension:
            raise PolyakError(f"minimiser has {len(point)} coordinates, expected {dimension} like start")
    return known


def _arity(function: Callable[..., Any], label: str) -> int:
    if not callable(function):
        raise PolyakError(f"{label} is no function, expected f(x1, x2) or f(x)")
    try:
        parameters = inspect.signature(function).parameters.values()
    except ValueError:  # some functions written in C
        raise PolyakError(f"{label} does not tell its arguments, expected f(x1, x2) or f(x)") from None
    required = [
        p
        for p in parameters
        if p.default is p.empty and p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)
    ]
    if len(required) not in (1, 2):
        raise PolyakError(f"{label} takes {len(required)} arguments, expected f(x1, x2) or f(x)")
    return len(required)


def _check_value(function: Function, x: NDArray[np.float64], label: str) -> None:
    where = ", ".join(readable(value, 6) for value in x)
    try:
        value = function(x)
    except Exception as error:
        raise PolyakError(f"{label} fails at ({where}): {type(error).__name__}: {error}") from error
    try:
        number = _number(value)
    except TypeError as error:
        raise PolyakError(f"{label} {error} at ({where}), expected one number") from None
    if not math.isfinite(number):
        raise PolyakError(f"{label} is {number} at its start ({where}), expected a finite number")


def _number(value: object) -> float:
    """What a function returned as a float; a TypeError says what it is where it is not one real number."""
    shape = getattr(value, "shape", ())
    if shape:
        raise TypeError(f"returns an array of shape {tuple(shape)}")
    if isinstance(value, str | bytes | bool | complex) or str(getattr(value, "dtype", "")) == "bool":
        raise TypeError(f"returns {value!r}")
    try:
        return as_float(value)
    except (TypeError, ValueError):
        raise TypeError(f"returns {value!r}") from None


def _differentiable(function: Function, start: Point, label: str) -> Function:
    import jax

    try:
        jax.eval_shape(jax.grad(function), jax.ShapeDtypeStruct((len(start),), np.float32))
    except Exception as error:
        reason = ": ".join([type(error).__name__, *str(error).splitlines()[:1]])
        warnings.warn(
            f"{label} cannot be traced by JAX ({reason}): its gradient is taken by "
            "central differences, slowly; write it with jax.numpy to have it exact",
            stacklevel=3,
        )
        return _by_central_differences(function, label)
    return function


def _or_nan(function: Function, label: str) -> Callable[[NDArray[np.float64]], float]:
    """The function in float64, nan where it fails: divergence is recorded and never raised."""
    import jax

    def value(x: NDArray[np.float64]) -> float:
        try:
            with jax.enable_x64(True):
                return _number(function(np.array(x)))
        except Exception as error:
            # Overflow, and whatever comes of an x that is inf or nan, is divergence; all else is said.
            if np.isfinite(x).all() and not isinstance(error, ArithmeticError):
                warnings.warn(f"{label} fails: {error!r}; it counts as nan there", stacklevel=1)
            return math.nan

    return value


def _by_central_differences(function: Function, label: str) -> Function:
    import jax

    at = _or_nan(function, label)

    def value(x: Array) -> NDArray[np.floating[Any]]:
        with np.errstate(all="ignore"):
            return np.asarray(at(np.asarray(x, dtype=np.float64)), dtype=x.dtype)

    def gradient(x: Array) -> NDArray[np.float64]:
        with np.errstate(all="ignore"):
            x = np.asarray(x, dtype=np.float64)
            # The step that balances truncation (h^2) against rounding (eps/h) in float64.
            h = np.finfo(np.float64).eps ** (1 / 3) * np.maximum(1.0, np.abs(x))
            return np.array([(at(x + s) - at(x - s)) / (2 * s.sum()) for s in np.diag(h)])

    @jax.custom_vjp
    def differentiable(x: jax.Array) -> jax.Array:
        number = jax.ShapeDtypeStruct((), x.dtype)
        at_x: jax.Array = jax.pure_callback(value, number, x, vmap_method="sequential")
        return at_x

    def forward(x: jax.Array) -> tuple[jax.Array, jax.Array]:
        return differentiable(x), x

    def backward(x: jax.Array, cotangent: jax.Array) -> tuple[jax.Array]:
        shape = jax.ShapeDtypeStruct(x.shape, x.dtype)
        slope = jax.pure_callback(lambda x: gradient(x).astype(x.dtype), shape, x, vmap_method="sequential")
        return (cotangent * slope,)

    differentiable.defvjp(forward, backward)
    return differentiable


def _window(start: Point, minimisers: tuple[Point, ...]) -> Window:
    points = np.array([start, *minimisers, *([[0.0] * len(start)] if not minimisers else [])])
    low, high = points.min(axis=0), points.max(axis=0)
    margin = 0.2 * np.maximum(high - low, 1.0)
    ends = [(float(a), float(b)) for a, b in zip(low - margin, high + margin, strict=True)]
    return (ends[0], ends[1] if len(ends) > 1 else (-1.0, 1.0))
