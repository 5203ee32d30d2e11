"""Every schedule that is read, and every line that says it elsewhere, held to the real schedule, step by step."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from polyak.ground.errors import PolyakError
from polyak.translate.paste.text import taken_apart
from polyak.translate.paste.values import Call
from polyak.translate.schedules import Said, read_schedule, say

LR, STEPS = 0.5, 200
TORCH = [
    "StepLR(optimizer, 30)",
    "StepLR(optimizer, step_size=30, gamma=0.5)",
    "MultiStepLR(optimizer, [60, 120, 160], gamma=0.2)",
    "MultiStepLR(optimizer, milestones=[30, 80], gamma=0.1)",
    "ExponentialLR(optimizer, 0.97)",
    "ConstantLR(optimizer, factor=0.25, total_iters=12)",
    "LinearLR(optimizer)",
    "LinearLR(optimizer, start_factor=1.0, end_factor=0.0, total_iters=150)",
    "PolynomialLR(optimizer, total_iters=120, power=0.9)",
    "CosineAnnealingLR(optimizer, T_max=200)",
    "CosineAnnealingLR(optimizer, T_max=90, eta_min=1e-3)",
    "CosineAnnealingWarmRestarts(optimizer, T_0=30)",
    "CosineAnnealingWarmRestarts(optimizer, T_0=20, T_mult=2, eta_min=0.01)",
    "OneCycleLR(optimizer, max_lr=0.3, total_steps=200, cycle_momentum=False)",
    "OneCycleLR(optimizer, 0.3, epochs=20, steps_per_epoch=10, anneal_strategy='linear', cycle_momentum=False)",
    "OneCycleLR(optimizer, 0.3, 210, pct_start=0.4, three_phase=True, cycle_momentum=False)",
    "CyclicLR(optimizer, 0.01, 0.1, step_size_up=20, step_size_down=30, cycle_momentum=False)",
    "CyclicLR(optimizer, 0.01, 0.1, 25, mode='triangular2', cycle_momentum=False)",
    "SequentialLR(optimizer, [LinearLR(optimizer, 0.1, total_iters=20), CosineAnnealingLR(optimizer, 180)], [20])",
    "SequentialLR(optimizer, schedulers=[ConstantLR(optimizer, 0.1, 10), ExponentialLR(optimizer, 0.9)],"
    " milestones=[10])",
    "ChainedScheduler([LinearLR(optimizer, 0.1, total_iters=20), StepLR(optimizer, 50)])",
]
OPTAX = [
    "linear_schedule(0.0, 0.5, 50)",
    "linear_schedule(0.5, 0.01, 100, 20)",
    "polynomial_schedule(0.5, 0.01, 2, 150)",
    "warmup_constant_schedule(0.0, 0.5, 30)",
    "cosine_decay_schedule(0.5, 150)",
    "cosine_decay_schedule(0.5, 150, alpha=0.1, exponent=2.0)",
    "warmup_cosine_decay_schedule(0.0, 0.5, 20, 180, 0.01)",
    "exponential_decay(0.5, 40, 0.5)",
    "exponential_decay(0.5, 40, 0.5, transition_begin=10, staircase=True)",
    "exponential_decay(0.5, 10, 0.5, end_value=0.01)",
    "warmup_exponential_decay_schedule(0.0, 0.5, 20, 30, 0.7)",
    "piecewise_constant_schedule(0.5, {60: 0.1, 120: 0.5})",
    "join_schedules([linear_schedule(0., 1., 10), constant_schedule(1.), linear_schedule(1., 0., 50)], [10, 90])",
    "sgdr_schedule([dict(init_value=0., peak_value=1., decay_steps=50, warmup_steps=5, end_value=0.),"
    " dict(init_value=0., peak_value=0.5, decay_steps=100, warmup_steps=5, end_value=0.)])",
    "cosine_onecycle_schedule(180, 0.5)",
    "linear_onecycle_schedule(180, 0.5)",
]
KERAS = [
    "ExponentialDecay(0.5, 40, 0.5)",
    "ExponentialDecay(0.5, decay_steps=40, decay_rate=0.5, staircase=True)",
    "InverseTimeDecay(0.5, 20, 0.5)",
    "InverseTimeDecay(0.5, 20, 0.5, staircase=True)",
    "PolynomialDecay(0.5, 150, 0.01, power=2.0)",
    "PiecewiseConstantDecay([50, 100], [0.5, 0.1, 0.01])",
    "CosineDecay(0.5, 150, alpha=0.1)",
    "CosineDecay(0.0, 150, warmup_target=0.5, warmup_steps=20)",
    "CosineDecayRestarts(0.5, 25)",
    "CosineDecayRestarts(0.5, 25, t_mul=1.0, m_mul=0.5)",
]
CALLS = [
    *(("torch", call) for call in TORCH),
    *(("optax", call) for call in OPTAX),
    *(("keras", call) for call in KERAS),
]


def call_of(text: str, home: str) -> Call:
    """A text's call, its names as they are imported."""
    module = {"torch": "torch.optim.lr_scheduler", "keras": "keras.optimizers.schedules", "optax": "optax"}[
        home
    ]
    return taken_apart(f"{module}.{text}").calls[-1]


