r"""The search for a certificate: a semidefinite program, linear in P, p and the multipliers once a rate is given.

    maximise t,    both forms >= t I,    all multipliers >= 0,    the forms' traces and the multipliers add up to 1

t > 0 is a proof. The sum fixes the scale, without which the program is as good at any size and the solver fails near
the edge. The numbers of rule, curvatures and rate are the program's parameters: it is compiled once for each shape.
"""

from __future__ import annotations

import threading
import warnings
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from polyak.ground.errors import PolyakError
from polyak.ground.extras import need
from polyak.theory.certificate import Certificate, mended
from polyak.theory.interpolation import Array, Conditions, pairs, values

SOLVED = ("optimal", "optimal_inaccurate")  # of the second only what holds in our arithmetic is taken
TOLERANCES = {"tol_gap_abs": 1e-10, "tol_gap_rel": 1e-10, "tol_feas": 1e-10}
_ONE_AT_A_TIME = threading.Lock()  # a program keeps its parameters


class UnsolvedError(PolyakError):
    """The solver did not end: nothing is known."""


def certificate(conditions: Conditions, rate: float) -> Certificate:
    """The best certificate of a rate that the solver finds; whether it holds, it says itself.

    Raises UnsolvedError where the solver failed, and PolyakError where it is not installed.
    """
    with _ONE_AT_A_TIME:
        return program(len(conditions.scale), conditions.window).solve(conditions, rate)


@cache
def program(slots: int, window: int) -> Program:
    """The program for z of so many numbers, compiled at its first use."""
    return Program(slots, window)


def solver() -> Any:
    """Cvxpy, with Clarabel at hand; a one-line error where one is missing."""
    need("cvxpy", "clarabel", what="a guarantee", extra="certify")
    import cvxpy

    return cvxpy


class Program:
    """The program of one shape; the numbers are put in when it is solved."""

    def __init__(self, slots: int, window: int) -> None:
        cp = solver()
        size = slots + window + 1
        seen, entries = size - 1, size * (size + 1) // 2
        self.P = cp.Variable(seen * (seen + 1) // 2)
        self.p = cp.Variable(window)
        self.positive = cp.Variable(len(pairs(window)), nonneg=True)
        self.shrinks = cp.Variable(len(pairs(window + 1)), nonneg=True)
        self.rate2 = cp.Parameter(nonneg=True)
        self.difference = cp.Parameter((entries, self.P.size))
        self.q_now = cp.Parameter((self.P.size, self.positive.size))
        self.q = cp.Parameter((entries, self.shrinks.size))
        t, first, second = (
            cp.Variable(),
            cp.Variable((seen, seen), PSD=True),
            cp.Variable((size, size), PSD=True),
        )
        multipliers = cp.sum(self.positive) + cp.sum(self.shrinks)
        self.problem = cp.Problem(
            cp.Maximize(t),
            [
                _picked(cp, first) + t * _entries(np.eye(seen)) == self.P + self.q_now @ self.positive,
                _picked(cp, second) + t * _entries(np.eye(size))
                == self.difference @ self.P + self.q @ self.shrinks,
                self.p + values(window) @ self.positive == 0,
                self.rate2 * cp.hstack([self.p, 0])
                - cp.hstack([0, self.p])
                + values(window + 1) @ self.shrinks
                == 0,
                cp.trace(first) + cp.trace(second) + multipliers == 1,
            ],
        )

    def solve(self, conditions: Conditions, rate: float) -> Certificate:
        """The best certificate of a rate; whether it proves anything is for the certificate to say."""
        c, cp = conditions, solver()
        basis = _basis(len(c.now))
        self.rate2.value = rate**2
        falls = rate**2 * c.now.T @ basis @ c.now - c.then.T @ basis @ c.then
        self.difference.value = _entries(falls).T
        self.q_now.value = _entries(c.q_now).T
        self.q.value = _entries(c.q).T
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # of an inaccurate solution: we look for ourselves
                self.problem.solve(solver=cp.CLARABEL, **TOLERANCES)
        except cp.error.SolverError as error:
            raise UnsolvedError(f"the solver failed, and nothing is certified: {error}") from None
        if self.problem.status not in SOLVED:
            raise UnsolvedError(f"the solver failed ({self.problem.status}), and nothing is certified")
        P = np.tensordot(self.P.value, basis, axes=1)
        return mended(c, rate, P, self.p.value, self.positive.value, self.shrinks.value)


def _entries(forms: Array) -> Array:
    """The entries of symmetric matrices, shape (..., size, size), on and below the diagonal."""
    rows, columns = _below(forms.shape[-1])
    return np.asarray(forms[..., rows, columns])


@cache
def _below(size: int) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    return np.tril_indices(size)


def _picked(cp: Any, form: Any) -> Any:
    """The same of a variable of the program."""
    size = form.shape[0]
    rows, columns = _below(size)
    pick = np.zeros((len(rows), size * size))
    pick[np.arange(len(rows)), columns * size + rows] = 1.0
    return pick @ cp.vec(form, order="F")


@cache
def _basis(size: int) -> Array:
    """The symmetric matrices that the entries on and below the diagonal stand for."""
    basis = np.zeros((size * (size + 1) // 2, size, size))
    for k, (i, j) in enumerate(zip(*_below(size), strict=True)):
        basis[k, i, j] = basis[k, j, i] = 1.0
    return basis
