"""The edges of an optimizer on a user's model: against dense Hessians, exact least squares, and real runs."""

from __future__ import annotations

import itertools
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
import torch

import polyak as pk
from polyak.frameworks.classify import reading_of
from polyak.theory.model_edges import model_stability
from polyak.theory.model_subspace import subspace
from polyak.theory.motion import motion

HEAVY = pk.HeavyBall(lr=0.1, momentum=0.9)
ROWS, INPUTS, HIDDEN, OUTPUTS = 24, 3, 4, 2


def forward(params: Any, batch: Any) -> Any:
    return jnp.tanh(batch[0] @ params["u"]) @ params["w"]


def squared(outputs: Any, batch: Any) -> Any:
    return ((outputs - batch[1]) ** 2).mean()


def cross_entropy(outputs: Any, batch: Any) -> Any:
    return optax.softmax_cross_entropy(outputs, jax.nn.softmax(batch[1])).mean()


@pytest.fixture(scope="module")
def params() -> Any:
    rng = np.random.default_rng(0)
    return {
        "u": jnp.asarray(rng.normal(size=(INPUTS, HIDDEN)), jnp.float32),
        "w": jnp.asarray(rng.normal(size=(HIDDEN, OUTPUTS)), jnp.float32),
    }


@pytest.fixture(scope="module")
def batches() -> Any:
    rng = np.random.default_rng(1)
    X, Y = rng.normal(size=(ROWS, INPUTS)), rng.normal(size=(ROWS, OUTPUTS))
    cut = [0, 10, 20, 24]  # batches of unlike sizes
    return [(X[a:b].astype(np.float32), Y[a:b].astype(np.float32)) for a, b in itertools.pairwise(cut)]


@pytest.fixture(scope="module")
def model(params, batches) -> Any:
    return pk.model(squared, params, batches, forward=forward)


@pytest.fixture(scope="module")
def adam(params, batches) -> Any:
    """Adam's state after a few steps at these parameters."""
    rule, whole = optax.adam(0.01), tuple(np.concatenate(each) for each in zip(*batches, strict=True))
    state, slope = rule.init(params), jax.jit(jax.grad(lambda p: squared(forward(p, whole), whole)))
    for k in range(1, 8):
        there = jax.tree.map(lambda x, k=k: x * (1 + 0.1 * k), params)
        g = slope(there)
        _, state = rule.update(g, state, params)
    return state


def dense(params: Any, batches: Any) -> tuple[np.ndarray, np.ndarray]:
    """The whole Hessian, shape (20, 20), and each row's Gauss-Newton one, (24, 20, 20), in float64."""
    with jax.enable_x64(True):
        flat, back = jax.flatten_util.ravel_pytree(
            jax.tree.map(lambda x: jnp.asarray(x, jnp.float64), params)
        )
        whole = tuple(np.concatenate(each).astype(np.float64) for each in zip(*batches, strict=True))
        H = jax.jit(jax.hessian(lambda p: squared(forward(back(p), whole), whole)))(flat)
        J = jax.jit(jax.jacobian(lambda p: forward(back(p), whole)))(flat)
        return np.asarray(H), np.asarray(jnp.einsum("nop,noq->npq", J, J)) * 2 / OUTPUTS


def second_moment_edge(step: Any, rows: np.ndarray, phi: float) -> float:
    """The factor of the learning rates at which E[M_b (x) M_b], written out whole, has the spectral radius 1."""
    s, k = len(step(1.0).B), rows.shape[-1]
    mean = rows.mean(0)
    covariance = np.einsum("nab,ncd->acbd", rows - mean, rows - mean) / len(rows) * phi

    def radius(factor: float) -> float:
        at = step(factor)
        bump = np.outer(at.B, np.eye(s)[0])
        M = np.kron(at.A, np.eye(k)) + np.kron(bump, mean)
        noise = np.einsum("ij,lm,acbd->ialcjbmd", bump, bump, covariance).reshape((s * k) ** 2, (s * k) ** 2)
        return float(np.abs(np.linalg.eigvals(np.kron(M, M) + noise)).max())

    low, high = 0.0, 100.0
    while high - low > 1e-5 * high:
        middle = (low + high) / 2
        low, high = (middle, high) if radius(middle) < 1 else (low, middle)
    return high


def test_full_batch_edge_is_that_of_the_whole_hessian(model, params, batches):
    H, _ = dense(params, batches)
    found = pk.stability(HEAVY, model)
    top = np.linalg.eigvalsh(H)[-1]
    assert found.sharpness == pytest.approx(top, rel=2e-3)
    assert found.max_lr == pytest.approx(3.8 / top, rel=2e-3)
    assert found.edge == pytest.approx(38.0, rel=1e-3)
    assert found.rows == found.of == ROWS
    assert np.isnan(found.mean_square)
    assert found.share == pytest.approx(0.1 * top / 3.8, rel=2e-3)


