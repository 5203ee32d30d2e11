"""The expected loss on airfoil against the mean of 4,000 runs drawn with replacement, or of 1,000.

How 3 standard errors is applied: the seeds are fixed, so that the test is the same each time; at every one of the 33
checkpoints of each of the 7 settings the mean of the runs is within 3 of its own standard errors of the prediction.
Of 231 independent checks one might be past 3 by chance alone, but the checkpoints of one setting go together, and all
settings share their batches: there are far fewer, and these seeds are not of the unlucky ones.
"""

from __future__ import annotations

import numpy as np
import pytest

import polyak as pk

RUNS, FEWER, CHUNK = 4000, 1000, 1000
NAMED = ((0.02, 0.5), (0.02, 0.9), (0.004, 0.9))


def random_settings():
    """Four, where the floor is finite and the loss not of a few rare runs: eta/(1-gamma) from 0.005 to 0.2."""
    rng = np.random.default_rng(11)
    momenta = rng.uniform(0, 0.95, 10)
    return [
        (lr, g)
        for lr, g in list(
            zip(10 ** rng.uniform(np.log10(0.005), np.log10(0.2), 10) * (1 - momenta), momenta)
        )[:4]
    ]


@pytest.fixture(scope="module")
def problem(airfoil):
    return pk.linear_regression(airfoil)


@pytest.mark.parametrize(
    ("lr", "momentum", "runs"), [*((*s, RUNS) for s in NAMED), *((*s, FEWER) for s in random_settings())]
)
def test_within_three_standard_errors_at_every_checkpoint(lr, momentum, runs, problem):
    rule = pk.HeavyBall(lr=lr, momentum=momentum)
    chunks = [
        pk.train(rule, problem, batch_size=10, epochs=2, seeds=range(first, first + CHUNK), replace=True)
        for first in range(0, runs, CHUNK)
    ]
    losses = np.concatenate([h.losses for h in chunks]).astype(np.float64)
    error = losses.std(axis=0, ddof=1) / np.sqrt(runs)
    taken = chunks[0].steps_taken
    e = pk.expected_loss(rule, problem, batch_size=10, steps=int(taken[-1]), seeds=runs)
    off = (losses.mean(axis=0) - e.mean[taken]) / error
    assert np.abs(off).max() <= 3, f"checkpoint {int(np.abs(off).argmax())} is off by {np.abs(off).max():.1f}"
    assert len(off) == 33
    # What 3 standard errors are worth here: a small part of the noise itself.
    assert 3 * error[-1] < 0.15 * e.noise[-1] * np.sqrt(RUNS / runs)


def test_by_permuted_epochs_it_is_a_little_too_high(problem):
    """The known bias: the rows of an epoch are drawn without replacement, and their noise partly cancels."""
    rule = pk.HeavyBall(lr=0.02, momentum=0.5)
    h = pk.train(rule, problem, batch_size=10, epochs=2, seeds=CHUNK)
    e = pk.expected_loss(rule, problem, batch_size=10, steps=int(h.steps_taken[-1]), seeds=CHUNK)
    bias = h.losses.mean(axis=0) - e.mean[h.steps_taken]
    error = h.losses.std(axis=0) / np.sqrt(CHUNK)
    assert bias[-1] == pytest.approx(-0.0009, abs=2e-4)
    assert abs(bias[-1]) > 10 * error[-1]
    assert abs(bias[-1]) < 0.3 * e.noise[-1]
