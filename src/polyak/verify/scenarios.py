"""What candidate and reference are put through: one problem, step by step, under one strain after the other."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from polyak.frameworks import Stepper
from polyak.frameworks.steppers import Asked

Path = NDArray[np.float64]
Shapes = tuple[tuple[int, ...], ...]
SHAPES: Shapes = ((3,), (2, 1, 2), ())  # eight numbers, as the bowl has
ONE: Shapes = ((8,),)
ROWS: Shapes = ((4, 2),)
MATRIX: Shapes = ((64, 48),)
KERNEL: Shapes = ((8, 4, 3, 3),)
LARGE: Shapes = (
    (160, 128),
)  # what is stored in 8 bits begins at 4,096 numbers, what is factored at 128 rows
LATE = 5  # the step at which a gradient that was missing comes
DROP, WARM_UP, RELOAD = 30, 15, 20
WEIGHT_DECAY = 0.1
LONG = 600  # steps


class Descended(Protocol):
    """A problem: where it begins, a vector, and the gradient at x in a step."""

    @property
    def start(self) -> Path:
        """Where x begins."""

    def gradient(self, x: Path, step: int) -> Path:
        """The gradient at x in a step."""

    def loss(self, x: Path, step: int) -> float:
        """The loss at x in a step."""

    @property
    def curvature(self) -> Path:
        """The gradient's derivative: shape (size,) where it is diagonal, else (size, size)."""


@dataclass(frozen=True)
class Scenario:
    """One strain.

    Attributes:
        name: in words.
        steps: how many.
        lr_factors: what the learning rate is multiplied by at each step; None for a constant one.
        start: what the start is multiplied by.
        gradient: what every gradient is multiplied by.
        zeros: from which step to which the gradients are zero.
        turns: whether, after the first step, a row of the first array has a gradient in every third step alone.
        missing: from which step to which the last but one array has no gradient.
        reload: before which step the state is saved and loaded into a new optimizer.
        settings: what both are set to besides.
        shapes: of the arrays.
        nested: whether a rule is given its arrays in a pytree.
        channels_last: whether an array's second axis lies last in memory.
    """

    name: str
    steps: int = 60
    lr_factors: NDArray[np.float64] | None = None
    start: float = 1.0
    gradient: float = 1.0
    zeros: tuple[int, int] = (0, 0)
    turns: bool = False
    missing: tuple[int, int] = (0, 0)
    reload: int | None = None
    settings: Mapping[str, Any] = field(default_factory=dict)
    shapes: Shapes = SHAPES
    nested: bool = False
    channels_last: bool = False

    def path(
        self, stepper: Stepper, problem: Descended, start: Path | None = None, steps: int | None = None
    ) -> Path:
        """The positions, the start first: shape (steps + 1, size); of the first `steps` alone where told so."""
        x = problem.start if start is None else start
        stepper.start(self.arrays(x))
        rows = [x]
        for step in range(self.steps if steps is None else min(steps, self.steps)):
            if step == self.reload:
                state = stepper.state()
                stepper.start(self.arrays(x))
                stepper.load(state)
            if self.lr_factors is not None and stepper.lr is not None:
                stepper.set_lr(stepper.lr * float(self.lr_factors[step]))
            with np.errstate(all="ignore"):
                grads = self._gradients(problem, x, step)
                if hasattr(stepper, "asked"):
                    stepper.asked = self._asked(problem, step)
                x = np.concatenate([part.ravel() for part in stepper.step(grads)])
            rows.append(x)
        return np.array(rows)

    def _gradients(self, problem: Descended, x: Path, step: int) -> list[Path | None]:
        grads: list[Path | None] = list(self.arrays(self._gradient(problem, x, step)))
        if self.missing[0] <= step < self.missing[1]:
            grads[-2] = None
        return grads

    def _asked(self, problem: Descended, step: int) -> Asked:
        """What an optimizer may ask that evaluates the loss again."""

        def flat(arrays: list[Path]) -> Path:
            return np.concatenate([part.ravel() for part in arrays])

        return Asked(
            lambda arrays: self._gradients(problem, flat(arrays), step),
            lambda arrays: self.gradient * problem.loss(flat(arrays), step),
            self.gradient * problem.curvature,
        )

    def _gradient(self, problem: Descended, x: Path, step: int) -> Path:
        if self.zeros[0] <= step < self.zeros[1]:
            return np.zeros_like(x)
        g = self.gradient * problem.gradient(x, step)
        if self.turns and step:
            rows, columns = self.shapes[0]
            g[: rows * columns] *= np.repeat((np.arange(rows) + step) % 3 == 0, columns)
        return g

    @functools.cached_property
    def _places(self) -> list[tuple[slice, tuple[int, ...]]]:
        ends = np.cumsum([int(np.prod(shape)) for shape in self.shapes])
        return [
            (slice(start, end), shape)
            for start, end, shape in zip([0, *ends], ends, self.shapes, strict=False)
        ]

    @property
    def size(self) -> int:
        """How many numbers its arrays hold."""
        return int(self._places[-1][0].stop)

    def arrays(self, x: Path) -> list[Path]:
        """The numbers as the arrays."""
        found = [x[place].reshape(shape).copy() for place, shape in self._places]
        if self.channels_last:
            return [np.moveaxis(np.moveaxis(part, 1, -1).copy(), -1, 1) for part in found]
        return found

    def coordinate(self, index: int) -> str:
        """What one of the numbers is called: `x2[0, 0, 1]`."""
        for number, shape in enumerate(self.shapes, start=1):
            size = int(np.prod(shape))
            if index < size:
                place = ", ".join(str(i) for i in np.unravel_index(index, shape))
                return f"x{number}[{place}]" if place else f"x{number}"
            index -= size
        raise IndexError(index)


