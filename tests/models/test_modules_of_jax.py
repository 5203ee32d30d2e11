"""Flax's and Equinox's modules as params, and losses that JAX cannot compile."""

from __future__ import annotations

from typing import Any

import equinox as eqx
import flax.linen as linen
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

import polyak as pk

X = np.random.default_rng(0).standard_normal((6, 4)).astype(np.float32)
Y = np.random.default_rng(1).standard_normal((6, 2)).astype(np.float32)
BATCH = X, Y


class Net(nnx.Module):
    """With running statistics, dropout and a counter, all of which a call changes."""

    def __init__(self, rngs: nnx.Rngs) -> None:
        self.first, self.norm = nnx.Linear(4, 3, rngs=rngs), nnx.BatchNorm(3, rngs=rngs)
        self.dropout, self.last = nnx.Dropout(0.2, rngs=rngs), nnx.Linear(3, 2, rngs=rngs)
        self.calls = nnx.Variable(jnp.zeros(()))

    def __call__(self, x: Any) -> Any:
        self.calls[...] += 1
        return self.last(self.dropout(jnp.tanh(self.norm(self.first(x)))))


def squared(outputs: Any, batch: Any) -> Any:
    return ((outputs - batch[1]) ** 2).mean()


def of_module(net: Any, batch: Any) -> Any:
    return squared(net(batch[0]), batch)


def mapped(net: Any, batch: Any) -> Any:
    return jax.vmap(net)(batch[0])


def state_of(net: nnx.Module) -> list[bytes]:
    def raw(x: Any) -> Any:
        return jax.random.key_data(x) if jnp.issubdtype(x.dtype, jax.dtypes.prng_key) else x

    return [np.asarray(raw(x)).tobytes() for x in jax.tree.leaves(nnx.state(net))]


def product_by_hand(model: Any, tree: Any, loss: Any) -> None:
    """H v against that of JAX on the flattened tree."""
    bridge = model.bridge
    flat, back = jax.flatten_util.ravel_pytree(tree)
    v = bridge.random(np.random.default_rng(0))
    with bridge.on(BATCH) as local:
        gradient = jax.value_and_grad(lambda x: loss(back(x)))
        (value, _), (_, product) = jax.jit(lambda: jax.jvp(gradient, (flat,), (v,)))()
        np.testing.assert_allclose(local.hessian(v), product, rtol=1e-4, atol=1e-5)
        assert local.loss == pytest.approx(float(value), rel=1e-6)


def test_an_nnx_module() -> None:
    net = Net(nnx.Rngs(0))
    before = state_of(net)
    model = pk.model(of_module, net, [BATCH])
    graph, params, rest = nnx.split(net, nnx.Param, ...)
    rest = jax.tree.map(lambda x: x, rest)

    def loss(params: Any) -> Any:
        return of_module(nnx.merge(graph, params, rest, copy=True), BATCH)

    assert str(model).startswith("Net of jax: 29 parameters in 6 arrays")
    product_by_hand(model, params, loss)
    assert state_of(net) == before
    of_module(net, BATCH)
    assert state_of(net) != before  # a call of the user's own does change it


def test_an_nnx_module_is_read_as_it_is_now() -> None:
    net = nnx.Linear(4, 2, rngs=nnx.Rngs(0))
    bridge = pk.model(squared, net, [BATCH], forward=lambda net, batch: net(batch[0])).bridge
    with bridge.on(BATCH) as local:
        assert local.splits
        first = local.loss
    net.kernel[...] = net.kernel[...] * 2
    with bridge.on(BATCH) as local:
        assert local.loss == pytest.approx(float(of_module(net, BATCH)), rel=1e-6)
        assert local.loss != first


def test_linen_params() -> None:
    net = linen.Sequential([linen.Dense(3), linen.tanh, linen.Dense(2)])
    params = net.init(jax.random.key(0), X)

    def loss(params: Any, batch: Any = BATCH) -> Any:
        return squared(net.apply(params, batch[0]), batch)

    product_by_hand(pk.model(loss, params, [BATCH]), params, loss)


