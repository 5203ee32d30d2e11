r"""One step of a linear rule as a matrix, found by differentiating the rule.

    z <- A z + B g,    z = (x, slots),        and on a curvature lambda, where g = lambda x:
    z <- (A + lambda B e_x^T) z

No rule's formula stands here: A and B are the Jacobians of one step of `rule.update` on one number.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from numpy.typing import NDArray

from polyak.errors import PolyakError, whole_number
from polyak.rules import tabulated
from polyak.theory import probe

LINEAR_TO = 1e-9  # relative; a linear rule's superposition fails by rounding, 1e-13 or so
SETTLED = 2000  # steps after which what starts up differently, such as a bias correction, has settled
SETTLED_EAGER = 4
MOST_STEPS = 1_000_000


@dataclass(frozen=True, eq=False)
class StepMap:
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

    def on(self, curvatures: Any) -> NDArray[np.float64]:
        """The matrix on each curvature: A + lambda B e_x^T, shape curvatures.shape + (s, s)."""
        curvature = np.asarray(curvatures, dtype=np.float64)[..., None]
        M = np.broadcast_to(self.A, (*curvature.shape[:-1], *self.A.shape)).copy()
        M[..., :, 0] += curvature * self.B
        return M

    @property
    def feeds_back(self) -> bool:
        """Whether x itself, without a gradient, moves anything: weight decay does."""
        return bool(self.A[0, 0] != 1 or self.A[1:, 0].any())


class Examination:
    """A rule on one number, tested once: what is then asked of it, with other settings, is quick.

    Attributes:
        rule: as it is run here.
        compiled: whether it can be traced.
        state: the state in which it was tested.
        linear: whether superposition holds.
        elementwise: whether each entry of an array moves as it would alone.
    """

    def __init__(self, rule: Any, at: int = 0) -> None:
        with jax.enable_x64(True):
            self.rule = tabulated(probe.probed(rule), at + 1, _room(at + 1))
            self.compiled = probe.is_compiled(self.rule)
            self.name = self.rule.name() if hasattr(self.rule, "name") else str(self.rule)
            try:
                begun = (probe.begin_compiled if self.compiled else probe.begin)(self.rule)
                self.begun = begun
                self.state = self.waited(begun, at)
                found = probe.Findings(*map(np.asarray, self._examined()))
            except PolyakError:
                raise
            except (TypeError, ValueError, KeyError, IndexError, AttributeError) as error:
                raise PolyakError(f"{self.name} cannot be run on one number: {error}") from error
        self.moved: NDArray[np.bool_] = found.moved
        self.linear = bool(found.nonlinearity <= LINEAR_TO)  # nan is not linear
        self.elementwise = bool(found.mixing <= LINEAR_TO)

    def _examined(self) -> probe.Findings:
        if self.compiled:
            found: probe.Findings = probe.examined_compiled(self.rule, self.state)
            return found
        return probe.examined(self.rule, self.state, probe.one_by_one)

    def waited(self, state: Any, steps: int) -> Any:
        """The state after so many steps without a gradient."""
        with jax.enable_x64(True):
            return (probe.waited_compiled if self.compiled else probe.waited_eager)(self.rule, state, steps)

    def matrices(
        self, rule: Any = None, state: Any = None
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """A and B over every number of the state; of the rule with other settings, where one is given."""
        rule = self.rule if rule is None else rule
        state = self.state if state is None else state
        with jax.enable_x64(True):
            A, B = (probe.jacobian_compiled if self.compiled else probe.columns)(rule, state)
        return np.asarray(A), np.asarray(B)

    def sequence(self, start: int, steps: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """The matrices of steps `start`, `start` + 1 ...: shapes (steps, n, n) and (steps, n)."""
        if self.compiled:
            with jax.enable_x64(True):
                found = probe.jacobians(self.rule, self.begun, start, steps)
            return np.asarray(found[0]), np.asarray(found[1])
        state, pairs = self.waited(self.begun, start), []
        for _ in range(steps):
            pairs.append(self.matrices(state=state))
            state = self.waited(state, 1)
        return np.array([A for A, _ in pairs]), np.array([B for _, B in pairs])

    def require_linear(self) -> None:
        """Raise a PolyakError unless the rule is linear and moves each entry alone."""
        if not self.linear:
            raise PolyakError(
                f"{self.name} is not linear in the gradient: it has no matrix (its response can still be asked for)"
            )
        if not self.elementwise:
            raise PolyakError(
                f"{self.name} mixes the entries of an array: one number's step does not tell its own"
            )


def step_map(rule: Any, at: int | None = None) -> StepMap:
    """One step of a rule as a linear map.

    Args:
        rule: an update rule with its settings, an Optax optimizer, a page's function.
        at: the step to look at, from 0, where the rule changes from step to step; else its settled map.

    Returns A and B over x and those slots through which x moves itself: counters, and slots that nothing reads,
    are left out. Raises PolyakError for a rule that is not linear in the gradient, that mixes entries, or that
    changes from step to step while no step is named.

    >>> import polyak as pk
    >>> step_map(pk.GradientDescent(lr=0.4))
    StepMap(A=array([[1.]]), B=array([-0.4]))
    >>> step_map(pk.Adam(lr=0.1))
    Traceback (most recent call last):
    ...
    polyak.errors.PolyakError: adam is not linear in the gradient: it has no matrix (its response can still be asked
    for)
    """
    examination, state = examine(rule, at)
    A, B = examination.matrices(state=state)
    kept = loop_through_x(A[None], B[None])
    return StepMap(A[np.ix_(kept, kept)], B[kept])


def examine(rule: Any, at: int | None = None) -> tuple[Examination, Any]:
    """A linear rule's examination, and the state in which its step is to be looked at."""
    if at is not None:
        at = checked_step(at)
        examination = Examination(rule, at)
        examination.require_linear()
        return examination, examination.state
    require_constant(rule)
    examination = Examination(rule)
    examination.require_linear()
    settled = SETTLED if examination.compiled else SETTLED_EAGER
    state = examination.waited(examination.begun, settled)
    (_, B0), now, then = (
        examination.matrices(state=s) for s in (examination.begun, state, examination.waited(state, settled))
    )
    died_out = B0.any() and not then[1].any()  # a schedule of the rule's own that ends at 0
    if died_out or not all(map(_same, now, then)):
        raise PolyakError(
            f"{examination.name} changes from step to step, expected a constant (or say of which step: at=0)"
        )
    return examination, state


def _same(now: NDArray[np.float64], then: NDArray[np.float64]) -> bool:
    return np.allclose(now, then, rtol=0, atol=LINEAR_TO * max(1.0, float(np.abs(now).max())))


def require_constant(rule: Any) -> None:
    """Raise a PolyakError where a hyper-parameter is a schedule."""
    for name in getattr(rule, "schedules", dict)():
        raise PolyakError(
            f"{rule.name()}: {name} is a schedule, expected a constant (or say of which step: at=0)"
        )


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


def step_maps(rule: Any, steps: int) -> StepSequence:
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
    A, B = examination.sequence(0, _room(steps) if examination.compiled else steps)
    kept = loop_through_x(A, B)
    with jax.enable_x64(True):
        start = np.asarray(probe.pack(jnp.zeros(1), examination.begun))
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


def checked_step(at: Any) -> int:
    """`at` as a step's number."""
    return whole_number("at", at, at_least=0, at_most=MOST_STEPS)


def _room(steps: int) -> int:
    """The next power of two: one compilation serves every number of steps up to it."""
    return 1 << (steps - 1).bit_length()
