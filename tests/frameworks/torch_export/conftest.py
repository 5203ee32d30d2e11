"""What the tests of the export share: a loss of two parameters without symmetries, and one loop over it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch

STEPS, DROP = 120, 60


class Problem:
    """A quartic of a vector and a matrix that it couples; float64 unless told otherwise."""

    def __init__(self, dtype: torch.dtype = torch.float64) -> None:
        rng = np.random.default_rng(11)
        self.params = [
            torch.nn.Parameter(torch.tensor(rng.normal(size=s), dtype=dtype)) for s in ((3,), (2, 3))
        ]
        self.targets = [torch.tensor(rng.normal(size=s), dtype=dtype) for s in ((3,), (2, 3))]
        self.scales = torch.tensor([0.3, 1.0, 2.5], dtype=dtype)

    def loss(self) -> torch.Tensor:
        vector, matrix = (x - target for x, target in zip(self.params, self.targets))
        return (
            (self.scales * vector**2).sum() / 2
            + ((matrix @ self.scales) ** 2).sum() / 8
            + (matrix**4).sum() / 20
            + (matrix[0] * vector).sum() / 5
        )

    def backward(self) -> torch.Tensor:
        loss = self.loss()
        loss.backward()
        return loss

    def flat(self) -> np.ndarray:
        return np.concatenate([x.detach().double().numpy().ravel() for x in self.params])


def walk(
    make: Callable[[list[torch.nn.Parameter]], torch.optim.Optimizer],
    steps: int = STEPS,
    *,
    drop: bool = True,
    dtype: torch.dtype = torch.float64,
    before: Callable[[int, Problem, Any], Any] = lambda step, problem, optimizer: optimizer,
) -> np.ndarray:
    """The positions of a training whose lr StepLR divides by ten at step 60; `before` may exchange the optimizer."""
    problem = Problem(dtype)
    optimizer = make(problem.params)
    rows = [problem.flat()]
    scheduler = torch.optim.lr_scheduler.StepLR(optimizer, DROP, 0.1) if drop else None
    for step in range(steps):
        optimizer = before(step, problem, optimizer)
        optimizer.zero_grad()
        problem.backward()
        optimizer.step()
        if scheduler is not None:
            scheduler.step()
        rows.append(problem.flat())
    return np.array(rows)


@pytest.fixture(name="walk", scope="session")
def _walk() -> Callable[..., np.ndarray]:
    return walk


@pytest.fixture
def problem() -> Problem:
    return Problem()


@pytest.fixture(scope="session")
def assert_same() -> Callable[..., None]:
    """Two paths agree to rounding: each step adds a few units in the last place of x, and a descent magnifies none."""

    def check(ours: np.ndarray, theirs: np.ndarray) -> None:
        size = np.abs(theirs).max()
        assert np.abs(theirs[-1] - theirs[0]).max() > 0.05 * size, "the reference hardly moved"
        bound = 8 * len(theirs) * np.finfo(np.float64).eps * size
        np.testing.assert_allclose(ours, theirs, rtol=0, atol=bound)

    return check
