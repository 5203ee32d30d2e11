"""A watch on real torch trainings: it changes nothing, sees the sharpness, warns, stops rather than harms, goes on."""

from __future__ import annotations

import copy
import errno
import logging
import sys
import warnings
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

import polyak as pk
import stages
from polyak.diagnose import Watch
from polyak.diagnose.watch.budget import Budget
from polyak.diagnose.watch.store import Store
from polyak.frameworks.torch.live import TorchLive

LOSS = nn.CrossEntropyLoss()


def trained(net: nn.Module, optimizer: torch.optim.Optimizer, steps: int, watch: Any = None) -> list[float]:
    """A training as a user writes it: the losses; torch's generator is drawn from by dropout and by the batches."""
    torch.manual_seed(3)
    x, y = stages.digits()
    images = isinstance(net[0], nn.Conv2d)
    losses = []
    for _ in range(steps):
        some = torch.randint(0, len(y), (16,))
        batch = (x[some].view(-1, 1, 8, 8) if images else x[some]), y[some]
        optimizer.zero_grad()
        loss = LOSS(net(batch[0]), batch[1])
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
        if watch is not None:
            watch.step(batch, loss=loss)
    return losses


def one_batch(images: bool = False) -> tuple[torch.Tensor, torch.Tensor]:
    x, y = stages.digits()
    return (x[:16].view(-1, 1, 8, 8) if images else x[:16]), y[:16]


def test_a_watched_training_is_the_training(tmp_path: Path) -> None:
    """Bit for bit: parameters, buffers, the optimizer's state, the generator, with dropout, batch norm and AdamW."""
    ends = []
    for watched in (False, True):
        net = stages.convolutional(1)
        optimizer = torch.optim.AdamW(net.parameters(), lr=1e-3)
        watch = None
        if watched:
            model = pk.model(net, LOSS, [one_batch(images=True)])
            watch = pk.watch(optimizer, model, every=5, store=tmp_path / "run.zarr", most_time=1)
        losses = trained(net, optimizer, 12, watch)
        if watch is not None:
            watch.close()
            assert len(watch.watched.readings["step"]) == 3
            share = watch.watched.readings["share"]
            assert np.isnan(share[0])  # the first batch begins the vector, and is not read along it
            assert np.isfinite(share[1:]).all()
        ends.append((losses, copy.deepcopy(net.state_dict()), optimizer.state_dict(), torch.get_rng_state()))
        assert not optimizer._optimizer_step_post_hooks
    (losses, net_state, state, drawn), (losses_too, net_too, state_too, drawn_too) = ends
    assert losses == losses_too
    assert all(torch.equal(net_state[name], net_too[name]) for name in net_state)
    for k, held in state["state"].items():
        assert all(torch.equal(value, state_too["state"][k][name]) for name, value in held.items())
    assert torch.equal(drawn, drawn_too)


@pytest.mark.parametrize("rule", ["heavy ball", "Adam"])
def test_its_share_is_that_of_the_edge(rule: str) -> None:
    """All rows in a batch: the carried vector comes to the top, and the share is what `stability` says of it."""
    net = stages.perceptron(2)
    optimizer: torch.optim.Optimizer = (
        stages.sgd(net, 0.05, 0.8) if rule == "heavy ball" else torch.optim.Adam(net.parameters(), lr=1e-3)
    )
    training = stages.Training(
        partial(Watch, most_time=1), net, optimizer, stages.drawn(512), loss=stages.squared, every=2
    )
    training.run(61)
    found = pk.stability(optimizer, training.model, batch_size=512)
    share = training.watched.reading("share")[-1]
    # the reading was a step before, and power iteration lags behind
    assert share == pytest.approx(1 / found.full_batch, rel=0.03)


def test_it_tells_whoever_logs(capsys: pytest.CaptureFixture[str]) -> None:
    class Writer:
        def __init__(self) -> None:
            self.seen: list[tuple[str, float, int]] = []

        def add_scalar(self, name: str, value: float, step: int) -> None:
            self.seen.append((name, value, step))

    said: list[dict[str, float]] = []
    writer = Writer()
    for log in (said.append, writer):
        net = stages.perceptron()
        optimizer = stages.sgd(net, 0.05)
        with pk.watch(optimizer, pk.model(net, LOSS, [one_batch()]), every=4, log=log, most_time=1) as watch:
            trained(net, optimizer, 8, watch)
    assert [each["step"] for each in said] == [1, 4, 8]
    assert {"share", "lr", "momentum", "gradient_norm", "loss"} <= set(said[-1])
    assert ("polyak/lr", 0.05, 8) in writer.seen


