"""One side of a translation as it is run: the real framework where it is installed, else our rule for it."""

from __future__ import annotations

import importlib.metadata
import importlib.util
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from polyak.frameworks import FRAMEWORKS, states, stepper
from polyak.frameworks.spellings import Meaning, Spelling
from polyak.translate.fitting import Condition
from polyak.translate.proof_problem import Problem, arrays, numbers

RECORDED = {"tf1": "TensorFlow 1's optimizers", "mxnet": "MXNet", "chapter": "the chapter's function"}
DISTRIBUTIONS = {"sklearn": "scikit-learn"}


class Side:
    """An optimizer with its settings, run step by step on the proof's problem.

    Args:
        spelling: the framework's name.
        arguments: its arguments.
        meaning: what they mean; our rule stands in where the framework is not installed.
        conditions: what is done besides, by hand.
    """

    def __init__(
        self,
        spelling: Spelling,
        arguments: Mapping[str, Any],
        meaning: Meaning,
        conditions: tuple[Condition, ...] = (),
    ) -> None:
        self.spelling, self.meaning = spelling, meaning
        self.conditions = {condition.kind: condition.amount for condition in conditions}
        self.real = installed(spelling.framework)
        if self.real:
            self.stepper: Any = stepper(spelling.name, spelling.runs_with(arguments))
        else:
            self.stepper = StandIn(meaning)

    @property
    def ran(self) -> str:
        """What was run, in words."""
        if self.real:
            return version(self.spelling.framework)
        framework = self.spelling.framework
        absent = RECORDED.get(framework) or f"{framework}, which is not installed: {FRAMEWORKS[framework][1]}"
        return f"our {self.meaning.rule.name()} for {absent}"

    def path(
        self, problem: Problem, lrs: NDArray[np.float64], velocity_factor: float | None = None
    ) -> NDArray[np.float64]:
        """The positions, the start first: shape (steps + 1, 8).

        Args:
            problem: where the gradients come from.
            lrs: the learning rate of each step.
            velocity_factor: what the velocity is multiplied by where the learning rate changes.
        """
        self.stepper.start(arrays(problem.start))
        x, there, rows = problem.start, problem.start, [problem.start]
        turned = -1.0 if self.meaning.maximize else 1.0  # what is maximized is -f
        in_loss, by_hand = (
            self.conditions.get(f"decay {where}", 0.0) for where in ("in the loss", "by hand")
        )
        for step, lr in enumerate(lrs):
            if step and lr != lrs[step - 1]:
                self._change(float(lr), velocity_factor)
            g = turned * (problem.gradient(x, step) + in_loss * x)
            if step == 0:
                g = g * self.conditions.get("first gradient", 1.0)
            moved = numbers(self.stepper.step(arrays(g)))
            x = moved if not by_hand else x * (1 - lr * by_hand) + (moved - there)
            there = moved
            rows.append(x)
        return np.array(rows)

    def _change(self, lr: float, velocity_factor: float | None) -> None:
        self.stepper.set_lr(lr)
        if velocity_factor is not None:
            framework = self.spelling.framework if self.real else "polyak"
            self.stepper.load(states.scaled(framework, self.stepper.state(), velocity_factor))


class StandIn:
    """What a spelling means, as one of our rules on NumPy arrays, where the framework itself is not installed."""

    def __init__(self, meaning: Meaning) -> None:
        self.meaning, self.rule = meaning, meaning.decayed()

    def start(self, params: list[NDArray[np.float64]]) -> None:
        """Begin anew at these parameters."""
        self.rule, self.params = self.meaning.decayed(), params
        self.held = self.rule.init(params)

    def step(self, grads: list[NDArray[np.float64]]) -> list[NDArray[np.float64]]:
        """One step, the gradient turned where the meaning maximizes."""
        turned = [-g for g in grads] if self.meaning.maximize else grads
        updates, self.held = self.rule.update(turned, self.held, self.params)
        self.params = [x + u for x, u in zip(self.params, updates, strict=True)]
        return self.params

    def set_lr(self, lr: float) -> None:
        """The same meaning with another learning rate."""
        self.rule = self.meaning.at(lr).decayed()

    def state(self) -> Any:
        """The rule's own state."""
        return self.held

    def load(self, state: Any) -> None:
        """Take up a state."""
        self.held = state


def known_here(framework: str) -> bool:
    """Whether a framework is run here, or our rules were held against recordings of it: else nothing is proved."""
    return framework in FRAMEWORKS or framework in RECORDED


def installed(framework: str) -> bool:
    """Whether a framework can be run here."""
    return framework in FRAMEWORKS and importlib.util.find_spec(FRAMEWORKS[framework][0]) is not None


def version(framework: str) -> str:
    """A framework's package and its version, where it is one that is run here.

    >>> version("sklearn").split()[0]
    'scikit-learn'
    """
    if framework not in FRAMEWORKS:
        return "not run here"
    package = FRAMEWORKS[framework][0]
    name = DISTRIBUTIONS.get(framework, package)
    return f"{name} {importlib.metadata.version(name)}"
