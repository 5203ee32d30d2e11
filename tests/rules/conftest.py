"""What the tests of the rules share: a problem without symmetries, and one plain loop to run a rule on it."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import jax
import numpy as np
import pytest
from array_api_compat import array_namespace

from polyak.rules import CATALOGUE, Rule
from polyak.rules.hyperparameters import Hyperparameter

OURS = CATALOGUE.ours()
REQUIRED = {"lr": 0.05, "momentum": 0.9, "rate": 0.7}
# Away from every default and from every end of a range, so that each number matters.
INTERIOR = {
    **REQUIRED,
    "dampening": 0.3,
    "nu": 0.6,
    "eps": 0.5,
    "decay": 0.8,
    "beta1": 0.7,
    "beta2": 0.95,
    "initial_accumulator": 0.2,
    "momentum_decay": 0.5,
    "weight_decay": 0.1,
    "beta3": 0.9,
    "inner_decay": 0.1,
    "trust_coefficient": 0.3,
    "eps_root": 0.2,
    "least_size": 0.1,
}
MOST = 16  # combinations of choices: of more, each option once


@dataclass(frozen=True)
class Problem:
    """f(x) = d A d / 2 + sum log cosh(B d), d = x - target: coupled, asymmetric, not quadratic."""

    params: Any
    target: np.ndarray
    matrix: np.ndarray
    mixing: np.ndarray

    def loss(self, params: Any) -> Any:
        d, _, xp = self._offset(params)
        a, b = self._on(d)
        mixed = b @ d
        return 0.5 * xp.sum(d * (a @ d)) + xp.sum(xp.logaddexp(mixed, -mixed))

    def gradient(self, params: Any) -> Any:
        """The gradient on the backend and in the dtype of the parameters."""
        d, leaves, xp = self._offset(params)
        a, b = self._on(d)
        slope = a @ d + b.T @ xp.tanh(b @ d)
        ends = np.cumsum([int(np.prod(x.shape)) for x in leaves])
        parts = [
            xp.reshape(slope[int(end) - int(np.prod(x.shape)) : int(end)], x.shape)
            for end, x in zip(ends, leaves, strict=True)
        ]
        return jax.tree.unflatten(jax.tree.structure(params), parts)

    def on(self, backend: str, dtype: str = "float64") -> Any:
        """The start, as arrays of a backend."""
        return jax.tree.map(lambda x: as_array(x, backend, dtype), self.params)

    def _offset(self, params: Any) -> tuple[Any, Any, Any]:
        leaves = jax.tree.leaves(params)
        xp = array_namespace(*leaves)
        flat = xp.concat([xp.reshape(x, (-1,)) for x in leaves])
        return flat - xp.asarray(self.target, dtype=flat.dtype), leaves, xp

    def _on(self, d: Any) -> tuple[Any, Any]:
        xp = array_namespace(d)
        return xp.asarray(self.matrix, dtype=d.dtype), xp.asarray(self.mixing, dtype=d.dtype)


def as_array(x: np.ndarray, backend: str, dtype: str) -> Any:
    if backend == "numpy":
        return np.array(x, dtype=dtype)
    if backend == "torch":
        import torch

        return torch.tensor(x, dtype=getattr(torch, dtype))
    return jax.numpy.asarray(x, dtype=dtype)


def flat(params: Any) -> np.ndarray:
    """Every number of a pytree, in one NumPy vector."""
    return np.concatenate([np.asarray(x).ravel() for x in jax.tree.leaves(params)])


def walk(
    rule: Any,
    params: Any,
    gradient: Callable[[Any], Any],
    steps: int,
    before: Callable[[int, Any], Any] = lambda step, state: state,
) -> np.ndarray:
    """The positions of `steps` steps, one row each, the start first; `before` may alter the state."""
    state, rows = rule.init(params), [flat(params)]
    for step in range(steps):
        updates, state = rule.update(gradient(params), before(step, state), params)
        params = jax.tree.map(lambda x, u: x + u, params, updates)
        rows.append(flat(params))
    return np.array(rows)


def variants(cls: type[Rule]) -> list[Rule]:
    """One rule for every combination of a class's choices, its numbers away from their defaults."""
    numbers = {name: INTERIOR.get(name, _within(about)) for name, about in cls.hyperparameters().items()}
    options = [[(name, option) for option in about.options] for name, about in cls.choices().items()]
    every = [dict(chosen) for chosen in itertools.product(*options)]
    if len(every) > MOST:
        first = every[0]
        every = [first] + [{**first, name: option} for group in options for name, option in group[1:]]
    return [cls.from_settings(**numbers, **chosen) for chosen in every]


def _within(about: Hyperparameter) -> float:
    """A number inside a range that is in no table."""
    low, high = about.interval.ends
    return low + 0.45 * (min(high, low + 1) - low)


def label(rule: Rule) -> str:
    return "-".join([rule.name(), *(f"{name}={getattr(rule, name)}" for name in rule.choices())])


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Parametrize by what a test asks for.

    `rule_class` is every rule, `typical` one of each with settings, `variant` every choice of each, `corner`
    the first choices and the last, which are dear to compile.
    """
    if "rule_class" in metafunc.fixturenames:
        metafunc.parametrize("rule_class", OURS.values(), ids=OURS)
    if "typical" in metafunc.fixturenames:
        metafunc.parametrize("typical", [variants(cls)[0] for cls in OURS.values()], ids=OURS)
    if "variant" in metafunc.fixturenames:
        every = [rule for cls in OURS.values() for rule in variants(cls)]
        if metafunc.module.__name__.endswith(("test_shapes", "test_against_papers")):
            every = [rule for rule in every if rule.elementwise]
        metafunc.parametrize("variant", every, ids=label)
    if "corner" in metafunc.fixturenames:
        corners = [rule for cls in OURS.values() for rule in variants(cls)[:: _last(cls)]]
        metafunc.parametrize("corner", corners, ids=label)


def _last(cls: type[Rule]) -> int:
    return max(len(variants(cls)) - 1, 1)


@pytest.fixture(scope="session")
def problem() -> Problem:
    rng = np.random.default_rng(7)
    start = {"layer": (rng.normal(size=(3, 2)), rng.normal(size=2)), "scale": np.array(1.7)}
    axes = np.linalg.qr(rng.normal(size=(9, 9)))[0]
    return Problem(
        params=start,
        target=rng.normal(size=9) + 2.0,
        matrix=axes @ np.diag(np.geomspace(0.2, 6.0, 9)) @ axes.T,
        mixing=rng.normal(size=(5, 9)) / 3,
    )


@pytest.fixture
def x64() -> Any:
    with jax.enable_x64(True):
        yield


@pytest.fixture(name="walk", scope="session")
def _walk() -> Callable[..., np.ndarray]:
    return walk


@pytest.fixture(name="flat", scope="session")
def _flat() -> Callable[[Any], np.ndarray]:
    return flat


@pytest.fixture(scope="session")
def required() -> dict[str, float]:
    """A value for each hyper-parameter that some rule has no default for."""
    return REQUIRED


@pytest.fixture(scope="session")
def assert_same_path() -> Callable[..., None]:
    """Two paths agree within `tolerance` of the size of the first, and both went somewhere."""

    def check(ours: np.ndarray, theirs: np.ndarray, tolerance: float = 1e-12) -> None:
        scale = np.abs(theirs).max()
        assert np.isfinite(scale)
        assert np.abs(theirs[-1] - theirs[0]).max() > 0.05 * scale, "the reference hardly moved"
        np.testing.assert_allclose(ours, theirs, rtol=0, atol=tolerance * scale)

    return check
