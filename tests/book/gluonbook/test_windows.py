"""Convolution, pooling and batch normalisation against PyTorch's, and the chapters' networks on small pictures."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch.nn import functional

from polyak.book import gluonbook as gb
from polyak.book.gluonbook.mx import autograd, init, nd
from polyak.book.gluonbook.mx.gluon import Trainer, data, nn
from polyak.book.gluonbook.mx.nd import NDArray

RNG = np.random.default_rng(5)
PICTURES = RNG.normal(size=(2, 4, 9, 8))
PLACES = [{}, {"stride": 2, "pad": 1}, {"stride": (2, 1), "pad": (1, 2), "dilate": (1, 2), "num_group": 2}]


def both(
    ours: Callable[..., NDArray],
    theirs: Callable[..., torch.Tensor],
    *values: np.ndarray,
    close: float = 1e-11,
) -> None:
    """Ours and PyTorch's, results and gradients of a weighted sum of squares, to the rounding of their sums."""
    mine = [nd.array(value, dtype="float64") for value in values]
    for each in mine:
        each.attach_grad()
    with autograd.record():
        result = ours(*mine)
        total = (result * result).sum()
    total.backward()
    other = [torch.tensor(value, requires_grad=True) for value in values]
    expected = theirs(*other)
    (expected * expected).sum().backward()
    np.testing.assert_allclose(result.asnumpy(), expected.detach().numpy(), atol=close)
    for a, b in zip(mine, other):
        np.testing.assert_allclose(a.grad.asnumpy(), b.grad.numpy(), atol=20 * close)


