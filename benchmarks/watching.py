"""What a watch sees, what it warns of, and what it costs.

`python benchmarks/watching.py [sharpness] [alarms] [cost] [memory] [--keep FILE]`: some eight CPU minutes in all. With
`--keep` each result is written down as it comes, and a run that was broken off goes on where it was. The models are
those of the tests (tests/shared/ramps.py), with other seeds than the alarm was made on.
"""

from __future__ import annotations

import json
import statistics
import sys
import time
import warnings
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import torch
from rich.console import Console
from rich.table import Table
from torch import nn

import polyak as pk
from polyak.diagnose import Watch

sys.path.insert(0, str(Path(__file__).parent.parent / "tests" / "shared"))
import ramps
import stages

SEEDS = range(10, 15)  # of the alarm's table: on none of them was it made
EVERY = (50, 500)
ROWS = 1792
Result = list[float]


class Kept:
    """Results by name, in a file where one is named."""

    def __init__(self, path: Path | None) -> None:
        self.path = path
        self.found: dict[str, Result] = (
            json.loads(path.read_text()) if path is not None and path.exists() else {}
        )

    def get(self, name: str, compute: Callable[[], Result]) -> Result:
        """What is known, or what is computed now and written down."""
        if name not in self.found:
            self.found[name] = compute()
            if self.path is not None:
                self.path.write_text(json.dumps(self.found))
        return self.found[name]


def sharpness(console: Console, kept: Kept) -> None:
    """Of batches of 64, beside the full batch's by Lanczos: at every 100th step from the 200th on."""
    table = Table("model", "loss", "median of sharpness over truth", "range", "readings")
    nets = {"tanh net": stages.perceptron, "ReLU net": stages.rectified}
    losses = {"squared": stages.squared, "cross-entropy": nn.CrossEntropyLoss()}
    everything: list[float] = []
    for net_name, net_of in nets.items():
        for loss_name, loss in losses.items():
            ratios = [
                each
                for seed in SEEDS
                for each in kept.get(
                    f"sharpness {net_name} {loss_name} {seed}", partial(_ratios, net_of, loss, seed)
                )
            ]
            everything += ratios
            spread = f"{min(ratios):.2f} to {max(ratios):.2f}"
            table.add_row(net_name, loss_name, f"{statistics.median(ratios):.3f}", spread, str(len(ratios)))
    console.print(table)
    console.print(f"median of all {statistics.median(everything):.3f}")


def _ratios(net_of: Callable[[int], nn.Module], loss: Callable[..., torch.Tensor], seed: int) -> Result:
    net, data = net_of(seed), stages.digits(ROWS)
    batches = stages.drawn(64, seed, rows=ROWS)
    whole, found = pk.model(net, loss, [data]), []
    optimizer = stages.sgd(net, 0.03)
    begin = partial(Watch, most_time=1)
    training = stages.Training(begin, net, optimizer, batches, loss=loss, every=25, rows=ROWS)
    for k in training.steps(801):
        if k >= 200 and k % 100 == 0:
            read = training.watch.watched.reading("sharpness")[-1]
            found.append(float(read / pk.curvature(whole, accuracy=1e-2).top))
    training.watch.close()
    return found


def alarms(console: Console, kept: Kept) -> None:
    """Of five seeds each: sound trainings that were warned of, ramped ones that were before their loss had doubled."""
    table = Table("model", "sound, warned of", "ramped, warned of in time", "steps before it had doubled")
    false, right = 0, 0
    for name, kind in ramps.KINDS.items():
        runs = [kept.get(f"alarm {name} {seed}", partial(_alarm, kind, seed)) for seed in SEEDS]
        wrong = sum(int(run[0]) for run in runs)
        in_time = sum(run[1] > 0 for run in runs)
        false, right = false + wrong, right + in_time
        steps = ", ".join(f"{run[1]:.0f}" for run in runs)
        table.add_row(name, f"{wrong} of {len(runs)}", f"{in_time} of {len(runs)}", steps)
    console.print(table)
    console.print(f"in all {false} sound ones warned of, {right} ramped ones in time")


def _alarm(kind: ramps.Kind, seed: int) -> Result:
    """How many times a sound training was warned of; how many steps before its loss had doubled a ramped one was."""
    sound, _ = ramps.trained(kind, seed, ramped=False)
    seen, doubled = ramps.trained(kind, seed, ramped=True)
    before = float("nan") if doubled is None or not seen.warnings else doubled - seen.warnings[0].step
    return [len(sound.warnings), before]


def _conv() -> tuple[nn.Module, torch.Tensor]:
    torch.manual_seed(0)
    layers = [
        nn.Conv2d(1, 32, 3, padding=1),
        nn.ReLU(),
        nn.Conv2d(32, 64, 3, padding=1),
        nn.ReLU(),
        nn.MaxPool2d(2),
    ]
    return nn.Sequential(*layers, nn.Flatten(), nn.Linear(1024, 10)), torch.randn(128, 1, 8, 8)


