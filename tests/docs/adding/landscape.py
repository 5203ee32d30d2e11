"""Where a new landscape is seen."""

from __future__ import annotations

import polyak as pk
from polyak.cli.commands.landscapes import landscapes
from polyak.cli.words import landscape_from
from polyak.lab.offer import offer


def seen(module, told):
    booth = module.booth
    assert (
        pk.landscapes.CATALOGUE["booth"]
        is pk.landscapes.booth
        is pk.landscapes.as_landscape("booth")
        is booth
    )
    assert booth(booth.minimisers[0]) == 0.0
    assert booth.source.startswith("Booth, A. D. (1955)")
    landscapes()
    assert "booth" in told()
    assert landscape_from("booth") is booth
    assert offer().landscapes["booth"] is booth
    assert pk.descend("gradient_descent", "booth", 200, lr=0.1).distances[-1] < 1e-6
