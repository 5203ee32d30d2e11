"""A framework's optimizer as a rule: the real one runs beside it, and it is swept under its own name."""

from typing import Any

import jax
import numpy as np
import pytest
import torch

import polyak as pk
from polyak.frameworks.spelled_rule import spelled_rule

X = np.random.default_rng(0).standard_normal((12, 2))
PROBLEM = pk.linear_regression((X, X[:, 0] + 0.1))


@pytest.mark.parametrize(
    ("kind", "settings"),
    [
        (torch.optim.SGD, {"lr": 0.1, "momentum": 0.9}),
        (torch.optim.NAdam, {"lr": 0.1}),
        (torch.optim.AdamW, {"lr": 0.1, "weight_decay": 0.3}),
        (torch.optim.Adam, {"lr": 0.1, "weight_decay": 0.3}),
        (torch.optim.RMSprop, {"lr": 0.1}),
    ],
)
def test_it_goes_where_the_real_one_goes(kind: Any, settings: dict[str, float]) -> None:
    rule = spelled_rule(kind).replace(**settings)
    w = torch.tensor([1.0, -2.0], dtype=torch.float64, requires_grad=True)
    real = kind([w], **settings)
    with jax.enable_x64(True):
        x = jax.numpy.asarray([1.0, -2.0])
        state = rule.init(x)
        for _ in range(5):
            step, state = jax.jit(lambda r, g, s, x: r.update(g, s, x))(rule, 3 * x, state, x)
            x = x + step
            w.grad = 3 * w.detach()
            real.step()
        # torch's NAdam keeps the product of its momenta in float32, whose rounding its weight of 1e-3 brings in.
        rtol = 1e-8 if kind is torch.optim.NAdam else 1e-12
        np.testing.assert_allclose(x, w.detach().numpy(), rtol=rtol, atol=1e-14)


def test_decay_follows_a_learning_rate_that_is_swept() -> None:
    """Decoupled, it is lr times its strength: a cell is the rule made with that cell's lr."""
    plane = pk.sweep("torch:AdamW", on=PROBLEM, batch_size=4, lr=[0.1, 0.2], weight_decay=0.5)
    for lr in (0.1, 0.2):
        alone = pk.train(torch.optim.AdamW, PROBLEM, batch_size=4, lr=lr, weight_decay=0.5)
        np.testing.assert_array_max_ulp(plane.final_loss.sel(lr=lr).values, alone.final_losses, 8)
    without = pk.sweep("torch:AdamW", on=PROBLEM, batch_size=4, lr=[0.1, 0.2], weight_decay=0)
    assert abs(without.final_loss - plane.final_loss).min() > 1e-3


def test_they_are_compared_under_their_names() -> None:
    found = pk.compare(torch.optim.NAdam, "torch:SGD", on=PROBLEM, budget=4, seeds=2, batch_size=4)
    axes = {entry.name: list(entry.settings) for entry in found.entries}
    assert axes == {"torch:NAdam": ["lr", "beta1"], "torch:SGD": ["lr", "momentum"]}


@pytest.mark.parametrize(
    ("rule", "settings", "words"),
    [
        ("torch:NAdan", {}, "did you mean 'NAdam'"),
        ("torch:Rprop", {}, "no equivalent among"),
        ("torch:NAdam", {"lr": -1}, "lr is -1"),
        ("torch:NAdam", {"lrr": 1}, "did you mean 'lr'"),
        ("torch:SGD", {"weight_decay": -1}, "weight_decay is -1"),
    ],
)
def test_bad_names_and_settings_are_one_line(rule: str, settings: dict[str, Any], words: str) -> None:
    with pytest.raises(pk.PolyakError, match=words) as raised:
        pk.train(rule, PROBLEM, **settings)
    assert "\n" not in str(raised.value)


def test_a_schedule_beside_decoupled_decay_is_refused() -> None:
    with pytest.raises(pk.PolyakError, match="which is a schedule"):
        pk.train("torch:AdamW", PROBLEM, lr=lambda step: 0.1)
