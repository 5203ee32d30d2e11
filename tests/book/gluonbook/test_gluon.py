"""Layers, losses, data and the Trainer, against plain NumPy."""

import numpy as np
import pytest

from polyak.book.gluonbook.mx import autograd, gluon, init, nd
from polyak.book.gluonbook.mx.gluon import data as gdata
from polyak.book.gluonbook.mx.gluon import loss as gloss
from polyak.book.gluonbook.mx.gluon import nn

X, Y = nd.array([[1, 2, 3], [4, 5, 6]]), nd.array([1, -1])


def net_of(*layers, how=None):
    net = nn.Sequential()
    net.add(*layers)
    net.initialize(how or init.Normal(sigma=0.5))
    return net


def test_a_net_is_what_its_layers_are():
    net = net_of(nn.Dense(4, activation="relu"), nn.Dense(2, use_bias=False))
    found = net(X).asnumpy()
    first, second = net[0], net[1]
    hidden = np.maximum(X.asnumpy() @ first.weight.data().asnumpy().T + first.bias.data().asnumpy(), 0)
    np.testing.assert_allclose(found, hidden @ second.weight.data().asnumpy().T, rtol=1e-5)
    assert (first.weight.shape, second.weight.shape, len(net)) == ((4, 3), (2, 4), 2)


def test_a_net_is_shown_as_it_was():
    net = nn.Sequential()
    net.add(nn.Dense(3, activation="relu"), nn.Dense(1))
    shown = "Sequential(\n  (0): Dense(None -> 3, Activation(relu))\n  (1): Dense(None -> 1, linear)\n)"
    assert repr(net) == shown
    net.initialize()
    net(X)
    assert repr(net[0]) == "Dense(3 -> 3, Activation(relu))"
    assert repr(net[1].bias).endswith("_bias (shape=(1,), dtype=float32)")


def test_parameters_are_collected_by_name():
    net = net_of(nn.Dense(2), nn.Dense(1))
    names = list(net.collect_params())
    assert [name.partition("_")[2] for name in names] == ["weight", "bias", "weight", "bias"]
    assert len(set(names)) == 4
    assert list(net.collect_params(".*weight")) == names[::2]
    net.collect_params(".*bias").setattr("grad_req", "null")
    assert [p.grad_req for p in net.collect_params().values()] == ["write", "null"] * 2


def test_shapes_wait_for_the_first_batch(refused):
    net = nn.Sequential()
    net.add(nn.Dense(2))
    with refused("no numbers yet", "initialize()"):
        net[0].bias.data()
    net.initialize()
    with refused("_weight is not known yet", "first batch"):
        net[0].weight.data()
    net(nd.ones((5, 2, 2)))
    assert net[0].weight.data().shape == (2, 4)


def test_layers_of_the_pages_own():
    class Twice(nn.Block):
        def __init__(self, **names):
            super().__init__(**names)
            self.dense = nn.Dense(3)
            self.scale = self.params.get("scale", shape=(1,), init=init.Constant(2.0))

        def forward(self, x):
            return self.dense(self.dense(x)) * self.scale.data()

    class Offset(nn.HybridBlock):
        def __init__(self, **names):
            super().__init__(**names)
            with self.name_scope():
                self.offset = self.params.get("offset", shape=(3,), init="ones")

        def hybrid_forward(self, F, x, offset):
            return F.relu(x + offset)

    net = net_of(Twice(), Offset(), nn.Lambda(lambda x: x - 1), nn.Lambda("square"), how=init.One())
    net.hybridize()
    inside = X.asnumpy().sum(axis=1, keepdims=True) * np.ones((2, 3))
    expected = (np.maximum(2 * inside.sum(axis=1, keepdims=True) * np.ones((2, 3)) + 1, 0) - 1) ** 2
    np.testing.assert_allclose(net(X).asnumpy(), expected)
    assert len(net.collect_params()) == 4


def test_dropout_drops_in_training_alone():
    nd.random.seed(0)
    layer = nn.Dropout(0.25)
    ones = nd.ones((100, 100))
    assert layer(ones) is ones
    with autograd.record():
        dropped = layer(ones).asnumpy()
    assert set(np.unique(dropped)) == {0.0, np.float32(1 / 0.75)}
    assert abs((dropped == 0).mean() - 0.25) < 5 * np.sqrt(0.25 * 0.75 / 10_000)


