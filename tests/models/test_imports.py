"""A model of one framework imports no other, and `import polyak` none."""

from __future__ import annotations

import json
import subprocess
import sys

from patience import PATIENCE

FRAMEWORKS = ("jax", "torch", "keras", "flax", "equinox", "optax")
SCRIPT = """
import json, sys

def imported():
    return [name for name in {frameworks} if name in sys.modules]

import polyak as pk
found = [imported()]
import random
import numpy as np

def drawn():
    return random.getstate(), np.random.get_state(legacy=False)["state"]["pos"]

before = drawn()
pk.model
same = drawn() == before
found.append(imported())

def loss(params, batch):
    return ((batch @ params - 1.0) ** 2).mean()

pk.model(loss, np.ones(2), [np.ones((3, 2))])
found.append(imported())
import torch
pk.model(torch.nn.Linear(2, 1), torch.nn.MSELoss(), [(torch.ones(3, 2), torch.ones(3, 1))])
found.append(imported())
print(json.dumps([found, same]))
"""


def test_what_a_user_has_not_imported_is_not_imported() -> None:
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT.format(frameworks=FRAMEWORKS)],
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=True,
    )
    found, same = json.loads(done.stdout)
    assert found == [[], [], ["jax"], ["jax", "torch"]]
    assert same, "JAX's import draws from numpy.random"
