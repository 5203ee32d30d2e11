"""Saving and loading: in mid-run, into a new optimizer, through a file; and states that do not fit."""

from __future__ import annotations

import copy
import io
import pickle
from typing import Any

import numpy as np
import pytest
import torch

import polyak as pk
from polyak.frameworks.torch.export import to_torch
from polyak.ground.errors import PolyakError


def lookahead(params, states, hyperparams):
    for p, v in zip(params, states):
        v[:] = hyperparams["momentum"] * v + hyperparams["lr"] * p.grad
        p[:] -= hyperparams["momentum"] * v + hyperparams["lr"] * p.grad


RULES = {
    "heavy ball": pk.HeavyBall(0.02, 0.9),
    "adam": pk.Adam(0.05, eps=0.02),
    "nadam": pk.NAdam(0.05, eps=0.02),
    "a page's": pk.from_page(lookahead, lr=0.02, momentum=0.9),
}


@pytest.mark.parametrize("name", RULES)
def test_a_new_optimizer_goes_on_where_the_saved_one_was(name: str, walk: Any) -> None:
    make = to_torch(RULES[name])

    def exchanged(step: int, problem: Any, optimizer: Any) -> Any:
        if step != 50:
            return optimizer
        file = io.BytesIO()
        torch.save(optimizer.state_dict(), file)
        file.seek(0)
        fresh = make(problem.params, lr=7.0)  # the saved lr comes back with the state
        fresh.load_state_dict(torch.load(file, weights_only=True))
        return fresh

    np.testing.assert_array_equal(walk(make, drop=False, before=exchanged), walk(make, drop=False))


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda optimizer: pickle.loads(pickle.dumps(optimizer))])
def test_a_copied_optimizer_is_whole(problem: Any, copied: Any) -> None:
    optimizer = to_torch(pk.Adam(0.05))(problem.params)
    problem.backward()
    optimizer.step()
    twin = copied(optimizer)
    for group, other in zip(optimizer.param_groups, twin.param_groups):
        for x, y in zip(group["params"], other["params"]):
            y.grad = x.grad.clone()
    optimizer.step()
    twin.step()
    for x, y in zip(optimizer.param_groups[0]["params"], twin.param_groups[0]["params"]):
        assert torch.equal(x, y)


def test_wider_slots_come_back_as_wide(problem: Any) -> None:
    x = torch.nn.Parameter(torch.ones(3, dtype=torch.bfloat16))
    make = to_torch(pk.HeavyBall(0.1, 0.9), slots_dtype=torch.float32)
    optimizer = make([x])
    x.grad = torch.full_like(x, 0.123)
    for _ in range(3):
        optimizer.step()
    fresh = make([x])
    fresh.load_state_dict(optimizer.state_dict())
    assert fresh.state[x]["velocity"].dtype == torch.float32
    assert torch.equal(fresh.state[x]["velocity"], optimizer.state[x]["velocity"])
    fresh.state[x]["velocity"].zero_()
    assert optimizer.state[x]["velocity"].abs().min() > 0, "the loaded state is the saved tensor itself"


def saved(shapes: list[Any], rule: Any) -> dict[str, Any]:
    params = [torch.nn.Parameter(torch.ones(shape)) for shape in shapes]
    optimizer = to_torch(rule)(params)
    for x in params:
        x.grad = torch.ones_like(x)
    optimizer.step()
    return optimizer.state_dict()


@pytest.mark.parametrize(
    ("state", "complaint"),
    [
        (saved([(2,)], pk.HeavyBall(0.1, 0.9)), "groups of 1 parameters, expected 2"),
        (saved([(2,), (3,)], pk.HeavyBall(0.1, 0.9)), r"velocity has the shape \(2,\), expected \(3,\)"),
        (
            saved([(3,), (2, 3)], pk.Adam(0.1)),
            "the state is of another optimizer, its groups have no momentum",
        ),
        (saved([(3,), (2, 3)], pk.RMSProp(0.1)), "holds squares, velocity, expected velocity"),
        ({"model": {}}, "is no state_dict of an optimizer"),
    ],
)
def test_a_state_that_does_not_fit(state: Any, complaint: str, problem: Any) -> None:
    optimizer = to_torch(pk.HeavyBall(0.02, 0.9))(problem.params)
    problem.backward()
    optimizer.step()
    before = copy.deepcopy(optimizer.state_dict())
    if "squares" in complaint:
        for group in state["param_groups"]:
            group["lr_in_velocity"] = True
    with pytest.raises(PolyakError, match=complaint) as error:
        optimizer.load_state_dict(state)
    assert "\n" not in str(error.value)
    after = optimizer.state_dict()
    assert after["param_groups"] == before["param_groups"]
    for key, slots in before["state"].items():
        assert torch.equal(slots["velocity"], after["state"][key]["velocity"])
