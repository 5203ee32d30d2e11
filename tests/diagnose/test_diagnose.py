"""A training diagnosed: what is found, what is missing and why, and that nothing of the user's is changed."""

from __future__ import annotations

import copy
import json

import jax.numpy as jnp
import numpy as np
import pytest

import polyak as pk
from polyak.diagnose import TITLES
from polyak.diagnose.numbers import plain

ROWS, SIZE = 256, 6


def forward(w, batch):
    return batch[:, :-1] @ w


def loss(outputs, batch):
    return jnp.mean((outputs - batch[:, -1]) ** 2) / 2


@pytest.fixture(scope="module")
def rows():
    draw = np.random.default_rng(0)
    X = draw.normal(size=(ROWS, SIZE)) * np.geomspace(1, 0.3, SIZE)
    return np.column_stack([X, X.sum(1) + draw.normal(size=ROWS)]).astype(np.float32)


@pytest.fixture(scope="module")
def told():
    return []


@pytest.fixture(scope="module")
def found(rows, told):
    model = pk.model(loss, jnp.zeros(SIZE), np.split(rows, 16), forward=forward)
    return pk.diagnose(
        model, pk.HeavyBall(lr=0.01, momentum=0.9), top=3, progress=lambda *at: told.append(at)
    )


def test_every_part_is_what_its_own_verb_says(found, rows):
    H = rows[:, :-1].T @ rows[:, :-1] / ROWS
    top = np.linalg.eigvalsh(H)[::-1]
    assert found.batch_size == 16
    assert not found.refused
    if found.curvature.all_rows:
        np.testing.assert_allclose(found.curvature.values, top[:3], rtol=1e-2)
    assert found.stability.max_lr == pytest.approx(3.8 / top[0], rel=1e-2)  # 2 (1 + m) / L
    assert found.noise.whole
    assert found.noise.rows == ROWS
    assert found.suggestion.full_batch_edge == pytest.approx(found.stability.max_lr)
    assert found.suggestion.today.share == pytest.approx(found.stability.share)


def test_it_says_what_each_part_cost(found, told):
    assert set(found.costs) == set(TITLES)
    assert all(cost.seconds > 0 and cost.work for cost in found.costs.values())
    done = [at for at, _ in told]
    assert done == sorted(done)
    assert told[-1][0] == told[-1][1]


def test_the_words_hold_every_part(found):
    said = str(found)
    for title in TITLES.values():
        assert f"{title}. " in said
    assert "ripples may begin" in said
    assert "diverge" not in said


def test_the_numbers_are_plain_json(found):
    numbers = json.loads(json.dumps(found.to_dict(), allow_nan=False))
    assert numbers["model"]["parameters"] == SIZE
    assert numbers["noise"]["trace"] == found.noise.trace
    assert numbers["suggestion"]["today"]["lr"] == 0.01
    assert numbers["stability"]["full_batch"] == found.stability.full_batch
    assert numbers["curvature"]["values"] == found.curvature.values.tolist()
    assert "motion" not in numbers["stability"]
    assert plain(np.float32("nan")) is None
    assert plain(np.zeros(10_000)) == "10000 numbers"


def test_a_part_that_cannot_be_said_is_missing_with_its_reason(rows):
    """Without forward= the outputs are not told from the loss: no edge in mini-batches, so nothing is suggested."""
    model = pk.model(lambda w, batch: loss(forward(w, batch), batch), jnp.zeros(SIZE), np.split(rows, 4))
    found = pk.diagnose(model, pk.GradientDescent(lr=0.01), top=1)
    assert found.curvature is not None
    assert found.noise is None
    assert "has 4 batches, expected 8 at least" in found.refused["noise"]
    assert "without the edge in mini-batches" in found.refused["suggestion"]
    assert "No answer: " in str(found)
    assert found.to_dict()["noise"] == {"refused": found.refused["noise"]}
    with pytest.raises(pk.PolyakError, match="expected 8 at least"):
        found.require("noise")


def test_what_is_refused_at_once(rows):
    with pytest.raises(pk.PolyakError, match="asked of an int, expected what"):
        pk.diagnose(3, pk.HeavyBall(lr=0.1, momentum=0.9))
    model = pk.model(loss, jnp.zeros(SIZE), np.split(rows, 16), forward=forward)
    for bad, said in (
        ({"top": 0}, "top is 0"),
        ({"steps": 0}, "steps is 0"),
        ({"batch_size": 0}, "batch_size is 0"),
    ):
        with pytest.raises(pk.PolyakError, match=said):
            pk.diagnose(model, pk.HeavyBall(lr=0.1, momentum=0.9), **bad)
    with pytest.raises(pk.PolyakError):
        pk.diagnose(model, 3)


def test_a_torch_training_is_as_it_was_bit_for_bit():
    """Adam in mid-training, batch norm and dropout in train mode; also where it is ended in the middle."""
    torch = pytest.importorskip("torch")
    torch.manual_seed(0)
    net = torch.nn.Sequential(
        torch.nn.Linear(4, 8),
        torch.nn.BatchNorm1d(8),
        torch.nn.Tanh(),
        torch.nn.Dropout(0.1),
        torch.nn.Linear(8, 1),
    )
    x = torch.randn(128, 4)
    loader = torch.utils.data.DataLoader(
        torch.utils.data.TensorDataset(x, x[:, :1] ** 2), batch_size=16, shuffle=True
    )
    optimizer = torch.optim.Adam(net.parameters(), lr=1e-3)
    for a, b in loader:
        optimizer.zero_grad()
        torch.nn.functional.mse_loss(net(a), b).backward()
        optimizer.step()

    def all_of_it():
        return copy.deepcopy(
            (
                net.state_dict(),
                optimizer.state_dict(),
                torch.get_rng_state(),
                [p.grad for p in net.parameters()],
            )
        )

    before = all_of_it()
    model = pk.model(net, torch.nn.MSELoss(), loader)
    found = pk.diagnose(model, optimizer, top=2)
    assert not found.refused
    assert found.stability.motion.preconditioned
    assert found.suggestion.momentum_name == "beta1"
    assert found.suggestion.today.lr == pytest.approx(1e-3)

    def interrupts(done, _total):
        if done > 300:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        pk.diagnose(model, optimizer, top=2, progress=interrupts)
    for one, other in zip(
        torch.utils._pytree.tree_leaves(before), torch.utils._pytree.tree_leaves(all_of_it())
    ):
        assert torch.equal(one, other) if isinstance(one, torch.Tensor) else one == other
    assert net.training
