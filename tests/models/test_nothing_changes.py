"""Whatever is asked of a model, and wherever it stops, everything of the user's is bit for bit as it was."""

from __future__ import annotations

import pickle
import random
from collections import UserDict
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

import polyak as pk


class Stateful(nn.Module):
    """It draws from every generator, counts its calls, keeps what it saw, and has buffers that are written."""

    def __init__(self) -> None:
        super().__init__()
        self.net = nn.Sequential(nn.Linear(4, 6), nn.BatchNorm1d(6), nn.Tanh(), nn.Dropout(0.2))
        self.last = nn.utils.parametrizations.spectral_norm(nn.Linear(6, 2))  # whose buffers each call writes
        self.own = torch.Generator().manual_seed(5)
        self.register_buffer("seen", torch.zeros(6))
        self.calls, self.fails = 0, ""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        self.calls += 1
        self.note = "seen"
        noise = float(np.random.normal()) + random.random() + torch.rand(1, generator=self.own).item()
        h = self.net(x + 0.01 * noise)
        self.seen += h.detach().mean(0)
        self.register_buffer("seen", self.seen + 1)
        if self.fails:
            raise {"error": RuntimeError("no"), "interrupt": KeyboardInterrupt()}[self.fails]
        return self.last(h)


class Encoded(UserDict):
    """A mapping that is no dict, as tokenizers return."""


def collate(rows: list[Any]) -> Encoded:
    return Encoded(x=torch.stack([x for x, _ in rows]), y=torch.stack([y for _, y in rows]))


@pytest.fixture
def training() -> Any:
    """A net, its optimizer and its loader in mid-training."""
    torch.manual_seed(0)
    np.random.seed(1)
    random.seed(2)
    net = Stateful()
    data = torch.utils.data.TensorDataset(torch.randn(10, 4), torch.randn(10, 2))
    loader = torch.utils.data.DataLoader(
        data, batch_size=4, shuffle=True, generator=torch.Generator().manual_seed(9)
    )
    optimizer = torch.optim.Adam(net.parameters())
    for x, y in loader:
        optimizer.zero_grad()
        nn.functional.mse_loss(net(x), y).backward()
        optimizer.step()
    return net, optimizer, loader


def everything(net: Stateful, optimizer: torch.optim.Optimizer, loader: Any) -> bytes:
    """All of it, to the last bit: what `.grad` holds too, and who is in train mode."""
    attributes = {
        name: {key: value for key, value in vars(each).items() if isinstance(value, int | str | bool)}
        for name, each in net.named_modules()
    }
    tensors = [
        *net.state_dict().items(),
        *((name, x.grad) for name, x in net.named_parameters()),
        ("own", net.own.get_state()),
        ("loader", loader.generator.get_state()),
        ("torch", torch.get_rng_state()),
    ]
    numbers = [(name, None if x is None else x.numpy().tobytes()) for name, x in tensors]
    state = np.random.get_state(legacy=False)
    others = [random.getstate(), state["state"]["key"].tobytes(), state["state"]["pos"]]
    return pickle.dumps([attributes, numbers, others, repr(optimizer.state_dict())])


def asked(model: Any) -> None:
    """All that a bridge gives."""
    bridge = model.bridge
    v = bridge.random(np.random.default_rng(0))
    for batch in bridge.batches():
        with bridge.on(batch) as local:
            assert local.splits
            local.gradient()
            local.hessian(v)
            local.gauss_newton(v)
            local.loss_at(local.outputs())
            local.loss_gradient(local.outputs())
            np.random.normal()
            torch.rand(1)
    bridge.untouched(bridge.first)


def test_all_that_is_asked(training: Any) -> None:
    net, optimizer, loader = training
    kept = {name: id(x) for name, x in [*net.named_parameters(), *net.named_buffers()]}
    before = everything(net, optimizer, loader)
    asked(pk.model(net, nn.MSELoss(), loader))
    assert everything(net, optimizer, loader) == before
    assert {name: id(x) for name, x in [*net.named_parameters(), *net.named_buffers()]} == kept


def test_what_changes_a_net_is_seen(training: Any) -> None:
    """So that the tests here can fail."""
    before = everything(*training)
    training[0](torch.ones(3, 4))
    assert everything(*training) != before


@pytest.mark.parametrize("how", ["error", "interrupt"])
def test_it_stops_in_the_forward_pass(training: Any, how: str) -> None:
    net = training[0]
    bridge = pk.model(net, nn.MSELoss(), training[2]).bridge
    net.fails = how
    before = everything(*training)
    expected = pk.PolyakError if how == "error" else KeyboardInterrupt
    with pytest.raises(expected), bridge.on(bridge.first):
        raise AssertionError
    with pytest.raises(expected):
        pk.model(net, nn.MSELoss(), training[2])
    assert everything(*training) == before
    assert not net._forward_hooks


@pytest.mark.parametrize("raised", [ZeroDivisionError, KeyboardInterrupt])
def test_it_stops_between_two_products(training: Any, raised: type[BaseException]) -> None:
    bridge = pk.model(training[0], nn.MSELoss(), training[2]).bridge
    v = bridge.random(np.random.default_rng(0))
    before = everything(*training)

    def broken() -> None:
        for batch in bridge.batches():
            with bridge.on(batch) as local:
                local.hessian(v)
                raise raised

    with pytest.raises(raised):
        broken()
    assert everything(*training) == before
    with bridge.on(bridge.first) as local:
        pass
    with pytest.raises(pk.PolyakError, match="inside `with"):
        local.gauss_newton(v)


