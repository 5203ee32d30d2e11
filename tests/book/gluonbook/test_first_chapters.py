"""What the book's first chapters that train anything need of the old names."""

from __future__ import annotations

import importlib
from typing import Any

import numpy as np
import pytest

from polyak.book.gluonbook import aliases
from polyak.book.gluonbook.by_trainer import optimize
from polyak.book.gluonbook.mx import gluon, init, nd, random


def test_an_array_of_one_number_serves_as_that_number() -> None:
    """`'%f' % loss.mean().asnumpy()`, of shape (1,), which NumPy takes for no number any more."""
    one = nd.array([2.5]).asnumpy()
    said = "%.2f %d" % (one, one)  # noqa: UP031  # as the pages say it
    assert (said, float(one), repr(one)) == ("2.50 2", 2.5, "array([2.5], dtype=float32)")
    assert type(nd.array([1.0, 2.0]).asnumpy()) is np.ndarray
    with pytest.raises(TypeError):
        float(nd.array([1.0, 2.0]).asnumpy())


def test_a_number_in_an_array_of_its_own_is_written_into_an_element() -> None:
    a, b, c = nd.array([1.0, 2.0]), nd.array([[3.0], [4.0]]), nd.zeros(2)
    for i in range(2):
        c[i] = a[i] + b[i, 0]
    np.testing.assert_array_equal(c.asnumpy(), [4.0, 6.0])
    b[1, 0] = a[0] * 7
    np.testing.assert_array_equal(b.asnumpy(), [[3.0], [7.0]])
    with pytest.raises(ValueError, match="sequence"):
        c[0] = nd.array([1.0, 2.0])


def test_numbers_show_themselves_as_they_did_while_the_old_names_are_used(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    display = importlib.import_module("IPython.display")
    monkeypatch.delattr(display, "set_matplotlib_formats", raising=False)
    aliases.install()
    try:
        from mxnet import nd as old

        assert repr(old.array([2.5]).asscalar()) == "2.5"
        assert callable(display.set_matplotlib_formats)
    finally:
        aliases.uninstall()
    assert repr(np.float32(2.5)) == "np.float32(2.5)"


def test_optimize(capsys: Any, pyplot: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Losses at every 20 rows, a tenth of the learning rate from the seventh epoch on, the parameters printed."""
    monkeypatch.setattr(pyplot, "show", lambda: None)
    random.seed(0)
    X = nd.random.normal(shape=(40, 2))
    y = 2 * X[:, 0] - 3.4 * X[:, 1] + 4.2
    net = gluon.nn.Sequential()
    net.add(gluon.nn.Dense(1))
    net.initialize(init.Normal(sigma=0.01), force_reinit=True)
    trainer = gluon.Trainer(net.collect_params(), "sgd", {"learning_rate": 0.5})
    optimize(
        batch_size=10,
        trainer=trainer,
        num_epochs=8,
        decay_epoch=6,
        log_interval=20,
        features=X,
        labels=y,
        net=net,
    )
    line = pyplot.gca().lines[0]
    np.testing.assert_allclose(line.get_xdata(), np.linspace(0, 8, 1 + 8 * 2))
    assert trainer.learning_rate == pytest.approx(0.5 * 0.1**2)
    np.testing.assert_allclose(net[0].weight.data().asnumpy(), [[2, -3.4]], atol=0.02)
    said = capsys.readouterr().out
    assert said.startswith("w: \n[[")
    assert "\nb: \n[4.199989]" in said
    # The first loss is that of weights near 0: the mean of y^2 / 2.
    assert line.get_ydata()[0] == pytest.approx(float((y**2).mean().asscalar()) / 2, rel=0.05)
