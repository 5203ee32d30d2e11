"""What is suggested, against real runs on least squares, which is the quadratic that it is said of."""

from __future__ import annotations

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import polyak as pk
from polyak.theory.suggest import MOMENTA
from polyak.theory.suggestion import MARGIN

ROWS, SIZE, BATCH, STEPS = 512, 8, 16, 60


def forward(w, batch):
    return batch[:, :-1] @ w


def loss(outputs, batch):
    return jnp.mean((outputs - batch[:, -1]) ** 2) / 2


@pytest.fixture(scope="module")
def rows():
    draw = np.random.default_rng(0)
    X = draw.normal(size=(ROWS, SIZE)) * np.geomspace(1, 0.2, SIZE)
    y = X @ draw.normal(size=SIZE) + draw.normal(size=ROWS)
    return np.column_stack([X, y]).astype(np.float32)


@pytest.fixture(scope="module")
def model(rows):
    return pk.model(loss, jnp.zeros(SIZE), np.split(rows, ROWS // BATCH), forward=forward)


def mean_change(rows, lr, momentum, runs=400):
    """The change of the loss over all rows after real runs, batches drawn with replacement: mean and its error."""

    def run(key):
        def step(carry, drawn):
            w, v = carry
            v = momentum * v + jax.grad(lambda w: loss(forward(w, drawn), drawn))(w)
            return (w - lr * v, v), None

        drawn = jnp.asarray(rows)[jax.random.randint(key, (STEPS, BATCH), 0, ROWS)]
        (w, _), _ = jax.lax.scan(step, (jnp.zeros(SIZE), jnp.zeros(SIZE)), drawn)
        return loss(forward(w, jnp.asarray(rows)), jnp.asarray(rows))

    ends = np.asarray(jax.vmap(run)(jax.random.split(jax.random.key(0), runs)))
    change = ends - float(loss(jnp.zeros(ROWS), jnp.asarray(rows)))
    return change.mean(), change.std() / np.sqrt(runs)


@pytest.fixture(scope="module")
def slow(model):
    return pk.suggest(model, pk.HeavyBall(lr=0.002, momentum=0.5), batch_size=BATCH, steps=STEPS)


def test_a_slow_setting_is_told_a_better_one_and_it_is_better_by_so_much(rows, slow):
    assert slow.best is not None
    assert slow.best.share <= 1 / MARGIN + 1e-9
    assert slow.best.momentum in MOMENTA
    for setting in (slow.today, slow.best):
        real, error = mean_change(rows, setting.lr, setting.momentum)
        assert setting.change == pytest.approx(
            real, abs=4 * error + 0.1 * abs(real)
        )  # measured on a few pairs
    assert slow.best.change < 2 * slow.today.change < 0


def test_the_largest_learning_rate_is_half_of_the_edge_and_runs_do_not_grow_there(rows, slow):
    assert slow.largest.lr == pytest.approx(min(slow.mean_square_edge, slow.full_batch_edge) / 2)
    assert slow.largest.momentum == slow.today.momentum == 0.5
    assert slow.mean_square_edge < slow.full_batch_edge
    assert mean_change(rows, slow.largest.lr, 0.5)[0] < 0
    H = rows[:, :-1].T @ rows[:, :-1] / ROWS
    assert slow.full_batch_edge == pytest.approx(3 / np.linalg.eigvalsh(H)[-1], rel=2e-3)  # 2 (1 + m) / L


def test_each_momentum_is_held_to_its_own_edge(model, slow):
    there = pk.HeavyBall(lr=slow.best.lr, momentum=slow.best.momentum)
    edges = pk.stability(there, model, batch_size=BATCH)
    assert slow.best.momentum != slow.today.momentum
    assert slow.best.edge == pytest.approx(min(edges.max_lr, edges.max_lr_in_batches), rel=2e-2)
    assert slow.best.edge != pytest.approx(slow.today.edge, rel=5e-2)


def test_over_the_margin_a_smaller_one_is_suggested(rows, model, slow):
    fast = pk.suggest(
        model, pk.HeavyBall(lr=0.9 * slow.mean_square_edge, momentum=0.5), batch_size=BATCH, steps=STEPS
    )
    assert fast.today.share == pytest.approx(0.9, rel=1e-3)
    assert fast.best is not None
    assert fast.best.share <= 1 / MARGIN + 1e-9
    assert mean_change(rows, fast.best.lr, fast.best.momentum)[0] < mean_change(rows, fast.today.lr, 0.5)[0]
    assert "over the margin" in fast.words()[0]


def test_the_best_again_is_kept(model, slow):
    best = pk.HeavyBall(lr=slow.best.lr, momentum=slow.best.momentum)
    again = pk.suggest(model, best, batch_size=BATCH, steps=STEPS)
    assert again.best is None
    assert again.settings == pytest.approx({"lr": slow.best.lr, "momentum": slow.best.momentum})
    assert "No setting under the margin is clearly better" in again.words()[1]
    assert "keep today's setting" in str(again)


def test_a_longer_look_ahead_asks_for_less_noise(model, slow):
    longer = pk.suggest(model, pk.HeavyBall(lr=1e-5, momentum=0.5), batch_size=BATCH, steps=4000)
    gain = [one.best.lr / (1 - one.best.momentum) for one in (slow, longer)]
    assert gain[1] < gain[0]


def test_a_rule_without_momentum_has_none_suggested(model):
    found = pk.suggest(model, pk.GradientDescent(lr=0.001), batch_size=BATCH, steps=STEPS)
    assert found.momentum_name is None
    assert set(found.settings) == {"lr"}
    assert "momentum" not in str(found)


def test_all_rows_at_once_make_no_noise(rows):
    whole = pk.model(loss, jnp.zeros(SIZE), [rows], forward=forward)
    edges = pk.stability(pk.GradientDescent(lr=0.01), whole, batch_size=ROWS, replace=False)
    found = pk.suggest(whole, pk.GradientDescent(lr=0.01), batch_size=ROWS, steps=STEPS, stability=edges)
    assert found.today.adds == 0
    assert found.best.share == pytest.approx(
        1 / MARGIN
    )  # without noise the larger is the better, up to there
    real = np.zeros(SIZE)
    for _ in range(STEPS):
        real = real - 0.01 * rows[:, :-1].T @ (rows[:, :-1] @ real - rows[:, -1]) / ROWS
    fall = np.mean((rows[:, :-1] @ real - rows[:, -1]) ** 2) / 2 - np.mean(rows[:, -1] ** 2) / 2
    assert found.today.change == pytest.approx(fall, rel=1e-3)


def test_what_is_refused(rows, model, slow):
    rule = pk.HeavyBall(lr=0.01, momentum=0.5)
    with pytest.raises(pk.PolyakError, match="asked of an int, expected what"):
        pk.suggest(3, rule)
    with pytest.raises(pk.PolyakError, match="steps is 0"):
        pk.suggest(model, rule, steps=0)
    with pytest.raises(pk.PolyakError, match="batch_size is 100000"):
        pk.suggest(model, rule, batch_size=100000)
    whole = pk.model(loss, jnp.zeros(SIZE), [rows], forward=forward)
    with pytest.raises(pk.PolyakError, match="has one batch, which says nothing of the noise"):
        pk.suggest(whole, rule, batch_size=BATCH)
    unsplit = pk.model(lambda w, batch: loss(forward(w, batch), batch), jnp.zeros(SIZE), np.split(rows, 32))
    with pytest.raises(pk.PolyakError, match="nothing is suggested without the edge in mini-batches"):
        pk.suggest(unsplit, rule, batch_size=BATCH)


def test_every_number_is_said_with_its_ground(slow):
    said = " ".join(slow.words())
    for ground in (
        "mean-square edge",
        "real runs grew tenfold",
        "quadratic near today's parameters",
        "512 rows",
    ):
        assert ground in said
    several = dataclasses.replace(slow, several=True)
    assert "times today's" in several.words()[0]