def run(home: str, before: str, lr: str, after: str) -> NDArray[np.float64]:
    """The learning rates of the first steps, by the real framework, of code that stands as it is printed."""
    if home == "torch":
        return _torch(before, lr, after)
    if home == "optax":
        return _optax(before, lr)
    return _keras(before, lr)


def _torch(before: str, lr: str, after: str) -> NDArray[np.float64]:
    import torch

    names: dict[str, Any] = {**vars(torch.optim.lr_scheduler), "torch": torch}
    exec(before, names)
    names["optimizer"] = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=float(lr))
    scheduler, found = eval(after, names), []
    for _ in range(STEPS):
        found.append(names["optimizer"].param_groups[0]["lr"])
        names["optimizer"].step()
        scheduler.step()
    return np.array(found)


def _optax(before: str, lr: str) -> NDArray[np.float64]:
    import jax
    import optax

    names: dict[str, Any] = {**vars(optax), "optax": optax}
    exec(before, names)
    schedule = eval(lr, names)
    with jax.enable_x64(True):
        return np.asarray(jax.vmap(schedule)(np.arange(STEPS)), dtype=np.float64)


def _keras(before: str, lr: str) -> NDArray[np.float64]:
    import jax

    from polyak.frameworks.keras.stepper import double, on_jax

    keras = on_jax()
    names: dict[str, Any] = {**vars(keras.optimizers.schedules), "keras": keras}
    with jax.enable_x64(True), double(keras):
        exec(before, names)
        schedule = eval(lr, names)
        return np.asarray(jax.vmap(schedule)(np.arange(STEPS)), dtype=np.float64)


@pytest.mark.parametrize(("home", "text"), CALLS, ids=[f"{home}:{text}"[:60] for home, text in CALLS])
def test_a_schedule_is_read_as_it_runs_and_said_as_it_runs(home: str, text: str) -> None:
    """Every value of 200 steps: of what was read, and of the line of each framework, run by that framework."""
    real = run(home, "", str(LR), text) if home == "torch" else run(home, "", text, "")
    read = read_schedule(call_of(text, home), LR)
    course = read.course
    own = max(1e-12, read.row.within)
    assert np.abs(course.values(STEPS) - real).max() <= own * real.max()
    assert course.peak >= real.max() * (1 - 1e-6)
    for other in ("torch", "optax", "keras"):
        said: Said = say(other, course)
        if other != "torch" and ("lambda" not in said.lr and "(" not in said.lr):
            continue
        there = run(other, said.before, said.lr, said.after)
        same = STEPS if said.until is None else said.until
        assert np.abs(there - real)[:same].max() <= max(own, said.within) * real.max(), other


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("LambdaLR(optimizer, lambda k: 0.95**k)", "LambdaLR goes by a function that would have to be run"),
        ("ReduceLROnPlateau(optimizer, 'min')", "goes by the loss"),
        ("OneCycleLR(optimizer, 0.1, 200)", "expected cycle_momentum=False"),
        ("StepLR(optimizer)", "StepLR needs step_size"),
        ("StepLR(optimizer, 30, gama=0.1)", "did you mean 'gamma'"),
        ("StepLR(optimizer, args.step)", "args.step, code that would have to be run"),
        ("StepLR(optimizer, 0)", "step_size is 0, expected a whole number from 1"),
        ("StepLR(optimizer, 30, 0.1, -1, 7)", "arguments without a name"),
        ("SequentialLR(optimizer, [StepLR(optimizer, 3)], [5])", "one milestone less"),
    ],
)
def test_a_schedule_that_is_not_read_is_refused_in_one_line(text: str, said: str) -> None:
    with pytest.raises(PolyakError, match=said.replace("(", r"\(")) as refusal:
        read_schedule(call_of(text, "torch"), LR)
    assert "\n" not in str(refusal.value)