@pytest.mark.parametrize(
    ("how", "low", "high", "spread"),
    [
        (init.Normal(sigma=0.3), -2, 2, 0.3),
        (init.Uniform(scale=0.6), -0.6, 0.6, 0.6 / np.sqrt(3)),
        (init.Xavier(), -np.sqrt(3 / 100), np.sqrt(3 / 100), 0.1),
        (init.Xavier("gaussian", "in", 2), -2, 2, np.sqrt(2 / 120)),
        ("zeros", 0, 0, 0),
    ],
    ids=str,
)
def test_initialisers(how, low, high, spread):
    nd.random.seed(1)
    layer = nn.Dense(80, in_units=120)
    layer.initialize(how)
    weight = layer.weight.data().asnumpy()
    assert low <= weight.min() <= weight.max() <= high
    assert weight.std() == pytest.approx(spread, rel=0.05)
    np.testing.assert_array_equal(layer.bias.data().asnumpy(), 0)


def test_an_initialiser_of_the_pages_own_and_setting_by_hand():
    class Rising(init.Initializer):
        def _init_weight(self, name, data):
            assert name.endswith("weight")
            data[:] = nd.arange(data.size).reshape(data.shape)

    layer = nn.Dense(2, in_units=3)
    layer.initialize(Rising())
    np.testing.assert_array_equal(layer.weight.data().asnumpy(), [[0, 1, 2], [3, 4, 5]])
    layer.weight.set_data(nd.ones((2, 3)))
    layer.initialize(init.Zero())  # there already: only force_reinit begins anew
    assert layer.weight.data().asnumpy().sum() == 6
    layer.initialize(init.Zero(), force_reinit=True)
    assert layer.weight.data().asnumpy().sum() == 0


PREDICTED, LABELS = np.array([[0.5, -1.0], [2.0, 0.3]]), np.array([[1.0, 0.0], [1.0, 1.0]])


def log_softmax(z):
    return z - np.log(np.exp(z).sum(axis=1, keepdims=True))


@pytest.mark.parametrize(
    ("loss", "labels", "expected"),
    [
        (gloss.L2Loss(), LABELS, ((PREDICTED - LABELS) ** 2 / 2).mean(axis=1)),
        (gloss.L1Loss(), LABELS, np.abs(PREDICTED - LABELS).mean(axis=1)),
        (gloss.L2Loss(weight=3.0), LABELS, 3 * ((PREDICTED - LABELS) ** 2 / 2).mean(axis=1)),
        (gloss.HuberLoss(), LABELS, [(0.125 + 0.5) / 2, (0.5 + 0.245) / 2]),
        (
            gloss.SigmoidBinaryCrossEntropyLoss(),
            LABELS,
            (np.log1p(np.exp(PREDICTED)) - LABELS * PREDICTED).mean(axis=1),
        ),
        (gloss.SoftmaxCrossEntropyLoss(), [1, 0], -log_softmax(PREDICTED)[[0, 1], [1, 0]]),
        (
            gloss.SoftmaxCrossEntropyLoss(sparse_label=False),
            LABELS,
            -(log_softmax(PREDICTED) * LABELS).sum(axis=1),
        ),
    ],
    ids=lambda value: type(value).__name__,
)
def test_losses(loss, labels, expected):
    found = loss(nd.array(PREDICTED), nd.array(labels))
    np.testing.assert_allclose(found.asnumpy(), expected, rtol=1e-5)


def test_l2_loss_takes_labels_of_another_shape_and_weights_of_rows():
    found = gloss.L2Loss()(nd.array([[1.0], [3.0]]), nd.array([0.0, 0.0]), nd.array([[1.0], [10.0]]))
    np.testing.assert_allclose(found.asnumpy(), [0.5, 45])


@pytest.mark.parametrize(
    ("last_batch", "sizes"),
    [(None, [[4, 4, 2]] * 2), ("discard", [[4, 4]] * 2), ("rollover", [[4, 4], [4, 4, 4]])],
)
def test_batches(last_batch, sizes):
    rows = nd.arange(20).reshape((10, 2))
    loader = gdata.DataLoader(gdata.ArrayDataset(rows, nd.arange(10)), 4, shuffle=True, last_batch=last_batch)
    for expected in sizes:
        assert len(loader) == len(expected)
        batches = list(loader)
        assert [len(y) for _, y in batches] == expected
        for X, y in batches:
            np.testing.assert_array_equal(
                X.asnumpy(), np.column_stack([2 * y.asnumpy(), 2 * y.asnumpy() + 1])
            )
    seen = np.concatenate([y.asnumpy() for _, y in gdata.DataLoader(loader.dataset, 4, shuffle=True)])
    assert sorted(seen) == list(range(10)) != list(seen)
    in_order = np.concatenate([y.asnumpy() for _, y in gdata.DataLoader(loader.dataset, 4)])
    assert list(in_order) == list(range(10))


