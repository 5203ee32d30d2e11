"""The ends of a spectrum by products alone, against the whole matrix's own eigenvalues."""

from __future__ import annotations

import tracemalloc

import array_api_compat.torch as torch_api
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from matrices import Dense
from polyak.theory import basis
from polyak.theory.basis import Basis
from polyak.theory.extremes import extremes
from polyak.theory.lanczos import Krylov
from polyak.theory.unseen import highest_unseen

HARMONIC = 1 / np.arange(1.0, 801.0)  # lambda_k = 1/k: many small ones, a few apart


def turned(values, seed=0):
    """A symmetric matrix with these eigenvalues."""
    Q, _ = np.linalg.qr(np.random.default_rng(seed).normal(size=(len(values), len(values))))
    return (Q * np.asarray(values)) @ Q.T


def found(A, **options):
    """Top and bottom of it."""
    result = extremes(A, **options)
    assert result.krylov.products == A.products
    return result, result.ritz.values[result.top], result.ritz.values[result.bottom]


symmetric = st.integers(1, 9).flatmap(
    lambda n: st.lists(
        st.sampled_from([0.0, 1.0, -1.0, 2.0, 1e-3, 7.5, -40.0]) | st.floats(-10, 10), min_size=n, max_size=n
    )
)


@settings(deadline=None, max_examples=60)
@given(values=symmetric, top=st.integers(1, 4), bottom=st.integers(0, 4), seed=st.integers(0, 3))
@example(values=[0.0], top=3, bottom=2, seed=0)
@example(values=[2.0, 2.0], top=2, bottom=0, seed=0)
@example(values=[0.0] * 5, top=2, bottom=2, seed=0)
def test_small_matrices_are_known_whole(values, top, bottom, seed):
    H = turned(values, seed)
    expected = np.linalg.eigvalsh(H)
    result, high, low = found(Dense(H), top=top, bottom=bottom, accuracy=1e-9, seed=seed)
    scale = np.abs(expected).max()
    # the projection's rounding is below n eps; 1e-9 is what was asked for
    np.testing.assert_allclose(high, expected[::-1][:top], rtol=0, atol=2e-9 * scale)
    np.testing.assert_allclose(low, expected[:bottom], rtol=0, atol=2e-9 * scale)
    assert result.met


@pytest.mark.parametrize(
    ("values", "top"),
    [
        (np.r_[[5.0] * 9, [2.0] * 9, np.zeros(200)], 12),  # as a softmax at zero has them
        (np.r_[[3.0] * 3, np.linspace(0, 2.9, 200)], 5),
        (np.ones(60), 7),
        (np.r_[1.0, 1 - 1e-9, np.zeros(50)], 2),
    ],
)
def test_values_that_stand_many_times_are_found_as_often(values, top):
    for seed in range(3):
        _, high, _ = found(Dense(turned(values, seed)), top=top, accuracy=1e-6, seed=seed)
        np.testing.assert_allclose(high, np.sort(values)[::-1][:top], rtol=1e-6)


def test_the_largest_in_size_is_not_the_largest():
    """At the start of a transformer's training: power iteration finds the wrong end."""
    values = np.r_[-38.8, np.linspace(-1, 1, 300), 21.6]
    _, high, low = found(Dense(turned(values)), top=1, bottom=1, accuracy=1e-6)
    assert high[0] == pytest.approx(21.6, rel=1e-6)
    assert low[0] == pytest.approx(-38.8, rel=1e-6)


@pytest.mark.parametrize("accuracy", [1e-2, 1e-4])
def test_the_error_that_is_said_holds(accuracy):
    for seed in range(12):
        result, high, _ = found(Dense(HARMONIC), top=3, accuracy=accuracy, seed=seed)
        errors = result.ritz.errors[result.top]
        assert (errors <= accuracy * high).all()
        assert (np.abs(high - HARMONIC[:3]) <= errors).all()


def test_what_may_hide_above_is_above_what_hides():
    """A start that all but misses the largest: its Ritz value is settled on the second, and that is not believed."""
    values = np.r_[1.2, 1.0, np.linspace(0, 0.5, 398)]
    v = np.ones(400)
    v[0] = 0.02  # .001 of its length: so little is met six times in a hundred, less than .0006 once

    class Unlucky(Dense):
        def random(self, generator):
            return v

    krylov = Krylov(Unlucky(values), 60)
    krylov.start(v)
    for _ in range(6):
        krylov.step()
    ritz = krylov.ritz()
    assert ritz.values[-1] == pytest.approx(1.0, rel=2e-2)
    assert ritz.errors[-1] < 0.03  # of 0.2 to the truth
    assert highest_unseen(ritz.values, krylov.couplings(), 400) > 1.2
    result, high, _ = found(Unlucky(values), accuracy=1e-2)
    assert high[0] == pytest.approx(1.2, rel=1e-2)
    assert 1.2 <= result.highest < 1.32


def test_the_odds_of_what_hides_are_as_said():
    """99 times of 100 at least, for a spectrum whose largest is a needle: 400 starts, after 4 products."""
    values, n, missed = np.r_[1.0, np.zeros(399) + np.linspace(0, 0.9, 399)], 400, 0
    for seed in range(400):
        krylov = Krylov(Dense(values), 10)
        krylov.start(np.random.default_rng(seed).normal(size=n))
        for _ in range(4):
            krylov.step()
        missed += highest_unseen(krylov.ritz().values, krylov.couplings(), n) < 1.0
    assert missed <= 12  # of 400 at 1 % more than 12 are missed twice in a thousand times


