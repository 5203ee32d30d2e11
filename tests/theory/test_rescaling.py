"""Another batch size: the settings by hand, what is kept against the second moments, and 400 runs on airfoil."""

from __future__ import annotations

import math

import numpy as np
import pytest

import polyak as pk
from polyak.rules import Clipped, CoupledDecay, DecoupledDecay
from polyak.theory.batch_scaling import ways

LINEAR, AS_IT_IS, SQUARE_ROOT = "linear", "linear, momentum as it is", "square root"


def by_name(rule, k):
    return {way.name: way.rule for way in ways(rule, k)}


@pytest.mark.parametrize(
    ("rule", "lr", "memory"),
    # By hand: the gains are eta / (1 - gamma), for the averages eta, dampened (1 - d) eta / (1 - gamma).
    [
        (pk.HeavyBall(lr=0.1, momentum=0.5), 4 * 0.1 * (1 - 0.5**4) / 0.5, 0.5**4),
        (pk.HeavyBall(lr=0.1, momentum=0.5, lr_in_velocity=False), 4 * 0.1 * (1 - 0.5**4) / 0.5, 0.5**4),
        (pk.Nesterov(lr=0.1, momentum=0.5), 4 * 0.1 * (1 - 0.5**4) / 0.5, 0.5**4),
        (pk.AveragedGradient(lr=0.1, momentum=0.5), 4 * 0.1, 0.5**4),
        (pk.QuasiHyperbolic(lr=0.1, momentum=0.5, nu=0.25), 4 * 0.1, 0.5**4),
        (pk.Dampening(lr=0.1, momentum=0.5, dampening=0.25), 4 * 0.1 * (1 - 0.5**4) / 0.5, 0.5**4),
    ],
    ids=lambda value: value.name() if hasattr(value, "name") else "",
)
def test_gain_and_memory_by_samples(rule, lr, memory):
    found = by_name(rule, 4)
    assert list(found) == [LINEAR, AS_IT_IS, SQUARE_ROOT]
    linear, as_it_is, root = (found[name].settings() for name in found)
    assert linear["lr"] == pytest.approx(lr, rel=1e-12)
    assert linear["momentum"] == root["momentum"] == pytest.approx(memory, rel=1e-15)
    assert (as_it_is["lr"], as_it_is["momentum"]) == (pytest.approx(0.4, rel=1e-12), 0.5)
    assert root["lr"] == pytest.approx(lr / 2, rel=1e-12)  # the square root of 4 times the gain
    untouched = {name: value for name, value in rule.settings().items() if name not in ("lr", "momentum")}
    assert untouched == {name: linear[name] for name in untouched}


def test_without_memory_there_are_two_ways():
    found = by_name(pk.GradientDescent(lr=0.1), 9)
    assert {name: rule.settings()["lr"] for name, rule in found.items()} == {
        LINEAR: pytest.approx(0.9),
        SQUARE_ROOT: pytest.approx(0.3),
    }
    # A memory that is no setting is left as it is: the triple momentum's is rate^2 / (2 - rate).
    assert list(by_name(pk.TripleMomentum(lr=0.1, rate=0.5), 9)) == [LINEAR, SQUARE_ROOT]


def test_there_and_back_is_where_it_was():
    rule = pk.HeavyBall(lr=0.01, momentum=0.9)
    back = pk.rescale(pk.rescale(rule, 64, 192).scaled, 192, 64).scaled.settings()
    assert back["lr"] == pytest.approx(0.01, rel=1e-12)
    assert back["momentum"] == pytest.approx(0.9, rel=1e-12)


def test_a_page_is_scaled_like_the_rule_that_it_is(pages):
    found = ways(pages["as in a book"], 2)[0].rule.settings()
    assert found["lr"] == pytest.approx(2 * 0.4 * (1 - 0.36) / 0.4, rel=1e-6)
    assert found["momentum"] == pytest.approx(0.36, rel=1e-6)


