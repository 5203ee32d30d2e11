r"""One step of a linear rule as a matrix, found by differentiating the rule.

    z <- A z + B g,    z = (x, slots),        and on a curvature lambda, where g = lambda x:
    z <- (A + lambda B e_x^T) z

No rule's formula stands here: A and B are the Jacobians of one step of `rule.update` on one number.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from numpy.typing import ArrayLike, NDArray

from polyak.ground.errors import PolyakError
from polyak.ground.shown import Shown
from polyak.rules import Optimizer, as_rule
from polyak.theory.examination import Examination, examine
from polyak.theory.state_space import pack, room

LEAST = 1e-305  # of what a gradient adds: smaller, double precision loses digits


@dataclass(frozen=True, eq=False)
class StepMap(Shown):
    """One step of a rule: z <- A z + B g, z = (x, slots).

    Attributes:
        A: shape (s, s); row and column 0 are x's.
        B: shape (s,).

    >>> import polyak as pk
    >>> pk.theory.step_map(pk.HeavyBall(lr=0.4, momentum=0.5)).on(4.0)
    array([[-0.6, -0.5],
           [ 1.6,  0.5]])
    """

    A: NDArray[np.float64]
    B: NDArray[np.float64]

    def on(self, curvatures: ArrayLike) -> NDArray[np.float64]:
        """The matrix on each curvature: A + lambda B e_x^T, shape curvatures.shape + (s, s)."""
        curvature = np.asarray(curvatures, dtype=np.float64)[..., None]
        M = np.broadcast_to(self.A, (*curvature.shape[:-1], *self.A.shape)).copy()
        M[..., :, 0] += curvature * self.B
        return M

    def change_on(self, curvatures: ArrayLike) -> NDArray[np.float64]:
        """What a step adds on each curvature, the matrix less 1: to its own digits, however small it is.

        Raises PolyakError where a curvature times what the gradient adds is not a number that double precision has.
        """
        curvature = np.asarray(curvatures, dtype=np.float64)[..., None]
        with np.errstate(all="ignore"):
            push = curvature * self.B
        size = np.abs(push)
        if not (np.isfinite(size) & ((size >= LEAST) | (curvature == 0) | (self.B == 0))).all():
            raise PolyakError(
                "a curvature times the learning rate is beyond double precision, expected sizes from 1e-300 to 1e300"
            )
        D = np.broadcast_to(self.A - np.eye(len(self.B)), (*curvature.shape[:-1], *self.A.shape)).copy()
        D[..., :, 0] += push
        return D

    @property
    def feeds_back(self) -> bool:
        """Whether x itself, without a gradient, moves anything: weight decay does."""
        return _feeds_back(self.A)


def step_map(rule: object, at: int | None = None, **settings: Any) -> StepMap:
    """One step of a rule as a linear map.

    Args:
        rule: an update rule with its settings, an Optax optimizer, a page's function.
        at: the step to look at, from 0, where the rule changes from step to step; else its settled map.
        settings: of a rule that is given by its name or its class.

    Returns A and B over x and those slots through which x moves itself: counters, and slots that nothing reads,
    are left out. Raises PolyakError for a rule that is not linear in the gradient, that mixes entries, or that
    changes from step to step while no step is named.

    >>> import polyak as pk
    >>> found = step_map(pk.GradientDescent(lr=0.4))
    >>> found.A, found.B
    (array([[1.]]), array([-0.4]))
    >>> step_map(pk.Adam(lr=0.1))
    Traceback (most recent call last):
    ...
    polyak.PolyakError: adam is not linear in the gradient: it has no matrix (its response can still be asked
    for)
    """
    examination, state = examine(as_rule(rule, **settings), at)
    return reduced(*examination.matrices(state=state))


def reduced(A: NDArray[np.float64], B: NDArray[np.float64], kept: Sequence[int] | None = None) -> StepMap:
    """The map over x's loop alone, out of the matrices over every number of the state.

    Args:
        A: shape (n, n).
        B: shape (n,).
        kept: the numbers of that loop, where it is more than these matrices show.
    """
    kept = loop_through_x(A[None], B[None]) if kept is None else list(kept)
    return StepMap(A[np.ix_(kept, kept)], B[kept])


@dataclass(frozen=True, eq=False)
class StepSequence:
    """The maps of steps 0, 1, 2 ..., at least as many as were asked for.

    Attributes:
        A: shape (steps, s, s).
        B: shape (steps, s).
        start: the slots before the first step, shape (s - 1,).
    """

    A: NDArray[np.float64]
    B: NDArray[np.float64]
    start: NDArray[np.float64]

    @property
    def feeds_back(self) -> bool:
        """Whether x itself, without a gradient, moves anything in one of the steps."""
        return _feeds_back(self.A)


def _feeds_back(A: NDArray[np.float64]) -> bool:
    return bool((A[..., 0, 0] != 1).any() or A[..., 1:, 0].any())


def require_data_alone(rule: Optimizer, moves: StepMap | StepSequence) -> None:
    """Raise a PolyakError where x is pulled by more than the data: what is expected about their optimum is not so."""
    if moves.feeds_back:
        raise PolyakError(
            f"{rule} decays the parameters: it pulls them to 0 and not to the optimum of the data, and what to expect "
            "of that is not known here (its stability can still be asked for)"
        )


def step_maps(rule: Optimizer, steps: int) -> StepSequence:
    """The maps of steps 0 .. steps-1, under schedules too.

    >>> import polyak as pk
    >>> maps = step_maps(pk.HeavyBall(lr=lambda step: 0.5**step, momentum=0.5), 2)
    >>> maps.B
    array([[-1. ,  1. ],
           [-0.5,  0.5]])
    """
    examination = Examination(rule, steps - 1)
    examination.require_linear()
    # A compilation serves every number of steps up to the next power of two.
    A, B = examination.sequence(0, room(steps) if examination.compiled else steps)
    kept = loop_through_x(A, B)
    with jax.enable_x64(True):
        start = np.asarray(pack(jnp.zeros(1), examination.begun))
    return StepSequence(A[:, kept][:, :, kept], B[:, kept], start[kept[1:]])


def loop_through_x(A: NDArray[np.float64], B: NDArray[np.float64]) -> list[int]:
    """Which numbers of z lie on a loop through x, over all the steps given, x (number 0) among them.

    These are what x moves and what moves x, where g is a multiple of x: a counter is moved by nothing, and a
    slot that is kept but not read moves nothing.
    """
    moves = (A != 0).any(axis=0)  # [i, j]: j moves i
    moves[:, 0] |= (B != 0).any(axis=0)
    reach = moves | np.eye(len(moves), dtype=bool)
    for _ in range(len(moves).bit_length()):
        reach = (reach.astype(int) @ reach.astype(int)) > 0
    return [int(k) for k in np.flatnonzero(reach[:, 0] & reach[0, :])]
