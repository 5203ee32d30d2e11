"""Param groups, schedulers, closures, missing and sparse gradients, low precision, compilation, refusals."""

from __future__ import annotations

import functools
from typing import Any

import jax
import numpy as np
import optax
import pytest
import torch

import polyak as pk
from polyak.frameworks.torch.export import to_torch
from polyak.ground.errors import PolyakError
from polyak.rules import CATALOGUE, CoupledDecay

TYPICAL = {"lr": 0.02, "momentum": 0.9, "rate": 0.5}


def typical(cls: Any) -> Any:
    return cls(**{name: TYPICAL[name] for name in cls.hyperparameters() if name in TYPICAL})


@pytest.mark.parametrize("name", CATALOGUE.ours())
def test_every_rule_goes_where_it_goes_on_numpy(name: str, problem: Any, walk: Any, assert_same: Any) -> None:
    rule = typical(CATALOGUE[name])
    params = [x.detach().numpy().copy() for x in problem.params]
    state, rows = rule.init(params), [problem.flat()]
    for _ in range(40):
        for x, value in zip(problem.params, params):
            x.data, x.grad = torch.tensor(value), None
        problem.backward()
        updates, state = rule.update([x.grad.numpy() for x in problem.params], state, params)
        params = [x + u for x, u in zip(params, updates)]
        rows.append(np.concatenate([x.ravel() for x in params]))
    ours, numpys = walk(to_torch(rule), 40, drop=False), np.array(rows)
    # Where a rule is a sign, or eps is tiny, roundings of the gradient come back larger: no more than by 1e4 here.
    np.testing.assert_allclose(ours, numpys, rtol=0, atol=1e4 * 40 * 2.3e-16 * np.abs(numpys).max())


def test_groups_have_their_own_settings(walk: Any, assert_same: Any) -> None:
    def groups(params: Any) -> Any:
        return [
            {"params": params[:1], "momentum": 0.5, "weight_decay": 0.0},
            {"params": params[1:], "lr": 0.01},
        ]

    rule = CoupledDecay(pk.HeavyBall(0.02, 0.9, lr_in_velocity=False), 0.2)
    ours = walk(lambda params: to_torch(rule)(groups(params)))
    theirs = walk(lambda params: torch.optim.SGD(groups(params), lr=0.02, momentum=0.9, weight_decay=0.2))
    assert_same(ours, theirs)


def test_a_group_added_later(problem: Any) -> None:
    optimizer = to_torch(pk.HeavyBall(0.02, 0.9))(problem.params[:1])
    optimizer.add_param_group({"params": problem.params[1:], "momentum": 0.25})
    assert [group["momentum"] for group in optimizer.param_groups] == [0.9, 0.25]
    with pytest.raises(PolyakError, match=r"momentum is 1\.5"):
        optimizer.add_param_group({"params": [torch.nn.Parameter(torch.ones(1))], "momentum": 1.5})
    assert len(optimizer.param_groups) == 2


def test_one_cycle_moves_lr_and_momentum(walk: Any, assert_same: Any) -> None:
    def cycled(step: int, problem: Any, optimizer: Any, kept: Any) -> Any:
        if step == 0:
            cycle = torch.optim.lr_scheduler.OneCycleLR
            kept[:] = [cycle(optimizer, max_lr=0.03, total_steps=120)]
        elif step < 119:
            kept[0].step()
        return optimizer

    paths = [
        walk(make, drop=False, before=functools.partial(cycled, kept=[]))
        for make in (
            to_torch(pk.HeavyBall(0.02, 0.9, lr_in_velocity=False)),
            lambda params: torch.optim.SGD(params, lr=0.02, momentum=0.9),
        )
    ]
    # The scheduler steps before the optimizer here on purpose: the first warning of its kind is torch's.
    assert_same(*paths)


def test_a_closure_is_called_with_gradients_on(problem: Any) -> None:
    optimizer = to_torch(pk.GradientDescent(0.05))(problem.params)

    def closure() -> torch.Tensor:
        optimizer.zero_grad()
        return problem.backward()

    losses = [float(optimizer.step(closure).detach()) for _ in range(20)]
    assert losses[0] > losses[-1]
    assert optimizer.step() is None


def test_parameters_without_gradients_are_left_alone(problem: Any) -> None:
    optimizer = to_torch(pk.Adam(0.05))(problem.params)
    still = problem.params[1].detach().clone()
    problem.backward()
    problem.params[1].grad = None
    optimizer.step()
    assert torch.equal(problem.params[1], still)
    assert problem.params[1] not in optimizer.state
    problem.backward()
    optimizer.step()
    assert [int(optimizer.state[x]["t"]) for x in problem.params] == [2, 1]


