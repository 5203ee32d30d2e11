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


def test_what_cannot_be_copied_is_one_line() -> None:
    with pytest.raises(pk.PolyakError, match="cannot be copied") as raised:
        pk.train("heavy_ball", pk.model(Uncopied(3, 3), ENTROPY, BATCHES), **SETTINGS)
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


def test_batch_norm_in_train_mode_goes_where_torch_goes() -> None:
    """Running statistics move in training, and what is recorded is taken in eval mode with those of the moment."""
    own = net(torch.nn.BatchNorm1d(4))
    model = pk.model(net(torch.nn.BatchNorm1d(4)), ENTROPY, BATCHES)
    history = pk.train("heavy_ball", model, epochs=2, seed=3, **SETTINGS)
    sgd, losses = torch.optim.SGD(own.parameters(), **SETTINGS), []
    for epoch in (0, 1):
        order = np.random.default_rng(np.random.SeedSequence(3, spawn_key=(1, epoch))).permutation(40)
        for rows in order.reshape(5, 8):
            sgd.zero_grad()
            ENTROPY(own(X[rows]), Y[rows]).backward()
            sgd.step()
        own.eval()
        losses.append(float(ENTROPY(own(X), Y).detach()))
        own.train()
    np.testing.assert_allclose(history.losses[0, 1:], losses, rtol=1e-5)
    trained = as_task(model).with_params({name: x[0] for name, x in history.params.items()})  # type: ignore[attr-defined]
    torch.testing.assert_close(trained[2].running_mean, own[2].running_mean)
    assert torch.equal(model.bridge.net[2].running_mean, torch.zeros(4)), "the user's own is as it was"


def test_dropout_is_drawn_by_the_seed() -> None:
    """Wherever a cell runs: alone, after others, on a plane; another seed draws another mask."""
    model = pk.model(
        net(torch.nn.Dropout(0.5)), ENTROPY, [(X, Y)]
    )  # one batch of all: only the mask is drawn
    state = torch.random.get_rng_state()
    runs = pk.train("heavy_ball", model, epochs=3, seeds=[0, 1], **SETTINGS).losses
    torch.manual_seed(77)
    alone = pk.train("heavy_ball", model, epochs=3, seed=1, **SETTINGS).losses[0]
    plane = pk.sweep(
        "heavy_ball", on=model, epochs=3, seeds=[1], record="values", momentum=0.9, lr=[0.05, 0.1]
    )
    assert runs[1].tobytes() == alone.tobytes() == plane.loss.sel(lr=0.1).values[0].tobytes()
    assert not np.allclose(runs[0, 1:], runs[1, 1:], rtol=1e-3)
    torch.random.set_rng_state(state)


def test_a_checkpoint_goes_on_with_running_statistics(tmp_path: Path) -> None:
    class KilledError(Exception):
        pass

    def killing(done: int, _total: int) -> None:
        if done == 2:
            raise KilledError

    def run(**options: Any) -> np.ndarray:
        model = pk.model(net(torch.nn.BatchNorm1d(4), torch.nn.Dropout(0.3)), ENTROPY, BATCHES)
        losses: np.ndarray = pk.train("adam", model, epochs=4, lr=0.01, **options).losses
        return losses

    file = tmp_path / "training.npz"
    with pytest.raises(KilledError):
        run(checkpoint=file, progress=killing)
    assert run(checkpoint=file).tobytes() == run().tobytes()


class Augmented(torch.utils.data.Dataset):
    """Rows that are others in each reading."""

    def __len__(self) -> int:
        return 40

    def __getitem__(self, k: int) -> tuple[torch.Tensor, torch.Tensor]:
        return X[k] + 0.1 * torch.randn(3), Y[k]


def test_a_loader_that_augments_is_read_anew_each_epoch() -> None:
    """By its own batches, its generators at the run's seed; what is recorded is over the rows of one reading."""
    seen: list[torch.Tensor] = []

    def loss(net: torch.nn.Module, batch: Any) -> torch.Tensor:
        if len(batch[0]) == 16 and torch.is_grad_enabled():
            seen.append(batch[0].clone())
        return ENTROPY(net(batch[0]), batch[1])

    loader = torch.utils.data.DataLoader(
        Augmented(), batch_size=16, shuffle=True, drop_last=True, generator=torch.Generator().manual_seed(5)
    )
    model = pk.model(net(), loss, loader)
    seen.clear()
    first = pk.train("heavy_ball", model, epochs=2, **SETTINGS)
    batches = [*seen]
    assert len(batches) == 4, "two batches an epoch: the last is dropped, as the loader is told"
    assert not torch.equal(batches[0], batches[2]), "each epoch has rows of its own"
    assert pk.train("heavy_ball", model, epochs=2, **SETTINGS).losses.tobytes() == first.losses.tobytes()
    with pytest.raises(pk.PolyakError, match="held_out= with batches of their own"):
        pk.train("heavy_ball", model, held_out=0.2, **SETTINGS)
    with pytest.raises(pk.PolyakError, match="16 rows each: expected a loader with that batch_size"):
        pk.train("heavy_ball", model, batch_size=4, **SETTINGS)


def test_a_loader_that_only_shuffles_is_drawn_from() -> None:
    data = torch.utils.data.TensorDataset(X, Y)
    task: Any = as_task(
        pk.model(net(), ENTROPY, torch.utils.data.DataLoader(data, batch_size=8, shuffle=True))
    )
    assert task.own_readings is None


class Dying(torch.nn.Sequential):
    """A net that runs out of memory where its weights are large."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        if float(next(self.parameters()).detach().abs().max()) > 5:
            raise MemoryError("no room for 3 GB")
        found: torch.Tensor = super().forward(x)
        return found


def test_a_cell_that_dies_is_data_with_its_reason(tmp_path: Path) -> None:
    def swept(**options: Any) -> Any:
        torch.manual_seed(0)
        model = pk.model(Dying(torch.nn.Linear(3, 3)), ENTROPY, BATCHES)
        return pk.sweep("gradient_descent", on=model, lr=[0.1, 1000.0], chunk=1, **options)

    plane = swept(store=tmp_path / "plane.zarr").load()
    assert plane.reason.values.tolist() == [["", "the loss fails: MemoryError: no room for 3 GB"]]
    assert np.isfinite(plane.final_loss.values[0, 0])
    assert np.isnan(plane.final_loss.values[0, 1])
    assert plane.diverged_at.values.tolist() == [[-1, -1]]
    found = pk.best(plane)
    assert (found.settings, found.died) == ({"lr": 0.1}, 1)  # type: ignore[union-attr]
    assert "1 run died: the loss fails: MemoryError" in str(found)
    assert plane.equals(swept())


def test_a_run_that_diverges_says_since_when() -> None:
    model = pk.model(torch.nn.Linear(3, 3), lambda net, batch: (net(batch[0]) ** 2).mean(), BATCHES)
    plane = pk.sweep("gradient_descent", on=model, epochs=3, lr=[0.1, 1e30])
    assert plane.reason.values[0, 1] == f"not finite from step {int(plane.diverged_at[0, 1])} on"
    assert pk.best(plane).died == 0  # type: ignore[union-attr]
