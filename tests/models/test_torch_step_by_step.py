"""A torch model in train, sweep and compare: held against torch's own loop, and killed."""

import warnings
from pathlib import Path
from typing import Any

import numpy as np
import optax
import pytest
import torch

import polyak as pk
from polyak.models.task import as_task

generator = np.random.default_rng(0)
X = torch.from_numpy(generator.standard_normal((40, 3)).astype(np.float32))
Y = torch.from_numpy(generator.integers(0, 3, 40))
BATCHES = [(X[k : k + 8], Y[k : k + 8]) for k in range(0, 40, 8)]
ENTROPY = torch.nn.CrossEntropyLoss()
SETTINGS = {"lr": 0.1, "momentum": 0.9}


def net(*more: torch.nn.Module) -> torch.nn.Sequential:
    torch.manual_seed(0)
    return torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.Tanh(), *more, torch.nn.Linear(4, 3))


@pytest.fixture(scope="module")
def model() -> Any:
    return pk.model(net(), ENTROPY, BATCHES)


def test_it_goes_where_torch_goes(model: Any) -> None:
    """Heavy ball beside torch.optim.SGD on the same rows, in the order of the seed."""
    history = pk.train("heavy_ball", model, epochs=2, seed=3, **SETTINGS)
    own = net()
    sgd = torch.optim.SGD(own.parameters(), **SETTINGS)
    losses = [float(ENTROPY(own(X), Y).detach())]
    for epoch in (0, 1):
        order = np.random.default_rng(np.random.SeedSequence(3, spawn_key=(1, epoch))).permutation(40)
        for rows in order.reshape(5, 8):
            sgd.zero_grad()
            ENTROPY(own(X[rows]), Y[rows]).backward()
            sgd.step()
        losses.append(float(ENTROPY(own(X), Y).detach()))
    np.testing.assert_allclose(history.losses[0], losses, rtol=40 * np.finfo(np.float32).eps)
    trained = as_task(model).with_params({name: x[0] for name, x in history.params.items()})  # type: ignore[attr-defined]
    for x, known in zip(trained.parameters(), own.parameters(), strict=True):
        torch.testing.assert_close(x, known, rtol=1e-5, atol=1e-6)


def test_a_cell_is_its_run_alone_bit_for_bit(model: Any) -> None:
    plane = pk.sweep("adam", on=model, held_out=0.2, measure="accuracy", seeds=2, lr=[0.01, 0.1])
    history = pk.train("adam", model, held_out=0.2, measure="accuracy", seeds=2, lr=0.1)
    cell = plane.sel(lr=0.1)
    assert cell.final_loss.values.tobytes() == history.losses[:, -1].tobytes()
    assert history.measures is not None
    assert cell.final_accuracy.values.tobytes() == history.measures[:, -1].tobytes()


def test_rules_of_every_kind_compete(model: Any) -> None:
    found = pk.compare("heavy_ball", optax.adam, on=model, budget=2, seeds=3, tuning_seeds=1, epochs=1)
    assert len(found.entries) == 2


def test_a_killed_sweep_ends_with_the_bytes_of_an_unbroken_one(tmp_path: Path) -> None:
    """Killed after its first chunk, and gone on with by a model made anew."""

    class KilledError(Exception):
        pass

    def run(store: Path, progress: Any = None) -> None:
        made = pk.model(net(), ENTROPY, BATCHES)
        pk.sweep(
            "heavy_ball",
            on=made,
            epochs=1,
            lr=[0.01, 0.1, 0.3],
            momentum=0.9,
            chunk=1,
            store=store,
            progress=progress,
        )

    def killing(done: int, _total: int) -> None:
        if done:
            raise KilledError

    run(tmp_path / "whole.zarr")
    with pytest.raises(KilledError):
        run(tmp_path / "killed.zarr", killing)
    assert np.isnan(pk.load_sweep(tmp_path / "killed.zarr").final_loss.values).any()
    run(tmp_path / "killed.zarr")
    files = [
        {path.relative_to(store): path.read_bytes() for path in store.rglob("*") if path.is_file()}
        for store in (tmp_path / "whole.zarr", tmp_path / "killed.zarr")
    ]
    assert files[0] == files[1]


def test_what_is_the_users_is_as_it_was(model: Any) -> None:
    before = {name: x.clone() for name, x in model.bridge.net.state_dict().items()}
    state = torch.random.get_rng_state()
    pk.train("heavy_ball", model, **SETTINGS)
    assert torch.equal(torch.random.get_rng_state(), state)
    assert all(torch.equal(x, before[name]) for name, x in model.bridge.net.state_dict().items())
    assert all(x.grad is None for x in model.bridge.net.parameters())


class Uncopied(torch.nn.Linear):
    def __deepcopy__(self, memo: object) -> Any:
        raise TypeError("a handle")


@pytest.mark.parametrize(
    ("made", "words"),
    [
        (lambda: net(torch.nn.BatchNorm1d(4)), "changes arrays that are not trained"),
        (lambda: net(torch.nn.Dropout(0.5)), "changes arrays that are not trained"),
        (lambda: Uncopied(3, 3), "cannot be copied"),
    ],
)
def test_what_cannot_be_trained_is_one_line(made: Any, words: str) -> None:
    with pytest.raises(pk.PolyakError, match=words) as raised:
        pk.train("heavy_ball", pk.model(made(), ENTROPY, BATCHES), **SETTINGS)
    assert "\n" not in str(raised.value)


def test_batch_norm_stands_in_eval_mode() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        history = pk.train(
            "heavy_ball",
            pk.model(net(torch.nn.BatchNorm1d(4)).eval(), ENTROPY, BATCHES),
            epochs=3,
            **SETTINGS,
        )
    assert history.losses[0, -1] < history.losses[0, 0]


def test_a_precision_that_is_not_the_nets_is_refused(model: Any) -> None:
    with pytest.raises(pk.PolyakError, match="is of float32, expected dtype=float32, not float64"):
        pk.train("heavy_ball", model, dtype="float64", **SETTINGS)
