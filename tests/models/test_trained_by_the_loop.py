"""A user's own JAX model in train, sweep and compare: held against a problem, a loop by hand, and rows of nan."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from flax import nnx

import polyak as pk
from polyak.models.task import as_task

generator = np.random.default_rng(0)
X = generator.standard_normal((40, 3)).astype(np.float32)
CLASSES = (X @ generator.standard_normal((3, 3))).argmax(1).astype(np.int32)
BATCHES = [(X[k : k + 8], CLASSES[k : k + 8]) for k in range(0, 40, 8)]
SETTINGS = {"lr": 0.1, "momentum": 0.9}


class Net(nnx.Module):
    def __init__(self, rngs: nnx.Rngs) -> None:
        self.first, self.last = nnx.Linear(3, 4, rngs=rngs), nnx.Linear(4, 3, rngs=rngs)

    def __call__(self, x: Any) -> Any:
        return self.last(jnp.tanh(self.first(x)))


class Dropping(Net):
    def __init__(self, rngs: nnx.Rngs) -> None:
        super().__init__(rngs)
        self.dropout = nnx.Dropout(0.5, rngs=rngs)

    def __call__(self, x: Any) -> Any:
        return self.dropout(super().__call__(x))


def forward(net: Any, batch: Any) -> Any:
    return net(batch[0])


def entropy(outputs: Any, batch: Any) -> Any:
    return optax.softmax_cross_entropy_with_integer_labels(outputs, batch[1]).mean()


def squared(params: Any, batch: Any) -> Any:
    return 0.5 * ((batch[0] @ params["w"] - batch[1]) ** 2).mean()


def page(params: Any, states: Any, hyperparams: Any) -> None:
    """Heavy ball of momentum 0.9, as a page writes it."""
    for p, v in zip(params, states, strict=True):
        v[:] = 0.9 * v + hyperparams["lr"] * p.grad
        p[:] -= v


@pytest.fixture(scope="module")
def flax() -> Any:
    return pk.model(entropy, Net(nnx.Rngs(0)), BATCHES, forward=forward)


def test_a_model_goes_where_the_loop_by_hand_goes(flax: Any) -> None:
    """The same rows in the same order: those of a Problem of 40 rows, by a jitted step and Optax's SGD."""
    history = pk.train("heavy_ball", flax, epochs=2, seed=3, **SETTINGS)
    assert (history.batch_size, history.rows_seen.tolist()) == (8, [0, 40, 80])
    orders = [
        np.random.default_rng(np.random.SeedSequence(3, spawn_key=(1, e))).permutation(40) for e in (0, 1)
    ]
    graph, params = nnx.split(Net(nnx.Rngs(0)))
    sgd = optax.sgd(SETTINGS["lr"], SETTINGS["momentum"])
    state = sgd.init(params)

    @jax.jit
    def step(params: Any, state: Any, batch: Any) -> Any:
        grads = jax.grad(lambda x: entropy(nnx.merge(graph, x)(batch[0]), batch))(params)
        updates, state = sgd.update(grads, state)
        return optax.apply_updates(params, updates), state

    losses = [entropy(nnx.merge(graph, params)(X), (X, CLASSES))]
    for order in orders:
        for rows in order.reshape(5, 8):
            params, state = step(params, state, (X[rows], CLASSES[rows]))
        losses.append(entropy(nnx.merge(graph, params)(X), (X, CLASSES)))
    np.testing.assert_allclose(history.losses[0], losses, rtol=40 * np.finfo(np.float32).eps)
    whole = as_task(flax).with_params({name: x[0] for name, x in history.params.items()})  # type: ignore[attr-defined]
    assert float(entropy(whole(X), (X, CLASSES))) == pytest.approx(history.final_losses[0], rel=1e-6)


def test_a_lane_equals_its_run_alone(flax: Any) -> None:
    plane = pk.sweep(
        "heavy_ball", on=flax, epochs=2, lr=[0.05, 0.1, 0.2], momentum=[0.5, 0.9], held_out=0.2, seeds=2
    )
    history = pk.train("heavy_ball", flax, epochs=2, seeds=2, held_out=0.2, **SETTINGS)
    cell = plane.sel(lr=0.1, momentum=0.9)
    for name, alone in (("loss", history.losses), ("held_out_loss", history.held_out_losses)):
        assert alone is not None
        np.testing.assert_array_max_ulp(cell[f"final_{name}"].values, alone[:, -1], 5)
    pages = pk.sweep(pk.from_page(page, lr=0.1), on=flax, epochs=2, held_out=0.2, seeds=2, lr=[0.1, 0.2])
    np.testing.assert_allclose(pages.sel(lr=0.1).final_loss, history.losses[:, -1], rtol=1e-5)


