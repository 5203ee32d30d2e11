"""A page's function of the plane, f(x1, x2, s1, s2) -> (x1, x2, s1, s2), as a rule."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from array_api_compat import array_namespace, is_jax_array

from polyak.ground.errors import PolyakError
from polyak.ground.types import Number, Pytree
from polyak.rules.pages.captured import captured, first_line
from polyak.rules.pages.page_rule import PageRule, checked_arguments, page_function


class PlaneState(NamedTuple):
    """The step's number and the two numbers that the page's function keeps."""

    count: Number
    s1: Number
    s2: Number


class FromPlane(PageRule):
    """A page's function of the plane; it brings its own gradient, and is given none. Made by `from_plane`."""

    takes = ("x1", "x2", "s1", "s2")

    def init(self, params: Pytree) -> PlaneState:
        """The state before the first step: zeros."""
        if getattr(params, "shape", None) != (2,):
            raise PolyakError(f"{self.name()} moves a point of the plane, expected parameters of shape (2,)")
        zero = array_namespace(params).zeros((), dtype=params.dtype)
        return PlaneState(0, zero, zero)

    def update(
        self, grads: Pytree, state: PlaneState, params: Pytree = None, **_: object
    ) -> tuple[Any, PlaneState]:
        """What the page's function adds to x; `grads` is not looked at."""
        if params is None:
            raise PolyakError(f"{self.name()} needs the parameters: call update(grads, state, params)")
        traced = is_traced(params)
        function = self._callable(self._at(state.count), traced=traced)
        point: Any = (params[0], params[1], state.s1, state.s2)
        if not traced:
            point = tuple(float(value) for value in point)
        found = function(*point)
        if not isinstance(found, tuple | list) or len(found) != 4:
            count = len(found) if isinstance(found, tuple | list) else 1
            raise PolyakError(f"{self.name()} returns {count} results, expected (x1, x2, s1, s2)")
        xp = array_namespace(params)
        x1, x2, s1, s2 = (xp.asarray(value, dtype=params.dtype) for value in found)
        if x1.shape or x2.shape:
            raise PolyakError(f"{self.name()} returns arrays, expected four numbers")
        return xp.stack([x1, x2]) - params, PlaneState(state.count + 1, s1, s2)


def from_plane(function: Callable[..., Any], **arguments: Any) -> FromPlane:
    """A rule from a page's function of the plane, unedited.

    Args:
        function: f(x1, x2, s1, s2) -> (x1, x2, s1, s2), numbers in, numbers out, its gradient within. The
            numbers that it reads by global name are read at each run: changing one compiles nothing.
        arguments: values for such names, instead of the page's own; schedules are allowed.

    What JAX cannot trace of it runs step by step, with a warning that says why. Raises PolyakError
    for a function of other arguments or with other results.

    >>> eta, gamma = 0.4, 0.5
    >>> def momentum_2d(x1, x2, v1, v2):
    ...     v1 = gamma * v1 + eta * 0.2 * x1
    ...     v2 = gamma * v2 + eta * 4 * x2
    ...     return x1 - v1, x2 - v2, v1, v2
    >>> import polyak as pk
    >>> print(pk.descend(from_plane(momentum_2d), pk.landscapes.ravine, steps=20))
    momentum_2d(gamma=0.5, eta=0.4) on ravine, 20 steps: x1 -0.062843, x2 0.001202
    """
    page = page_function(function, FromPlane.takes)
    rule = FromPlane(page, checked_arguments(page.__name__, arguments))
    known = rule.settings()
    for name in arguments:
        if name not in captured(page):
            raise PolyakError(f"{page.__name__} reads no {name} (it reads: {', '.join(known) or 'nothing'})")
    _try(rule)
    return rule


def _try(rule: FromPlane) -> None:
    """One call on numbers, so that a function that cannot work is refused as it is taken in."""
    import numpy as np

    point = np.array([1.0, 1.0])
    try:
        rule.update(point, rule.init(point), point)
    except PolyakError:
        raise
    except Exception as error:
        raise PolyakError(f"{rule.name()} fails at (1, 1): {first_line(error)}") from error


def is_traced(value: object) -> bool:
    """Whether a value is one of JAX's that is not known yet."""
    import jax

    return is_jax_array(value) and isinstance(value, jax.core.Tracer)
