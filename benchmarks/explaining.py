"""What explaining names: staged failures, sound trainings, and three failures that were kept out of the causes' sight.

`python benchmarks/explaining.py`, about a minute on two cores. Small torch networks on scikit-learn's digits, every
training recorded every ten steps; the stages are those of the tests (tests/shared/stages.py).
"""

from __future__ import annotations

import sys
from functools import partial
from pathlib import Path
from typing import Any

import torch
from rich.console import Console
from rich.table import Table

sys.path.insert(0, str(Path(__file__).parent.parent / "tests" / "shared"))
import stages
from polyak.diagnose import explain
from polyak.diagnose.watch import Watch

BEGIN = partial(Watch, most_time=1)


def shuffled_labels(begin: Any) -> Any:
    """From step 100 on the labels belong to other rows."""
    net = stages.rectified()
    training = stages.Training(begin, net, stages.sgd(net, 0.05), stages.drawn(64))
    for k in training.steps(200):
        if k == 100:
            training.alter = lambda b: (b[0], b[1][torch.randperm(len(b[1]))])
    return training.watched


def one_group_too_fast(begin: Any) -> Any:
    """Two groups, of which one has a hundred times the lr that was meant."""
    net = stages.perceptron()
    groups = [
        {"params": net[0].parameters(), "lr": 0.02},
        {"params": net[2].parameters(), "lr": 2.0},
    ]
    optimizer = torch.optim.SGD(groups, lr=0.02, momentum=0.9)
    training = stages.Training(begin, net, optimizer, stages.drawn(64), loss=stages.squared)
    return training.run(150).watched


def scaled_after_a_resume(begin: Any) -> Any:
    """Resumed with its state, by a script that does not divide the pixels by 16."""
    net = stages.rectified()
    training = stages.Training(begin, net, stages.sgd(net, 0.05), stages.drawn(64)).run(120)
    again = stages.sgd(net, 0.05)
    again.load_state_dict(training.optimizer.state_dict())
    training.resumed(again)
    training.alter = lambda b: (b[0] * 16, b[1])
    return training.run(60).watched


# What counts as right was written down before the first run: labels are not recorded, so that no cause is right.
KEPT_OUT = {
    "labels shuffled in mid-run": (shuffled_labels, None),
    "one group's lr 100 times too large": (one_group_too_fast, "lr past the edge"),
    "data scaled otherwise after a resume": (scaled_after_a_resume, "broken batch"),
}


def main() -> None:
    table = Table(title="What is named")
    for name in ("kind", "training", "named", "expected", "right"):
        table.add_column(name)
    kinds = {
        "stage": dict(stages.STAGES),
        "healthy": {name: (run, None) for name, run in stages.HEALTHY.items()},
        "kept out": KEPT_OUT,
    }
    for kind, trainings in kinds.items():
        right = 0
        for name, (run, cause) in trainings.items():
            found = explain(run(BEGIN))
            right += found.cause == cause
            table.add_row(
                kind, name, found.cause or "none", cause or "none", "yes" if found.cause == cause else "no"
            )
        table.add_row(kind, "all", "", "", f"{right} of {len(trainings)}", end_section=True)
    Console(width=150).print(table)


if __name__ == "__main__":
    main()
