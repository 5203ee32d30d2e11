"""The later editions' linear regression: its losses are those of a second path through NumPy from the same seed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from polyak.book.d2l import epochs, regression
from polyak.ground.errors import PolyakError

torch = pytest.importorskip("torch")


@pytest.fixture(autouse=True)
def figures_closed() -> Iterator[None]:
    yield
    from matplotlib import pyplot

    pyplot.close("all")


def momentum(params: Any, states: Any, hyperparams: Any) -> None:
    """A page's own rule, as the later editions write it."""
    for p, v in zip(params, states, strict=True):
        with torch.no_grad():
            v[:] = hyperparams["momentum"] * v + p.grad
            p[:] -= hyperparams["lr"] * v
        p.grad.data.zero_()


def batches(seed: int, rows: int = 60, batch_size: int = 20) -> Any:
    generator = np.random.default_rng(seed)
    X = torch.from_numpy(generator.normal(size=(rows, 3)).astype(np.float32))
    y = torch.from_numpy(generator.normal(size=rows).astype(np.float32))
    return regression.load_array((X, y), batch_size)


def test_the_losses_of_a_pages_rule_are_those_of_plain_numbers(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(epochs, "RECORDED_ROWS", 40)
    hyperparams = {"lr": 0.1, "momentum": 0.5}
    torch.manual_seed(5)
    states = [torch.zeros(3, 1), torch.zeros(1)]
    seconds, losses = regression.train_ch11(momentum, states, hyperparams, batches(1), 3, num_epochs=4)
    torch.manual_seed(5)
    expected = _by_hand(batches(1), 4)
    assert len(losses) == len(seconds) == len(expected) == 6
    np.testing.assert_allclose(losses, expected, rtol=2e-5)
    assert f"loss: {losses[-1]:.3f}" in capsys.readouterr().out
    assert abs(losses[-1] - losses[0]) > 1e-3


def _by_hand(data: Any, epochs: int) -> list[float]:
    """w first, a shuffle an epoch, a pass over the rows for each recorded loss: in float64."""
    w = torch.normal(0.0, 0.01, (3, 1)).double().numpy()
    b, velocities = np.zeros(1), [np.zeros((3, 1)), np.zeros(1)]
    losses, seen = [], 0
    for _ in range(epochs):
        for X, y in data:
            rows, labels = X.double().numpy(), y.double().numpy()[:, None]
            error = rows @ w + b - labels
            gradients = [rows.T @ error / len(rows), error.mean(axis=0)]
            velocities = [0.5 * v + g for v, g in zip(velocities, gradients, strict=True)]
            w, b = w - 0.1 * velocities[0], b - 0.1 * velocities[1]
            seen += len(rows)
            if seen % 40 == 0:
                whole = [(X.double().numpy() @ w + b - y.double().numpy()[:, None]) ** 2 / 2 for X, y in data]
                losses.append(float(np.concatenate(whole).mean()))
    return losses


def test_an_optimizer_of_torchs_own_trains_without_the_half(monkeypatch: pytest.MonkeyPatch) -> None:
    """2 lr of the page's rule is lr of this one: its loss has no half in it."""
    monkeypatch.setattr(epochs, "RECORDED_ROWS", 60)
    data, _ = regression.get_data_ch11(60, 60)
    recorded: list[list[float]] = []
    for_all = regression.train_epochs

    def keep(*given: Any) -> Any:
        seconds, losses = for_all(*given)
        recorded.append(losses)
        return seconds, losses

    monkeypatch.setattr(regression, "train_epochs", keep)
    torch.manual_seed(2)
    regression.train_concise_ch11(torch.optim.SGD, {"lr": 0.05, "momentum": 0.5}, data, num_epochs=3)
    monkeypatch.setattr(torch.nn.init, "normal_", lambda weight, std: torch.nn.init.zeros_(weight))
    monkeypatch.setattr(torch, "normal", lambda **given: torch.zeros(given["size"], requires_grad=True))
    states = [torch.zeros(5, 1), torch.zeros(1)]
    regression.train_ch11(momentum, states, {"lr": 0.1, "momentum": 0.5}, data, 5, num_epochs=3)
    # The weights begin within .01 of 0, the bias of nn.Linear does not: the losses are alike and not the same.
    assert len(recorded[0]) == len(recorded[1]) == 3
    np.testing.assert_allclose(np.diff(recorded[0]), np.diff(recorded[1]), rtol=0.6)


def test_the_airfoil_data_are_standardised_and_come_in_batches() -> None:
    data, columns = regression.get_data_ch11(batch_size=100, n=1500)
    assert (columns, len(data), len(data.dataset)) == (5, 15, 1500)
    X, y = data.dataset.tensors
    assert X.shape == (1500, 5)
    assert float(X.mean(0).abs().max()) < 0.02  # the last three rows are left out
    assert float((y.std() - 1).abs()) < 0.01


def test_what_records_nothing_is_said() -> None:
    with pytest.raises(
        PolyakError, match="no loss was recorded: batches never end at a multiple of 200 rows"
    ):
        regression.train_ch11(lambda *_: None, None, {}, batches(1, rows=30), 3)


def test_small_helpers() -> None:
    w = torch.ones(2, requires_grad=True)
    (3 * w).sum().backward()
    regression.sgd([w], lr=0.5, batch_size=3)
    assert w.tolist() == [0.5, 0.5]
    assert w.grad.tolist() == [0.0, 0.0]
    assert regression.squared_loss(torch.ones(2, 1), torch.tensor([1.0, 3.0])).tolist() == [[0.0], [2.0]]
    X, y = regression.synthetic_data(torch.tensor([2.0, -3.4]), 4.2, 50)
    assert X.shape == (50, 2)
    np.testing.assert_allclose(y.flatten(), X @ torch.tensor([2.0, -3.4]) + 4.2, atol=0.06)
