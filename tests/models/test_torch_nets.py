"""Products on nets that are hard to differentiate twice, against differences of `loss.backward()` in float64."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

import polyak as pk

H = 1e-4  # of the central difference, whose error is about H^2 = 1e-8, of numbers near 1


class Attention(nn.Module):
    """An embedding tied to the last layer, torch's own attention between them."""

    def __init__(self) -> None:
        super().__init__()
        self.embedding = nn.Embedding(11, 8)
        self.attention = nn.MultiheadAttention(8, 2, batch_first=True)
        self.last = nn.Linear(8, 11, bias=False)
        self.last.weight = self.embedding.weight

    def forward(self, tokens: torch.Tensor) -> torch.Tensor:
        h = self.embedding(tokens)
        return self.last(h + self.attention(h, h, h, need_weights=False)[0])


class Recurrent(nn.Module):
    def __init__(self, kind: Callable[..., nn.Module]) -> None:
        super().__init__()
        self.recurrent, self.last = kind(4, 5, batch_first=True), nn.Linear(5, 2)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.last(self.recurrent(x)[0][:, -1])


class OfDicts(nn.Module):
    """A model whose batch is a dict and whose output is one, its own loss and a hidden state in it."""

    def __init__(self) -> None:
        super().__init__()
        self.net = small()

    def forward(self, inputs: torch.Tensor, labels: torch.Tensor) -> dict[str, torch.Tensor]:
        hidden = torch.tanh(self.net[0](inputs))
        scores = self.net[2](hidden)
        return {"loss": nn.functional.mse_loss(scores, labels), "hidden": hidden, "logits": scores}


def small() -> nn.Sequential:
    return nn.Sequential(nn.Linear(4, 5), nn.Tanh(), nn.Linear(5, 2))


def convolution() -> nn.Module:
    return nn.Sequential(
        nn.Conv2d(2, 3, 3),
        nn.BatchNorm2d(3),
        nn.Tanh(),
        nn.Dropout(0.3),
        nn.Flatten(),
        nn.Linear(48, 2),
    )


def frozen() -> nn.Module:
    net = small()
    net[0].weight.requires_grad_(False)
    return net


def compiled() -> nn.Module:
    net = torch.compile(small(), backend="aot_eager")
    net(torch.zeros(3, 4))  # which differentiates twice no more
    return net


def encoder() -> nn.Module:
    layer = nn.TransformerEncoderLayer(4, 2, 6, dropout=0.1, batch_first=True, activation=torch.tanh)
    return nn.Sequential(layer, nn.Linear(4, 2))


def numbers(*shape: int) -> torch.Tensor:
    return torch.from_numpy(np.random.default_rng(sum(shape)).standard_normal(shape))


