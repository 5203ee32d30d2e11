"""Where a new problem is seen."""

from __future__ import annotations

import numpy as np
import pytest

import polyak as pk
from polyak.cli.words import Task


def seen(module, told):
    make = module.huber_regression
    assert pk.problems.CATALOGUE["huber_regression"] is pk.problems.huber_regression is make
    table = pk.data.Data.from_arrays([[1.0], [2.0], [3.0]], [1.0, 2.0, 30.0])
    X, y = table.features, table.labels
    # residuals 0, 0, 27 at w = 1, b = 0
    assert float(make(table).loss({"weight": np.ones(1), "bias": 0.0}, X, y)) == pytest.approx(26.5 / 3)
    history = pk.train("heavy_ball", make(table), batch_size=3, epochs=3, lr=0.1, momentum=0.5)
    assert history.final_losses[0] < history.losses[0, 0]
    assert Task("diabetes", problem="huber-regression").made().name == "huber regression"
