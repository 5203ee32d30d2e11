"""A forecast is the training itself where the network is linear, and is refused where it would be wrong."""

from __future__ import annotations

import copy

import jax.numpy as jnp
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

import polyak as pk
from polyak.diagnose.forecast.outputs_loss import outputs_loss
from polyak.diagnose.forecast.settings import numbers
from polyak.diagnose.forecast.simulation import shuffled

ROWS, BATCH, STEPS = 96, 16, 40
LRS, MOMENTA = [0.02, 0.1], [0.0, 0.9]


def a_linear_net():
    torch.manual_seed(0)
    X = torch.randn(ROWS, 3)
    y = (X[:, 0] > 0).long() + (X[:, 1] > 0.5).long()
    net = torch.nn.Linear(3, 3)
    optimizer = torch.optim.SGD(net.parameters(), lr=0.05, momentum=0.9)
    loader = [(X[i : i + BATCH], y[i : i + BATCH]) for i in range(0, ROWS, BATCH)]
    for batch in loader:
        step(net, optimizer, batch)
    return net, optimizer, loader, (X, y)


def step(net, optimizer, batch):
    optimizer.zero_grad()
    torch.nn.functional.cross_entropy(net(batch[0]), batch[1]).backward()
    optimizer.step()


def trained(net, optimizer, loader, whole, lr, momentum, steps):
    """The losses after each step of torch's own training from here."""
    other = copy.deepcopy(net)
    own = torch.optim.SGD(other.parameters(), lr=lr, momentum=0.5)
    own.load_state_dict(copy.deepcopy(optimizer.state_dict()))
    own.param_groups[0].update(lr=lr, momentum=momentum)
    losses = []
    for number in range(steps):
        step(other, own, loader[number % len(loader)])
        with torch.no_grad():
            losses.append(float(torch.nn.functional.cross_entropy(other(whole[0]), whole[1])))
    return np.array(losses)


@pytest.fixture(scope="module")
def linear():
    net, optimizer, loader, whole = a_linear_net()
    model = pk.model(net, torch.nn.CrossEntropyLoss(), loader)
    before = copy.deepcopy((net.state_dict(), optimizer.state_dict()["state"]))
    drawn = torch.get_rng_state()
    found = pk.forecast(model, optimizer, STEPS, lr=LRS, momentum=MOMENTA)
    return found, net, optimizer, loader, whole, before, drawn


def test_it_is_the_training_itself_where_the_network_is_linear(linear):
    found, net, optimizer, loader, whole, *_ = linear
    for k, (lr, momentum) in enumerate(zip(found.lr, found.momentum, strict=True)):
        true = trained(net, optimizer, loader, whole, lr, momentum, STEPS)
        np.testing.assert_allclose(found.losses[k], true[found.at - 1], rtol=1e-4)
    assert found.errors.max() < 1e-3
    assert found.check < 1e-4
    assert found.horizon == STEPS
    assert found.best.loss == found.losses[:, -1].min()
    assert found.directions <= 12  # softmax does not see what moves all classes alike
    assert "no forecast after" not in "".join(found.words())


def test_nothing_of_the_users_is_changed(linear):
    _, net, optimizer, _, _, (values, state), drawn = linear
    assert all(torch.equal(net.state_dict()[name], kept) for name, kept in values.items())
    for number, slots in optimizer.state_dict()["state"].items():
        assert torch.equal(slots["momentum_buffer"], state[number]["momentum_buffer"])
    assert torch.equal(torch.get_rng_state(), drawn)
    assert all(x.data_ptr() for x in net.parameters())


def test_parameters_are_back_after_an_error(linear):
    _, net, _, loader, *_ = linear
    bridge = pk.model(net, torch.nn.CrossEntropyLoss(), loader).bridge
    before = [(x.data_ptr(), x.detach().clone()) for x in net.parameters()]

    def interrupted():
        with bridge.at(torch.zeros(bridge.size)):
            assert not next(net.parameters()).detach().any()
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    for x, (place, kept) in zip(net.parameters(), before, strict=True):
        assert x.data_ptr() == place
        assert torch.equal(x, kept)