def test_an_equinox_module() -> None:
    net = eqx.nn.MLP(4, 2, 3, 1, activation=jnp.tanh, key=jax.random.key(0))
    model = pk.model(squared, net, [BATCH], forward=mapped)
    assert model.bridge.names[0] == ".layers[0].weight"
    assert model.bridge.name == "MLP"
    arrays, rest = eqx.partition(net, eqx.is_inexact_array)

    def loss(arrays: Any) -> Any:
        return squared(mapped(eqx.combine(arrays, rest), BATCH), BATCH)

    product_by_hand(model, arrays, loss)


def test_plain_floats_are_trained_and_those_of_a_module_are_not() -> None:
    class Scaled(eqx.Module):
        w: jax.Array
        scale: float = 2.0

    def loss(params: Any, batch: Any) -> Any:
        w, scale = (params["w"], params["scale"]) if isinstance(params, dict) else (params.w, params.scale)
        return ((batch[0] @ w * scale - batch[1]) ** 2).mean()

    w = jnp.ones((4, 2))
    assert pk.model(loss, {"w": w, "scale": 2.0}, [BATCH]).bridge.size == 9
    assert pk.model(loss, Scaled(w), [BATCH]).bridge.size == 8


@pytest.mark.parametrize("extra", [None, "a word"])
def test_what_cannot_be_compiled_runs_as_it_is(extra: Any) -> None:
    def loss(params: Any, batch: Any) -> Any:
        sign = 1.0 if float(np.asarray(batch[0]).sum()) > 1e9 else 2.0  # which a tracer has no answer to
        return sign * ((batch[0] @ params["w"] - batch[1]) ** 2).mean()

    batch = (X, Y, extra)
    bridge = pk.model(loss, {"w": np.ones((4, 2), np.float32)}, [batch]).bridge
    v = bridge.random(np.random.default_rng(0))
    with bridge.on(batch) as local:
        expected = 2 * 2 / Y.size * X.T @ X @ np.asarray(v).reshape(4, 2)
        np.testing.assert_allclose(np.asarray(local.hessian(v)).reshape(4, 2), expected, rtol=1e-4, atol=1e-6)


def test_another_batch_of_the_same_shapes_compiles_nothing() -> None:
    traced = 0

    def loss(params: Any, batch: Any) -> Any:
        nonlocal traced
        traced += 1
        return ((batch[0] @ params["w"] - batch[1]) ** 2).mean()

    bridge = pk.model(loss, {"w": np.ones((4, 2), np.float32)}, [BATCH]).bridge
    v = bridge.random(np.random.default_rng(0))
    with bridge.on(BATCH) as local:
        local.hessian(v)
    before = traced
    with bridge.on((2 * X, Y)) as local:
        assert local.hessian(2 * v).any()
        assert local.gradient().any()
    assert traced == before


def test_in_float64() -> None:
    with jax.enable_x64(True):
        w = jnp.ones((4, 2))
        bridge = pk.model(
            lambda p, b: ((b[0] @ p - b[1]) ** 2).mean(), w, [(X.astype(float), Y.astype(float))]
        ).bridge
    assert bridge.dtype == "float64"
    batch = bridge.first
    v = bridge.random(np.random.default_rng(0))
    with bridge.on(batch) as local:  # outside of the user's context
        product = np.asarray(local.hessian(v))
    assert product.dtype == np.float64
    expected = 2 / Y.size * batch[0].T @ batch[0] @ np.asarray(v).reshape(4, 2)
    np.testing.assert_allclose(product.reshape(4, 2), expected, rtol=1e-12)


def test_outputs_that_are_no_rows_of_the_batch(refused: Any) -> None:
    model = pk.model(
        lambda z, b: (z**2).sum(), W := {"w": np.ones((4, 2))}, [BATCH], forward=lambda p, b: p["w"]
    )
    assert W
    with model.bridge.on(BATCH) as local:
        assert not local.splits
        with refused("shape (4, 2)", "expected 6 rows"):
            local.gauss_newton(model.bridge.random(np.random.default_rng(0)))


def test_without_forward_it_says_how_to_split(refused: Any) -> None:
    bridge = pk.model(of_module, nnx.Linear(4, 2, rngs=nnx.Rngs(0)), [BATCH]).bridge
    with bridge.on(BATCH) as local:
        assert not local.splits
        with refused("forward=", "(outputs, batch)"):
            local.outputs()
