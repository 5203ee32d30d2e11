"""`to_torch` loads what torch's own optimizers saved, and gives what they load: training goes on to the last digit."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
import pytest
import torch

import polyak as pk
from polyak.ground.errors import PolyakError

SGD = {"lr": 0.1, "momentum": 0.9, "weight_decay": 1e-4}
CASES: dict[str, tuple[str, dict[str, Any], str, dict[str, Any]]] = {
    "the issue's own": ("SGD", {**SGD, "nesterov": True}, "heavy_ball", {**SGD, "nesterov": True}),
    "heavy ball, lr inside": ("SGD", SGD, "heavy_ball", {**SGD, "lr_in_velocity": True}),
    "no momentum": ("SGD", {"lr": 0.1}, "heavy_ball", {"lr": 0.1, "momentum": 0.0}),
    "Adam": ("Adam", {"lr": 0.01, "betas": (0.8, 0.9)}, "adam", {"lr": 0.01, "beta1": 0.8, "beta2": 0.9}),
    "AdamW": (
        "AdamW",
        {"lr": 0.01, "weight_decay": 0.1},
        "adam",
        {"lr": 0.01, "decay": "decoupled", "weight_decay": 0.1},
    ),
    "RMSprop": ("RMSprop", {"lr": 0.01, "momentum": 0.9}, "rmsprop", {"lr": 0.01, "momentum": 0.9}),
    "Adagrad": ("Adagrad", {"lr": 0.1}, "adagrad", {"lr": 0.1}),
    "Adadelta": ("Adadelta", {"lr": 1.0}, "adadelta", {"lr": 1.0}),
    "NAdam": ("NAdam", {"lr": 0.01}, "nadam", {"lr": 0.01}),
}


def steps(problem: Any, optimizer: Any, count: int) -> np.ndarray:
    for _ in range(count):
        optimizer.zero_grad()
        problem.backward()
        optimizer.step()
    return problem.flat()


@pytest.fixture(autouse=True)
def in_double() -> Any:
    torch.set_default_dtype(torch.float64)  # NAdam's product of momenta
    yield
    torch.set_default_dtype(torch.float32)


@pytest.mark.parametrize("case", CASES)
def test_a_training_goes_on_in_ours_and_back_in_torchs(case: str, problem: Any) -> None:
    theirs, settings, name, own = CASES[case]
    kind = getattr(torch.optim, theirs)
    first = kind(problem.params, **settings)
    steps(problem, first, 10)
    state, at = copy.deepcopy(first.state_dict()), [x.detach().clone() for x in problem.params]
    whole = steps(problem, first, 60)
    with torch.no_grad():
        for x, y in zip(problem.params, at, strict=True):
            x.copy_(y)
    ours = pk.to_torch(name, **{**own, "lr": 7.0})(problem.params)  # the saved lr comes with the state
    ours.load_state_dict(copy.deepcopy(state))
    steps(problem, ours, 30)
    back = kind(problem.params, lr=7.0)
    back.load_state_dict(ours.torch_state_dict())
    size = np.abs(whole).max()
    assert np.abs(steps(problem, back, 30) - whole).max() < 1e-12 * size
    for key in settings:
        assert back.param_groups[0][key] == first.param_groups[0][key]


def test_by_its_name_a_rule_is_in_torchs_convention() -> None:
    made = pk.to_torch("heavy_ball", lr=0.1, momentum=0.9)
    assert made.rule == pk.HeavyBall(lr=0.1, momentum=0.9, lr_in_velocity=False)


@pytest.mark.parametrize(
    ("rule", "settings", "state", "words"),
    [
        ("heavy_ball", SGD, {"nesterov": True, **SGD}, "is of nesterov, expected one of heavy_ball"),
        (
            "heavy_ball",
            {"lr": 0.1, "momentum": 0.9},
            SGD,
            "has a coupled weight decay of 0.0001, expected none",
        ),
        (
            "averaged_gradient",
            {"lr": 0.1, "momentum": 0.9},
            SGD,
            "averaged_gradient is no optimizer of torch.optim",
        ),
    ],
)
def test_another_optimizers_state_gets_one_line(
    rule: str, settings: dict[str, Any], state: dict[str, Any], words: str, problem: Any
) -> None:
    saved = torch.optim.SGD(problem.params, **state)
    steps(problem, saved, 1)
    ours = pk.to_torch(rule, **settings)(problem.params)
    with pytest.raises(PolyakError, match=words) as caught:
        ours.load_state_dict(saved.state_dict())
    assert "\n" not in str(caught.value)


@pytest.mark.filterwarnings("ignore")  # torch.compile's own
@pytest.mark.parametrize("name", ["heavy_ball", "nadam"])
def test_compiled_neither_a_new_lr_nor_more_steps_nor_many_parameters_compile_again(name: str) -> None:
    from torch._dynamo.testing import CompileCounter

    settings = {"momentum": 0.9, "weight_decay": 1e-4} if name == "heavy_ball" else {}
    params = [torch.nn.Parameter(torch.ones(2 + k)) for k in range(10)]  # the limit is 8
    optimizer = pk.to_torch(name, lr=0.1, **settings)(params)
    torch._dynamo.reset()
    counter = CompileCounter()
    with torch._dynamo.config.patch(fail_on_recompile_limit_hit=True):
        step, counts = torch.compile(optimizer.step, backend=counter), []
        for k in range(12):
            for x in params:
                x.grad = torch.ones_like(x)
            optimizer.param_groups[0]["lr"] = 0.1 / (1 + k)
            step()
            counts.append(counter.frame_count)
    assert counts[1:] == [counts[1]] * 11  # the first step makes the slots
    torch._dynamo.reset()