@pytest.mark.parametrize("rule", [pk.HeavyBall(0.1, 0.9), pk.Adam(0.1)])
def test_sparse_gradients_are_refused(rule: Any) -> None:
    layer = torch.nn.Embedding(5, 2, sparse=True)
    optimizer = to_torch(rule)(layer.parameters())
    layer(torch.tensor([1, 2])).sum().backward()
    with pytest.raises(PolyakError, match="a gradient is sparse, expected dense ones"):
        optimizer.step()


@pytest.mark.parametrize(
    "rule", [pk.HeavyBall(0.02, 0.9), CoupledDecay(pk.Nesterov(0.02, 0.9), 0.3), pk.Adam(0.02)]
)
def test_maximize_climbs(rule: Any, walk: Any, problem: Any) -> None:
    """Climbing f is descending -f: the gradient's sign alone is turned, not the decay's."""
    problem.backward()
    grads = [x.grad.clone() for x in problem.params]
    ends = []
    for sign, maximize in ((1.0, True), (-1.0, False)):
        params = [torch.nn.Parameter(x.detach().clone()) for x in problem.params]
        optimizer = to_torch(rule, maximize=maximize)(params)
        for _ in range(3):
            for x, g in zip(params, grads):
                x.grad = sign * g
            optimizer.step()
        ends.append(torch.cat([x.detach().ravel() for x in params]))
    np.testing.assert_allclose(*ends, rtol=0, atol=1e-14)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
@pytest.mark.parametrize("rule", [pk.HeavyBall(0.02, 0.9), pk.Nesterov(0.02, 0.9), pk.Adam(0.02, eps=0.1)])
def test_low_precision_with_float32_slots(rule: Any, dtype: Any) -> None:
    """The same gradients: the slots are to rounding those of float32 parameters that stand where these stand."""
    rng = np.random.default_rng(3)
    low = torch.nn.Parameter(torch.tensor(rng.normal(size=6)).to(dtype))
    optimizer = to_torch(rule, slots_dtype=torch.float32)([low])
    high = torch.nn.Parameter(low.detach().float())
    reference = to_torch(rule)([high])
    for _ in range(300):
        g = torch.tensor(rng.normal(size=6)).to(dtype)
        low.grad, high.grad = g, g.float()
        optimizer.step()
        reference.step()
    assert low.dtype == dtype
    for name, slot in optimizer.state[low].items():
        assert slot.dtype == torch.float32
        torch.testing.assert_close(slot, reference.state[high][name], rtol=1e-6, atol=1e-6)


def test_counters_outlast_low_precision() -> None:
    """bfloat16 counts to 256; a step's number is kept in float32."""
    x = torch.nn.Parameter(torch.ones(2, dtype=torch.bfloat16))
    optimizer = to_torch(pk.Adam(1e-3))([x])
    for _ in range(300):
        x.grad = torch.ones_like(x)
        optimizer.step()
    assert int(optimizer.state[x]["t"]) == 300


COMPILED = {  # a compilation takes a second and more: the heavy ball's is below, Adam's step is in NAdam's
    "nesterov, decay": CoupledDecay(pk.Nesterov(0.02, 0.9), 0.1),
    "rmsprop": pk.RMSProp(0.02, momentum=0.5),
    "nadam": pk.NAdam(0.02),
}


@pytest.mark.filterwarnings("ignore")  # torch.compile's own, of itself and of Python
@pytest.mark.parametrize("name", COMPILED)
def test_compiled_it_goes_the_same_way(name: str, walk: Any) -> None:
    def compiled(params: Any) -> Any:
        torch._dynamo.reset()
        optimizer = to_torch(COMPILED[name])(params)
        step = optimizer.step
        run = torch.compile(step)
        optimizer.step = run
        return optimizer

    ours, plain = walk(compiled, 12, drop=False), walk(to_torch(COMPILED[name]), 12, drop=False)
    assert np.abs(plain[-1] - plain[0]).max() > 0.05
    np.testing.assert_allclose(ours, plain, rtol=0, atol=1e-12)


@pytest.mark.filterwarnings("ignore")
def test_compiled_the_lr_may_change() -> None:
    x = torch.nn.Parameter(torch.tensor([1.0]))
    optimizer = to_torch(pk.HeavyBall(0.5, 0.5, lr_in_velocity=False))([x])
    torch._dynamo.reset()
    step = torch.compile(optimizer.step)
    for lr in (0.5, 0.25, 0.125):
        optimizer.param_groups[0]["lr"] = lr
        x.grad = torch.ones(1)
        step()
    # v = 1, 1.5, 1.75
    np.testing.assert_allclose(x.detach(), [1 - 0.5 - 0.375 - 0.21875], rtol=1e-6)


def test_an_lr_that_is_a_tensor() -> None:
    x, y = (torch.nn.Parameter(torch.tensor([1.0, -2.0])) for _ in range(2))
    ours = to_torch(pk.Nesterov(0.5, 0.5))([x], lr=torch.tensor(0.25))
    plain = to_torch(pk.Nesterov(0.25, 0.5))([y])
    for _ in range(3):
        x.grad, y.grad = x.detach().clone(), y.detach().clone()
        ours.step()
        plain.step()
    torch.testing.assert_close(x, y, rtol=1e-6, atol=0)


