"""A network that torch and JAX have alike, and its numbers."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch


@pytest.fixture(scope="session")
def rows() -> tuple[np.ndarray, np.ndarray]:
    """Inputs and classes of 24 rows."""
    generator = np.random.default_rng(7)
    return generator.standard_normal((24, 5), dtype=np.float32), generator.integers(0, 3, 24)


@pytest.fixture
def net() -> torch.nn.Module:
    """5-7-3 with tanh."""
    torch.manual_seed(3)
    return torch.nn.Sequential(torch.nn.Linear(5, 7), torch.nn.Tanh(), torch.nn.Linear(7, 3))


@pytest.fixture
def batch(rows: Any) -> tuple[torch.Tensor, torch.Tensor]:
    """The rows as torch has them."""
    return torch.from_numpy(rows[0]), torch.from_numpy(rows[1])