def test_adam_s_square_root_rule():
    rule = pk.AdamW(lr=0.001, beta1=0.9, beta2=0.999, eps=1e-8, weight_decay=0.1)
    (way,) = ways(rule, 4)
    found = way.rule.settings()
    assert found["lr"] == pytest.approx(0.002)
    assert found["eps"] == pytest.approx(0.5e-8)
    # Malladi et al., 1 - k (1 - beta), to second order in k (1 - beta).
    for name, beta in (("beta1", 0.9), ("beta2", 0.999)):
        assert abs(found[name] - (1 - 4 * (1 - beta))) <= (4 * (1 - beta)) ** 2 / 2
        assert found[name] == pytest.approx(beta**4)
    # What decoupled decay takes off by samples is the same.
    assert found["lr"] * found["weight_decay"] == pytest.approx(4 * 0.001 * 0.1)
    assert "beta1 0.6, beta2 0.996" in way.keeps
    assert not way.ends
    assert ways(pk.Adam(lr=0.001, eps=1e-8, eps_position="inside"), 4)[0].rule.settings()[
        "eps"
    ] == pytest.approx(0.25e-8)


def test_where_adam_s_rule_ends():
    (way,) = ways(pk.Adam(lr=0.001, beta2=0.99), 16)
    assert any("beta2 falls to 0.8515" in end for end in way.ends)
    assert any("1 - k (1 - beta1) is below 0" in end for end in way.ends)
    assert way.rule.settings()["beta1"] == pytest.approx(0.9**16)


def test_sixteen_steps_of_adam_in_noise_are_one_of_the_new():
    """By the equation it is meant for: gradients of pure noise, whose squares fall as the batch grows."""
    k, runs, steps = 4, 400, 64
    rule = pk.Adam(lr=0.01, beta1=0.5, beta2=0.999)
    (way,) = ways(rule, k)
    rng = np.random.default_rng(0)

    def spread(rule, count, scale):
        x, state = np.zeros(runs), rule.init(np.zeros(runs))
        for _ in range(count):
            updates, state = rule.update(scale * rng.normal(size=runs), state, x)
            x = x + updates
        return float(x.std())

    old, new = spread(rule, k * steps, 1.0), spread(way.rule, steps, 1 / math.sqrt(k))
    # The deviation of 400 runs is known to 1 / sqrt(800); each to 3 of these.
    assert new == pytest.approx(old, rel=3 * math.sqrt(2 / 800) + 0.05)


def test_decay_around_a_rule_is_kept_by_samples():
    inner = pk.HeavyBall(lr=0.1, momentum=0.5)
    decoupled = ways(DecoupledDecay(inner, 0.01), 3)[0].rule
    coupled = ways(CoupledDecay(inner, 0.01), 3)[0].rule
    assert decoupled.settings()["weight_decay"] == pytest.approx(0.03)
    assert coupled.settings()["weight_decay"] == pytest.approx(0.01)
    bare = ways(inner, 3)[0].rule.settings()["lr"]
    assert decoupled.settings()["lr"] == coupled.settings()["lr"] == pytest.approx(bare)


def test_to_first_order_linear_keeps_both_and_the_root_neither(small_problem):
    """By the second moments: as the learning rate falls, path and floor of the linear way go to those of before."""
    parts = []
    for lr in (0.008, 0.002):
        r = pk.rescale(pk.HeavyBall(lr=lr, momentum=0.5), 2, 8, on=small_problem, epochs=10)
        linear, _, root = r.computed
        parts.append((linear.path, abs(linear.floor - 1), abs(root.floor - 0.5)))
    coarse, fine = np.array(parts).T[:, 0], np.array(parts).T[:, 1]
    assert (fine < 0.4 * coarse).all()  # a quarter, to first order
    assert (fine < 0.05).all()
    assert r.computed[2].path > 0.1
    assert r.best == 0 or r.computed[1].path < linear.path


def test_where_linear_scaling_ends_is_said(small_problem):
    r = pk.rescale(pk.HeavyBall(lr=0.05, momentum=0.5), 1, 40, on=small_problem)
    assert r.computed[0].grows
    assert "It ends here: lr" in r.words()[0]
    assert "the expected loss grows without end in batches of 40" in r.words()[0]
    assert r.ways[r.best].name == SQUARE_ROOT
    assert "every way" not in str(r)
    assert "every way grows" in str(pk.rescale(pk.HeavyBall(lr=0.5, momentum=0.5), 1, 40, on=small_problem))


