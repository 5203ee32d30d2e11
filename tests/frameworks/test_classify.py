"""What was given for an optimizer is told once: whose it is, what it takes, whether it has its settings."""

from __future__ import annotations

import functools
from typing import Any

import jax.example_libraries.optimizers as of_jax
import numpy as np
import optax
import pytest
import torch
from sklearn.neural_network._stochastic_optimizers import SGDOptimizer

import polyak as pk
from polyak.frameworks.classify import candidate_of
from polyak.ground.errors import PolyakError


class Mine(torch.optim.SGD):
    """Somebody's own, beneath one of torch's."""


def of_mine(learning_rate: float) -> optax.GradientTransformation:
    return optax.chain(optax.clip(1.0), optax.sgd(learning_rate))


def page(params: Any, states: Any, hyperparams: Any) -> None:
    for p in params:
        p[:] -= hyperparams["lr"] * p.grad


MADE = torch.optim.SGD([torch.nn.Parameter(torch.ones(1))], lr=0.5)
GIVEN = {  # what it is: the object, its name in the catalogue, some settings that it takes, whether it has them
    "a name": ("torch:SGD", "torch:SGD", {"lr", "momentum"}, False),
    "a name of a package": ("polyak.torch:SGD", "polyak.torch:SGD", {"lr", "lr_in_velocity"}, False),
    "a class": (torch.optim.SGD, "torch:SGD", {"lr", "momentum"}, False),
    "a class beneath": (Mine, "", {"lr", "momentum"}, False),
    "a partial": (functools.partial(torch.optim.SGD, momentum=0.5), "", {"lr"}, False),
    "one that is made": (MADE, "", set(), True),
    "what is exported": (pk.to_torch(pk.HeavyBall(0.5, 0.5)), "", {"lr", "momentum", "maximize"}, False),
    "a factory": (optax.sgd, "optax:sgd", {"learning_rate"}, False),
    "a factory of one's own": (of_mine, "", {"learning_rate"}, False),
    "an object of optax": (optax.sgd(0.5), "", set(), True),
    "a function of jax": (of_jax.momentum, "jax:momentum", {"step_size", "mass"}, False),
    "a class of scikit-learn": (SGDOptimizer, "", {"learning_rate_init", "nesterov"}, False),
    "a class of rules": (pk.HeavyBall, "", {"lr", "momentum"}, False),
    "a rule": (pk.HeavyBall(0.5, 0.5), "", {"lr", "momentum"}, True),
}
PLAIN = {  # of each what makes it gradient descent at lr 0.5
    **dict.fromkeys(("lr", "learning_rate", "step_size", "learning_rate_init"), 0.5),
    **dict.fromkeys(("momentum", "mass"), 0.0),
    "nesterov": False,
}


@pytest.mark.parametrize("what", GIVEN)
def test_what_was_given(what: str) -> None:
    given, spelled, takes, settled = GIVEN[what]
    found = candidate_of(given)
    assert found.settled == settled
    assert takes <= set(found.takes or ())
    assert found.spelled == spelled
    settings = {name: value for name, value in PLAIN.items() if name in takes and not settled}
    stepper = found.run(settings)
    stepper.start([np.array([4.0])])
    (x,) = stepper.step([np.array([1.0])])
    assert x == pytest.approx([3.5])


def test_a_page_takes_any_name() -> None:
    found = candidate_of(page)
    assert found.takes is None
    assert not found.settled


@pytest.mark.parametrize("thing", [3, "torch.nn:Linear", torch.nn.Linear, np.zeros(2)], ids=str)
def test_what_is_no_optimizer(thing: object) -> None:
    with pytest.raises(PolyakError, match="is no optimizer"):
        candidate_of(thing)
