"""Training that is cut in two, with the optimizer's state carried over: the two halves."""

from __future__ import annotations

from typing import Any

import numpy as np

from polyak.frameworks import stepper
from polyak.translate.proof_problem import Problem, arrays, numbers


def trained(made: Any, problem: Problem, x: np.ndarray, steps: range) -> np.ndarray:
    """Where each of some steps leads, a row a step."""
    rows = []
    for step in steps:
        x = numbers(made.step(arrays(problem.gradient(x, step))))
        rows.append(x)
    return np.array(rows)


def begun(name: str, settings: dict[str, Any], x: np.ndarray) -> Any:
    """An optimizer by its name, at x."""
    made = stepper(name, settings)
    made.start(arrays(x))
    return made
