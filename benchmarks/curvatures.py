"""The largest curvatures of a user's own model: Polyak beside curvlinops with SciPy (torch) and matfree (JAX)."""

from __future__ import annotations

import itertools
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import torch
from report import Row, Section, Target
from rich.progress import Progress
from sklearn.datasets import load_digits
from timing import per_call, side_by_side
from torch import nn

import polyak as pk

GRADIENT = "a gradient over the same rows"
NEAR = {1: 2e-2, 5: 1e-3}  # relative, of each value: what all must reach
ASKED = {1: 0.05, 5: 1e-3}  # of Polyak, which says it of the bound that it stops by
STEPS = {1: 7, 5: 30}  # of matfree, which does not stop by itself: enough to reach it
LARGE = 10_000_000  # parameters, whose memory is measured
ROOM = 2**31  # bytes that they may take over the model's own


def trained(*hidden: int) -> tuple[nn.Module, nn.Module, tuple[torch.Tensor, torch.Tensor]]:
    """A tanh net on digits, after 200 steps of SGD, with its loss and all rows as one batch."""
    torch.manual_seed(0)
    X, y = load_digits(return_X_y=True)
    rows = torch.tensor(X / 16, dtype=torch.float32), torch.tensor(y)
    layers = [each for a, b in itertools.pairwise((64, *hidden)) for each in (nn.Linear(a, b), nn.Tanh())]
    net, loss = nn.Sequential(*layers, nn.Linear(hidden[-1], 10)), nn.CrossEntropyLoss()
    optimizer = torch.optim.SGD(net.parameters(), lr=0.05, momentum=0.9)
    for _ in range(200):
        batch = torch.randint(0, len(y), (64,))
        optimizer.zero_grad()
        loss(net(rows[0][batch]), rows[1][batch]).backward()
        optimizer.step()
    return net, loss, rows


def in_jax(net: nn.Module, rows: tuple[torch.Tensor, torch.Tensor]) -> tuple[Callable[..., Any], Any, Any]:
    """The same net, its loss and its rows."""
    params = {name: jnp.asarray(x.detach().numpy()) for name, x in net.named_parameters()}

    def loss(p: Any, batch: Any) -> Any:
        z = jnp.tanh(batch[0] @ p["0.weight"].T + p["0.bias"]) @ p["2.weight"].T + p["2.bias"]
        return -jnp.take_along_axis(jax.nn.log_softmax(z), batch[1][:, None], 1).mean()

    return loss, params, tuple(jnp.asarray(part.numpy()) for part in rows)


def measure(progress: Progress, rounds: int = 8) -> list[Section]:
    """The largest, the largest five, and the memory of ten million parameters."""
    return [
        *(_values(top, progress, rounds) for top in (1, 5)),
        *(_in_gradients(hidden, progress, rounds) for hidden in ((32,), (256, 256))),
        _memory(progress),
    ]


def _values(top: int, progress: Progress, rounds: int) -> Section:
    net, loss, rows = trained(32)
    function, params, arrays = in_jax(net, rows)
    of_torch, of_jax = pk.model(net, loss, [rows]), pk.model(function, params, [arrays])
    accuracy, near = ASKED[top], NEAR[top]

    def gradient() -> None:
        net.zero_grad(set_to_none=True)
        loss(net(rows[0]), rows[1]).backward()

    def ours(model: Any) -> Any:
        return pk.curvature(model, top=top, accuracy=accuracy, vectors=0).values

    contenders: dict[str, Callable[[], Any]] = {
        "polyak, torch": lambda: ours(of_torch),
        "polyak, JAX": lambda: ours(of_jax),
        "curvlinops' Hessian with SciPy's eigsh, torch": _curvlinops(net, loss, rows, top),
        f"matfree, {STEPS[top]} steps of Lanczos, compiled, JAX": _matfree(
            function, params, arrays, STEPS[top]
        ),
    }
    truth = np.linalg.eigvalsh(_whole(function, params, arrays))[::-1][:top]
    off = {
        name: float(np.abs(np.asarray(call())[:top] / truth - 1).max()) for name, call in contenders.items()
    }
    if max(off.values()) > near:
        raise SystemExit(f"not the same work: {off}")
    samples = {GRADIENT: per_call(gradient), **{name: per_call(call) for name, call in contenders.items()}}
    timings = side_by_side(f"curvature, top {top}", samples, rounds, progress)
    counts = {
        name: _products(model, top, accuracy)
        for name, model in (("polyak, torch", of_torch), ("polyak, JAX", of_jax))
    }
    what = "curvature" if top == 1 else f"{top} curvatures"
    return Section(
        f"A model's largest {what}: 2,410 parameters, 1,797 rows, to {near}",
        "ms",
        tuple(Row(name, timing, _shown(off.get(name), counts.get(name))) for name, timing in timings.items()),
        reference=GRADIENT,
        shows="off by",
    )


