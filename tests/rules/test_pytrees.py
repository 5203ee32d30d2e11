"""A rule is a pytree: its numbers are the leaves, its choices the structure. Changing a number compiles nothing."""

from __future__ import annotations

import copy
import dataclasses
import pickle
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from polyak.rules import (
    CATALOGUE,
    Adam,
    GradientDescent,
    HeavyBall,
    Nesterov,
    Rule,
    Tabulated,
    TripleMomentum,
)


def counted() -> tuple[Callable[..., Any], list[str]]:
    """A compiled step, and a list that grows by one name whenever it is traced."""
    traced: list[str] = []

    @jax.jit
    def step(rule: Rule, g: Any) -> Any:
        traced.append(rule.name())
        x = jnp.zeros_like(g)
        return rule.update(g, rule.init(x), x)[0]

    return step, traced


def test_the_leaves_are_the_numbers(variant: Rule) -> None:
    assert jax.tree.leaves(variant) == [getattr(variant, name) for name in variant.hyperparameters()]
    named = [str(path[0]) for path, _ in jax.tree_util.tree_leaves_with_path(variant)]
    assert named == [f".{name}" for name in variant.hyperparameters()]


def test_flattened_and_back(variant: Rule) -> None:
    leaves, structure = jax.tree.flatten(variant)
    again = jax.tree.unflatten(structure, leaves)
    assert type(again) is type(variant)
    assert again == variant
    assert again.settings() == variant.settings()


def test_mapped(variant: Rule) -> None:
    doubled = jax.tree.map(lambda value: 2 * value, variant)
    for name in variant.hyperparameters():
        assert getattr(doubled, name) == 2 * getattr(variant, name)
    for name in variant.choices():
        assert getattr(doubled, name) == getattr(variant, name)


def test_another_number_compiles_nothing(variant: Rule) -> None:
    step, traced = counted()
    g = jnp.array([3.0, -4.0])
    first = step(variant, g)
    for name in variant.hyperparameters():
        step(variant.replace(**{name: 0.5 * getattr(variant, name)}), g)
    other = step(variant.replace(lr=3 * variant.lr), g)
    assert len(traced) == 1
    np.testing.assert_allclose(other, 3 * first, rtol=1e-6)


def test_another_choice_compiles_anew() -> None:
    for cls in CATALOGUE.values():
        for name, about in cls.choices().items():
            step, traced = counted()
            for option in about.options:
                rule = cls.from_settings(lr=0.1, **_momentum(cls), **{name: option})
                step(rule, jnp.array([3.0, -4.0]))
                step(rule.replace(lr=0.2), jnp.array([3.0, -4.0]))
            assert traced == [cls.name()] * len(about.options)


def _momentum(cls: type[Rule]) -> dict[str, float]:
    return {"momentum": 0.9} if "momentum" in cls.hyperparameters() else {}


def test_two_rules_with_the_same_numbers_are_two_structures() -> None:
    step, traced = counted()
    a, b = step(HeavyBall(0.1, 0.9), jnp.array([1.0])), step(Nesterov(0.1, 0.9), jnp.array([1.0]))
    assert traced == ["heavy_ball", "nesterov"]
    np.testing.assert_allclose([a[0], b[0]], [-0.1, -0.19], rtol=1e-6)


def test_rules_are_frozen(variant: Rule) -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        variant.lr = 0.7  # type: ignore[attr-defined]


def test_replace_makes_another(variant: Rule) -> None:
    other = variant.replace(lr=0.7)
    assert (other.lr, variant.lr) == (0.7, 0.05)
    assert {**other.settings(), "lr": 0.05} == variant.settings()


def test_equal_rules_are_one_key(variant: Rule) -> None:
    twin = copy.deepcopy(variant)
    assert twin is not variant
    assert {twin: 1} == {variant: 1}
    assert twin.replace(lr=0.7) != variant


def test_pickled_and_back(variant: Rule) -> None:
    assert pickle.loads(pickle.dumps(variant)) == variant


def test_unpickled_in_a_process_that_made_no_rule() -> None:
    """As on a Dask worker: the rule and its table are pytrees there too."""
    rules = pickle.dumps([HeavyBall(Tabulated(np.array([0.5, 0.25])), 0.125), GradientDescent(0.75)])
    script = (
        "import pickle, sys\n"
        "rules = pickle.loads(sys.stdin.buffer.read())\n"
        "import jax\n"
        "print([leaf.tolist() if hasattr(leaf, 'tolist') else leaf for leaf in jax.tree.leaves(rules)])"
    )
    done = subprocess.run([sys.executable, "-c", script], input=rules, capture_output=True, check=True)
    assert done.stdout.decode().strip() == "[[0.5, 0.25], 0.125, 0.75]"


def test_a_choice_is_given_by_name_alone() -> None:
    with pytest.raises(TypeError, match="positional"):
        HeavyBall(0.1, 0.9, False)  # type: ignore[misc]


def test_positional_numbers_stand_in_the_order_of_the_page() -> None:
    assert HeavyBall(0.1, 0.9) == HeavyBall(lr=0.1, momentum=0.9)
    assert Adam(0.1, 0.8, 0.9, 1e-3) == Adam(lr=0.1, beta1=0.8, beta2=0.9, eps=1e-3)
    assert TripleMomentum(0.1, 0.5) == TripleMomentum(lr=0.1, rate=0.5)
