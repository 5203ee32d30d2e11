r"""Restarts: a rule's slots are emptied whenever its momentum carries it uphill.

    gradient scheme:  empty the slots after a step with   g^T step > 0
    function scheme:  empty them before a step from x_k with   f(x_k) > f(x_{k-1})

A ripple is cut off at its first turn. With Nesterov's momentum what is left shrinks as at the best momentum, without
knowing the smallest curvature; the heavy ball gains nothing where there are several curvatures, for it ripples on the
largest, too, and each turn there takes the speed on all others. A rule's own clock begins anew too, which a momentum
that grows with the step, such as k/(k+3), needs.

The step is what the parameters move by. Of Nesterov's method, whose x here is the look-ahead point, that is
y_{k+1} - y_k, where the paper has x_k - x_{k-1}: the turn is seen a little later.

Source: O'Donoghue, B. & Candes, E. (2015). Adaptive restart for accelerated gradient schemes, Foundations of
Computational Mathematics 15, section 3.2.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, Self

from array_api_compat import array_namespace

from polyak.ground.errors import PolyakError, unknown
from polyak.ground.types import Array, Number, Pytree, Schedule
from polyak.rules.as_rule import as_rule
from polyak.rules.protocol import Optimizer
from polyak.rules.pytrees import Node, tree_util, unchecked

SCHEMES = ("gradient", "function")
Objective = Callable[[Pytree], Number]


class RestartedState(NamedTuple):
    """The wrapped rule's state, the last value of f (inf where none was asked for), and how often it began anew."""

    rule: Pytree
    value: Number
    restarts: Number


class Restarted(Node):
    """A rule that begins anew whenever it goes uphill.

    Args:
        rule: what is wrapped, a rule of any kind, or its name with `settings`.
        scheme: "gradient", or "function", which needs `objective`.
        objective: f, a function of the parameters that can be traced where the run is; a Landscape serves.
        settings: of a rule that is given by its name or its class.

    Raises PolyakError for another scheme, for one of functions without any, and for an objective that is none.

    >>> import numpy as np
    >>> from polyak.rules import HeavyBall
    >>> rule, x = Restarted(HeavyBall(lr=0.5, momentum=0.5)), np.array([1.0])
    >>> state = rule.init(x)
    >>> for g in (1.0, -0.1):  # the second gradient points the other way: 0.5 * 0.5 - 0.05 goes on uphill
    ...     updates, state = rule.update(np.array([g]), state, x)
    >>> updates, state.rule.slots["velocity"], int(state.restarts)
    (array([-0.2]), array([0.]), 1)
    """

    def __init__(
        self, rule: object, scheme: str = "gradient", *, objective: Objective | None = None, **settings: Any
    ) -> None:
        if scheme not in SCHEMES:
            raise unknown("scheme of restarts", str(scheme), SCHEMES)
        if (scheme == "function") != (objective is not None):
            raise PolyakError(
                f"restarts by the {scheme} scheme: expected objective= with 'function', and only there"
            )
        function = getattr(objective, "function", objective)
        if objective is not None and not callable(function):
            raise PolyakError(
                f"objective is {objective!r}, expected a function of the parameters, or a landscape"
            )
        self.rule, self.scheme, self.objective = as_rule(rule, **settings), scheme, function

    # Optax's protocol.

    def init(self, params: Pytree) -> RestartedState:
        """The wrapped rule's state before the first step; the first value of f is below none."""
        return RestartedState(self.rule.init(params), _like(params, math.inf), _like(params, 0.0))

    def update(
        self, grads: Pytree, state: RestartedState, params: Pytree = None, **_: object
    ) -> tuple[Pytree, RestartedState]:
        """What to add to the parameters, and the next state: an empty one, where this goes uphill."""
        if params is None:
            raise PolyakError("restarts need the parameters: call update(grads, state, params)")
        fresh, value = self.rule.init(params), state.value
        if self.objective is not None:
            value = self.objective(params)
            uphill = value > state.value
            updates, new = self.rule.update(grads, _chosen(uphill, fresh, state.rule, params), params)
        else:
            updates, new = self.rule.update(grads, state.rule, params)
            uphill = _inner(grads, updates) > 0
            new = _chosen(uphill, fresh, new, params)
        return updates, RestartedState(new, value, state.restarts + uphill)

    # Hyper-parameters.

    def name(self) -> str:
        """The wrapped rule's name."""
        return self.rule.name()

    def settings(self) -> dict[str, Any]:
        """The wrapped rule's settings, and the scheme."""
        return {**self.rule.settings(), "restarts": self.scheme}

    def schedules(self) -> dict[str, Schedule]:
        """The wrapped rule's hyper-parameters that change with the step since it began anew."""
        return self.rule.schedules()

    def replace(self, **settings: Any) -> Self:
        """A copy with some of the wrapped rule's settings changed."""
        changed = copy.copy(self)
        if settings.pop("restarts", self.scheme) != self.scheme:
            raise PolyakError(f"{self}: another scheme is another rule, expected {self.scheme}")
        changed.rule = self.rule.replace(**settings) if settings else self.rule
        return changed

    def _flatten(self) -> tuple[tuple[Optimizer], tuple[str, Objective | None]]:
        return (self.rule,), (self.scheme, self.objective)

    @classmethod
    def _unflatten(cls, structure: Pytree, leaves: Sequence[Pytree]) -> Self:
        scheme, objective = structure
        return unchecked(cls, {"rule": leaves[0], "scheme": scheme, "objective": objective})

    def __str__(self) -> str:
        return f"{self.rule} with restarts by the {self.scheme}"

    __repr__ = __str__


def _like(params: Pytree, number: float) -> Array:
    """A number as an array of the parameters' kind."""
    x = tree_util().tree_leaves(params)[0]
    number_like_x: Array = array_namespace(x).full((), number, dtype=x.dtype)
    return number_like_x


def _inner(one: Pytree, other: Pytree) -> Number:
    """The sum of the products, over all arrays."""
    leaves = tree_util().tree_leaves
    total: Number = sum((a * b).sum() for a, b in zip(leaves(one), leaves(other), strict=True))
    return total


def _chosen(condition: Number, one: Pytree, other: Pytree, params: Pytree) -> Pytree:
    """One state or the other."""
    xp = array_namespace(tree_util().tree_leaves(params)[0])
    return tree_util().tree_map(lambda a, b: xp.where(condition, a, b), one, other)