class _Transformer(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.embedding = nn.Linear(8, 64)
        layer = nn.TransformerEncoderLayer(64, 4, 256, dropout=0.1, batch_first=True)
        self.layers, self.last = nn.TransformerEncoder(layer, 2), nn.Linear(64, 10)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.last(self.layers(self.embedding(x)).mean(1))


RULES: dict[str, Callable[[nn.Module], torch.optim.Optimizer]] = {
    "heavy ball": lambda net: torch.optim.SGD(net.parameters(), lr=0.01, momentum=0.9),
    "AdamW": lambda net: torch.optim.AdamW(net.parameters(), lr=1e-3),
}


def cost(console: Console, kept: Kept) -> None:
    """CPU time of blocks of steps, with the watch and without, in turn."""
    table = Table("model", "rule", "every", "a step, ms", "times without", "curvatures read", "of")
    for name in ("conv", "transformer"):
        for rule in RULES:
            for every in EVERY:
                plain, ratio, read, readings = kept.get(
                    f"cost {name} {rule} {every}", partial(_cost, name, rule, every)
                )
                shown = (f"{1e3 * plain:.1f}", f"{ratio:.3f}", f"{read:.0f}", f"{readings:.0f}")
                table.add_row(name, rule, str(every), *shown)
    console.print(table)


def _made(name: str) -> tuple[nn.Module, torch.Tensor, torch.Tensor]:
    torch.manual_seed(0)
    net, x = _conv() if name == "conv" else (_Transformer(), torch.randn(64, 8, 8))
    return net, x, torch.randint(0, 10, (len(x),))


def _cost(name: str, rule: str, every: int) -> Result:
    net, x, y = _made(name)
    loss, optimizer = nn.CrossEntropyLoss(), RULES[rule](net)
    # One batch of many, as a loader has: what is read of it is what is read of a batch.
    watch = pk.watch(optimizer, pk.model(net, loss, [(x, y)] * 8), every=every)
    times: dict[bool, list[float]] = {True: [], False: []}
    for k in range(2 * max(500, 2 * every)):
        watched = (k // every) % 2 == 0
        if k and k % every == 0:  # the other blocks' time is none of the watched training's
            watch._live.stepped()
            watch._budget._since = time.perf_counter()
        start = time.process_time()
        optimizer.zero_grad()
        loss(net(x), y).backward()
        optimizer.step()
        if watched:
            watch.step((x, y))
        times[watched].append(time.process_time() - start)
    shares = watch.watched.readings["share"]
    watch.close()
    plain = statistics.mean(times[False])
    return [plain, statistics.mean(times[True]) / plain, float(np.isfinite(shares).sum()), float(len(shares))]


def memory(console: Console, kept: Kept) -> None:
    """The most that a watched training holds beside an unwatched one, in vectors of parameters."""
    table = Table("rule", "parameters", "a watched step over an unwatched one, parameter vectors")
    for rule in RULES:
        size, vectors = kept.get(f"memory {rule}", partial(_memory, rule))
        table.add_row(rule, f"{size:,.0f}", f"{vectors:.1f}")
    console.print(table)


def _memory(rule: str) -> Result:
    """In a process of its own, by its largest resident size: a net whose parameters outweigh all else."""
    import subprocess

    sizes = []
    for watched in ("no", "yes"):
        done = subprocess.run(
            [sys.executable, __file__, "--resident", rule, watched],
            capture_output=True,
            text=True,
            check=True,
        )
        sizes.append([float(each) for each in done.stdout.split()])
    (size, plain), (_, seen) = sizes
    return [size, (seen - plain) / (4 * size)]


def resident(rule: str, watched: str) -> None:
    """Print how many parameters there are, and by how many bytes a few steps raised the largest resident size."""
    import resource

    torch.manual_seed(0)
    wide = 1000
    net = nn.Sequential(*[each for _ in range(8) for each in (nn.Linear(wide, wide), nn.Tanh())])
    x, loss, optimizer = torch.randn(4, wide), nn.MSELoss(), RULES[rule](net)
    model = pk.model(net, loss, [(x, x)] * 8)
    watch = pk.watch(optimizer, model, every=4, most_time=1)
    small = nn.Linear(2, 2)  # what is imported and compiled at a first reading is none of it
    other = RULES[rule](small)
    z = torch.ones(4, 2)
    with pk.watch(other, pk.model(small, loss, [(z, z)] * 8), every=2, most_time=1) as first:
        for _ in range(4):
            other.zero_grad()
            loss(small(z), z).backward()
            other.step()
            first.step((z, z))
    for _ in range(9):
        optimizer.zero_grad()
        loss(net(x), x).backward()
        optimizer.step()
        if watched == "yes":
            watch.step((x, x))
    peak = 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(sum(p.numel() for p in net.parameters()), peak)


PARTS = {"sharpness": sharpness, "alarms": alarms, "cost": cost, "memory": memory}

if __name__ == "__main__":
    torch.set_num_threads(1)
    warnings.simplefilter("ignore")
    words = sys.argv[1:]
    if words[:1] == ["--resident"]:
        resident(*words[1:])
        sys.exit()
    path = Path(words[words.index("--keep") + 1]) if "--keep" in words else None
    for each in [word for word in words if word in PARTS] or PARTS:
        PARTS[each](Console(width=140), Kept(path))
