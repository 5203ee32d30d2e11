"""What a watch warns of, and what it costs: sound and ramped trainings, and pairs of trainings with and without it.

`python benchmarks/watching.py` (`alarms` or `cost` for one of them), about eight minutes on two cores. The models are
those of the tests (tests/shared/ramps.py), with other seeds than the alarm was made on.
"""

from __future__ import annotations

import statistics
import sys
import time
from pathlib import Path

import torch
from rich.console import Console
from rich.table import Table
from torch import nn

import polyak as pk

sys.path.insert(0, str(Path(__file__).parent.parent / "tests" / "shared"))
import ramps

SEEDS = range(5, 10)
EVERY = (50, 500)


def alarms(console: Console) -> None:
    """Of five seeds each: sound trainings that were warned of, ramped ones that were before their loss had doubled."""
    table = Table("model", "sound, warned of", "ramped, warned of in time", "steps before it had doubled")
    for name, kind in ramps.KINDS.items():
        false, right, early = 0, 0, []
        for seed in SEEDS:
            seen, _ = ramps.trained(kind, seed, ramped=False)
            false += bool(seen.warnings)
            seen, doubled = ramps.trained(kind, seed, ramped=True)
            if seen.warnings and doubled is not None:
                right += seen.warnings[0].step < doubled
                early.append(doubled - seen.warnings[0].step)
        table.add_row(name, f"{false} of {len(SEEDS)}", f"{right} of {len(SEEDS)}", str(early))
        console.print(table.row_count, name, f"{false} {right} {early}")
    console.print(table)


def _conv() -> tuple[nn.Module, torch.Tensor]:
    torch.manual_seed(0)
    layers = [
        nn.Conv2d(1, 32, 3, padding=1),
        nn.ReLU(),
        nn.Conv2d(32, 64, 3, padding=1),
        nn.ReLU(),
        nn.MaxPool2d(2),
    ]
    return nn.Sequential(*layers, nn.Flatten(), nn.Linear(1024, 10)), torch.randn(256, 1, 8, 8)


class _Transformer(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.embedding = nn.Linear(8, 64)
        layer = nn.TransformerEncoderLayer(64, 4, 256, dropout=0.1, batch_first=True)
        self.layers, self.last = nn.TransformerEncoder(layer, 2), nn.Linear(64, 10)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.last(self.layers(self.embedding(x)).mean(1))


def cost(console: Console, steps: int = 1000) -> None:
    """CPU time of blocks of 50 steps, with the watch and without, in turn."""
    torch.set_num_threads(1)
    table = Table("model", "every", "a step, ms", "times without", "curvatures read", "of")
    for name in ("conv", "transformer"):
        for every in EVERY:
            torch.manual_seed(0)
            net, x = _conv() if name == "conv" else (_Transformer(), torch.randn(128, 8, 8))
            y = torch.randint(0, 10, (len(x),))
            loss, optimizer = nn.CrossEntropyLoss(), torch.optim.SGD(net.parameters(), lr=0.01, momentum=0.9)
            watch = pk.watch(optimizer, pk.model(net, loss, [(x, y)]), every=every)
            times: dict[bool, list[float]] = {True: [], False: []}
            for k in range(2 * max(steps, 4 * every)):
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
            plain = statistics.mean(times[False])
            shares = watch.watched.readings["share"]
            ratio = statistics.mean(times[True]) / plain
            read = int((shares == shares).sum())
            table.add_row(name, str(every), f"{1e3 * plain:.1f}", f"{ratio:.3f}", str(read), str(len(shares)))
            watch.close()
    console.print(table)


if __name__ == "__main__":
    torch.set_num_threads(1)
    chosen = sys.argv[1:] or ["alarms", "cost"]
    for each in chosen:
        {"alarms": alarms, "cost": cost}[each](Console(width=140))
