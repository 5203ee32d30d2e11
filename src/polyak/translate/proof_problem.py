r"""The problem that both sides of a translation are run on: a coupled bowl that is never at rest.

    g_t = A (x - target) + f_t

A is symmetric, with curvatures from a hundredth to a half of the edge of stability, so that every memory is
called on; f_t, fixed beforehand, keeps x moving for as long as it is run. Gradients are about 1; times a size s they
are as large as those of a real training, which matters wherever an eps stands beside them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from polyak.rules import LinearRule, Optimizer, Rule
from polyak.translate import impulse_response as algebra

Arrays = list[NDArray[np.float64]]
STEPS = 1000
SHAPES = ((3, 2), (2,))
MATRIX = ((4, 2),)
SIZE = sum(int(np.prod(shape)) for shape in SHAPES)
LOWEST, HIGHEST = 0.01, 0.5  # curvatures, of the edge of stability
UNKNOWN_EDGE = 4.0  # for rules without an edge of their own
SEED = 1964
SIZES = 10.0 ** np.arange(-6, 2)  # those that gradients have: 1e-6 to 10


@dataclass(frozen=True)
class Problem:
    """A x - b in matrices.

    Attributes:
        A: shape (8, 8), symmetric, positive.
        target: shape (8,).
        forcing: what is added to the gradient at each step, shape (steps, 8).
        start: where x begins, shape (8,).
    """

    A: NDArray[np.float64]
    target: NDArray[np.float64]
    forcing: NDArray[np.float64]
    start: NDArray[np.float64]

    def gradient(self, x: NDArray[np.float64], step: int) -> NDArray[np.float64]:
        """The gradient at x, shape (8,), in a step."""
        with np.errstate(over="ignore", invalid="ignore"):  # what diverges becomes inf or nan
            found: NDArray[np.float64] = self.A @ (x - self.target) + self.forcing[step]
        return found

    def loss(self, x: NDArray[np.float64], step: int) -> float:
        """What that is the gradient of: d A d / 2 + f_t x, with d = x - target."""
        with np.errstate(over="ignore", invalid="ignore"):
            away = x - self.target
            return float(away @ self.A @ away / 2 + self.forcing[step] @ x)

    @property
    def curvature(self) -> NDArray[np.float64]:
        """A."""
        return self.A


def problem_for(rule: object, steps: int = STEPS, size: float = 1.0) -> Problem:
    """The problem on which a rule is stable and always moving, its gradients of about this size.

    >>> from polyak.rules import HeavyBall
    >>> found = problem_for(HeavyBall(lr=0.5, momentum=0.5))
    >>> np.linalg.eigvalsh(found.A)[[0, -1]].round(6)  # of the edge, 6
    array([0.06, 3.  ])
    """
    edge = algebra.largest_stable_curvature(rule) if isinstance(rule, LinearRule) else UNKNOWN_EDGE
    scale = edge if 0 < edge < np.inf else UNKNOWN_EDGE
    rng = np.random.default_rng(SEED)
    axes = np.linalg.qr(rng.normal(size=(SIZE, SIZE)))[0]
    curvatures = scale * np.geomspace(LOWEST, HIGHEST, SIZE)
    A = axes * curvatures @ axes.T
    pulls = rng.normal(size=(steps, SIZE)) * curvatures @ axes.T
    target, start = rng.normal(size=SIZE), rng.normal(size=SIZE) + 2.0
    return Problem(size * A, target, size * pulls, start)


def shapes_for(rule: object) -> tuple[tuple[int, ...], ...]:
    """The arrays that the eight numbers are: a matrix and a vector, or one matrix for a rule that is of matrices."""
    return MATRIX if getattr(rule, "of_matrices", False) else SHAPES


def arrays(x: NDArray[np.float64], shapes: tuple[tuple[int, ...], ...] = SHAPES) -> Arrays:
    """The eight numbers as arrays of these shapes."""
    ends = np.cumsum([int(np.prod(shape)) for shape in shapes])[:-1]
    return [part.reshape(shape).copy() for part, shape in zip(np.split(x, ends), shapes, strict=True)]


def numbers(parts: Arrays) -> NDArray[np.float64]:
    """The arrays as eight numbers."""
    return np.concatenate([np.ravel(part) for part in parts])


def learning_rates(lr: float, steps: int = STEPS, drop: float | None = None) -> NDArray[np.float64]:
    """The learning rate of each step, dropped half way if asked to."""
    found = np.full(steps, lr)
    if drop is not None:
        found[steps // 2 :] *= drop
    return found


def walk(rule: Optimizer, problem: Problem, lrs: NDArray[np.float64]) -> NDArray[np.float64]:
    """The positions of a rule of ours on NumPy arrays, the start first: shape (steps + 1, 8)."""
    x, rows = problem.start, [problem.start]
    alone = getattr(rule, "elementwise", True)  # where it is not, what one number does depends on its array
    shapes = (x.shape,) if alone else shapes_for(rule)
    state = rule.init(arrays(x, shapes))
    with np.errstate(all="ignore"):  # what diverges becomes inf or nan
        for step, lr in enumerate(lrs):
            if step and lr != lrs[step - 1]:
                rule = rule.replace(lr=float(lr))
            updates, state = rule.update(arrays(problem.gradient(x, step), shapes), state, arrays(x, shapes))
            x = x + numbers(updates)
            rows.append(x)
    return np.array(rows)


def gap(path: NDArray[np.float64], other: NDArray[np.float64]) -> float:
    """The largest distance of two paths, of the size of the first; inf where one diverges and the other does not."""
    with np.errstate(invalid="ignore", over="ignore"):
        size, apart = np.abs(path - path[0]).max(), np.abs(path - other).max()
    if not np.isfinite(apart):
        return float(np.inf) if not np.array_equal(np.isfinite(path), np.isfinite(other)) else 0.0
    return float(apart / size) if size > 0 else float(apart)


def gaps(rule: Rule, other: Rule, drop: float | None = None, steps: int = STEPS) -> NDArray[np.float64]:
    """How far two rules part over so many steps, at each of `SIZES` of the gradient: shape (8,).

    All sizes are walked at once, from the origin, so that a short path is not lost in the rounding of a far place; a
    rule that is not elementwise is walked at one after the other, from the problem's start.

    >>> from polyak.rules import RMSProp
    >>> inside = RMSProp(lr=0.01, eps=1e-8, eps_position="inside")
    >>> outside = RMSProp(lr=0.01, eps=1e-4)
    >>> gaps(inside, outside, steps=100).round(2)
    array([0.02, 0.12, 0.22, 0.1 , 0.03, 0.01, 0.  , 0.  ])
    """
    if not rule.elementwise:
        return np.array([_gap_at(float(size), rule, other, drop, steps) for size in SIZES])
    problem = problem_for(rule, steps)
    here, there = (
        _walked(each, problem, learning_rates(each.lr, steps, drop))  # type: ignore[attr-defined]
        for each in (rule, other)
    )
    return np.array([gap(here[:, k], there[:, k]) for k in range(len(SIZES))])


def _gap_at(size: float, rule: Rule, other: Rule, drop: float | None, steps: int) -> float:
    problem = problem_for(rule, steps, size)
    here, there = (
        walk(each, problem, learning_rates(each.lr, steps, drop))  # type: ignore[attr-defined]
        for each in (rule, other)
    )
    return gap(here, there)


def _walked(rule: Rule, problem: Problem, lrs: NDArray[np.float64]) -> NDArray[np.float64]:
    """A rule's displacements with gradients of every size, shape (steps + 1, 8, 8)."""
    away = problem.start - problem.target
    x = np.zeros((len(SIZES), SIZE))
    slots, rows = rule.slots(x), [x]
    with np.errstate(over="ignore", invalid="ignore"):  # what diverges becomes inf or nan
        for step, lr in enumerate(lrs):
            if step and lr != lrs[step - 1]:
                rule = rule.replace(lr=float(lr))
            g = SIZES[:, None] * ((x + away) @ problem.A + problem.forcing[step])
            moved, slots = rule.step(g, slots, x)
            x = x + np.asarray(moved)
            rows.append(x)
    return np.array(rows)


def distance(rule: Rule, other: Rule, drop: float | None = None, steps: int = STEPS) -> float:
    """How far two rules part over so many steps of the problem, of the trajectory's size.

    >>> from polyak.rules import HeavyBall
    >>> inside, outside = HeavyBall(lr=0.1, momentum=0.9), HeavyBall(lr=0.1, momentum=0.9, lr_in_velocity=False)
    >>> distance(inside, outside) < 1e-12, distance(inside, outside, drop=0.1) > 0.01
    (True, True)
    """
    return distance_from(rule, drop, steps)(other)


def distance_from(rule: Rule, drop: float | None = None, steps: int = STEPS) -> Callable[[Rule], float]:
    """`distance` of one rule from any other: where many are asked about, its own path is walked once."""
    problem = problem_for(rule, steps)

    def walked(each: Rule) -> NDArray[np.float64]:
        return walk(each, problem, learning_rates(each.lr, steps, drop))  # type: ignore[attr-defined]

    path = walked(rule)
    return lambda other: gap(path, walked(other))
