"""What is predicted against what runs: 400 random (lr, momentum, curvature) for every linear rule.

Two measurements, neither of which differentiates anything:

growth  |z| from step to step, renormalised at each, its mean logarithm over the second half of 2^14 steps, of every
        fourth setting, for it takes most of the time. A matrix of
        two rows is at most n (n + 1) times its radius^n off, so that the mean of N = 2^13 logarithms is off by at most
        about 2 log(N) / N = 2.2e-3, which is the tolerance.
power   the rule is run one step from each unit of z, and that map is squared 40 times with renormalisation: by
        Gelfand's formula |M^n|^(1/n) is off by about log(n) / n, here 3e-11. Tolerance 1e-8, for rounding near a double
        eigenvalue; a fourth of the settings are such that both eigenvalues are real.

What is predicted of every twentieth setting is asked of `step_map` itself; of the others, of one examination of the
rule, as the theory does where it goes through settings. Both must say one matrix.
"""

from __future__ import annotations

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import lax

from polyak.theory import REGIMES
from polyak.theory.examination import examine
from polyak.theory.spectrum import spectrum
from polyak.theory.state_space import runnable
from polyak.theory.step_map import reduced, step_map

COUNT, STEPS, SQUARINGS = 400, 2**14, 40
FOURTH, TWENTIETH = slice(None, None, 4), slice(None, None, 20)


@pytest.fixture(scope="module")
def settings():
    rng = np.random.default_rng(5)
    curvatures = 10 ** rng.uniform(-1, 2, COUNT)
    a = np.where(rng.uniform(size=COUNT) < 0.2, rng.uniform(0, 4.5, COUNT), 10 ** rng.uniform(-3, 1, COUNT))
    return a / curvatures, rng.uniform(0, 0.99, COUNT), curvatures


@pytest.fixture
def members(linear, settings):
    """The 400 rules as one, whose numbers are arrays."""
    rules = [linear(lr, momentum) for lr, momentum, _ in zip(*settings)]
    with jax.enable_x64(True):
        return rules, jax.tree.map(lambda *leaves: jnp.array(leaves, dtype=jnp.float64), *rules)


def step(rule, z, state, curvature):
    """One step of the rule itself on curvature x^2 / 2; z as the state holds it."""
    updates, new = rule.update(curvature * z, state, z)
    return z + updates, new


@partial(jax.jit, static_argnums=2)
def growth(rules, curvatures, steps):
    def one(rule, curvature):
        def renormalised(carry, _):
            z, state = step(rule, *carry, curvature)
            size = jnp.sqrt(sum(jnp.sum(leaf**2) for leaf in floats((z, state))))
            scaled = jax.tree.map(
                lambda leaf: leaf / size if jnp.issubdtype(leaf.dtype, jnp.floating) else leaf, (z, state)
            )
            return scaled, jnp.log(size)

        z = jnp.ones(1)
        _, logs = lax.scan(renormalised, (z, jax.tree.map(jnp.asarray, rule.init(z))), length=steps)
        return logs[steps // 2 :].mean()

    return jax.vmap(one)(rules, curvatures)


@jax.jit
def powered(rules, curvatures):
    def one(rule, curvature):
        begun = jax.tree.map(jnp.asarray, rule.init(jnp.zeros(1)))
        flat, unflat = jax.flatten_util.ravel_pytree((jnp.zeros(1), begun))
        size = len(flat)

        def moved(unit):
            z, state = unflat(unit)
            return jax.flatten_util.ravel_pytree(step(rule, z, state, curvature))[0]

        still = moved(jnp.zeros(size))
        M = jnp.stack([moved(unit) - still for unit in jnp.eye(size)], axis=1)
        # What x does not reach, counters first of all, begins at 0 and stays there.
        reached = jnp.linalg.matrix_power(jnp.abs(M) + jnp.eye(size), size)[:, 0] > 0
        M = M * reached[:, None] * reached[None, :]

        def square(_, carry):
            M, log = carry
            M = M @ M
            norm = jnp.linalg.norm(M) + 1e-300
            return M / norm, 2 * log + jnp.log(norm)

        _, log = lax.fori_loop(0, SQUARINGS, square, (M, jnp.zeros(())))
        return jnp.exp(log / 2.0**SQUARINGS)

    return jax.vmap(one)(rules, curvatures)


def floats(tree):
    return [leaf for leaf in jax.tree.leaves(tree) if jnp.issubdtype(leaf.dtype, jnp.floating)]


def test_the_predicted_rate_and_divergence_are_the_measured_ones(members, settings):
    rules, stacked = members
    curvatures = settings[2]
    examination, state = examine(rules[0])
    maps = [reduced(*examination.matrices(runnable(rule, 1), state)) for rule in rules]
    for k in range(COUNT)[TWENTIETH]:
        found = step_map(rules[k])
        np.testing.assert_allclose(maps[k].A, found.A, rtol=0, atol=1e-12)
        np.testing.assert_allclose(maps[k].B, found.B, rtol=1e-12, atol=0)
        maps[k] = found

    def predicted(off):
        return spectrum(np.array([one.change_on(c * (1 + off)) for one, c in zip(maps, curvatures)]))

    _, log_rates, regimes = predicted(0.0)
    rates = np.exp(log_rates)
    diverging = regimes == REGIMES.index("diverging")
    # Within 1e-3 of the edge: there lr * curvature may be on either side.
    beside = (predicted(-1e-3)[1] < 0) != (predicted(1e-3)[1] < 0)

    with jax.enable_x64(True):
        power = np.asarray(powered(stacked, curvatures))
        fourth = jax.tree.map(lambda leaf: leaf[FOURTH], stacked)
        logs = np.asarray(growth(fourth, curvatures[FOURTH], STEPS))
    np.testing.assert_allclose(power, rates, rtol=1e-8, atol=1e-8)
    slow = rates[FOURTH] > 1e-3  # below, z is rounding after two steps
    np.testing.assert_allclose(np.exp(logs[slow]), rates[FOURTH][slow], rtol=2.2e-3)

    assert beside.mean() < 0.02
    np.testing.assert_array_equal(diverging[~beside], power[~beside] > 1)
    np.testing.assert_array_equal(diverging[FOURTH][~beside[FOURTH]], logs[~beside[FOURTH]] > 0)
    assert 0.05 < diverging.mean() < 0.8