@pytest.mark.parametrize("places", PLACES)
@pytest.mark.parametrize("bias", [True, False])
def test_a_convolution_and_its_way_back(places: dict[str, Any], bias: bool) -> None:
    groups = places.get("num_group", 1)
    weights = [RNG.normal(size=(6, 4 // groups, 3, 2)), *([RNG.normal(size=6)] if bias else [])]
    names = {"stride": "stride", "pad": "padding", "dilate": "dilation", "num_group": "groups"}
    theirs = {names[name]: value for name, value in places.items()}
    both(
        lambda *values: nd.Convolution(*values, kernel=(3, 2), **places),
        lambda *values: functional.conv2d(*values, **theirs),
        PICTURES,
        *weights,
    )


@pytest.mark.parametrize(
    ("kernel", "stride", "pad", "full"),
    [(2, 2, 0, False), ((3, 2), (2, 3), (1, 1), False), (3, 2, 0, True), (3, 2, 1, True)],
)
def test_pooling_and_its_way_back(kernel: Any, stride: Any, pad: Any, full: bool) -> None:
    ours = {"kernel": kernel, "stride": stride, "pad": pad, "pooling_convention": "full" if full else "valid"}
    theirs = {"kernel_size": kernel, "stride": stride, "padding": pad, "ceil_mode": full}
    both(lambda x: nd.Pooling(x, **ours), lambda x: functional.max_pool2d(x, **theirs), PICTURES)
    for counted in (True, False):
        both(
            partial(nd.Pooling, pool_type="avg", count_include_pad=counted, **ours),
            partial(functional.avg_pool2d, count_include_pad=counted, **theirs),
            PICTURES,
        )
    both(lambda x: nd.Pooling(x, global_pool=True, pool_type="avg"), lambda x: x.mean((2, 3), True), PICTURES)


def test_of_equal_numbers_the_first_has_the_gradient() -> None:
    x = nd.ones((1, 1, 2, 2))
    x.attach_grad()
    with autograd.record():
        y = nd.Pooling(x, kernel=2)
    y.backward()
    assert x.grad.asnumpy().ravel().tolist() == [1.0, 0.0, 0.0, 0.0]


def test_batch_normalisation_in_training_and_after() -> None:
    layer, theirs = nn.BatchNorm(momentum=0.8), torch.nn.BatchNorm2d(4, momentum=0.2)
    layer.initialize()
    X = PICTURES.astype(np.float32)
    both(
        lambda x: _trained(layer, x),
        lambda x: functional.batch_norm(x, None, None, training=True),
        PICTURES,
        close=1e-5,  # gamma and beta are float32
    )
    layer.initialize(force_reinit=True)
    with autograd.record():
        layer(nd.array(X))
    theirs(torch.tensor(X))
    np.testing.assert_allclose(layer.running_mean.data().asnumpy(), theirs.running_mean.numpy(), atol=1e-6)
    size = X.size / X.shape[1]  # MXNet's variance is the biased one, PyTorch's running one the unbiased
    unbiased = (layer.running_var.data().asnumpy() - 0.8) * size / (size - 1) + 0.8
    np.testing.assert_allclose(unbiased, theirs.running_var.numpy(), rtol=1e-5)
    expected = (X - layer.running_mean.data().asnumpy()[:, None, None]) / np.sqrt(
        layer.running_var.data().asnumpy()[:, None, None] + 1e-5
    )
    np.testing.assert_allclose(layer(nd.array(X)).asnumpy(), expected, atol=1e-5)
    assert set(layer.collect_params()) == {
        f"{layer.prefix}{name}" for name in ("gamma", "beta", "running_mean", "running_var")
    }


def _trained(layer: nn.BatchNorm, x: NDArray) -> NDArray:
    with autograd.train_mode():
        return layer(x)


def test_what_cannot_be_is_refused(refused: Any) -> None:
    x = nd.ones((1, 1, 4, 4))
    with refused("a window of 5 x 5 is larger than a picture of 4 x 4"):
        nd.Convolution(x, nd.ones((1, 1, 5, 5)))
    with refused("pool_type", "'mean'", "avg"):
        nd.Pooling(x, kernel=2, pool_type="mean")
    with refused("3 lengths", "one or two"):
        nn.MaxPool2D((1, 2, 3))
    layer = nn.Conv2D(2, 3)
    layer.initialize()
    with refused("(rows, channels, height, width)", "(4, 16)"):
        layer(nd.ones((4, 16)))
    with refused("layout", "NCHW"):
        nn.Conv2D(2, 3, layout="NHWC")


def lenet() -> nn.Sequential:
    net = nn.Sequential()
    net.add(
        nn.Conv2D(channels=4, kernel_size=5, activation="relu"),
        nn.MaxPool2D(pool_size=2, strides=2),
        nn.Conv2D(channels=8, kernel_size=3),
        nn.BatchNorm(),
        nn.Activation("relu"),
        nn.AvgPool2D(pool_size=2, strides=2),
        nn.Dense(16, activation="relu"),
        nn.Dropout(0.1),
        nn.Dense(10),
    )
    return net


def test_a_network_of_convolutions_learns_small_pictures(
    small_fashion: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    gb.mx.random.seed(1)
    train, test = gb.load_data_fashion_mnist(8)
    net = lenet()
    assert repr(net).splitlines()[1] == "  (0): Conv2D(None -> 4, kernel_size=(5, 5), Activation(relu))"
    net.initialize(force_reinit=True, ctx=gb.try_gpu(), init=init.Xavier())
    trainer = Trainer(net.collect_params(), "sgd", {"learning_rate": 0.1})
    gb.train_ch5(net, train, test, 8, trainer, gb.try_gpu(), 6)
    said = capsys.readouterr().out.splitlines()
    assert said[0] == "training on cpu(0)"
    losses = [float(line.split()[3].rstrip(",")) for line in said[1:]]
    assert len(losses) == 6
    assert losses[-1] < losses[0] / 3
    assert gb.evaluate_accuracy(test, net) > 0.7  # chance is .1


def test_pictures_as_the_first_chapter_takes_them(small_fashion: Path) -> None:
    clothes = data.vision.FashionMNIST(train=True)
    picture, label = clothes[0]
    assert (picture.shape, picture.dtype, int(label)) == ((28, 28, 1), np.uint8, 0)
    pictures, labels = clothes[0:9]
    assert (pictures.shape, labels.shape) == ((9, 28, 28, 1), (9,))
    transforms = data.vision.transforms
    made = clothes.transform_first(transforms.Compose([transforms.Resize(14), transforms.ToTensor()]))
    X, y = next(iter(data.DataLoader(made, 8, num_workers=4)))
    assert (X.shape, X.dtype, y.shape) == ((8, 1, 14, 14), np.float32, (8,))
    plain, _ = next(iter(data.DataLoader(clothes.transform_first(transforms.ToTensor()), 8)))
    np.testing.assert_array_equal(
        plain.asnumpy()[:, 0], pictures.asnumpy()[:8, ..., 0].astype(np.float32) / np.float32(255)
    )
    small = torch.tensor(pictures.asnumpy()[:1, ..., 0].astype(np.float32))[None]
    expected = functional.interpolate(small, (14, 14), mode="bilinear")[0, 0].numpy()
    np.testing.assert_allclose(X.asnumpy()[0, 0] * 255, expected, atol=0.51)  # whole numbers