def test_a_small_basis_is_turned_and_goes_on(monkeypatch):
    monkeypatch.setattr("polyak.theory.extremes.MOST", 24)
    values = np.r_[np.linspace(0, 1, 500), 1.01, 1.05, -0.02]
    A = Dense(values)
    result, high, low = found(A, top=2, bottom=1, accuracy=1e-7)
    assert A.products > 2 * result.krylov.most
    assert result.krylov.most <= 24
    np.testing.assert_allclose(high, [1.05, 1.01], rtol=1e-7)
    np.testing.assert_allclose(low, [-0.02], atol=2e-7)


def test_the_room_bounds_the_vectors():
    result, high, _ = found(Dense(HARMONIC), top=1, accuracy=1e-3, room=14 * 8 * len(HARMONIC))
    assert result.krylov.most <= 20  # 2 (1 + 1 + 2 BESIDE), the fewest for one value
    assert high[0] == pytest.approx(1, rel=1e-3)


def test_it_ends_where_it_is_told_to_and_says_so():
    result, high, _ = found(Dense(HARMONIC), top=3, accuracy=1e-6, most_products=5)
    assert result.krylov.products == 5
    assert not result.met
    assert (result.ritz.errors[result.top] > 1e-6 * high).any()


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_a_product_that_is_not_finite_is_one_line(bad, refused):
    with refused("not finite", "number 1"):
        extremes(Dense(np.r_[1.0, bad, 2.0]))


@pytest.mark.parametrize("xp", [np, jnp, torch_api], ids=["numpy", "jax", "torch"])
def test_any_librarys_vectors_in_float32(xp):
    A = Dense(HARMONIC, "float32", xp)
    result, high, _ = found(A, top=5, accuracy=1e-5)
    np.testing.assert_allclose(high, HARMONIC[:5], rtol=2e-5)
    assert (np.abs(high - HARMONIC[:5]) <= result.ritz.errors[result.top]).all()
    v = result.vector(result.top[0])
    assert type(v) is type(A.random(np.random.default_rng(0)))
    assert abs(float(v[0])) == pytest.approx(1, abs=1e-4)


def test_several_starts_span_what_a_forecast_needs():
    """Gradient and velocity lie in the basis, and so do their products."""
    H = turned(HARMONIC[:100])
    g, v = np.random.default_rng(1).normal(size=(2, 100))
    result, high, _ = found(Dense(H), top=2, accuracy=1e-6, starts=(g, v))
    Q = np.stack([result.krylov.basis[k] for k in range(len(result.krylov.basis))], axis=1)
    np.testing.assert_allclose(Q.T @ Q, np.eye(Q.shape[1]), atol=1e-12)
    for vector in (g, v, H @ g, H @ v, H @ H @ v):
        np.testing.assert_allclose(Q @ (Q.T @ vector), vector, atol=1e-10)
    np.testing.assert_allclose(high, HARMONIC[:2], rtol=1e-6)


def test_a_basis_in_many_pieces_is_the_same(monkeypatch):
    rng = np.random.default_rng(0)
    vectors, Y = rng.normal(size=(7, 50)), np.linalg.qr(rng.normal(size=(7, 5)))[0]
    held = []
    for piece in (1000, 16):
        monkeypatch.setattr(basis, "PIECE", piece)
        Q = Basis()
        for vector in vectors:
            _, parts, norm = Q.rest_of(vector)
            Q.append(parts, norm)
        whole = np.stack([Q[k] for k in range(7)])
        Q.turn(Y)
        turned_ones = np.stack([Q[k] for k in range(5)])
        np.testing.assert_allclose(turned_ones, Y.T @ whole, atol=1e-14)
        np.testing.assert_allclose(Q.combination(np.arange(5.0)), np.arange(5.0) @ turned_ones, atol=1e-13)
        Q.cut(3)
        inside, _, _ = Q.rest_of(vectors[0])
        np.testing.assert_allclose(inside, turned_ones[:3] @ vectors[0], atol=1e-13)
        held.append(whole)
    np.testing.assert_allclose(held[0], held[1], atol=1e-14)
    np.testing.assert_allclose(held[0] @ held[0].T, np.eye(7), atol=1e-14)


def test_a_vector_that_lies_in_the_basis_brings_nothing():
    Q = Basis()
    for vector in np.eye(6)[:3]:
        Q.append([vector], 1.0)
    _, _, norm = Q.rest_of(np.r_[1.0, -2, 3, 0, 0, 0])
    assert norm == 0


def test_beside_the_basis_it_takes_three_vectors(monkeypatch):
    """k + 3 vectors at the most, k those of the basis in fours, with restarts in between."""
    monkeypatch.setattr(basis, "PIECE", 2**12)
    monkeypatch.setattr("polyak.theory.extremes.MOST", 24)
    n = 2**17
    A = Dense(np.linspace(0, 1, n) ** 9)
    extremes(A, most_products=2)  # what is imported at first use
    tracemalloc.start()
    try:
        result = extremes(A, top=2, accuracy=1e-6, most_products=60)
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert result.krylov.products > 24  # it was restarted
    vectors = (most - 2**20) / (8 * n)  # less a megabyte, for all that is not a vector
    assert vectors <= 24 + 3
