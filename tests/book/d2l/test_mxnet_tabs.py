"""The later editions' MXNet tabs: `mx.np`, learning-rate schedulers, and helpers that step as plain numbers do."""

from __future__ import annotations

import math
import re
from pathlib import Path
from typing import Any

import numpy
import pytest

from polyak.book.d2l import mxnet as d2l
from polyak.book.gluonbook.mx import autograd, gluon, init, lr_scheduler, np, npx
from polyak.book.gluonbook.mx import random as drawn
from polyak.book.gluonbook.mx.gluon import nn

TABLE = numpy.random.default_rng(2).normal(size=(40, 6)) * [1, 2, 3, 4, 5, 6] + 7


@pytest.fixture
def airfoil(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> numpy.ndarray:
    """A small table under the name that the chapters load."""
    numpy.savetxt(tmp_path / "airfoil_self_noise.dat", TABLE, delimiter="\t")
    monkeypatch.setenv("POLYAK_DATA", str(tmp_path))
    monkeypatch.setattr("polyak.book.d2l.on_mxnet.download", lambda _: tmp_path / "airfoil_self_noise.dat")
    return TABLE


def test_np_is_numpy_on_the_old_names_arrays() -> None:
    npx.set_np()
    x = np.array([[1.0, 2.0], [3.0, 4.0]])
    plain = numpy.array([[1.0, 2.0], [3.0, 4.0]])
    for name in ("sin", "sqrt", "square", "sign", "exp", "tanh"):
        assert getattr(np, name)(x).asnumpy() == pytest.approx(getattr(numpy, name)(plain), rel=1e-6)
    assert np.dot(x, x[0]).asnumpy().tolist() == [5.0, 11.0]
    assert np.dot(2, x).asnumpy().tolist() == (2 * plain).tolist()
    assert float(np.std(x)) == pytest.approx(plain.std())
    assert np.var(x, axis=0).asnumpy() == pytest.approx(plain.var(0))
    assert np.concatenate([x, x], axis=1).shape == (2, 4)
    assert [each.tolist() for each in np.meshgrid(np.arange(2), np.arange(2))] == [
        [[0, 1], [0, 1]],
        [[0, 0], [1, 1]],
    ]
    assert np.array([1.0, 2.0]).cumsum().tolist() == [1.0, 3.0]
    assert np.cos(0.5) == pytest.approx(math.cos(0.5))  # of a plain number, a plain number
    c = np.array(0.5)
    assert float(3.0 * np.cos(c * 2.0)) == pytest.approx(3 * math.cos(1.0))
    assert f"{c:.3f} {np.ones(1):.1f}" == "0.500 1.0"
    x.attach_grad()
    with autograd.record():
        y = np.square(x).sum()
    y.backward()
    assert x.grad.tolist() == (2 * plain).tolist()
    with pytest.raises(AttributeError, match=r"mxnet\.np has no 'sqroot' here; Polyak brings: sqrt"):
        np.sqroot  # noqa: B018


def test_a_page_s_rule_steps_as_plain_numbers_do(airfoil: numpy.ndarray, capsys: Any) -> None:
    """All rows in one batch, so that nothing hangs on their order."""
    drawn.seed(4)
    w, b = drawn.normal(0.0, 0.01, (5, 1)).asnumpy().astype(float), 0.0
    drawn.seed(4)

    def momentum(params: Any, states: Any, hyperparams: dict[str, float]) -> None:
        for p, v in zip(params, states):
            v[:] = hyperparams["momentum"] * v + p.grad
            p[:] -= hyperparams["lr"] * v

    data_iter, features = d2l.get_data_ch11(batch_size=40, n=40)
    states = d2l.zeros((features, 1)), d2l.zeros(1)
    _, losses = d2l.train_ch11(momentum, states, {"lr": 0.1, "momentum": 0.5}, data_iter, features, 5)
    rows = (airfoil - airfoil.mean(0)) / airfoil.std(0)
    X, y, v, u = rows[:, :5], rows[:, 5:], numpy.zeros((5, 1)), 0.0
    for _ in range(5):
        error = X @ w + b - y
        v, u = 0.5 * v + X.T @ error / 40, 0.5 * u + float(error.mean())
        w, b = w - 0.1 * v, b - 0.1 * u
    expected = float(((X @ w + b - y) ** 2).mean() / 2)
    assert losses == pytest.approx([expected], rel=1e-5)
    assert capsys.readouterr().out.startswith(f"loss: {expected:.3f}, ")


def test_a_trainer_of_a_name_learns_them(airfoil: numpy.ndarray, capsys: Any) -> None:
    data_iter, _ = d2l.get_data_ch11(batch_size=10, n=40)
    d2l.train_concise_ch11("sgd", {"learning_rate": 0.05, "momentum": 0.5}, data_iter, 40)
    (loss,) = re.findall(r"loss: (\S+),", capsys.readouterr().out)
    rows = (airfoil - airfoil.mean(0)) / airfoil.std(0)
    X = numpy.column_stack([rows[:, :5], numpy.ones(40)])
    least = float(numpy.linalg.lstsq(X, rows[:, 5], rcond=None)[1][0]) / 80
    assert least < float(loss) + 1e-3
    assert float(loss) < 1.2 * least


def test_schedulers_are_what_their_formulas_say() -> None:
    cosine = lr_scheduler.CosineScheduler(20, warmup_steps=5, base_lr=0.3, final_lr=0.01)
    found = [cosine(k) for k in range(30)]
    assert found[:5] == pytest.approx([0.3 * k / 5 for k in range(5)])
    down = [0.01 + 0.29 * (1 + math.cos(math.pi * (k - 5) / 15)) / 2 for k in range(5, 21)]
    assert found[5:21] == pytest.approx(down)
    assert found[21:] == pytest.approx([0.01] * 9)
    poly = lr_scheduler.PolyScheduler(10, base_lr=1.0, pwr=2)
    assert [poly(k) for k in (0, 5, 10)] == pytest.approx([1.0, 0.25, 0.0])


def test_a_trainer_follows_its_scheduler(refused: Any) -> None:
    layer = nn.Dense(1, use_bias=False, in_units=1)
    layer.initialize(init.One())
    asked: list[int] = []

    def scheduler(update: int) -> float:
        asked.append(update)
        return 0.5 / update

    trainer = gluon.Trainer(layer.collect_params(), "sgd", {"lr_scheduler": scheduler})
    expected = 1.0
    for update in (1, 2, 3):
        with autograd.record():
            loss = layer(np.array([[2.0]]))
        loss.backward()
        trainer.step(1)
        expected -= 0.5 / update * 2.0
        assert float(layer.weight.data()) == pytest.approx(expected)
        assert trainer.learning_rate == pytest.approx(0.5 / update)
    assert set(asked) == {1, 2, 3}
    with refused("the learning rate is a scheduler's"):
        trainer.set_learning_rate(0.1)
    with refused("step is [3, 3]", "rising"):
        lr_scheduler.MultiFactorScheduler([3, 3])


def test_names_answer_in_a_kernel() -> None:
    from polyak.book.gluonbook import aliases

    aliases.install("mxnet")
    try:
        names: dict[str, Any] = {}
        exec(
            "from d2l import mxnet as d2l\nfrom mxnet import np, npx, lr_scheduler\nfrom mxnet.np import dot\n"
            "results = d2l.train_2d(lambda a, b, s, t: (a / 2, b / 2, 0, 0), 2)\n"
            "size = d2l.size(d2l.zeros((2, 3)))",
            names,
        )
        assert len(names["results"]) == 3
        assert names["size"] == 6
    finally:
        aliases.uninstall()