def test_the_predicted_path_of_the_new_rule_is_that_of_400_runs(airfoil):
    """Within 3 standard errors at every one of the checkpoints; one run is as likely off by 3 as 1 in 370."""
    problem, runs = pk.linear_regression(airfoil), 400
    r = pk.rescale(pk.HeavyBall(lr=0.004, momentum=0.9), 10, 40, on=problem, epochs=4, seeds=runs)
    history = pk.train(r.scaled, problem, batch_size=40, epochs=4, seeds=runs, replace=True)
    losses = np.asarray(history.losses, dtype=np.float64)
    taken = history.steps_taken
    taken = taken[taken <= r.computed[r.best].expected.steps]
    losses = losses[:, : len(taken)]
    error = losses.std(axis=0, ddof=1) / math.sqrt(runs)
    off = (losses.mean(axis=0) - r.computed[r.best].expected.mean[taken]) / error
    assert len(off) > 10
    assert np.abs(off).max() <= 3


def test_in_the_framework_s_own_words():
    found = pk.rescale("torch:SGD", lr=0.1, momentum=0.9, weight_decay=0.01, batch_size=256, to=4096)
    momentum, lr = 0.9**16, 16 * 0.1 * (1 - 0.9**16) / (1 - 0.9)
    assert found.scaled.settings()["lr"] == pytest.approx(lr, rel=1e-9)
    assert found.spelled[0].startswith(f"torch.optim.SGD(lr={lr:.6f}"[:26])
    assert f"momentum={momentum:.6f}"[:15] in found.spelled[0]
    assert "weight_decay=0.01" in found.spelled[0]
    assert found.spelled[1].startswith("torch.optim.SGD(lr=1.6, momentum=0.9")
    assert str(found).endswith("(linear)")
    adamw = pk.rescale("torch:AdamW", lr=0.001, weight_decay=0.1, batch_size=256, to=1024).spelled[0]
    # The decay's own strength times lr, four times as much a step: 0.1 * 4 * 0.001 / 0.002.
    assert adamw.startswith("torch.optim.AdamW(lr=0.002, betas=(0.6561, 0.996")
    assert "weight_decay=0.2" in adamw
    keras = pk.rescale("keras:SGD", learning_rate=0.1, momentum=0.5, batch_size=2, to=4).spelled[0]
    assert keras.startswith("keras.optimizers.SGD(learning_rate=0.3, momentum=0.25")


def test_bad_input_is_one_line(small_problem, refused):
    rule = pk.HeavyBall(lr=0.1, momentum=0.5)
    with refused("to is 0", "at least 1"):
        pk.rescale(rule, 4, 0)
    with refused("batch_size is 41", "1 to 40"):
        pk.rescale(rule, 41, 4, on=small_problem)
    with refused("signum is not linear"):
        pk.rescale("signum", 4, 8, lr=0.1, momentum=0.5)
    with refused("adam is not linear"):
        pk.rescale("adam", 4, 8, lr=0.1, on=small_problem)
    with refused("lr is a schedule"):
        pk.rescale(pk.HeavyBall(lr=lambda step: 0.1, momentum=0.5), 4, 8)
    with refused("RMSProp with momentum"):
        pk.rescale(pk.RMSProp(lr=0.1, momentum=0.5), 4, 8)
    with refused("clip"):
        pk.rescale(Clipped(rule, 1.0), 4, 8)
    with refused("shows no learning rate"):
        pk.rescale(pk.GradientDescent(lr=0.0), 4, 8)
    with refused("epochs is nan"):
        pk.rescale(rule, 4, 8, on=small_problem, epochs=math.nan)
    with refused("decays the parameters"):
        pk.rescale("torch:SGD", lr=0.1, weight_decay=0.1, batch_size=4, to=8, on=small_problem)
    with refused("there it is called 'learning_rate'"):
        pk.rescale("keras:SGD", lr=0.1, batch_size=4, to=8)