@pytest.mark.parametrize("rule", [pk.HeavyBall(0.02, 0.9), pk.GradientDescent(0.1), pk.Nesterov(0.02, 0.9)])
def test_many_small_tensors_and_a_large_one(rule: Any) -> None:
    """They are handled in runs; a run's borders change nothing."""
    rng = np.random.default_rng(1)
    sizes = [3, 1, 300_000, 7, 1 << 18, 2, 2, 5]
    params = [torch.nn.Parameter(torch.tensor(rng.normal(size=n))) for n in sizes]
    params[3] = torch.nn.Parameter(params[3].detach().float())
    starts = [x.detach().clone() for x in params]
    grads = [torch.tensor(rng.normal(size=n)).to(x.dtype) for n, x in zip(sizes, params)]
    optimizer = to_torch(rule)(params)
    for _ in range(2):
        for x, g in zip(params, grads):
            x.grad = g.clone()
        optimizer.step()
    m, c, p, q = rule.coefficients()
    for x, start, g in zip(params, starts, grads):
        moved = (p * c + q) * g + (p * (m * c + c) + q) * g
        torch.testing.assert_close(x.detach(), start - moved, rtol=1e-6, atol=1e-6)
        assert torch.equal(x.grad, g), "the gradient was changed"


@pytest.mark.parametrize(
    "rule", [pk.HeavyBall(0.1, 0.5, lr_in_velocity=False), pk.Nesterov(0.1, 0.5, lr_in_velocity=False)]
)
def test_tensors_that_lie_otherwise_in_memory(rule: Any) -> None:
    """A gradient that is a transpose, and a parameter that is: the numbers go where they belong."""
    rng = np.random.default_rng(5)
    start, g = rng.normal(size=(3, 4)), rng.normal(size=(3, 4))
    for turned in ("gradient", "parameter", "both"):
        x = torch.tensor(start.T.copy()).T if turned != "gradient" else torch.tensor(start)
        x = torch.nn.Parameter(x)
        x.grad = torch.tensor(g.T.copy()).T if turned != "parameter" else torch.tensor(g)
        optimizer = to_torch(rule)([x])
        optimizer.step()
        optimizer.step()
        m, c, p, q = rule.coefficients()
        moved = (p * c + q) * g + (p * (m * c + c) + q) * g
        np.testing.assert_allclose(x.detach().numpy(), start - moved, rtol=0, atol=1e-15 * 10)


def in_place(params, states, hyperparams):
    for p, v in zip(params, states):
        v[:] = hyperparams["lr"] * p.grad
        p[:] -= v


@pytest.mark.parametrize(
    ("rule", "complaint"),
    [
        (optax.sgd(0.1), "does not run on torch tensors"),
        (pk.from_optax(optax.adam, learning_rate=0.1), "optax:adam does not run on torch tensors"),
        (pk.HeavyBall(lambda step: 0.1, 0.9), "lr is a schedule; give its first value"),
        (pk.HeavyBall, "without settings"),
        (pk.from_page(in_place, states=[np.zeros(2)], lr=0.1), "was given states of its own"),
        (3, "is not a rule"),
    ],
)
def test_what_cannot_be_exported(rule: Any, complaint: str) -> None:
    with pytest.raises(PolyakError, match=complaint) as error:
        to_torch(rule)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("params", "settings", "complaint"),
    [
        ([torch.nn.Parameter(torch.ones(2))], {"momentun": 0.5}, "'momentun', did you mean 'momentum'"),
        ([torch.nn.Parameter(torch.ones(2))], {"lr": -1.0}, "lr is -1, expected a number in"),
        ([torch.nn.Parameter(torch.ones(2, dtype=torch.complex64))], {}, "complex parameters are not taken"),
        ([{"params": [torch.nn.Parameter(torch.ones(2))], "momentm": 0.5}], {}, "did you mean 'momentum'"),
    ],
)
def test_settings_that_cannot_be(params: Any, settings: Any, complaint: str) -> None:
    with pytest.raises(PolyakError, match=complaint):
        to_torch(pk.HeavyBall(0.1, 0.9))(params, **settings)


def test_a_group_may_carry_names_of_the_users_own() -> None:
    group = {"params": [torch.nn.Parameter(torch.ones(2))], "layer": "head", "lr_scale": 0.1}
    assert to_torch(pk.HeavyBall(0.1, 0.9))([group]).param_groups[0]["layer"] == "head"


def test_no_jax_array_gets_in(problem: Any) -> None:
    optimizer = to_torch(pk.from_page(in_place, lr=0.1))(problem.params)
    problem.backward()
    optimizer.step()
    for slots in optimizer.state.values():
        assert not any(isinstance(value, jax.Array | np.ndarray) for value in slots.values())