def test_a_setting_past_its_edge_is_marked():
    rows = np.random.default_rng(0).normal(size=(64, 2)).astype(np.float32) * [1.0, 3.0]
    model = pk.model(
        lambda outputs, batch: (outputs**2).mean() / 2,
        jnp.ones(2),
        [rows.astype(np.float32)],
        forward=lambda w, batch: batch @ w,
    )
    edge = 2 / np.linalg.eigvalsh(rows.T @ rows / 64)[-1]  # of gradient descent, all rows at once
    found = pk.forecast(model, pk.GradientDescent(lr=edge / 10), 3, lr=[0.98 * edge, 1.02 * edge])
    assert found.past_edge.tolist() == [False, True]


@pytest.mark.parametrize(
    ("loss", "kind"),
    [
        (lambda z, batch: (2 * (z - 1) ** 2).mean(), "squared"),
        (lambda z, batch: jnp.logaddexp(0, z).mean() - 0.3 * z.mean(), "logistic"),
        (lambda z, batch: (jnp.log(jnp.exp(z).sum(1)) - z[:, 1]).mean(), "softmax"),
        (lambda z, batch: jnp.abs(z).mean(), None),
    ],
)
def test_the_loss_is_told_by_what_it_does(loss, kind):
    rows = np.random.default_rng(1).normal(size=(512, 2)).astype(np.float32)
    model = pk.model(loss, jnp.eye(2, 3), [rows], forward=lambda w, batch: batch @ w)
    with model.bridge.on(rows) as local:
        if kind is None:
            with pytest.raises(pk.PolyakError, match="none that a forecast knows"):
                outputs_loss([local])
            return
        told = outputs_loss([local])
        z = np.asarray(local.outputs(), np.float32)
        assert told.kind == kind
        assert told.value(told.arranged(z)[..., None])[0] == pytest.approx(local.loss, rel=1e-4)


def curved(lr):
    """A network of one number whose output is its square: what is linear of it is soon wrong."""
    rows = np.ones((32, 1), np.float32)
    model = pk.model(
        lambda z, batch: ((z - 4) ** 2).mean() / 2,
        jnp.full(2, 0.05),
        np.split(rows, 4),
        forward=lambda w, batch: batch[:, 0] * (w[0] ** 2 + w[1] ** 3),
    )
    return model, pk.GradientDescent(lr=lr)


def test_it_refuses_where_it_would_be_wrong():
    with pytest.raises(pk.PolyakError, match="20 real steps of today's setting end at a loss of"):
        pk.forecast(*curved(0.04), 100)
    with pytest.raises(pk.PolyakError, match="can be trusted that far within 15 %") as refusal:
        pk.forecast(*curved(0.004), 400)
    assert "\n" not in str(refusal.value)


def test_dropout_is_refused():
    torch.manual_seed(0)
    net = torch.nn.Sequential(torch.nn.Linear(3, 8), torch.nn.Dropout(), torch.nn.Linear(8, 1))
    loader = [(torch.randn(8, 3), torch.randn(8, 1))]
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
    with pytest.raises(pk.PolyakError, match="draws random numbers"):
        pk.forecast(pk.model(net, torch.nn.MSELoss(), loader), optimizer)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"lr": [-0.1]}, "lr is -0.1, expected numbers from 0"),
        ({"momentum": 1.0}, "momentum is 1.0, expected numbers from 0 to below 1"),
        ({"steps": 0}, "steps"),
        ({"within": 2}, "within is 2, expected"),
        ({"lr": []}, "lr is empty"),
    ],
)
def test_bad_input_is_one_line(options, said):
    with pytest.raises(pk.PolyakError, match=said) as error:
        pk.forecast(*curved(0.01), **options)
    assert "\n" not in str(error.value)


def test_no_model_is_refused():
    with pytest.raises(pk.PolyakError, match=r"expected what pk.model\(...\) makes"):
        pk.forecast("net", None)


@given(st.one_of(st.floats(), st.text(max_size=3), st.none(), st.booleans()))
@settings(max_examples=50, deadline=None)
def test_a_number_is_taken_or_refused(value):
    good = isinstance(value, float) and 0 <= value < 1
    if good:
        assert numbers("momentum", [value], 1.0) == [value]
        return
    with pytest.raises(pk.PolyakError) as error:
        numbers("momentum", [value], 1.0)
    assert "\n" not in str(error.value)


@given(st.lists(st.integers(1, 5), min_size=1, max_size=6), st.integers(0, 99))
@settings(max_examples=30, deadline=None)
def test_an_epoch_has_every_row_once(counts, seed):
    order = shuffled(counts, seed)
    epoch = [next(order) for _ in counts]
    assert [len(batch) for batch in epoch] == counts
    assert sorted(np.concatenate(epoch)) == list(range(sum(counts)))