def test_gauss_newton_is_another_curvature_and_is_said(model, params, batches):
    _, rows = dense(params, batches)
    found = pk.stability(HEAVY, model, kind="gauss_newton")
    assert found.sharpness == pytest.approx(np.linalg.eigvalsh(rows.mean(0))[-1], rel=2e-3)
    assert "Gauss-Newton curvature" in " ".join(found.words())


def test_adam_is_looked_at_on_its_preconditioned_hessian(model, params, batches, adam):
    H, _ = dense(params, batches)
    squares = np.asarray(jax.flatten_util.ravel_pytree(adam[0].nu)[0], np.float64)
    D = (1 - 0.9**7) * (np.sqrt(squares / (1 - 0.999**7)) + 1e-8)
    top = np.linalg.eigvalsh(H / np.sqrt(np.outer(D, D)))[-1]
    found = pk.stability(pk.from_optax(optax.adam, learning_rate=0.01), model, state=adam)
    assert found.sharpness == pytest.approx(top, rel=2e-3)
    assert found.edge == pytest.approx(38 / 0.01, rel=1e-3)
    assert found.max_lr == pytest.approx(38 / top, rel=2e-3)
    assert found.steps == 7
    assert "while the preconditioner stays" in " ".join(found.words())
    assert "After 7 steps it means little" in " ".join(found.words())
    hidden = pk.stability(optax.adam(0.01), model, state=adam)  # its settings do not show
    assert hidden.full_batch == pytest.approx(found.full_batch, rel=1e-4)
    assert np.isnan(hidden.max_lr)
    assert "times today's learning rate" in str(hidden)


@pytest.mark.parametrize("replace", [True, False])
def test_mean_square_edge_is_that_of_the_recursion_written_out(params, batches, replace):
    """One hidden unit, five parameters, two outputs a row: every direction is looked at."""
    small = jax.tree.map(lambda x: x, {"u": params["u"][:, :1], "w": params["w"][:1]})
    _, rows = dense(small, batches)
    found = pk.stability(
        HEAVY, pk.model(squared, small, batches, forward=forward), batch_size=2, replace=replace
    )
    phi = 0.5 if replace else (ROWS - 2) / (2 * (ROWS - 1))
    # The recursion on gain times curvature: the gain is 0.1/(1 - .9) = 1.
    expected = second_moment_edge(found.motion.step_at, rows, phi)
    assert found.mean_square == pytest.approx(expected, rel=1e-3)
    assert found.mean_square < 0.9 * found.full_batch
    assert found.share == pytest.approx(1 / found.mean_square)


def test_mean_square_edge_of_least_squares_is_the_exact_one():
    rng = np.random.default_rng(3)
    X = rng.normal(size=(40, 3)) * [1.0, 0.5, 0.2] + [0.2, -0.5, 0.3]
    y = rng.normal(size=40)
    exact = pk.batch_edges(HEAVY, pk.linear_regression((X, y)), batch_size=4)
    ours = pk.model(
        lambda outputs, batch: 0.5 * ((outputs - batch[1]) ** 2).mean(),
        {"w": jnp.zeros(3), "b": jnp.zeros(1)},
        [(X.astype(np.float32), y.astype(np.float32))],
        forward=lambda params, batch: batch[0] @ params["w"] + params["b"],
    )
    found = pk.stability(HEAVY, ours, batch_size=4)
    assert found.max_lr == pytest.approx(exact.full_batch, rel=1e-3)
    assert found.max_lr_in_batches == pytest.approx(exact.mean_square, rel=1e-3)


def test_a_decay_through_the_gradient_adds_to_both_edges_curvature(model, params, batches):
    _, rows = dense(params, batches)
    decayed = pk.rules.CoupledDecay(HEAVY, 0.5)
    found = pk.stability(decayed, model, kind="gauss_newton", batch_size=4)
    assert found.a == pytest.approx(np.linalg.eigvalsh(rows.mean(0))[-1] + 0.5, rel=2e-3)
    assert found.subspace.curvatures[-1] == pytest.approx(found.a, rel=2e-3)
    assert found.subspace.curvatures[0] == pytest.approx(0.5, rel=2e-3)  # rows without a pull of their own


def test_a_few_directions_are_enough_where_few_matter(params, batches, model):
    moved = motion(reading_of(HEAVY, model.bridge))
    few, all_of_them = (subspace(model.bridge, batches, moved, rows=ROWS, directions=k) for k in (12, 20))
    edges = [each.edge(moved.step_at, 4) for each in (few, all_of_them)]
    assert edges[0] == pytest.approx(edges[1], rel=0.1)
    assert edges[0] >= edges[1] * (1 - 1e-3)  # more directions, more noise