def test_rows_held_out_are_never_trained_on() -> None:
    """Rows that are nan poison whatever is trained on one of them."""
    nan = np.full((5, 3), np.nan, np.float32)
    model = pk.model(squared, {"w": jnp.zeros(3)}, [(X, X[:, 0])])
    apart = pk.train("heavy_ball", model, held_out=(nan, np.zeros(5, np.float32)), **SETTINGS)
    assert apart.held_out_losses is not None
    assert np.isfinite(apart.losses).all()
    assert np.isnan(apart.held_out_losses).all()
    leaked = pk.model(squared, {"w": jnp.zeros(3)}, [(X, X[:, 0])])
    task = as_task(leaked, (nan, np.zeros(5, np.float32)))
    object.__setattr__(task, "kept", task.out)  # a planted leak
    assert np.isnan(pk.train("heavy_ball", task, batch_size=5, **SETTINGS).losses[:, 1:]).all()


def test_a_model_of_ours_is_the_problem() -> None:
    problem = pk.linear_regression((X, X[:, 0] - 2 * X[:, 1]))
    data = problem.data

    def loss(params: Any, batch: Any) -> Any:
        return problem.loss(params, *batch)

    start = problem.first(0, "float32")
    model = pk.model(loss, start, [(data.features, data.labels)])
    ours = pk.train("heavy_ball", problem, batch_size=8, every=40, **SETTINGS)
    theirs = pk.train("heavy_ball", model, batch_size=8, **SETTINGS)
    np.testing.assert_allclose(theirs.losses, ours.losses, rtol=1e-5)


def summed(params: Any, batch: Any) -> Any:
    return squared(params, batch) * len(batch[0])


def by_value(params: Any, batch: Any) -> Any:
    return squared(params, batch) if float(batch[0].sum()) < 1e9 else 0.0


@pytest.mark.parametrize(
    ("made", "words"),
    [
        (lambda: pk.model(summed, {"w": jnp.zeros(3)}, [(X, X[:, 0])]), "is no mean over the rows"),
        (lambda: pk.model(by_value, {"w": jnp.zeros(3)}, [(X, X[:, 0])]), "cannot be compiled by JAX"),
        (
            lambda: pk.model(entropy, Dropping(nnx.Rngs(0)), BATCHES, forward=forward),
            "changes arrays that are not trained",
        ),
    ],
)
def test_what_the_loop_cannot_train_is_one_line(made: Any, words: str) -> None:
    with pytest.raises(pk.PolyakError, match=words) as raised:
        pk.train("heavy_ball", made(), **SETTINGS)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    ("held_out", "words"),
    [
        (0, "held_out is 0"),
        (1.0, "held_out is 1.0"),
        (0.001, "none is held out"),
        ("half", "expected a share"),
        ([X], "batches such"),
        (((X, X),), "batches such"),
    ],
)
def test_shares_and_rows_that_cannot_be_held_out(held_out: Any, words: str) -> None:
    model = pk.model(squared, {"w": jnp.zeros(3)}, [(X, X[:, 0])])
    with pytest.raises(pk.PolyakError, match=words):
        pk.train("heavy_ball", model, held_out=held_out, **SETTINGS)


def test_one_class_cannot_be_parted() -> None:
    model = pk.model(entropy, Net(nnx.Rngs(0)), [(X, np.zeros(40, np.int32))], forward=forward)
    with pytest.raises(pk.PolyakError, match="rows of one class alone"):
        pk.train("heavy_ball", model, held_out=0.2, **SETTINGS)


def test_a_loader_that_shuffles_is_the_same_data_in_any_order() -> None:
    class Loader:
        def __init__(self, order: Any) -> None:
            self.order = order

        def __iter__(self) -> Any:
            return iter([(X[rows], X[rows, 0]) for rows in self.order.reshape(5, 8)])

    tasks = [
        as_task(pk.model(squared, {"w": jnp.zeros(3)}, Loader(np.random.default_rng(k).permutation(40))))
        for k in (0, 1)
    ]
    assert tasks[0].about("float32") == tasks[1].about("float32")