def test_a_log_that_fails_is_one_warning() -> None:
    net = stages.perceptron()
    optimizer = stages.sgd(net, 0.05)

    def log(_: object) -> None:
        raise OSError("no network")

    watch = pk.watch(optimizer, pk.model(net, LOSS, [one_batch()]), every=2, log=log, most_time=1)
    with pytest.warns(UserWarning, match="log= fails and is not called again: OSError: no network"):
        trained(net, optimizer, 6, watch)
    assert not watch.stopped
    watch.close()


def test_a_training_goes_on_in_the_same_store(tmp_path: Path) -> None:
    net, store = stages.perceptron(), tmp_path / "run.zarr"
    optimizer = stages.sgd(net, 0.05)
    model = pk.model(net, LOSS, [one_batch()])
    with pk.watch(optimizer, model, every=4, store=store) as watch:
        trained(net, optimizer, 10, watch)
    with pk.watch(optimizer, model, every=4, store=store) as watch:
        trained(net, optimizer, 10, watch)
    whole = pk.Watched.open(store)
    assert whole.steps["step"].tolist() == list(range(1, 21))
    assert [event.kind for event in whole.events if event.kind != "put off"] == ["began", "resumed"]
    assert pk.explain(store).watched.last_step == pk.explain(watch).watched.last_step == 20


def test_a_store_of_another_seed_or_of_a_run_begun_again_is_refused(tmp_path: Path, refused: Any) -> None:
    store, kept = tmp_path / "run.zarr", {}
    for seed in (0, 1, 0):
        net = stages.perceptron(seed)
        optimizer, model = stages.sgd(net, 0.05), pk.model(net, LOSS, [one_batch()])
        if not kept:
            with pk.watch(optimizer, model, every=4, store=store) as watch:
                for _ in range(4):
                    trained(net, optimizer, 10, watch)
                    watch.flush()
                    kept = kept or copy.deepcopy(net.state_dict())
        elif seed:
            with refused("run.zarr holds another run, of other initial parameters", "a store of its own"):
                pk.watch(optimizer, model, store=store)
        else:
            with refused("run.zarr holds a run that began where this one does and went on"):
                pk.watch(optimizer, model, store=store)
            net.load_state_dict(kept)  # an older checkpoint than the store's end
            pk.watch(optimizer, model, store=store).close()


def test_readings_hold_the_noise_the_age_of_the_velocity_and_clipping() -> None:
    clipped = {}
    for clip in (None, 0.01):
        net = stages.perceptron()
        training = stages.Training(
            partial(Watch, most_time=1), net, stages.sgd(net, 0.02), stages.drawn(64), clip=clip, every=20
        )
        seen = training.run(120).watched
        clipped[clip] = seen.reading("clipped")
        traces, ages = seen.reading("trace_sigma"), seen.reading("older_share")
        assert len(traces) == 2  # at every fourth reading
        assert len(ages) == 6
    assert (clipped[None] == 0).all()
    assert (clipped[0.01] == 1).all()
    assert ((ages > 0) & (ages < 1)).all()
    x, y = stages.digits()
    each = torch.func.vmap(torch.func.grad(per_row(net)), in_dims=(None, 0, 0))(
        dict(net.named_parameters()), x, y
    )
    rows = torch.cat([g.detach().flatten(1) for g in each.values()], 1)
    truth = float(rows.var(0).sum())
    assert traces[-1] == pytest.approx(truth, rel=0.6)  # one pair of batches, some steps before


