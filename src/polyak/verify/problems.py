"""The problems that the scenarios are run on: the coupled bowl of eight numbers, and one of any size."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from polyak.translate.proof_problem import SEED, SIZE, Problem, problem_for
from polyak.verify.scenarios import SCENARIOS, Descended, Path, Scenario

SHORT = max(scenario.steps for scenario in SCENARIOS if scenario.lr_factors is not None)


@dataclass(frozen=True)
class Layer:
    """g = c (x - target) + f_t, number by number: what the bowl is, at a size at which it has no matrix.

    Attributes:
        curvatures: c, shape (size,), from the bowl's lowest to its highest.
        target: shape (size,).
        forcing: f_t, shape (steps, size).
        start: shape (size,).
    """

    curvatures: Path
    target: Path
    forcing: Path
    start: Path

    def gradient(self, x: Path, step: int) -> Path:
        """The gradient at x, shape (size,), in a step."""
        with np.errstate(over="ignore", invalid="ignore"):  # what diverges becomes inf or nan
            found: Path = self.curvatures * (x - self.target) + self.forcing[step]
        return found

    def loss(self, x: Path, step: int) -> float:
        """What that is the gradient of."""
        with np.errstate(over="ignore", invalid="ignore"):
            return float((self.curvatures * (x - self.target) ** 2).sum() / 2 + self.forcing[step] @ x)

    @property
    def curvature(self) -> Path:
        """c, shape (size,)."""
        return self.curvatures


class Problems:
    """The problem of each scenario, made once for a rule.

    Args:
        rule: on which it is stable; None where the reference is no rule of ours.
    """

    def __init__(self, rule: object) -> None:
        self.rule = rule
        self.made: dict[tuple[int, int], Descended] = {}

    def of(self, scenario: Scenario) -> Descended:
        """The problem of a scenario, which begins as far out as the scenario says."""
        small = scenario.size == SIZE
        key = scenario.size, max(scenario.steps, SHORT) if small else scenario.steps
        if key not in self.made:
            bowl = problem_for(self.rule, key[1])
            self.made[key] = bowl if small else _layer(bowl, scenario)
        found = self.made[key]
        return found if scenario.start == 1 else replace(found, start=scenario.start * found.start)  # type: ignore[type-var]


def _layer(bowl: Problem, scenario: Scenario) -> Layer:
    rng, size = np.random.default_rng(SEED), scenario.size
    lowest, highest = np.linalg.eigvalsh(bowl.A)[[0, -1]]
    curvatures = rng.permutation(np.geomspace(lowest, highest, size))
    target, start = rng.normal(size=size), rng.normal(size=size) + 2.0
    return Layer(curvatures, target, rng.normal(size=(scenario.steps, size)) * curvatures, start)
