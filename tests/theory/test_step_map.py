"""One step as a matrix: recognised by test, cut to the loop through x, the same for a page as for our own."""

from __future__ import annotations

import numpy as np
import optax
import pytest

import polyak as pk
from polyak.theory import step_map


def test_the_map_is_the_row_of_the_linear_family(linear):
    rule = linear(0.4, 0.6)
    if not hasattr(rule, "coefficients"):
        rule = pk.HeavyBall(lr=0.4, momentum=0.6)
    m, c, p, q = rule.coefficients()
    A, B = (np.array([[1, -p * m], [0, m]]), np.array([-p * c - q, c])) if m else ([[1.0]], [-q])
    found = step_map(rule)
    np.testing.assert_allclose(found.A, A, rtol=1e-14)
    np.testing.assert_allclose(found.B, B, rtol=1e-14)


def test_the_map_moves_x_as_the_rule_does(linear, run_on):
    rule = linear(0.4, 0.6)
    M = step_map(rule).on(1.3)
    z = np.eye(len(M))[0]
    for x in run_on(rule, 1.3, 1.0, 25):
        assert z[0] == pytest.approx(x, rel=1e-9, abs=1e-12)
        z = M @ z


def test_the_pages_have_heavy_balls_map(pages, untraceable):
    expected = step_map(pk.HeavyBall(lr=0.4, momentum=0.6))
    for page in (*pages.values(), untraceable):
        one = step_map(page)
        np.testing.assert_allclose(one.A, expected.A, rtol=1e-13)
        np.testing.assert_allclose(one.B, expected.B, rtol=1e-13)


def test_a_slot_that_nothing_reads_is_left_out():
    assert step_map(pk.GradientDescent(lr=0.1)).A.shape == (1, 1)
    assert step_map(pk.QuasiHyperbolic(lr=0.1, momentum=0.9, nu=0.0)).A.shape == (1, 1)
    assert step_map(pk.HeavyBall(lr=0.1, momentum=0.9)).A.shape == (2, 2)


def test_every_rule_that_is_not_linear_is_recognised(adaptive, refused):
    with refused(adaptive.name(), "not linear in the gradient"):
        step_map(adaptive)


@pytest.mark.parametrize(
    "rule",
    [
        optax.chain(optax.clip_by_global_norm(1.0), optax.sgd(0.1)),
        optax.chain(optax.clip(1e2), optax.sgd(0.1)),
        optax.sign_sgd(0.1),
        optax.adabelief(0.1),
        optax.lamb(0.1),
        optax.chain(optax.zero_nans(), optax.scale_by_rms(), optax.scale(-0.1)),
    ],
    ids=["norm-clipped", "clipped", "sign", "adabelief", "lamb", "rms"],
)
def test_what_optax_has_that_is_not_linear(rule, refused):
    with refused("not linear"):
        step_map(rule)


def test_a_rule_that_mixes_entries_is_refused(refused):
    def centred(updates, params=None):
        return updates - updates.mean()

    mixing = optax.chain(optax.stateless(centred), optax.sgd(0.1))
    with refused("mixes the entries"):
        step_map(mixing)


def test_what_changes_from_step_to_step_needs_a_step(refused):
    rules = {
        "lr is a schedule": pk.HeavyBall(lr=lambda step: 0.1 / (step + 1), momentum=0.5),
        "learning_rate is a schedule": pk.from_optax(optax.sgd, learning_rate=lambda step: 0.1 / (step + 1)),
        "changes from step to step": optax.sgd(lambda step: 0.1 / (step + 1)),
    }
    for words, rule in rules.items():
        with refused(words, "at=0"):
            step_map(rule)
        assert step_map(rule, at=3).B[0] == pytest.approx(-0.025)


def test_a_start_that_has_settled_is_no_schedule():
    debiased = optax.chain(optax.ema(0.9), optax.scale(-0.1))
    np.testing.assert_allclose(step_map(debiased).B, [-0.01, 0.1], rtol=1e-12)
    np.testing.assert_allclose(step_map(debiased, at=0).B, [-0.1, 0.1], rtol=1e-12)


def test_a_schedule_that_ends_at_nothing_is_no_settled_rule(refused):
    with refused("changes from step to step"):
        step_map(optax.sgd(optax.cosine_decay_schedule(0.1, 100)))


def test_the_maps_of_a_schedule_are_those_of_its_steps():
    from polyak.theory.step_map import step_maps

    rule = pk.HeavyBall(lr=lambda step: 0.1 * 0.5**step, momentum=0.5, lr_in_velocity=False)
    maps = step_maps(rule, 5)
    for k in range(5):
        one = step_map(rule, at=k)
        np.testing.assert_allclose(maps.A[k], one.A, rtol=1e-14)
        np.testing.assert_allclose(maps.B[k], one.B, rtol=1e-14)


def test_asking_again_compiles_nothing(caplog):
    import jax

    step_map(pk.HeavyBall(lr=0.1, momentum=0.5))
    with jax.log_compiles(), caplog.at_level("WARNING"):
        step_map(pk.HeavyBall(lr=0.2, momentum=0.7))
    assert not [record for record in caplog.records if "Compiling" in record.getMessage()]


def test_bad_input_is_one_line(refused):
    with refused("is not a rule"):
        step_map(3)
    with refused("at is 1.5"):
        step_map(pk.HeavyBall(lr=0.1, momentum=0.5), at=1.5)
