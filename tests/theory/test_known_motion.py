"""Rules of known classes move as `motion` finds by its tests, whatever the state: maps, gains, decays, edges."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

import polyak as pk
from polyak.frameworks.torch.live import TorchLive
from polyak.theory import known_motion as known
from polyak.theory.known_motion import known_motion
from polyak.theory.motion import edge_of_two, motion, times
from polyak.theory.pencil import first_end, stable_set
from polyak.theory.step_map import StepMap

OPTIMIZERS = {
    "sgd": (torch.optim.SGD, {"lr": 0.1}),
    "heavy ball": (torch.optim.SGD, {"lr": 0.1, "momentum": 0.9, "weight_decay": 0.01}),
    "Nesterov": (torch.optim.SGD, {"lr": 0.1, "momentum": 0.9, "nesterov": True}),
    "Adam": (torch.optim.Adam, {"lr": 1e-3, "weight_decay": 0.1, "amsgrad": True}),
    "AdamW": (torch.optim.AdamW, {"lr": 1e-3}),
    "RMSprop": (torch.optim.RMSprop, {"lr": 1e-3, "momentum": 0.9}),
    "Adagrad": (torch.optim.Adagrad, {"lr": 1e-3}),
}


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_it_is_what_the_tests_of_motion_find(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(known, "BLOCK", 7)  # so that blocks end within arrays
    torch.manual_seed(0)
    net, loss = nn.Sequential(nn.Linear(4, 3), nn.Tanh(), nn.Linear(3, 2)), nn.MSELoss()
    x, y = torch.randn(8, 4), torch.randn(8, 2)
    kind, arguments = OPTIMIZERS[name]
    optimizer = kind(net.parameters(), **arguments)
    for _ in range(3):
        optimizer.zero_grad()
        loss(net(x), y).backward()
        optimizer.step()
    bridge = pk.model(net, loss, [(x, y)]).bridge
    live = TorchLive(optimizer, bridge)
    expected = motion(live.reading())
    found = known_motion(live.rules().parts, live.slots(), live.label, bridge.shapes)
    assert found is not None
    assert found.preconditioned == expected.preconditioned
    for one, other in zip(found.steps, expected.steps, strict=True):
        np.testing.assert_allclose(one.A, other.A, rtol=1e-12, atol=1e-12)
        np.testing.assert_allclose(one.B, other.B, rtol=1e-12, atol=1e-12)
    assert set(found.pulls) == set(expected.pulls)
    assert found.factor_of(3.0) == pytest.approx(expected.factor_of(3.0), rel=1e-9)
    roots = np.ones(bridge.size)
    if found.preconditioned:
        found.rooted(roots, live.slots())
    else:
        roots *= np.sqrt(found.uniform)
    np.testing.assert_allclose(roots**2, np.concatenate(expected.gains), rtol=1e-12)


def test_a_class_that_is_not_known_is_left_to_the_tests() -> None:
    net = nn.Linear(2, 1)
    optimizer = torch.optim.NAdam(net.parameters(), lr=1e-3)
    x = torch.ones(4, 2)
    nn.MSELoss()(net(x), x[:, :1]).backward()
    optimizer.step()
    bridge = pk.model(net, nn.MSELoss(), [(x, x[:, :1])]).bridge
    live = TorchLive(optimizer, bridge)
    assert known_motion(live.rules().parts, live.slots(), live.label, bridge.shapes) is None


part = st.floats(-1.5, 1.5)


@settings(max_examples=40, deadline=None)
@given(numbers=st.tuples(*[part] * 5), d=st.floats(-0.95, 0.95), a=st.floats(0.1, 10))
def test_jury_s_conditions_are_the_pencil_s(numbers: tuple[float, ...], d: float, a: float) -> None:
    x, b, c, p, q = numbers
    step = StepMap(np.array([[1 + x / 10, b], [c / 10, d]]), np.array([-abs(p) - 0.1, q]))
    still = times(step, 0.0)
    pencil = first_end(stable_set(still.change_on(a), times(step, 1.0).change_on(a) - still.change_on(a)))
    found = edge_of_two(step, a)
    M = step.A + a * np.outer(step.B, [1, 0])
    if found is None or not found or abs((M[0, 0] - 1) * (d - 1) - b * M[1, 0]) < 1e-6:
        return  # on the border of what is stable at the start, where rounding decides
    assert found == pytest.approx(pencil, rel=1e-6)