def _lr_drop(steps: int) -> NDArray[np.float64]:
    return np.where(np.arange(steps) < DROP, 1.0, 0.1)


def _warm_up(steps: int) -> NDArray[np.float64]:
    return np.minimum(1.0, (np.arange(steps) + 1) / WARM_UP)


QUICK = (
    "the first step",
    "an lr drop",
    "weight decay",
    "tiny gradients, beside which eps is large",
    "a matrix",
)
MATRICES: Shapes = ((3, 2), (1, 2))  # for what takes matrices alone


def scenarios_for(shapes: Shapes | None = None, *, quick: bool = False) -> tuple[Scenario, ...]:
    """All scenarios, or a few; on arrays of these shapes, if they are given, those that are about no other.

    >>> len(scenarios_for()), len(scenarios_for(quick=True)), len(scenarios_for(((128, 64), (10,))))
    (22, 5, 17)
    """
    chosen = [scenario for scenario in SCENARIOS if not quick or scenario.name in QUICK]
    if shapes is None:
        return tuple(chosen)
    return tuple(
        replace(scenario, shapes=shapes)
        for scenario in chosen
        if scenario.shapes in (SHAPES, ROWS)
        and (len(shapes) > 1 or not any(scenario.missing))
        and (len(shapes[0]) == 2 or not scenario.turns)
    )


SCENARIOS = (
    Scenario("the first step", steps=1),
    Scenario("a constant lr"),
    Scenario("an lr drop", lr_factors=_lr_drop(60)),
    Scenario("a warm-up", lr_factors=_warm_up(30), steps=30),
    Scenario("zero gradients", zeros=(15, 25), steps=40),
    Scenario("a gradient missing at first", missing=(0, LATE), steps=30),
    Scenario("a gradient missing in between", missing=(10, 10 + LATE), steps=30),
    Scenario("a state saved and loaded", reload=RELOAD, steps=40),
    Scenario("weight decay", settings={"weight_decay": WEIGHT_DECAY}, steps=40),
    Scenario("maximize", settings={"maximize": True}, steps=8),
    Scenario("maximize and weight decay", settings={"maximize": True, "weight_decay": WEIGHT_DECAY}, steps=8),
    Scenario("tiny gradients, beside which eps is large", gradient=1e-6, steps=20),
    Scenario("huge gradients, beside which eps is nothing", gradient=1e6, steps=6),
    Scenario("one array alone", shapes=ONE, steps=20),
    Scenario("a pytree", nested=True, steps=20),
    Scenario("large parameters, which decay alone moves", start=1e4, gradient=1e-20, shapes=ROWS, steps=30),
    Scenario("rows whose gradients come by turns", turns=True, shapes=ROWS, steps=12),
    Scenario("a matrix", shapes=MATRIX, steps=8),
    Scenario("a kernel", shapes=KERNEL, steps=8),
    Scenario("a kernel, channels last in memory", shapes=KERNEL, channels_last=True, steps=8),
    Scenario("a large matrix", shapes=LARGE, steps=6),
    Scenario("a long run", shapes=ROWS, steps=LONG),
)
