"""A rule examined: whether it is linear, by test, and the matrices of its steps, by differentiation."""

from __future__ import annotations

from typing import Any

import jax
import numpy as np
from numpy.typing import NDArray

from polyak.ground.errors import PolyakError, whole_number
from polyak.rules import tabulated
from polyak.theory import probe

LINEAR_TO = 1e-9  # relative; a linear rule's superposition fails by rounding, 1e-13 or so
SETTLED = 2000  # steps after which what starts up differently, such as a bias correction, has settled
SETTLED_EAGER = 4
MOST_STEPS = 1_000_000


class Examination:
    """A rule on one number, tested once: what is then asked of it, with other settings, is quick.

    Attributes:
        rule: as it is run here.
        compiled: whether it can be traced.
        state: the state in which it was tested.
        linear: whether superposition holds.
        elementwise: whether each entry of an array moves as it would alone, whatever the array's shape.
        mixed: the simplest array whose entries do not, in words; None where there is none.
    """

    def __init__(self, rule: Any, at: int = 0) -> None:
        with jax.enable_x64(True):
            self.rule = tabulated(probe.probed(rule), at + 1, room(at + 1))
            self.compiled = probe.is_compiled(self.rule)
            self.name = self.rule.name() if hasattr(self.rule, "name") else str(self.rule)
            try:
                begun = (probe.begin_compiled if self.compiled else probe.begin)(self.rule)
                self.begun = begun
                self.state = self.waited(begun, at)
                found = probe.Findings(*map(np.asarray, self._examined()))
            except PolyakError:
                raise
            except probe.NOT_RUN as error:
                raise PolyakError(f"{self.name} cannot be run on one number: {error}") from error
        self.moved: NDArray[np.bool_] = found.moved
        self.linear = bool(found.nonlinearity <= LINEAR_TO)  # nan is not linear
        self.elementwise = bool((found.mixing <= LINEAR_TO).all())
        kinds = zip(probe.SHAPES, found.mixing, strict=False)
        self.mixed = next((kind for kind, off in kinds if not off <= LINEAR_TO), None)

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
        self.require_elementwise()

    def require_elementwise(self) -> None:
        """Raise a PolyakError unless the entries of arrays of every shape move as each would alone."""
        if not self.elementwise:
            raise PolyakError(
                f"{self.name} mixes the entries of {self.mixed}, or moves them otherwise than a number: one number's "
                "step does not tell its own"
            )


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


def checked_step(at: Any) -> int:
    """`at` as a step's number."""
    return whole_number("at", at, at_least=0, at_most=MOST_STEPS)


def room(steps: int) -> int:
    """The next power of two: one compilation serves every number of steps up to it."""
    return 1 << (steps - 1).bit_length()
