"""Stable learning rates and curvatures as sets: against eigenvalues on a dense grid, and where the formula is known."""

from __future__ import annotations

import math

import numpy as np
import optax
import pytest

import polyak as pk
from polyak.theory.pencil import common, stable_set


def random_maps(count):
    """A and B of rules of 2 to 4 numbers: each slot fades, some are fed by others."""
    rng = np.random.default_rng(0)
    for _ in range(count):
        s = int(rng.integers(2, 5))
        A = np.zeros((s, s))
        A[0, 0], A[0, 1:] = 1, rng.normal(size=s - 1)
        A[1:, 1:] = np.diag(rng.uniform(-0.3, 1, s - 1))
        A[1:, 1:] += np.triu(rng.normal(size=(s - 1, s - 1)), 1) * (rng.uniform() < 0.4)
        B = rng.normal(size=s)
        B[0] *= rng.uniform() < 0.7
        yield A, B


def test_sets_are_those_of_the_eigenvalues():
    t = np.geomspace(1e-5, 1e4, 301)
    for A, B in random_maps(150):
        M1 = B[:, None] * np.eye(len(B))[0]
        found = stable_set(A - np.eye(len(B)), M1)
        radius = np.abs(np.linalg.eigvals(A + t[:, None, None] * M1)).max(-1)
        told = np.abs(radius - 1) > 1e-9
        inside = (
            np.any([(t > low) & (t < high) for low, high in found], axis=0)
            if found
            else np.zeros(len(t), bool)
        )
        np.testing.assert_array_equal(inside[told], (radius < 1)[told])


def radius(rule, curvature):
    return float(np.abs(np.linalg.eigvals(pk.theory.step_map(rule).on(curvature))).max())


def test_two_velocities_are_stable_twice(two_velocities):
    s = pk.stability(two_velocities(lr=0.1), [1.0])
    (zero, first), (second, third) = s.stable_lrs
    assert (zero, s.max_lr) == (0, first)
    for edge in (first, second, third):
        assert radius(two_velocities(lr=edge), 1.0) == pytest.approx(1, abs=1e-9)
    for lr, stable in ((0.9 * first, True), (1.1 * first, False), (1.1 * second, True), (1.1 * third, False)):
        assert (radius(two_velocities(lr=lr), 1.0) < 1) is stable
        assert pk.stability(two_velocities(lr=lr), [1.0]).stable is stable
    assert f"stable from lr 0 to {first:.6g} and {second:.6g} to {third:.6g}" in str(s)
    np.testing.assert_allclose(np.ravel(s.stable_curvatures), 10 * np.ravel(s.stable_lrs), rtol=1e-12)


def test_a_smaller_curvature_may_be_the_one_that_diverges(two_velocities):
    """The largest alone would allow a learning rate at which the smaller one diverges."""
    alone = pk.stability(two_velocities(lr=0.1), [4.0]).stable_lrs
    both = pk.stability(two_velocities(lr=0.1), [1.0, 4.0])
    lr = 0.9 * alone[1][1]
    assert radius(two_velocities(lr=lr), 4.0) < 1 < radius(two_velocities(lr=lr), 0.2 / lr)
    assert both.max_lr == pytest.approx(alone[0][1], rel=1e-12)
    for low, high in both.stable_lrs:
        middle = (low + high) / 2
        assert max(radius(two_velocities(lr=middle), c) for c in (1.0, 4.0)) < 1
    steep = pk.stability(two_velocities(lr=0.1), [8.0]).stable_lrs
    assert len(steep) == 2
    assert pk.stability(two_velocities(lr=0.1), [1.0, 8.0]).stable_lrs == steep[:1]


def page(params, states, hyperparams):
    """A velocity that does not fade at all, and one that takes against it."""
    for p, (v, w) in zip(params, states):
        v[:] = v + p.grad
        w[:] = 0.4 * w + p.grad
        p[:] -= hyperparams["lr"] * (1.1 * v - 0.5 * w + 0.6 * p.grad)


def test_what_is_stable_nowhere_near_0():
    s = pk.stability(pk.from_page(page, lr=0.1), [1.0])
    ((low, high),) = s.stable_lrs
    assert low > 0
    assert s.max_lr == s.max_curvature == 0
    for lr, stable in ((0.9 * low, False), (1.1 * low, True), (0.9 * high, True), (1.1 * high, False)):
        assert (radius(pk.from_page(page, lr=lr), 1.0) < 1) is stable
    assert f"stable from lr {low:.6g} to {high:.6g}" in str(s)
    assert not s.stable


def coupled(learning_rate, decay):
    return optax.chain(optax.add_decayed_weights(decay), optax.sgd(learning_rate, 0.5))


def decoupled(learning_rate, decay):
    return optax.chain(
        optax.trace(0.5), optax.add_decayed_weights(decay), optax.scale_by_learning_rate(learning_rate)
    )


def test_weight_decay_moves_the_edge():
    """Coupled, the decay is a curvature more: lr (lambda + decay) = 3. Else by the eigenvalue -1 of its two rows."""
    s = pk.stability(pk.from_optax(coupled, learning_rate=0.05, decay=0.1), [1.0, 4.0])
    assert s.max_lr == pytest.approx(3 / 4.1, rel=1e-12)
    assert s.max_curvature == pytest.approx(3 / 0.05 - 0.1, rel=1e-12)
    s = pk.stability(pk.from_optax(decoupled, learning_rate=0.05, decay=0.1), [1.0, 4.0])
    # (1 - lr d + 1)(1 + m) = lr lambda at mu = -1
    assert s.max_lr == pytest.approx(2 * 1.5 / (4.0 + 0.1 * 1.5), rel=1e-12)


def proximal(params, states, hyperparams):
    """Weight decay that divides: not affine in the learning rate."""
    for p, v in zip(params, states):
        v[:] = 0.5 * v + p.grad
        p[:] = (p - hyperparams["lr"] * v) / (1 + 0.1 * hyperparams["lr"])


def clipped(params, states, hyperparams):
    """Its learning rate is never over 0.5."""
    lr = hyperparams["lr"]
    lr = (lr + 0.5 - abs(lr - 0.5)) / 2
    for p, v in zip(params, states):
        v[:] = 0.5 * v + p.grad
        p[:] -= lr * v


@pytest.mark.parametrize("function", [proximal, clipped])
def test_a_step_that_is_not_affine_in_the_learning_rate_has_no_edge(function):
    s = pk.stability(pk.from_page(function, lr=0.05), [1.0, 4.0])
    assert math.isnan(s.max_lr)
    assert s.stable
    assert "stable up to" not in str(s)


def test_a_range_that_ends_below_1_is_looked_at_inside():
    s = pk.stability(pk.QuasiHyperbolic(lr=0.05, momentum=0.9, nu=0.7), [1.0, 4.0])
    rule = pk.QuasiHyperbolic(lr=s.max_lr, momentum=0.9, nu=0.7)
    assert radius(rule, 4.0) == pytest.approx(1, abs=1e-9)


def test_nothing_in_common():
    assert common([((0.0, 1.0),), ((1.0, 2.0), (3.0, math.inf))]) == ()