def per_row(net: nn.Module) -> Any:
    def loss(params: Any, x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
        return LOSS(torch.func.functional_call(net, params, x[None]), y[None])

    return loss


def test_a_full_disk_is_one_warning_and_the_training_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    net, store = stages.perceptron(), tmp_path / "run.zarr"
    optimizer = stages.sgd(net, 0.05)
    watch = pk.watch(optimizer, pk.model(net, LOSS, [one_batch()]), every=4, store=store)
    trained(net, optimizer, 8, watch)
    watch.flush()
    written = Store._put

    def full(self: Store, name: str, k: int, numbers: Any) -> None:
        if name == "marks":  # the others still found room
            raise OSError(errno.ENOSPC, "No space left on device")
        written(self, name, k, numbers)

    monkeypatch.setattr(Store, "_put", full)
    monkeypatch.setattr(sys.modules[Watch.__module__], "ROWS", 4)  # a piece at every fourth step
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        losses = trained(net, optimizer, 12, watch)
    (line,) = [str(each.message) for each in seen]
    assert line.startswith("the watch stops at step 12, the training goes on: ")
    assert "No space left on device" in line
    assert len(losses) == 12
    monkeypatch.undo()
    assert pk.Watched.open(store).last_step == 8  # all up to its last whole piece
    pk.watch(optimizer, pk.model(net, LOSS, [one_batch()]), store=store).close()  # its lock was given back


def test_a_step_it_cannot_understand_stops_it_alone() -> None:
    net = stages.perceptron()
    optimizer = stages.sgd(net, 0.05)
    model = pk.model(net, LOSS, [one_batch()])
    with pytest.warns(UserWarning, match="the watched optimizer has taken no step yet"):
        pk.watch(optimizer, model).step(one_batch())
    watch = pk.watch(optimizer, model)
    trained(net, optimizer, 1, watch)
    other = stages.sgd(net, 0.05)
    with pytest.warns(UserWarning, match="moved without a step of the watched optimizer: was it replaced"):
        trained(net, other, 2, watch)
    assert watch.stopped
    watch = pk.watch(optimizer, model, every=2)
    optimizer.step()
    with pytest.warns(UserWarning, match="the watch stops at step 1, the training goes on"):
        watch.step((torch.ones(16, 3), one_batch()[1]))
    watch = pk.watch(optimizer, model)  # stopped, so another may begin
    watch.close()


def test_warnings_that_are_errors_do_not_end_a_training(caplog: pytest.LogCaptureFixture) -> None:
    net = stages.perceptron()
    optimizer = stages.sgd(net, 0.05)
    watch = pk.watch(optimizer, pk.model(net, LOSS, [one_batch()]))
    with caplog.at_level(logging.WARNING, "polyak"):
        watch.step(one_batch())  # before any step; the suite's warnings are errors
    assert "has taken no step yet" in caplog.text


def test_a_batch_that_is_not_finite_is_warned_of_once() -> None:
    net = stages.perceptron()
    optimizer = stages.sgd(net, 0.05)
    watch = pk.watch(optimizer, pk.model(net, LOSS, [one_batch()]), every=50, most_time=1)
    x, y = one_batch()
    broken = x.clone()
    broken[0, 0] = torch.nan
    trained(net, optimizer, 2, watch)
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        for _ in range(3):
            optimizer.zero_grad()
            LOSS(net(broken), y).backward()
            optimizer.step()
            watch.step((broken, y))
    assert len(seen) == 1
    assert str(seen[0].message) == "step 3: the batch holds nan or infinite numbers"
    assert [event.step for event in watch.watched.warnings] == [3]
    watch.close()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"model": nn.Linear(2, 1)}, "a watch of a Linear, expected pk.model"),
        ({"optimizer": "sgd"}, "a watch of a str on a torch model, expected a torch.optim optimizer"),
        ({"every": 1}, "every is 1, expected"),
        ({"most_time": 0}, "most_time is 0, expected a share"),
        ({"log": 3}, "log is a int, expected a function of a dict"),
    ],
)
def test_what_cannot_be_watched(refused: Any, change: dict[str, Any], words: str) -> None:
    net = stages.perceptron()
    given = {"optimizer": stages.sgd(net, 0.1), "model": pk.model(net, LOSS, [one_batch()]), **change}
    with refused(words):
        pk.watch(given.pop("optimizer"), given.pop("model"), **given)


def test_one_watch_an_optimizer_and_only_of_its_model(refused: Any) -> None:
    net, other = stages.perceptron(), stages.perceptron(1)
    optimizer = stages.sgd(net, 0.1)
    with refused("optimizer", "parameters"):
        pk.watch(optimizer, pk.model(other, LOSS, [one_batch()]))
    model = pk.model(net, LOSS, [one_batch()])
    watch = pk.watch(optimizer, model)
    with refused("watched already: close() that watch first"):
        pk.watch(optimizer, model)
    watch.close()
    pk.watch(optimizer, model).close()


