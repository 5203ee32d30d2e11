"""What is warned of: a loss that rises past the edge or after a raised lr, in time; nothing in a sound training."""

from __future__ import annotations

import math
import warnings
from functools import partial

import numpy as np
import pytest
import torch

import polyak as pk
import ramps
import stages
from polyak.diagnose import Watch
from polyak.diagnose.watch.alarm import Alarm

NETS = [name for name in ramps.KINDS if "conv" not in name]  # the whole table: benchmarks/watching.py


def lines(
    losses: list[float], *, lrs: list[float] | None = None, share: float = 0.1, safe: float = math.nan
) -> list[str]:
    alarm = Alarm()
    lrs = [0.1] * len(losses) if lrs is None else lrs
    alarm.read(share, lrs[0])
    said = [
        alarm.step(
            loss,
            told=k > 0 and math.isfinite(losses[k - 1]),
            finite=True,
            lr=lr,
            safe=lambda: (safe, "half of that edge"),
        )
        for k, (loss, lr) in enumerate(zip(losses, lrs, strict=True))
    ]
    return [line for line in said if line]


@pytest.mark.parametrize("name", [name for name in NETS if ramps.KINDS[name].squared])
def test_a_raised_lr_is_warned_of_before_the_loss_has_doubled(name: str) -> None:
    seen, doubled = ramps.trained(ramps.KINDS[name], 7, ramped=True)
    assert doubled is not None
    assert seen.warnings
    assert seen.warnings[0].step < doubled


@pytest.mark.parametrize("name", NETS)
def test_a_sound_training_is_not_warned_of(name: str) -> None:
    seen, _ = ramps.trained(ramps.KINDS[name], 7, ramped=False)
    assert not seen.warnings


def test_a_rise_is_told_with_what_is_beside_it() -> None:
    flat, rise = [1.0, 1.02] * 30, [1.5] * 5
    assert lines(flat + rise) == []
    (past,) = lines(flat + rise, share=1.25, safe=0.04)
    assert past == (
        "the loss has begun to rise, and lr 0.1 uses 125 % of the full batch's edge: "
        "lower it to 0.04 (half of that edge)"
    )
    for unknown in (math.nan, 0.2):  # what is not below today's is no advice
        assert lines(flat + rise, share=1.25, safe=unknown)[0].endswith("edge: lower it")
    (raised,) = lines(flat + rise, lrs=[0.1] * 50 + [0.2] * 15)
    assert raised == "the loss has begun to rise, and the lr was raised from 0.1 to 0.2 in 62 steps: lower it"
    assert lines(flat + rise, lrs=[0.1] * 50 + [0.11] * 15) == []
    assert lines(flat + rise, lrs=[0.1] * 50 + [0.06] * 15, share=1.25) == []  # lowered since the reading


def test_noise_is_no_rise_and_a_cause_is_told_once() -> None:
    noisy = np.random.default_rng(0).lognormal(sigma=0.5, size=2000).tolist()
    assert len(lines(noisy, share=2.0)) <= 1  # four deviations of the mean of five are seldom
    assert len(lines([1.0] * 60 + [5.0] * 200, share=2.0)) == 1


def test_a_loss_that_is_not_finite_is_told_where_it_was_told_before() -> None:
    assert lines([1.0, math.inf, math.nan]) == ["the loss is inf"]
    assert lines([math.nan] * 3) == []


def test_in_batches_it_advises_what_the_batches_bear() -> None:
    """Batches of 8 with momentum: far below half of the full batch's edge, and training goes on well there."""
    torch.manual_seed(0)
    net = stages.perceptron()
    optimizer = stages.sgd(net, 0.05)
    training = stages.Training(
        partial(Watch, most_time=1), net, optimizer, stages.drawn(8), loss=stages.squared, every=5
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for k in training.steps(400):
            training.lr(0.05 * 1.03 ** max(0, k - 100))
            if training.watch.watched.warnings:
                break
    (line,) = [event.words for event in training.watched.warnings]
    assert "the mean-square edge of batches of 8, on the safe side" in line
    advised = float(line.split("lower it to ")[1].split(" ")[0])
    rows = pk.model(net, stages.squared, [stages.digits()])
    joint = pk.stability(optimizer, rows, batch_size=8).max_lr_in_batches
    # The ten outputs' scatter averages out, by ten at most; the joint edge of 48 directions lies a little too high.
    assert joint / 20 < advised < joint
