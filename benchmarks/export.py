"""The exported torch optimizer beside torch's own: one step of 100 million parameters in 200 tensors."""

from __future__ import annotations

from collections.abc import Callable

import torch
from report import Row, Section, Target
from rich.progress import Progress
from timing import per_call, side_by_side

import polyak as pk

TENSORS, NUMBERS = 200, 500_000
LR, MOMENTUM = 1e-3, 0.9
ALLOWED = 1.05  # times torch's own


def measure(progress: Progress, rounds: int = 15) -> Section:
    """Heavy ball with the lr outside the velocity, which is what `torch.optim.SGD(momentum=...)` computes."""
    ours, theirs = "polyak, `pk.to_torch(pk.HeavyBall(...))`", "torch.optim.SGD(momentum, foreach=True)"
    rule = pk.HeavyBall(lr=LR, momentum=MOMENTUM, lr_in_velocity=False)
    makes: dict[str, Callable[[list[torch.nn.Parameter]], torch.optim.Optimizer]] = {
        ours: pk.to_torch(rule),
        theirs: lambda params: torch.optim.SGD(params, lr=LR, momentum=MOMENTUM, foreach=True),
        "polyak, lr inside the velocity": pk.to_torch(pk.HeavyBall(lr=LR, momentum=MOMENTUM)),
        "torch.optim.SGD(momentum, fused=True)": lambda params: torch.optim.SGD(
            params, lr=LR, momentum=MOMENTUM, fused=True
        ),
    }
    moved = {name: _moved(make) for name, make in makes.items()}
    for path in moved.values():
        torch.testing.assert_close(path, moved[theirs], rtol=1e-6, atol=1e-7)
    grads = [torch.randn(NUMBERS) for _ in range(TENSORS)]  # the same memory for all: 2.8 GB in place of 4
    samples = {name: per_call(_optimizer(make, grads).step) for name, make in makes.items()}
    timings = side_by_side("export", samples, rounds, progress)
    ratio = timings[ours].median / timings[theirs].median
    return Section(
        f"Export to torch: a step of {TENSORS * NUMBERS // 10**6} million float32 parameters in {TENSORS} tensors, CPU",
        "ms",
        tuple(Row(name, timing) for name, timing in timings.items()),
        reference=theirs,
        targets=(
            Target(f"at most {ALLOWED} times torch's foreach path", f"{ratio:.2f} times", ratio <= ALLOWED),
        ),
    )


def _optimizer(
    make: Callable[..., torch.optim.Optimizer], grads: list[torch.Tensor]
) -> torch.optim.Optimizer:
    params = [torch.nn.Parameter(torch.ones_like(g)) for g in grads]
    for x, g in zip(params, grads, strict=True):
        x.grad = g
    return make(params)


def _moved(make: Callable[..., torch.optim.Optimizer]) -> torch.Tensor:
    """Where three steps go, with gradients that are the parameters: what is timed does the job."""
    params = [torch.nn.Parameter(torch.linspace(-1, 1, 7)), torch.nn.Parameter(torch.linspace(1, 2, 300_000))]
    optimizer = make(params)
    for _ in range(3):
        for x in params:
            x.grad = x.detach().clone()
        optimizer.step()
    return torch.cat([x.detach() for x in params])