def test_a_store_of_another_run_is_refused_and_nothing_is_left_behind(tmp_path: Path, refused: Any) -> None:
    net, other = stages.perceptron(), stages.rectified()
    optimizer, store = stages.sgd(net, 0.05), tmp_path / "run.zarr"
    model = pk.model(net, LOSS, [one_batch()])
    with pk.watch(optimizer, model, store=store) as watch:
        trained(net, optimizer, 2, watch)
    for again, its in ((stages.sgd(other, 0.05), other), (torch.optim.Adam(net.parameters()), net)):
        with refused("run.zarr holds another run", "expected a store of its own"):
            pk.watch(again, pk.model(its, LOSS, [one_batch()]), store=store)
        assert not again._optimizer_step_post_hooks
    pk.watch(optimizer, model, store=store).close()  # the lock was given back


def test_the_first_reading_in_batches_waits_for_rows_it_was_not_begun_on() -> None:
    """A top that was chosen on 16 rows is too steep on them: no sharpness is read there."""
    net = stages.perceptron()
    optimizer = stages.sgd(net, 0.01)
    model = pk.model(net, LOSS, [one_batch()] * 32)
    with pk.watch(optimizer, model, every=2, most_time=1) as watch:
        trained(net, optimizer, 80, watch)
    sharpness = watch.watched.readings["sharpness"]
    assert np.isnan(sharpness[0])
    x, y = stages.digits()
    truth = pk.curvature(pk.model(net, LOSS, [(x, y)]), accuracy=1e-3).top
    assert sharpness[-1] == pytest.approx(truth, rel=0.4)  # in the mean of eight readings of 16 rows


@pytest.mark.parametrize(("of", "read"), [("rows", 32), ("batch norm", 64), ("pairs", 64)])
def test_a_part_of_a_batch_is_read_where_its_rows_are_on_their_own(of: str, read: int) -> None:
    """A mean over rows is, dropout or not; batch norm and a loss of pairs know of the other rows."""
    norm = nn.BatchNorm1d(8) if of == "batch norm" else nn.Dropout(0.5)
    net = nn.Sequential(nn.Linear(64, 8), norm, nn.Linear(8, 10))

    def pairs(outputs: torch.Tensor, _: torch.Tensor) -> torch.Tensor:
        return -torch.log_softmax(outputs @ outputs.T / 10, 1).diagonal().mean()

    x, y = stages.digits()
    batch = x[:64], y[:64]
    optimizer = stages.sgd(net, 0.05)
    live = TorchLive(optimizer, pk.model(net, pairs if of == "pairs" else LOSS, [batch]).bridge)
    before = copy.deepcopy(net.state_dict())
    some = live.part_of(batch, 32)
    live.close()
    assert len(some[0]) == len(some[1]) == read
    assert torch.equal(some[0], x[:read])
    assert all(module.training for module in net.modules())
    assert all(torch.equal(value, before[name]) for name, value in net.state_dict().items())


def test_what_the_beginning_took_is_paid_back_by_a_quarter_of_the_share() -> None:
    budget = Budget(0.05)
    budget.costs = {"beginning": 2.0, "curvature": 0.1}
    budget.spent, budget.training = 2.0, 1.0  # allowed so far: 2 + 0.75 * 0.05 * 1
    assert not budget.allows("curvature")
    budget.training = 4.0  # 2 + 0.15
    assert budget.allows("curvature")
    budget.spent, budget.training = 8.0, 161.0  # 8.05 of the share itself, 2 + 6.0375 with the advance
    assert not budget.allows("curvature")
    budget.training = 162.1
    assert budget.allows("curvature")
    assert budget.put_off == 2


def test_readings_of_the_curvature_wait_where_they_would_take_too_long() -> None:
    net = stages.perceptron()
    optimizer = stages.sgd(net, 0.05)
    watch = pk.watch(optimizer, pk.model(net, LOSS, [one_batch()]), every=2, most_time=1e-9)
    trained(net, optimizer, 20, watch)
    seen = watch.watched
    watch.close()
    assert len(seen.readings["step"]) == 11
    assert np.isfinite(seen.readings["gradient_norm"]).all()
    assert np.isfinite(seen.readings["share"]).sum() <= 2