def test_several_learning_rates_have_an_edge_in_times_todays():
    torch.manual_seed(0)
    net = torch.nn.Linear(3, 2)
    X, Y = torch.randn(12, 3), torch.randn(12, 2)
    groups = [{"params": [net.weight], "lr": 0.1}, {"params": [net.bias], "lr": 0.4}]
    model = pk.model(net, torch.nn.MSELoss(), [(X, Y)])
    found = pk.stability(torch.optim.SGD(groups), model, batch_size=3)
    ones = torch.cat([X, torch.ones(12, 1)], 1).double()
    P = np.array([0.1, 0.1, 0.1, 0.4])
    top = np.linalg.eigvalsh((ones.T @ ones / 12).numpy() * np.sqrt(np.outer(P, P)))[-1]
    assert found.full_batch == pytest.approx(2 / top, rel=2e-3)
    assert found.lrs == (0.1, 0.4)
    assert np.isnan(found.lr)
    assert "times today's learning rates" in " ".join(found.words())


def test_what_the_loss_is_decides_what_is_said(params, batches, model):
    assert model_stability(HEAVY, model).squared is True
    other = model_stability(HEAVY, pk.model(cross_entropy, params, batches, forward=forward), batch_size=4)
    assert other.squared is False
    assert "nothing ended above its start at up to 16 times the edge" in " ".join(other.words())
    whole = pk.model(lambda p, batch: squared(forward(p, batch), batch), params, batches)
    untold = model_stability(HEAVY, whole, batch_size=4)
    assert untold.squared is None
    assert "cannot be told" in " ".join(untold.words())
    assert np.isnan(untold.mean_square)
    assert "no edge is known" in " ".join(untold.words())
    for each in (other, untold):
        assert "diverge" not in " ".join((str(each), *each.words()))


def test_a_reading_of_some_rows_says_how_much_steeper_they_are(model, batches):
    found = pk.stability(HEAVY, model, rows=5)
    assert found.rows == 10
    assert "read over 10 rows" in " ".join(found.words())
    assert np.isfinite(found.unseen)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"batch_size": 25}, ["batch_size is 25, expected a whole number from 1 to 24"]),
        ({"batch_size": 0}, ["batch_size is 0"]),
        ({"kind": "hessien"}, ["unknown kind of curvature 'hessien'", "hessian"]),
        ({"at": 3}, ["takes no at here"]),
        ({"params": {}}, ["takes no params here"]),
    ],
)
def test_bad_input_is_one_line(arguments, words, model, refused):
    with refused(*words):
        pk.stability(HEAVY, model, **arguments)


def test_an_optimizer_without_its_model_is_told_where_to_go(refused):
    net = torch.nn.Linear(2, 1)
    with refused("expected stability(optimizer, pk.model(...))"):
        pk.stability(torch.optim.SGD(net.parameters(), lr=0.1), net)


def test_what_is_a_models_alone_is_refused_of_others(refused):
    with refused("takes no state here"):
        pk.stability(HEAVY, "ravine", state={})


def test_no_positive_curvature_has_no_edge():
    falling = pk.model(lambda w, batch: -(w**2).sum() + 0 * batch.sum(), jnp.ones(2), [np.ones(2)])
    found = pk.stability(HEAVY, falling)
    assert found.full_batch == np.inf
    assert found.share == 0.0
    assert "No curvature is over 0" in found.words()[0]


def test_sharpness_of_a_real_network_stops_at_the_edge():
    """Heavy ball .5 with all rows: sharpness rises to the rule's own edge and stays there (Cohen et al. 2021)."""
    generator = torch.Generator().manual_seed(0)
    X, Y = torch.randn(40, 6, generator=generator), torch.randn(40, 2, generator=generator)
    torch.manual_seed(0)
    net = torch.nn.Sequential(torch.nn.Linear(6, 20), torch.nn.Tanh(), torch.nn.Linear(20, 2))
    loss = torch.nn.MSELoss()
    optimizer = torch.optim.SGD(net.parameters(), lr=0.4, momentum=0.5)
    model, shares = pk.model(net, loss, [(X, Y)]), {}
    for k in range(1, 601):
        optimizer.zero_grad()
        loss(net(X), Y).backward()
        optimizer.step()
        if k in (60, 360, 420, 480, 540, 600):
            shares[k] = pk.stability(optimizer, model).share
    assert shares.pop(60) < 0.8
    assert np.median([*shares.values()]) == pytest.approx(1.0, abs=0.03)
