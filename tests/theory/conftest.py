"""What the tests of the theory share: the linear rules, pages that are rules, plain runs of a rule on one number."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import numpy as np
import optax
import pytest

import polyak as pk
from polyak.rules import CATALOGUE, LinearRule, Rule, ScheduleFree
from polyak.run.loop import _say_once

LINEAR = [cls for cls in CATALOGUE.ours().values() if issubclass(cls, LinearRule)]
MIXING = [cls for cls in CATALOGUE.ours().values() if not cls.elementwise]
# Schedule-Free SGD is linear, and changes from step to step.
ADAPTIVE = [
    cls
    for cls in CATALOGUE.ours().values()
    if not issubclass(cls, LinearRule) and cls.elementwise and cls is not ScheduleFree
]
NUMBERS = {"lr": 0.4, "momentum": 0.6, "rate": 0.7, "dampening": 0.3, "nu": 0.6}


def linear_rules() -> dict[str, Callable[[float, float], Any]]:
    """Every linear rule that we know of, as a function of (lr, momentum)."""
    found: dict[str, Callable[[float, float], Any]] = {}
    for cls in LINEAR:
        for options in [{}, {"lr_in_velocity": False}] if "lr_in_velocity" in cls.choices() else [{}]:
            label = "-".join([cls.name(), *(f"{name}={value}" for name, value in options.items())])
            found[label] = lambda lr, momentum, cls=cls, options=options: of(cls, lr, momentum, options)
    found["optax-sgd"] = lambda lr, momentum: pk.from_optax(optax.sgd, learning_rate=lr, momentum=momentum)
    found["optax-nesterov"] = lambda lr, momentum: pk.from_optax(
        optax.sgd, learning_rate=lr, momentum=momentum, nesterov=True
    )
    found["page"] = lambda lr, momentum: pk.from_page(sgd_momentum, lr=lr, momentum=momentum)
    return found


def of(cls: type[Rule], lr: float, momentum: float, options: dict[str, Any] | None = None) -> Rule:
    """A member of a class, `momentum` standing for the rate of a triple momentum."""
    given = {"lr": lr, "momentum": momentum, "rate": momentum}
    numbers = {name: given.get(name, NUMBERS[name]) for name in cls.hyperparameters()}
    return cls.from_settings(**numbers, **(options or {}))


# A reader's pages, as they stand in books.


def sgd_momentum(params, states, hyperparams):
    for p, v in zip(params, states):
        v[:] = hyperparams["momentum"] * v + hyperparams["lr"] * p.grad
        p[:] -= v


def counting(params, states, hyperparams):
    hyperparams["t"] += 1
    for p, v in zip(params, states):
        v[:] = hyperparams["momentum"] * v + hyperparams["lr"] * p.grad
        p[:] -= v


def looking(params, states, hyperparams):
    for p, v in zip(params, states):
        v[:] = hyperparams["momentum"] * v + hyperparams["lr"] * p.grad
        if float(hyperparams["lr"]) >= 0:
            p[:] -= v * float(p.grad.sum() * 0 + 1)


def chained(params, states, hyperparams):
    """Two velocities, the second of the first: on a curvature of 1 stable to .125, and again from 1.22 to 7.1."""
    for p, (v, w) in zip(params, states):
        v[:] = 0.9 * v + p.grad
        w[:] = 0.8 * w + v
        p[:] -= hyperparams["lr"] * (0.1 * v + 0.1 * w + 0.2 * p.grad)


def steps_run(rule: Any, curvature: float, x: float, steps: int) -> np.ndarray:
    """x at steps 0 .. steps of a rule on f = curvature x^2 / 2, by NumPy and a plain loop."""
    params = np.array([x])
    with jax.enable_x64(True):
        state, found = rule.init(params), [x]
        for _ in range(steps):
            updates, state = rule.update(curvature * params, state, params)
            params = params + np.asarray(updates)
            found.append(float(params[0]))
    return np.array(found)


RULES = linear_rules()


@pytest.fixture(params=RULES.values(), ids=RULES)
def linear(request: pytest.FixtureRequest) -> Any:
    """A linear rule as a function of (lr, momentum)."""
    return request.param


@pytest.fixture(params=ADAPTIVE, ids=lambda cls: cls.name())
def adaptive(request: pytest.FixtureRequest) -> Any:
    """A rule that is not linear."""
    given = {"lr": 0.1, "momentum": 0.9}
    needed = {name: value for name, value in given.items() if name in request.param.hyperparameters()}
    return request.param(**needed)


@pytest.fixture(params=MIXING, ids=lambda cls: cls.name())
def mixing(request: pytest.FixtureRequest) -> Any:
    """A rule that is not elementwise."""
    return request.param(lr=0.1)


@pytest.fixture(scope="session")
def pages() -> dict[str, Any]:
    """The same momentum on three pages: as in a book, with a counter, and one that cannot be traced."""
    return {
        "as in a book": pk.from_page(sgd_momentum, lr=0.4, momentum=0.6),
        "with a counter": pk.from_page(counting, lr=0.4, momentum=0.6, t=0),
        "with states": pk.from_page(
            sgd_momentum, states=lambda: (np.zeros((5, 1)), np.zeros(1)), lr=0.4, momentum=0.6
        ),
    }


@pytest.fixture(scope="session")
def two_velocities() -> Callable[[float], Any]:
    """A page with two slots, as a function of its learning rate."""
    return lambda lr: pk.from_page(chained, lr=lr)


@pytest.fixture(scope="session")
def untraceable() -> Any:
    """A page that runs step by step; that it is slow is said once a session, here."""
    rule = pk.from_page(looking, lr=0.4, momentum=0.6)
    _say_once.cache_clear()  # another test's page of this name may have been said already
    with pytest.warns(UserWarning, match="step by step"):
        pk.theory.step_map(rule)
    return rule


@pytest.fixture(scope="session")
def run_on() -> Callable[[Any, float, float, int], np.ndarray]:
    return steps_run


@pytest.fixture(scope="session")
def small_problem() -> Any:
    """Least squares of 3 parameters on 40 rows."""
    rng = np.random.default_rng(3)
    X = rng.normal(size=(40, 2)) @ np.array([[1.0, 0.4], [0.0, 0.6]])
    return pk.linear_regression((X, X @ [1.0, -2.0] + 0.5 + 0.3 * rng.normal(size=40)))