def of_tokens(outputs: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    return nn.functional.cross_entropy(outputs.flatten(0, 1), targets.flatten())


def of_dicts(key: str, net: Callable[..., Any], batch: dict[str, torch.Tensor]) -> torch.Tensor:
    out = net(**batch)
    return out["loss"] if key == "loss" else nn.functional.mse_loss(out["logits"], batch["labels"])


def with_penalty(net: nn.Module, batch: Any) -> torch.Tensor:
    penalty = sum((x**2).sum() for x in net.parameters())
    return nn.functional.mse_loss(net(batch[0]), batch[1]) + 0.1 * penalty


TOKENS = torch.arange(12).reshape(4, 3) % 11
PLAIN = numbers(6, 4), numbers(6, 2)
DICT = {"inputs": PLAIN[0], "labels": PLAIN[1]}
NETS: dict[str, tuple[Callable[[], nn.Module], Any, Any]] = {
    "batch norm and dropout": (convolution, nn.MSELoss(), (numbers(5, 2, 6, 6), numbers(5, 2))),
    "in eval mode": (lambda: convolution().eval(), nn.MSELoss(), (numbers(5, 2, 6, 6), numbers(5, 2))),
    "attention, tied weights": (Attention, of_tokens, (TOKENS, TOKENS)),
    "attention in eval mode": (lambda: Attention().eval(), of_tokens, (TOKENS, TOKENS)),
    "encoder layer": (encoder, nn.MSELoss(), (numbers(3, 2, 4), numbers(3, 2, 2))),
    "RNN": (lambda: Recurrent(nn.RNN), nn.MSELoss(), (numbers(4, 3, 4), numbers(4, 2))),
    "LSTM": (lambda: Recurrent(nn.LSTM), nn.functional.mse_loss, (numbers(4, 3, 4), numbers(4, 2))),
    "frozen layer": (frozen, nn.MSELoss(), PLAIN),
    "DataParallel": (lambda: nn.DataParallel(small()), nn.MSELoss(), PLAIN),
    "compiled": (compiled, nn.MSELoss(), PLAIN),
    "dicts": (OfDicts, partial(of_dicts, "logits"), DICT),
    "its own loss": (OfDicts, partial(of_dicts, "loss"), DICT),
    "a penalty": (small, with_penalty, PLAIN),
}
UNSPLIT = {"its own loss": "the model computes its loss itself", "a penalty": "depends on 0.weight beside"}


def moved(net: nn.Module, v: torch.Tensor, by: float) -> None:
    start = 0
    with torch.no_grad():
        for x in net.parameters():
            if x.requires_grad:
                x.add_(by * v[start : start + x.numel()].reshape(x.shape))
                start += x.numel()


def backward(net: nn.Module, loss: Any, batch: Any) -> torch.Tensor:
    """The gradient as a training has it, from the generators' state of this moment."""
    from polyak.frameworks.torch.losses import as_loss

    state = torch.get_rng_state()
    statistics = {name: x.clone() for name, x in net.named_buffers()}
    net.zero_grad()
    with torch.compiler.set_stance("force_eager"):
        as_loss(net, loss, batch)(net, batch).backward()
    torch.set_rng_state(state)
    for name, x in net.named_buffers():
        x.copy_(statistics[name])
    found = torch.cat([x.grad.flatten() for x in net.parameters() if x.requires_grad])
    net.zero_grad()
    return found


@pytest.fixture(params=NETS)
def case(request: pytest.FixtureRequest) -> Any:
    torch.manual_seed(1)
    make, loss, batch = NETS[request.param]
    net = make().double()
    return request.param, net, loss, batch, pk.model(net, loss, [batch]).bridge


def test_the_product_with_the_hessian_is_the_derivative_of_the_gradient(case: Any) -> None:
    _, net, loss, batch, bridge = case
    assert bridge.dtype == "float64"
    assert bridge.size == sum(x.numel() for x in net.parameters() if x.requires_grad)
    v = bridge.random(np.random.default_rng(0))
    v /= v.norm()
    with bridge.on(batch) as local:
        products = [local.hessian(v), local.hessian(2 * v) / 2]
        gradient = local.gradient()
    torch.testing.assert_close(gradient, backward(net, loss, batch), rtol=1e-9, atol=1e-10)
    ends = []
    for by in (H, -H):
        moved(net, v, by)
        ends.append(backward(net, loss, batch))
        moved(net, v, -by)
    difference = (ends[0] - ends[1]) / (2 * H)
    assert difference.norm() > 1e-3
    for product in products:
        torch.testing.assert_close(product, difference, rtol=1e-5, atol=3e-7)


def test_the_outputs_have_the_derivative_of_the_outputs(case: Any) -> None:
    name, net, _, batch, bridge = case
    v = bridge.random(np.random.default_rng(0))
    v /= v.norm()
    with bridge.on(batch) as local:
        if name in UNSPLIT:
            assert not local.splits
            with pytest.raises(pk.PolyakError, match=UNSPLIT[name]):
                local.gauss_newton(v)
            return
        assert local.splits
        assert local.loss_at(local.outputs()) == pytest.approx(local.loss, rel=1e-12)
        along, again = local.forward(v), local.forward(3 * v) / 3
        u = torch.randn(along.shape, dtype=along.dtype, generator=torch.Generator().manual_seed(0))
        assert float((along * u).sum()) == pytest.approx(float(local.backward(u) @ v), rel=1e-9)
        bent = local.loss_hessian(along)
        assert float(local.gauss_newton(v) @ v) == pytest.approx(float((along * bent).sum()), rel=1e-9)
        if batch is not DICT and not isinstance(net, Attention):  # squared errors: (2 / numbers) I
            torch.testing.assert_close(bent, along * 2 / along.numel())
    ends = []
    for by in (H, -H):
        moved(net, v, by)
        with bridge.on(batch) as local:
            ends.append(local.outputs())
        moved(net, v, -by)
    torch.testing.assert_close(along, (ends[0] - ends[1]) / (2 * H), rtol=1e-5, atol=3e-7)
    torch.testing.assert_close(along, again)


def test_several_types_of_numbers_are_one_vector_in_float32() -> None:
    class Double(nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return x.double()

    torch.manual_seed(0)
    net = nn.Sequential(nn.Linear(4, 3), Double(), nn.Tanh(), nn.Linear(3, 2).double())
    batch = PLAIN[0].float(), PLAIN[1]
    bridge = pk.model(net, nn.MSELoss(), [batch]).bridge
    assert bridge.dtype == "float32"
    with bridge.on(batch) as local:
        v = bridge.random(np.random.default_rng(0))
        assert local.hessian(v).dtype == local.gauss_newton(v).dtype == torch.float32
        mixed = local.hessian(v)
    of_doubles = pk.model(net.double(), nn.MSELoss(), [PLAIN]).bridge
    with of_doubles.on(PLAIN) as local:
        torch.testing.assert_close(mixed.double(), local.hessian(v.double()), rtol=1e-4, atol=1e-6)


def test_coarse_numbers_are_said() -> None:
    net = small().to(torch.bfloat16)
    batch = PLAIN[0].to(torch.bfloat16), PLAIN[1].to(torch.bfloat16)
    model = pk.model(net, nn.MSELoss(), [batch])
    assert "train mode, bfloat16 (good to 2 digits)" in str(model)
    assert model.bridge.dtype == "float32"
    with model.bridge.on(batch) as local:
        assert local.hessian(model.bridge.random(np.random.default_rng(0))).dtype == torch.float32


def test_a_linear_loss_of_a_linear_net_has_no_curvature() -> None:
    bridge = pk.model(nn.Linear(4, 1).double(), lambda outputs, _: outputs.mean(), [PLAIN]).bridge
    with bridge.on(PLAIN) as local:
        v = bridge.random(np.random.default_rng(0))
        assert not local.hessian(v).any()
        assert not local.gauss_newton(v).any()


def test_a_dropout_s_mask_is_one_in_all_that_is_asked_of_a_batch() -> None:
    torch.manual_seed(0)
    net = nn.Sequential(nn.Dropout(0.5), nn.Linear(4, 2))
    bridge = pk.model(net, nn.MSELoss(), [(PLAIN[0].float(), PLAIN[1].float())]).bridge
    with bridge.on(bridge.first) as local:
        loss, outputs = local.loss, local.outputs()
        assert torch.equal(outputs, local.outputs())
    with bridge.on(bridge.first) as local:  # the generator is where it was
        assert local.loss == loss
    torch.rand(1)
    with bridge.on(bridge.first) as local:  # and where it was moved on, the mask is another
        assert local.loss != loss


def test_what_is_compiled_or_in_parallel_keeps_its_name() -> None:
    assert pk.model(
        nn.DataParallel(small()), nn.MSELoss(), [(torch.ones(3, 4), torch.ones(3, 2))]
    ).bridge.name == ("Sequential")