def _in_gradients(hidden: tuple[int, ...], progress: Progress, rounds: int) -> Section:
    """The largest alone: of a net whose gradient takes no longer than what is done around a product, and of another."""
    net, loss, rows = trained(*hidden)
    model = pk.model(net, loss, [rows])

    def gradient() -> None:
        net.zero_grad(set_to_none=True)
        loss(net(rows[0]), rows[1]).backward()

    ours = "polyak, torch, the largest"
    samples = {GRADIENT: per_call(gradient), ours: per_call(lambda: pk.curvature(model))}
    timings = side_by_side(
        f"curvature in gradients, {model.bridge.size:,} parameters", samples, rounds, progress
    )
    ratio = timings[ours].median / timings[GRADIENT].median
    shown = f"{pk.curvature(model).products} products"
    return Section(
        f"A model's largest curvature: {model.bridge.size:,} parameters, 1,797 rows",
        "ms",
        tuple(Row(name, timing, shown if name == ours else "") for name, timing in timings.items()),
        reference=GRADIENT,
        shows="took",
        targets=(Target("at most 15 gradients", f"{ratio:.1f}", ratio <= 15),),
    )


def _shown(off: float | None, products: int | None) -> str:
    return "" if off is None else f"{off:.0e}" + (f", {products} products" if products else "")


def _products(model: Any, top: int, accuracy: float) -> int:
    return pk.curvature(model, top=top, accuracy=accuracy, vectors=0).products


def _curvlinops(net: nn.Module, loss: nn.Module, rows: Any, top: int) -> Callable[[], Any]:
    from curvlinops import HessianLinearOperator
    from scipy.sparse.linalg import eigsh

    params = list(net.parameters())
    operator = HessianLinearOperator(net, loss, params, [rows], check_deterministic=False)
    return lambda: eigsh(operator.to_scipy(), k=top, which="LA", tol=NEAR[top], return_eigenvectors=False)[
        ::-1
    ]


def _matfree(loss: Callable[..., Any], params: Any, rows: Any, steps: int) -> Callable[[], Any]:
    from matfree import decomp

    flat, unravel = jax.flatten_util.ravel_pytree(params)
    lanczos = decomp.tridiag_sym(steps, reortho="full")

    @jax.jit
    def values(x: Any, v: Any) -> Any:
        def product(u: Any) -> Any:
            return jax.jvp(jax.grad(lambda z: loss(unravel(z), rows)), (x,), (u,))[1]

        found = lanczos(product, v)
        return jnp.linalg.eigvalsh(found.J_small)[::-1]

    generator = np.random.default_rng(0)
    return lambda: np.asarray(values(flat, jnp.asarray(generator.normal(size=len(flat)), dtype=jnp.float32)))


def _whole(loss: Callable[..., Any], params: Any, rows: Any) -> Any:
    flat, unravel = jax.flatten_util.ravel_pytree(params)
    H = np.asarray(jax.hessian(lambda x: loss(unravel(x), rows))(flat), dtype=np.float64)
    return (H + H.T) / 2


def _memory(progress: Progress) -> Section:
    """The peak of a process that takes a gradient, and of one that takes the five largest curvatures as well."""
    from timing import Timing

    task = progress.add_task("memory of ten million parameters", total=2)
    rows = []
    for name, what in (("a gradient", "gradient"), ("polyak, torch, the largest five", "curvature")):
        out = subprocess.run(
            [sys.executable, str(Path(__file__)), what], check=True, capture_output=True, text=True
        ).stdout.split()
        rows.append((name, float(out[0]), int(out[1]), " ".join(out[2:])))
        progress.advance(task)
    over = rows[1][2] - rows[0][2]
    return Section(
        "Ten million parameters: a process's time and its peak of memory",
        "s",
        tuple(
            Row(name, Timing((seconds,)), f"{peak / 2**30:.2f} GiB{said and f', {said}'}")
            for name, seconds, peak, said in rows
        ),
        reference="a gradient",
        shows="peak",
        targets=(Target("under 2 GiB over the model's own", f"{over / 2**30:.2f} GiB", over < ROOM),),
    )


def _large(what: str) -> None:
    """In a process of its own: seconds, peak in bytes, products."""
    import time

    torch.manual_seed(0)
    width = 3150
    net = nn.Sequential(
        nn.Linear(25, width), nn.Tanh(), nn.Linear(width, width), nn.Tanh(), nn.Linear(width, 10)
    )
    loss, batch = nn.CrossEntropyLoss(), (torch.randn(64, 25), torch.randint(0, 10, (64,)))
    loss(net(batch[0]), batch[1]).backward()
    start, said = time.perf_counter(), ""
    if what == "curvature":
        c = pk.curvature(pk.model(net, loss, [batch]), top=5, accuracy=NEAR[5], vectors=0)
        said = f"{c.size:,} parameters, {c.products} products, errors at most {c.errors.max() / c.top:.0e}"
    else:
        net.zero_grad()
        loss(net(batch[0]), batch[1]).backward()
    taken = time.perf_counter() - start
    status = Path("/proc/self/status").read_text()  # of this program alone; getrusage counts its parent's too
    print(taken, int(status.partition("VmHWM:")[2].split()[0]) * 1024, said)


if __name__ == "__main__":
    _large(sys.argv[1])
