"""A rule examined: what the tests of linearity say of it, and the matrices of its steps, by differentiation.

The tests are in linearity.py, the system that they run in state_space.py; here stands what the rest of theory asks.
"""

from __future__ import annotations

import jax
import numpy as np
from numpy.typing import NDArray

from polyak.ground.errors import PolyakError, whole_number
from polyak.ground.types import Pytree
from polyak.rules import Optimizer
from polyak.theory import linearity, state_space
from polyak.theory.state_space import runnable

LINEAR_TO = 1e-9  # relative; a linear rule's superposition fails by rounding, 1e-13 or so
SETTLED = 2000  # steps after which what starts up differently, such as a bias correction, has settled
SETTLED_EAGER = 4
MOST_STEPS = 1_000_000

Matrices = tuple[NDArray[np.float64], NDArray[np.float64]]


class Examination:
    """A rule on one number, tested once: what is then asked of it, with other settings, is quick.

    Attributes:
        rule: as it is run here.
        name: what it is called.
        compiled: whether it can be traced.
        begun: the state before the first step.
        state: the state in which it was tested.
        moved: which numbers of z a gradient moves, shape (n,).
        linear: whether superposition holds.
        elementwise: whether each entry of an array moves as it would alone, whatever the array's shape.
        mixed: the simplest array whose entries do not, in words; None where there is none.
    """

    def __init__(self, rule: Optimizer, at: int = 0) -> None:
        with jax.enable_x64(True):
            self.rule = runnable(rule, at + 1)
            self.compiled = state_space.is_compiled(self.rule)
            self.name = self.rule.name()
            try:
                self.begun = (state_space.begin_compiled if self.compiled else state_space.begin)(self.rule)
                self.state = self.waited(self.begun, at)
                moved, nonlinearity, mixing = map(np.asarray, self._tested())
            except PolyakError:
                raise
            except linearity.NOT_RUN as error:
                raise PolyakError(f"{self.name} cannot be run on one number: {error}") from error
        self.moved: NDArray[np.bool_] = moved
        self.linear = bool(nonlinearity <= LINEAR_TO)  # nan is not linear
        self.elementwise = bool((mixing <= LINEAR_TO).all())
        kinds = zip(linearity.SHAPES, mixing, strict=False)
        self.mixed = next((kind for kind, off in kinds if not off <= LINEAR_TO), None)

    def _tested(self) -> linearity.Findings:
        if self.compiled:
            findings: linearity.Findings = linearity.tested_compiled(self.rule, self.state)
            return findings
        return linearity.tested(self.rule, self.state, linearity.one_by_one)

    def waited(self, state: Pytree, steps: int) -> Pytree:
        """The state after so many steps without a gradient."""
        waited = state_space.waited_compiled if self.compiled else state_space.waited_eager
        with jax.enable_x64(True):
            return waited(self.rule, state, steps)

    def matrices(self, rule: Optimizer | None = None, state: Pytree = None) -> Matrices:
        """A and B over every number of the state; of the rule with other settings, where one is given."""
        rule = self.rule if rule is None else rule
        state = self.state if state is None else state
        with jax.enable_x64(True):
            A, B = (state_space.jacobian_compiled if self.compiled else state_space.columns)(rule, state)
        return np.asarray(A), np.asarray(B)

    def sequence(self, start: int, steps: int) -> Matrices:
        """The matrices of steps `start`, `start` + 1 ...: shapes (steps, n, n) and (steps, n)."""
        if self.compiled:
            with jax.enable_x64(True):
                A, B = state_space.jacobians(self.rule, self.begun, start, steps)
            return np.asarray(A), np.asarray(B)
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


def examine(rule: Optimizer, at: int | None = None) -> tuple[Examination, Pytree]:
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


def require_constant(rule: Optimizer) -> None:
    """Raise a PolyakError where a hyper-parameter is a schedule."""
    for name in rule.schedules():
        raise PolyakError(
            f"{rule.name()}: {name} is a schedule, expected a constant (or say of which step: at=0)"
        )


def checked_step(at: int) -> int:
    """`at` as a step's number."""
    return whole_number("at", at, at_least=0, at_most=MOST_STEPS)
