"""`pk.curvature`: a model's curvatures over as many rows as it takes, against its whole Hessian."""

from __future__ import annotations

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from sklearn.datasets import load_digits

import polyak as pk
from matrices import Batch, Dense, matrix_model
from polyak.theory.extremes import extremes
from polyak.theory.spectral_density import density

RISING = np.r_[-0.5, np.linspace(0, 1, 60), 2.0, 3.0]


def noisy(batches, rows=8, size=64, seed=0):
    """Batches whose Hessians are a spread of rank-one rows: one batch's top is far above the top of all."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(batches, rows, size)) * np.geomspace(2, 0.1, size)
    return [Batch(x.T @ x / rows, rows) for x in X]


@functools.cache
def perceptron():
    """A tanh net of 2,410 parameters on digits, trained for a while, with its whole Hessian."""
    X, y = load_digits(return_X_y=True)
    X, y = jnp.asarray(X[:400] / 16, dtype=jnp.float32), jnp.asarray(y[:400])
    rng = np.random.default_rng(0)
    params = {
        f"layer{k}": {
            "kernel": jnp.asarray(rng.normal(size=(a, b)) / np.sqrt(a), dtype=jnp.float32),
            "bias": jnp.zeros(b, dtype=jnp.float32),
        }
        for k, (a, b) in enumerate([(64, 32), (32, 10)])
    }

    def loss(params, batch):
        X, y = batch
        h = jnp.tanh(X @ params["layer0"]["kernel"] + params["layer0"]["bias"])
        out = h @ params["layer1"]["kernel"] + params["layer1"]["bias"]
        return -jax.nn.log_softmax(out)[jnp.arange(len(y)), y].mean()

    @jax.jit
    def step(state, batch):
        params, velocity = state
        velocity = jax.tree.map(
            lambda v, g: 0.9 * v + g, velocity, jax.grad(loss)(params, (X[batch], y[batch]))
        )
        return (jax.tree.map(lambda x, v: x - 0.05 * v, params, velocity), velocity), None

    batches = rng.integers(0, len(y), (150, 64))  # SGD .9
    (params, _), _ = jax.lax.scan(step, (params, jax.tree.map(jnp.zeros_like, params)), batches)
    flat, unravel = jax.flatten_util.ravel_pytree(params)
    H = np.asarray(jax.jit(jax.hessian(lambda x: loss(unravel(x), (X, y))))(flat), dtype=np.float64)
    return pk.model(loss, params, [(X, y)]), (H + H.T) / 2


def test_of_one_batch_it_is_the_matrixs():
    model = matrix_model(Batch(RISING, 10))
    c = pk.curvature(model, top=2, bottom=1, accuracy=1e-6)
    np.testing.assert_allclose(c.values, [3, 2], rtol=1e-6)
    np.testing.assert_allclose(c.bottom, [-0.5], atol=3e-6)
    assert (c.rows, c.all_rows, c.bias, c.met) == (10, True, 0.0, True)
    assert c.products == model.bridge.products
    assert model.bridge.entered == model.bridge.left


def test_batches_count_by_their_rows():
    """(3 H_1 + 1 H_2) / 4."""
    model = matrix_model(Batch(np.diag([1.0, 0.0]), 3), Batch(np.diag([0.0, 5.0]), 1))
    c = pk.curvature(model, top=2, rows=4)
    np.testing.assert_allclose(c.values, [1.25, 0.75], rtol=1e-12)
    assert c.all_rows


def test_few_rows_are_named_as_that_with_their_bias():
    batches = noisy(64)
    truth = np.linalg.eigvalsh(np.mean([b.H for b in batches], axis=0))[-1]
    c = pk.curvature(matrix_model(*batches), rows=8)
    assert (c.rows, c.all_rows) == (8, False)
    assert c.unseen < 1.2 * truth < c.top
    assert c.bias > 0.5
    assert "reading of few rows" in str(c)
    assert "over 8 rows" in c.scope


def test_it_takes_as_many_rows_as_the_bias_asked_for_needs():
    batches = noisy(256)
    truth = np.linalg.eigvalsh(np.mean([b.H for b in batches], axis=0))[-1]
    c = pk.curvature(matrix_model(*batches), bias=0.3)
    assert 8 < c.rows < 2048
    assert c.bias <= 0.3
    assert 0.9 * truth < c.top < 1.45 * truth
    whole = pk.curvature(matrix_model(*batches), bias=1e-3, accuracy=1e-3)
    assert whole.all_rows
    assert whole.top == pytest.approx(truth, rel=1e-3)


def test_one_batch_that_is_all_there_is_has_no_bias_and_others_unknown_are_said():
    batches = noisy(1)
    assert pk.curvature(matrix_model(*batches)).bias == 0
    assert "all 8 rows" in str(pk.curvature(matrix_model(*batches)))


def test_against_the_whole_hessian_of_a_net():
    """2,410 parameters: the top to 1e-4 in 12 products, the top five to 1e-3 in 40."""
    model, H = perceptron()
    expected = np.linalg.eigvalsh(H)[::-1]
    for seed in range(2):
        one = pk.curvature(model, accuracy=1e-4, most_products=12, seed=seed)
        assert one.top == pytest.approx(expected[0], rel=1e-4)
        assert one.errors[0] >= abs(one.top - expected[0])
        five = pk.curvature(model, top=5, accuracy=1e-3, vectors=0, seed=seed)
        np.testing.assert_allclose(five.values, expected[:5], rtol=1e-3)
        assert five.products <= 40
    c = pk.curvature(model, top=5)
    assert c.trace_interval[0] < np.trace(H) < c.trace_interval[1]
    assert c.density.weights.sum() == pytest.approx(1)


def test_each_layers_block():
    model, H = perceptron()
    c = pk.curvature(model, by="layer", accuracy=1e-4)
    at = {"layer0": slice(0, 64 * 32 + 32), "layer1": slice(64 * 32 + 32, None)}
    assert len(c.layers) == 2
    for name, value in c.layers.items():
        block = next(part for key, part in at.items() if key in name)
        assert value == pytest.approx(np.linalg.eigvalsh(H[block, block])[-1], rel=2e-4)
        assert value <= c.top * (1 + 1e-4)  # a block's values lie between the whole's
    assert c.sharpest == max(c.layers, key=c.layers.get)
    assert c.sharpest in str(c)


def test_of_a_torch_net_in_batches_that_differ_in_size():
    """Both matrices of 51 parameters, whole, in float64; nothing of the net is changed."""
    import torch

    torch.manual_seed(0)
    net = torch.nn.Sequential(
        torch.nn.Linear(4, 6), torch.nn.Tanh(), torch.nn.Dropout(0.0), torch.nn.Linear(6, 3)
    )
    X, y = torch.randn(50, 4), torch.randint(0, 3, (50,))
    before = [x.detach().clone() for x in net.parameters()]
    model = pk.model(net, torch.nn.CrossEntropyLoss(), [(X[:32], y[:32]), (X[32:], y[32:])])
    sizes = [x.numel() for x in before]
    flat = torch.cat([x.flatten() for x in before]).double()

    def outputs(x):
        W, b, V, c = (part.view(was.shape) for part, was in zip(x.split(sizes), before))
        return torch.tanh(X.double() @ W.T + b) @ V.T + c

    H = torch.autograd.functional.hessian(
        lambda x: torch.nn.functional.cross_entropy(outputs(x), y), flat
    ).numpy()
    J = torch.autograd.functional.jacobian(outputs, flat).numpy()
    p = torch.softmax(outputs(flat), 1).numpy()
    S = np.einsum("ni,ij->nij", p, np.eye(3)) - np.einsum("ni,nj->nij", p, p)  # of -log softmax
    G = np.einsum("nia,nij,njb->ab", J, S, J) / 50
    for kind, matrix in (("hessian", H), ("gauss_newton", G)):
        c = pk.curvature(model, top=3, bottom=1, kind=kind, rows=50, accuracy=1e-5, vectors=0)
        expected = np.linalg.eigvalsh((matrix + matrix.T) / 2)
        np.testing.assert_allclose(c.values, expected[::-1][:3], rtol=1e-4)  # float32
        np.testing.assert_allclose(c.bottom, expected[:1], atol=1e-4 * expected[-1])
        assert (c.rows, c.all_rows, c.mode) == (50, True, "train mode")
    assert all(torch.equal(x, was) for x, was in zip(net.parameters(), before))
    assert all(x.grad is None for x in net.parameters())


def test_a_problem_in_float64():
    problem = pk.softmax_regression(pk.data.digits())
    expected = pk.theory.curvatures(problem).values[::-1]
    c = pk.curvature(problem, top=12, accuracy=1e-8)
    np.testing.assert_allclose(c.values, expected[:12], rtol=1e-8)  # nine of them all but equal
    assert c.all_rows
    assert "softmax regression" in c.scope


@pytest.mark.parametrize(
    "values",
    [
        1 / np.arange(1.0, 401.0),
        1 / np.arange(1.0, 401.0) ** 2,
        np.r_[[5.0] * 9, [2.0] * 9, np.zeros(380)],
        np.random.default_rng(0).normal(size=400),
    ],
    ids=["harmonic", "squares", "repeated", "both signs"],
)
def test_the_trace_lies_in_its_interval_95_times_of_100(values):
    hits = 0
    for seed in range(100):
        found = extremes(Dense(values), top=1, accuracy=1e-2, seed=seed)
        low, high = density(found, 2, steps=4, seed=seed).trace_interval
        hits += low <= values.sum() <= high
    assert hits >= 90  # of 100 at 95 % fewer are met three times in a hundred


def test_the_density_is_the_spectrums():
    """How many eigenvalues are below a curvature, within what four vectors can tell of 1,000."""
    values = np.r_[np.random.default_rng(0).uniform(-1, 1, 990), np.linspace(5, 6, 10)]
    d = density(extremes(Dense(values), top=10, accuracy=1e-3), 4, steps=16)
    for at in (-0.5, 0.0, 0.5, 2.0):
        assert d.weights[d.nodes < at].sum() == pytest.approx((values < at).mean(), abs=0.07)
    assert d.weights[d.nodes > 4].sum() == pytest.approx(0.01)  # ten that are known, each by itself


def test_a_matrix_that_is_known_whole_has_an_exact_trace():
    c = pk.curvature(matrix_model(Batch(np.array([1.0, 2.0, 4.0]), 1)), top=3)
    assert c.trace == pytest.approx(7)
    low, high = c.trace_interval
    assert high - low < 1e-12
    assert pk.curvature(matrix_model(Batch(np.zeros(3), 1)), top=9).values.tolist() == [0, 0, 0]


def test_what_is_asked_wrong_is_one_line(refused):
    model = matrix_model(Batch(RISING, 10))
    for words, options in {
        "did you mean 'hessian'": {"kind": "hesian"},
        "expected 'layer'": {"by": "block"},
        "bias is 2": {"bias": 2.0},
        "accuracy is 0": {"accuracy": 0.0},
        "top is 0": {"top": 0},
        "rows is 0": {"rows": 0},
        "params are given": {"params": {}},
    }.items():
        with refused(words):
            pk.curvature(model, **options)
    with refused("expected pk.model"):
        pk.curvature([1.0, 2.0])
    problem = pk.linear_regression(pk.data.diabetes())
    with refused("expected hessian"):
        pk.curvature(problem, kind="gauss_newton")
    with refused("do not have the shapes"):
        pk.curvature(problem, params={"weight": np.zeros(2)})
    with refused("not finite"):
        pk.curvature(matrix_model(Batch(np.array([1.0, np.nan]), 1)))


def test_ctrl_c_harms_nothing():
    batches = noisy(4)
    model = matrix_model(*batches)

    def stop(done, total):
        if done == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        pk.curvature(model, progress=stop)
    assert model.bridge.entered == model.bridge.left > 0
    assert pk.curvature(model, rows=1).rows == 8
