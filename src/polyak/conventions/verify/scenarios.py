"""What candidate and reference are put through: one problem, step by step, under one strain after the other."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from polyak.conventions.frameworks import Stepper
from polyak.conventions.problem import Problem

Path = NDArray[np.float64]
SHAPES: tuple[tuple[int, ...], ...] = ((3,), (2, 1, 2), ())  # eight numbers, as the problem has
ONE: tuple[tuple[int, ...], ...] = ((8,),)
LATE = 5  # the step at which a gradient that was missing comes
DROP, WARM_UP, RELOAD = 30, 15, 20
WEIGHT_DECAY = 0.1


@dataclass(frozen=True)
class Scenario:
    """One strain.

    Attributes:
        name: in words.
        steps: how many.
        lr_factors: what the learning rate is multiplied by at each step; None for a constant one.
        gradient: what every gradient is multiplied by.
        zeros: from which step to which the gradients are zero.
        missing: from which step to which the last but one array has no gradient.
        reload: before which step the state is saved and loaded into a new optimizer.
        settings: what both are set to besides.
        shapes: of the arrays.
        nested: whether a rule is given its arrays in a pytree.
    """

    name: str
    steps: int = 60
    lr_factors: NDArray[np.float64] | None = None
    gradient: float = 1.0
    zeros: tuple[int, int] = (0, 0)
    missing: tuple[int, int] = (0, 0)
    reload: int | None = None
    settings: Mapping[str, Any] = field(default_factory=dict)
    shapes: tuple[tuple[int, ...], ...] = SHAPES
    nested: bool = False

    def path(
        self, stepper: Stepper, problem: Problem, start: Path | None = None, steps: int | None = None
    ) -> Path:
        """The positions, the start first: shape (steps + 1, 8); of the first `steps` alone where told so."""
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
                g = self.gradient * problem.gradient(x, step)
                grads: list[Any] = self.arrays(
                    np.zeros_like(g) if self.zeros[0] <= step < self.zeros[1] else g
                )
                if self.missing[0] <= step < self.missing[1]:
                    grads[-2] = None
                x = np.concatenate([part.ravel() for part in stepper.step(grads)])
            rows.append(x)
        return np.array(rows)

    def arrays(self, x: Path) -> list[Path]:
        """Eight numbers as the arrays."""
        ends = np.cumsum([int(np.prod(shape)) for shape in self.shapes])[:-1]
        return [p.reshape(s).copy() for p, s in zip(np.split(x, ends), self.shapes, strict=True)]

    def coordinate(self, index: int) -> str:
        """What one of the eight numbers is called: `x2[0, 0, 1]`."""
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
)