def test_data_of_lists_and_transforms():
    data = gdata.SimpleDataset([1, 2, 3]).transform(lambda x: 10 * x)
    (batch,) = gdata.DataLoader(data, 3)
    assert batch.asnumpy().tolist() == [10, 20, 30]
    pairs = gdata.ArrayDataset(X, Y).transform_first(lambda x: x * 2)
    features, labels = next(iter(gdata.DataLoader(pairs, 2)))
    np.testing.assert_array_equal(features.asnumpy(), 2 * X.asnumpy())
    np.testing.assert_array_equal(labels.asnumpy(), Y.asnumpy())


def test_a_step_divides_by_the_batch_size_and_keeps_multipliers():
    layer = nn.Dense(1, in_units=2)
    layer.initialize(init.One())
    layer.bias.lr_mult = 10.0
    layer.weight.wd_mult = 0.0
    trainer = gluon.Trainer(layer.collect_params(), "sgd", {"learning_rate": 0.1, "wd": 0.5})
    layer.bias.set_data(nd.array([4.0]))
    with autograd.record():
        loss = layer(nd.array([[1.0, 2.0], [3.0, 4.0]])).sum()
    loss.backward()
    trainer.step(2)
    np.testing.assert_allclose(layer.weight.data().asnumpy(), [[1 - 0.1 * 4 / 2, 1 - 0.1 * 6 / 2]], rtol=1e-6)
    np.testing.assert_allclose(layer.bias.data().asnumpy(), [4 - 1.0 * (2 / 2 + 0.5 * 4)], rtol=1e-6)
    assert trainer.learning_rate == 0.1
    trainer.set_learning_rate(0.01)
    assert trainer.learning_rate == 0.01


def stale_step():
    layer = nn.Dense(1, in_units=2)
    layer.initialize()
    gluon.Trainer(layer.collect_params(), "sgd").step(1)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (stale_step, ["was not computed since the last step", "ignore_stale_grad"]),
        (lambda: gluon.Trainer({}, "sgdd"), ["unknown optimizer 'sgdd'", "'sgd'"]),
        (lambda: gluon.Trainer({}, "sgd", {"momentum": 2}), ["momentum is 2"]),
        (lambda: gluon.Trainer([1], "sgd"), ["takes parameters"]),
        (lambda: gluon.Trainer({}, object()), ["no optimizer's name"]),
        (lambda: nn.Dense(1).initialize("norml"), ["unknown initializer 'norml'", "'normal'"]),
        (lambda: init.Xavier("uniformly"), ["rnd_type", "'uniform'"]),
        (lambda: gdata.DataLoader([1], 0), ["batch_size is 0"]),
        (lambda: gdata.DataLoader([1], 1, last_batch="keeps"), ["last_batch 'keeps'", "'keep'"]),
        (lambda: gdata.ArrayDataset(X, nd.ones(3)), ["[2, 3] rows"]),
        (gdata.ArrayDataset, ["no array"]),
        (lambda: nn.Block()(X), ["Block has no forward()"]),
        (lambda: nn.HybridBlock()(X), ["HybridBlock has no hybrid_forward()"]),
    ],
)
def test_what_is_wrong_is_refused_in_one_line(call, words, refused):
    with refused(*words):
        call()


def test_a_stale_gradient_may_be_left_out():
    layer = nn.Dense(1, in_units=2)
    layer.initialize(init.One())
    trainer = gluon.Trainer(layer.collect_params(), "sgd", {"learning_rate": 1.0})
    with autograd.record():
        loss = layer.weight.data().sum()
    loss.backward()
    trainer.step(1, ignore_stale_grad=True)
    np.testing.assert_array_equal(layer.weight.data().asnumpy(), [[0, 0]])
    assert layer.bias.grad().asnumpy() == 0
