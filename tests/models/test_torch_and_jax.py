"""One network, in torch and in JAX: everything that a bridge gives agrees to 1e-5 of its size."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import torch

import polyak as pk

AGREE = 1e-5


def forward(params: Any, batch: Any) -> Any:
    hidden = jnp.tanh(batch[0] @ params["0.weight"].T + params["0.bias"])
    return {"scores": hidden @ params["2.weight"].T + params["2.bias"], "length": 3}


def cross_entropy(outputs: Any, batch: Any) -> Any:
    logarithms = jax.nn.log_softmax(outputs["scores"])
    return -jnp.take_along_axis(logarithms, batch[1][:, None], 1).mean()


@pytest.fixture(scope="module")
def both(rows: Any) -> Iterator[Any]:
    """(bridge, local) of torch and of JAX, and how one's vector is the other's."""
    torch.manual_seed(3)
    net = torch.nn.Sequential(torch.nn.Linear(5, 7), torch.nn.Tanh(), torch.nn.Linear(7, 3))
    batch = tuple(map(torch.from_numpy, rows))
    of_torch = pk.model(net, torch.nn.CrossEntropyLoss(), [batch]).bridge
    of_jax = pk.model(cross_entropy, of_torch.parameters(), [rows], forward=forward).bridge
    with of_torch.on(batch) as a, of_jax.on(rows) as b:
        yield of_torch, a, of_jax, b


def there(of_torch: Any, of_jax: Any, v: Any) -> Any:
    """A vector of torch's as one of JAX's."""
    return of_jax.vector({f"['{name}']": part for name, part in of_torch.named(v).items()})


def agree(of_torch: Any, of_jax: Any, v: Any, w: Any) -> None:
    ours = np.asarray(there(of_torch, of_jax, v))
    assert np.abs(ours).max() > 1e-3
    np.testing.assert_allclose(ours, np.asarray(w), atol=AGREE * np.abs(ours).max(), rtol=0)


def test_they_are_the_same_model(both: Any) -> None:
    of_torch, a, of_jax, b = both
    assert of_torch.size == of_jax.size == 5 * 7 + 7 + 7 * 3 + 3
    assert of_torch.names == ("0.weight", "0.bias", "2.weight", "2.bias")
    assert sorted(of_torch.names) == sorted(name[2:-2] for name in of_jax.names)
    assert a.loss == pytest.approx(b.loss, rel=AGREE)
    assert a.rows == b.rows == 24
    assert a.splits
    assert b.splits


@pytest.mark.parametrize("product", ["hessian", "gauss_newton"])
def test_products_agree(both: Any, product: str) -> None:
    of_torch, a, of_jax, b = both
    generator = np.random.default_rng(0)
    for _ in range(2):  # the second goes through what the first has kept
        v = of_torch.random(generator)
        agree(of_torch, of_jax, getattr(a, product)(v), getattr(b, product)(there(of_torch, of_jax, v)))


def test_gradients_agree(both: Any) -> None:
    of_torch, a, of_jax, b = both
    agree(of_torch, of_jax, a.gradient(), b.gradient())


def test_outputs_and_their_derivatives_agree(both: Any) -> None:
    of_torch, a, of_jax, b = both
    generator = np.random.default_rng(1)
    v, u = of_torch.random(generator), generator.standard_normal((24, 3), dtype=np.float32)
    np.testing.assert_allclose(a.outputs(), b.outputs(), atol=1e-5)
    np.testing.assert_allclose(a.forward(v), b.forward(there(of_torch, of_jax, v)), atol=1e-4)
    agree(of_torch, of_jax, a.backward(u), b.backward(u))


def test_losses_of_other_outputs_agree(both: Any) -> None:
    _, a, _, b = both
    generator = np.random.default_rng(2)
    z, u = (generator.standard_normal((24, 3), dtype=np.float32) for _ in range(2))
    assert a.loss_at(z) == pytest.approx(b.loss_at(z), rel=AGREE)
    assert a.loss_at(a.outputs()) == pytest.approx(a.loss, rel=AGREE)
    np.testing.assert_allclose(a.loss_gradient(z), b.loss_gradient(z), atol=1e-7)
    np.testing.assert_allclose(a.loss_hessian(u), b.loss_hessian(u), atol=1e-7)


def test_the_gauss_newton_product_is_what_its_formula_says(both: Any) -> None:
    """J^T (diag(p) - p p^T) / n J v, of cross-entropy."""
    of_torch, a, _, _ = both
    v = of_torch.random(np.random.default_rng(3))
    p = torch.softmax(a.outputs(), 1)
    along = a.forward(v)
    bent = (p * along - p * (p * along).sum(1, keepdim=True)) / 24
    torch.testing.assert_close(a.loss_hessian(along), bent, atol=1e-7, rtol=1e-5)
    torch.testing.assert_close(a.gauss_newton(v), a.backward(bent), atol=1e-6, rtol=1e-5)
    assert float(a.gauss_newton(v) @ v) > 0


def test_vectors_go_by_name(both: Any) -> None:
    of_torch, _, of_jax, _ = both
    for bridge in (of_torch, of_jax):
        named = bridge.parameters()
        assert tuple(x.shape for x in named.values()) == bridge.shapes
        again = bridge.named(bridge.vector(dict(reversed(named.items()))))
        assert all(np.array_equal(again[name], named[name]) for name in bridge.names)
        one, other = (np.asarray(bridge.random(np.random.default_rng(5))) for _ in range(2))
        assert np.array_equal(one, other)
        assert one.dtype == np.float32 == np.dtype(bridge.dtype)


def test_what_is_no_vector_of_the_model_is_refused(both: Any, refused: Any) -> None:
    of_torch, a, of_jax, _ = both
    for bridge in (of_torch, of_jax):
        named = bridge.parameters()
        first = bridge.names[0]
        with refused("unknown parameter", "did you mean"):
            bridge.vector({**named, first[:-1]: named[first]})
        with refused("no array for", first):
            bridge.vector({name: x for name, x in named.items() if name != first})
        with refused(first, "expected"):
            bridge.vector({**named, first: np.zeros((1, 1))})
    with refused("shape (3,)", "66"):
        a.hessian(torch.zeros(3))
    with refused("shape (24, 2)", "(24, 3)"):
        a.loss_at(torch.zeros(24, 2))
