"""Products with the Hessian and the Gauss-Newton matrix of a user's own model, beside one gradient of theirs."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import torch
from report import Row, Section, Target
from rich.progress import Progress
from timing import Sample, per_call, side_by_side
from torch import nn
from torch.nn.attention import SDPBackend, sdpa_kernel

import polyak as pk

ROWS = 256
GRADIENT = "a gradient, as a training has it"
BY_HAND = "the same by hand, with nothing kept as it was"
WHOLE = "a product with the Hessian, from nothing"


class Attention(nn.Module):
    """One layer of torch's attention over 32 tokens."""

    def __init__(self) -> None:
        super().__init__()
        self.embedding, self.last = nn.Embedding(64, 128), nn.Linear(128, 64)
        self.attention = nn.MultiheadAttention(128, 4, batch_first=True)

    def forward(self, tokens: torch.Tensor) -> torch.Tensor:
        h = self.embedding(tokens)
        return self.last(h + self.attention(h, h, h, need_weights=False)[0])


def convolution(norm: bool) -> nn.Module:
    """Three layers of 3 x 3, pooled once."""
    norms = [nn.BatchNorm2d(channels) if norm else nn.Identity() for channels in (16, 32, 32)]
    last = [nn.Dropout(0.2)] if norm else []
    return nn.Sequential(
        *[nn.Conv2d(1, 16, 3, padding=1), norms[0], nn.ReLU()],
        *[nn.Conv2d(16, 32, 3, padding=1), norms[1], nn.ReLU(), nn.MaxPool2d(2)],
        *[nn.Conv2d(32, 32, 3, padding=1), norms[2], nn.ReLU(), *last, nn.Flatten(), nn.Linear(512, 10)],
    )


def of_tokens(outputs: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    return nn.functional.cross_entropy(outputs.flatten(0, 1), targets.flatten())


def nets() -> dict[str, tuple[nn.Module, Callable[..., Any], Any, float]]:
    """Each net with its loss, a batch, and how many gradients a product may cost."""
    torch.manual_seed(0)
    pixels, classes = torch.randn(ROWS, 1, 8, 8), torch.randint(0, 10, (ROWS,))
    tokens = torch.randint(0, 64, (32, 32))
    loss = nn.CrossEntropyLoss()
    mlp = nn.Sequential(nn.Linear(64, 256), nn.Tanh(), nn.Linear(256, 256), nn.Tanh(), nn.Linear(256, 10))
    return {
        "MLP 64-256-256-10": (mlp, loss, (pixels.flatten(1), classes), 3.2),
        "conv": (convolution(norm=False), loss, (pixels, classes), 3.2),
        "conv, batch norm, dropout": (convolution(norm=True), loss, (pixels, classes), 5.0),
        "nn.MultiheadAttention": (Attention(), of_tokens, (tokens, tokens), 3.2),
    }


def _turn(call: Callable[[], object]) -> Sample:
    """CPU time: the threads of two cores that others use as well wait for one another, which is no work of theirs."""
    return per_call(call, clock=time.process_time)


def measure(progress: Progress, rounds: int = 12) -> list[Section]:
    """Of each torch net, and of the MLP in JAX."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        sections = [_of_torch(what, *case, progress, rounds) for what, case in nets().items()]
    finally:
        torch.set_num_threads(threads)
    return [*sections, _of_jax(progress, rounds)]


def _of_torch(
    what: str, net: nn.Module, loss: Any, batch: Any, most: float, progress: Progress, rounds: int
) -> Section:
    bridge = pk.model(net, loss, [batch]).bridge

    def gradient() -> None:
        net.zero_grad(set_to_none=True)
        loss(net(batch[0]), batch[1]).backward()

    params = list(net.parameters())
    v = [torch.ones_like(x) for x in params]

    def by_hand() -> None:
        with sdpa_kernel(SDPBackend.MATH):
            first = torch.autograd.grad(loss(net(batch[0]), batch[1]), params, create_graph=True)
            torch.autograd.grad(first, params, v)

    return _section(f"torch, {what}", bridge, batch, gradient, by_hand, most, progress, rounds)


def _of_jax(progress: Progress, rounds: int) -> Section:
    net, _, batch, most = nets()["MLP 64-256-256-10"]
    params = {name: jnp.asarray(x.detach().numpy()) for name, x in net.named_parameters()}
    rows = tuple(np.asarray(part) for part in batch)

    def forward(p: Any, rows: Any) -> Any:
        h = jnp.tanh(rows[0] @ p["0.weight"].T + p["0.bias"])
        h = jnp.tanh(h @ p["2.weight"].T + p["2.bias"])
        return h @ p["4.weight"].T + p["4.bias"]

    def cross_entropy(z: Any, rows: Any) -> Any:
        return -jnp.take_along_axis(jax.nn.log_softmax(z), rows[1][:, None], 1).mean()

    bridge = pk.model(cross_entropy, params, [rows], forward=forward).bridge

    def whole(p: Any, rows: Any) -> Any:
        return cross_entropy(forward(p, rows), rows)

    compiled = jax.jit(jax.grad(whole))

    def gradient() -> None:
        jax.block_until_ready(compiled(params, rows))

    double = jax.jit(lambda p, rows, v: jax.jvp(lambda p: jax.grad(whole)(p, rows), (p,), (v,))[1])

    def by_hand() -> None:
        jax.block_until_ready(double(params, rows, params))

    return _section("JAX, MLP 64-256-256-10", bridge, rows, gradient, by_hand, most, progress, rounds)


def _section(
    what: str,
    bridge: Any,
    batch: Any,
    gradient: Callable[[], object],
    by_hand: Callable[[], object],
    most: float,
    progress: Progress,
    rounds: int,
) -> Section:
    v = bridge.random(np.random.default_rng(0))

    def from_nothing(product: str) -> None:
        with bridge.on(batch) as local:
            np.asarray(getattr(local, product)(v)[:1])

    def further(product: str) -> Sample:
        def turn() -> float:
            with bridge.on(batch) as kept:
                return _turn(lambda: np.asarray(getattr(kept, product)(v)[:1]))()

        return turn

    samples = {
        GRADIENT: _turn(gradient),
        WHOLE: _turn(lambda: from_nothing("hessian")),
        BY_HAND: _turn(by_hand),
        "each further one on that batch": further("hessian"),
        "a product with the Gauss-Newton matrix, from nothing": _turn(lambda: from_nothing("gauss_newton")),
        "each further such one": further("gauss_newton"),
    }
    timings = side_by_side("products", samples, rounds, progress)
    ratio = timings[WHOLE].median / timings[GRADIENT].median
    return Section(
        f"Products with a model's Hessian, CPU time: {what}, {bridge.size:,} parameters",
        "ms",
        tuple(Row(name, timing) for name, timing in timings.items()),
        reference=GRADIENT,
        targets=(Target(f"a product in at most {most} gradients", f"{ratio:.2f}", ratio <= most),),
    )
