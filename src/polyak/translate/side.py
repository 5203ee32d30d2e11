"""One side of a translation as it is run: the real framework where it is installed, else our rule for it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from polyak.frameworks import FRAMEWORKS, Stepper, stepper
from polyak.frameworks.framework import Framework
from polyak.frameworks.polyak.stepper import RuleStepper
from polyak.frameworks.spelling import Meaning, Spelling
from polyak.frameworks.state_families import Family, family_of
from polyak.frameworks.steppers import Array
from polyak.ground.types import Pytree
from polyak.translate.around import Around
from polyak.translate.best_arguments import Condition
from polyak.translate.proof_problem import Problem, arrays, numbers, shapes_for

Factor: TypeAlias = float | Callable[[float, float], float]
"""What a velocity is multiplied by at a change: a number, or a function of the old and the new learning rate."""


class Side:
    """An optimizer with its settings, run step by step on the proof's problem.

    Args:
        spelling: the framework's name.
        arguments: its arguments.
        meaning: what they mean; our rule stands in where the framework is not installed.
        conditions: what is done besides, by hand.
        run: what is stepped instead, which changes its learning rate itself.
        around: what is done to the gradients by hand, the outermost first.
        stand_in: whether our rule is run where the framework could be.
    """

    def __init__(
        self,
        spelling: Spelling,
        arguments: Mapping[str, Any],
        meaning: Meaning,
        conditions: tuple[Condition, ...] = (),
        run: Stepper | None = None,
        around: tuple[Around, ...] = (),
        *,
        stand_in: bool = False,
    ) -> None:
        self.spelling, self.meaning = spelling, meaning
        self.shapes = shapes_for(meaning.rule)
        self.conditions = {condition.kind: condition.amount for condition in conditions}
        self.framework = FRAMEWORKS[spelling.framework]
        self.real = self.framework.installed and not stand_in
        self.by_itself, self.around = run is not None, around
        self.every = max([1, *(each.every for each in around)])
        if run is not None:
            self.stepper: Stepper = run
        elif self.real:
            self.stepper = stepper(spelling.name, spelling.runs_with(arguments))
        else:
            self.stepper = StandIn(meaning)

    @property
    def ran(self) -> str:
        """What was run, in words."""
        framework = self.framework
        if self.real:
            return framework.version
        absent = framework.recorded_as or f"{framework.prefix}, which is not installed: {framework.install}"
        return f"our {self.meaning.rule.name()} for {absent}"

    def _gathered(self, held: list[list[Array]]) -> list[Array]:
        """The mean of the gradients that were held, with what is done to it before the step."""
        found = [np.asarray(sum(each) / self.every) for each in zip(*held, strict=True)]
        for each in self.around:
            found = each.gradients(found)
        return found

    def path(
        self, problem: Problem, lrs: NDArray[np.float64], velocity_factor: Factor | None = None
    ) -> NDArray[np.float64]:
        """The positions, the start first: shape (steps + 1, 8).

        Args:
            problem: where the gradients come from.
            lrs: the learning rate of each step.
            velocity_factor: what the velocity is multiplied by where the learning rate changes.
        """
        self.stepper.start(arrays(problem.start, self.shapes))
        x, there, rows = problem.start, problem.start, [problem.start]
        turned = -1.0 if self.meaning.maximize else 1.0  # what is maximized is -f
        in_loss, by_hand = (
            self.conditions.get(f"decay {where}", 0.0) for where in ("in the loss", "by hand")
        )
        before = self.meaning.rule.lr
        held = list[list[Array]]()
        for step in range(len(lrs)):
            lr = lrs[step // self.every]
            if lr != before and not self.by_itself:
                self._change(float(before), float(lr), velocity_factor if step else None)
            before = lr
            g = turned * (problem.gradient(x, step) + in_loss * x)
            if step == 0:
                g = g * self.conditions.get("first gradient", 1.0)
            held.append(arrays(g, self.shapes))
            if len(held) < self.every:
                rows.append(x)
                continue
            moved, held = numbers(self.stepper.step(self._gathered(held))), []
            x = moved if not by_hand else x * (1 - lr * by_hand) + (moved - there)
            there = moved
            rows.append(x)
        return np.array(rows)

    def _change(self, old: float, lr: float, velocity_factor: Factor | None) -> None:
        self.stepper.set_lr(lr)
        if callable(velocity_factor):  # of no use where one of both is 0
            velocity_factor = velocity_factor(old, lr) if old and lr else None
        if velocity_factor is not None:
            framework = self.framework if self.real else FRAMEWORKS["polyak"]
            family = family_of(self.spelling, self.meaning.rule)
            self.stepper.load(scaled(framework, self.stepper.state(), velocity_factor, family))


class StandIn(RuleStepper):
    """What a spelling means, as one of our rules on NumPy arrays, where the framework itself is not installed."""

    def __init__(self, meaning: Meaning) -> None:
        super().__init__(meaning.decayed())
        self.meaning = meaning

    def step(self, grads: Sequence[Array | None]) -> list[Array]:
        """One step, the gradient turned where the meaning maximizes."""
        sign = -1.0 if self.meaning.maximize else 1.0
        return super().step([None if g is None else sign * g for g in grads])

    def set_lr(self, lr: float) -> None:
        """The same meaning with another learning rate, its weight decay with it."""
        self.rule = self.meaning.at(lr).decayed()


def scaled(framework: Framework, state: Pytree, factor: float, family: Family) -> Pytree:
    """A state with its velocity times a factor."""
    packing = framework.state_format()
    return packing.rewritten(state, packing.read(state, family).scaled(factor), family)