def test_it_stops_in_the_backward_pass(training: Any) -> None:
    class Stop(torch.autograd.Function):
        @staticmethod
        def forward(context: Any, x: torch.Tensor) -> torch.Tensor:
            return x.clone()

        @staticmethod
        def backward(context: Any, g: torch.Tensor) -> torch.Tensor:
            raise KeyboardInterrupt

    bridge = pk.model(training[0], nn.MSELoss(), training[2]).bridge
    before = everything(*training)
    bridge._loss = lambda net, batch: Stop.apply(nn.functional.mse_loss(net(batch[0]), batch[1]))
    with bridge.on(bridge.first) as local, pytest.raises(KeyboardInterrupt):
        local.hessian(bridge.random(np.random.default_rng(0)))
    assert everything(*training) == before


def test_a_net_that_only_the_loss_knows(training: Any) -> None:
    """A critic in train mode, which nobody has named."""
    critic = Stateful()
    own = [x.clone() for x in critic.buffers()]

    def loss(net: Any, batch: Any) -> torch.Tensor:
        return critic(torch.cat([net(batch[0]), batch[1]], 1)).square().mean()

    before = everything(*training)
    model = pk.model(training[0], loss, training[2])
    asked(model)
    assert everything(*training) == before
    assert all(torch.equal(x, y) for x, y in zip(critic.buffers(), own, strict=True))
    assert critic.calls == 0
    assert critic.own.get_state().equal(torch.Generator().manual_seed(5).get_state())


def test_hooks_on_gradients_are_not_run_and_stay(batch: Any, net: nn.Module) -> None:
    """A gradient that a hook clips is another's than the loss's; whoever logs by a hook logs nothing of ours."""
    bridge = pk.model(net, nn.CrossEntropyLoss(), [batch]).bridge
    v = bridge.random(np.random.default_rng(0))
    with bridge.on(batch) as local:
        expected = local.gradient(), local.hessian(v)
    calls = []
    handles = [
        net[0].weight.register_hook(lambda g: calls.append(1) or 10 * g),
        net[2].register_full_backward_hook(lambda *_: calls.append(1)),
    ]
    with bridge.on(batch) as local:
        assert torch.equal(local.gradient(), expected[0])
        assert torch.equal(local.hessian(v), expected[1])
    assert not calls
    nn.functional.cross_entropy(net(batch[0]), batch[1]).backward()
    assert len(calls) == 2
    for handle in handles:
        handle.remove()
    net[0].weight.grad = None
    nn.functional.cross_entropy(net(batch[0]), batch[1]).backward()
    assert len(calls) == 2


def test_in_eval_mode_and_without_gradients(training: Any) -> None:
    net = training[0]
    net.net.eval()
    before = everything(*training)
    with torch.no_grad():
        model = pk.model(net, nn.MSELoss(), training[2])
        asked(model)
        assert not torch.is_grad_enabled()
    assert model.bridge.mode == "train and eval mode mixed"
    assert everything(*training) == before


def test_a_shuffling_loader_is_read_in_the_same_order_and_goes_on_as_it_would_have(training: Any) -> None:
    loader = training[2]
    bridge = pk.model(training[0], nn.MSELoss(), loader).bridge
    orders = [torch.cat([x for x, _ in bridge.batches()]) for _ in range(2)]
    assert torch.equal(*orders)
    assert torch.equal(torch.cat([x for x, _ in loader]), orders[0])
    assert not torch.equal(torch.cat([x for x, _ in loader]), orders[0])


def test_a_loader_with_workers_and_batches_of_other_sizes_and_kinds() -> None:
    data = torch.utils.data.TensorDataset(torch.randn(7, 4), torch.randn(7, 2))
    net = nn.Linear(4, 2)
    for workers in (0, 1):
        loader = torch.utils.data.DataLoader(
            data, batch_size=3, shuffle=True, num_workers=workers, collate_fn=collate
        )
        state = torch.get_rng_state()
        model = pk.model(net, lambda net, b: nn.functional.mse_loss(net(b["x"]), b["y"]), loader)
        orders = [torch.cat([batch["x"] for batch in model.bridge.batches()]) for _ in range(2)]
        assert torch.equal(*orders)
        assert torch.equal(torch.get_rng_state(), state)
        assert model.rows == 7
        assert [model.bridge.rows(batch) for batch in model.bridge.batches()] == [3, 3, 1]
    dropped = torch.utils.data.DataLoader(data, batch_size=3, drop_last=True)
    assert pk.model(nn.Linear(4, 2), nn.MSELoss(), dropped).rows == 6
    some = torch.utils.data.DataLoader(data, batch_size=3, sampler=[1, 2, 4, 0])
    assert pk.model(nn.Linear(4, 2), nn.MSELoss(), some).rows == 4


@pytest.mark.parametrize("generator", [np.random.default_rng(3), random.Random(3), np.random.RandomState(3)])
def test_a_loader_s_own_generator_is_put_back(generator: Any) -> None:
    draw: Callable[[], float] = getattr(generator, "standard_normal", None) or generator.random

    class Loader:
        def __init__(self) -> None:
            self.generator = generator

        def __iter__(self) -> Any:
            for _ in range(2):
                yield torch.full((2, 4), float(draw()), dtype=torch.float64), torch.zeros(2, 2).double()

    loader = Loader()
    bridge = pk.model(nn.Linear(4, 2).double(), nn.MSELoss(), loader).bridge
    first = [float(x[0, 0]) for x, _ in bridge.batches()]
    assert first == [float(x[0, 0]) for x, _ in bridge.batches()]
    assert first == [float(draw()) for _ in range(2)]
