"""Training that changes its framework on the way ends where training in one ends."""

from __future__ import annotations

from typing import Any

import jax
import numpy as np
import optax
import pytest
import torch

import polyak as pk
from polyak.translate.proof_problem import Problem, problem_for
from state_moves import begun, trained

LR, MOMENTUM = 0.1, 0.9
BEFORE, AFTER = 25, 40
ROUNDING = 1e-12

BALLS: dict[str, dict[str, Any]] = {
    "torch:SGD": {"lr": LR, "momentum": MOMENTUM},
    "keras:SGD": {"learning_rate": LR, "momentum": MOMENTUM},
    "optax:sgd": {"learning_rate": LR, "momentum": MOMENTUM},
    "jax:momentum": {"step_size": LR, "mass": MOMENTUM},
    "sklearn:sgd": {"learning_rate_init": LR, "momentum": MOMENTUM, "nesterov": False},
    "polyak:heavy_ball": {"lr": LR, "momentum": MOMENTUM},
}
LOOKING_AHEAD: dict[str, dict[str, Any]] = {
    "torch:SGD": {**BALLS["torch:SGD"], "nesterov": True},
    "keras:SGD": {**BALLS["keras:SGD"], "nesterov": True},
    "optax:sgd": {**BALLS["optax:sgd"], "nesterov": True},
    "jax:nesterov": BALLS["jax:momentum"],
    "sklearn:sgd": {**BALLS["sklearn:sgd"], "nesterov": True},
    "polyak:nesterov": BALLS["polyak:heavy_ball"],
}
# At an eps of 0 it stands in all the same places, and bias corrections are all that is left to differ.
ADAMS: dict[str, dict[str, Any]] = {
    "torch:Adam": {"lr": LR, "betas": (0.8, 0.9), "eps": 0.0},
    "keras:Adam": {"learning_rate": LR, "beta_1": 0.8, "beta_2": 0.9, "epsilon": 0.0},
    "optax:adam": {"learning_rate": LR, "b1": 0.8, "b2": 0.9, "eps": 0.0},
    "jax:adam": {"step_size": LR, "b1": 0.8, "b2": 0.9, "eps": 0.0},
    "sklearn:adam": {"learning_rate_init": LR, "beta_1": 0.8, "beta_2": 0.9, "epsilon": 0.0},
    "polyak:adam": {"lr": LR, "beta1": 0.8, "beta2": 0.9, "eps": 0.0},
}
FAMILIES = {"heavy ball": BALLS, "Nesterov": LOOKING_AHEAD, "Adam": ADAMS}
PAIRS = [(family, a, b) for family, known in FAMILIES.items() for a in known for b in known]


@pytest.fixture(scope="module")
def problem() -> Problem:
    return problem_for(pk.Nesterov(lr=LR, momentum=MOMENTUM), BEFORE + AFTER)


@pytest.mark.parametrize(("family", "first", "second"), PAIRS, ids=[" ".join(pair) for pair in PAIRS])
def test_training_in_two_is_training_in_one(family: str, first: str, second: str, problem: Problem) -> None:
    known = FAMILIES[family]
    a = begun(first, known[first], problem.start)
    x = trained(a, problem, problem.start, range(BEFORE))[-1]
    state = a.state()
    whole = trained(a, problem, x, range(BEFORE, BEFORE + AFTER))
    b = begun(second, known[second], x)
    b.load(pk.convert_state(state, frm=first, to=second, lr=LR, like=b.state()))
    both = trained(b, problem, x, range(BEFORE, BEFORE + AFTER))
    size = np.abs(whole - problem.start).max()
    assert np.abs(whole - both).max() < ROUNDING * size
    afresh = trained(begun(second, known[second], x), problem, x, range(BEFORE, BEFORE + AFTER))
    assert np.abs(whole - afresh).max() > 1e-3 * size  # the state mattered


def test_without_like_a_state_is_made_for_a_list(problem: Problem) -> None:
    """What each framework loads, made from the arrays alone."""
    a = begun("keras:SGD", BALLS["keras:SGD"], problem.start)
    x = trained(a, problem, problem.start, range(BEFORE))[-1]
    state = a.state()
    whole = trained(a, problem, x, range(BEFORE, BEFORE + AFTER))
    made = {
        "torch:SGD": pk.convert_state(state, frm="keras:SGD", to="torch:SGD", momentum=MOMENTUM),
        "keras:SGD": pk.convert_state(state, frm="keras:SGD", to="keras:SGD"),
        "optax:sgd": [pk.convert_state(state, frm="keras:SGD", to="optax:sgd")],
    }
    assert made["torch:SGD"]["param_groups"][0]["lr"] == LR  # from Keras's own state
    for name, found in made.items():
        b = begun(name, BALLS[name], x)
        b.load(found)
        both = trained(b, problem, x, range(BEFORE, BEFORE + AFTER))
        assert np.abs(whole - both).max() < ROUNDING * np.abs(whole - problem.start).max(), name


def test_a_rule_tells_the_units_of_its_own_velocity(problem: Problem) -> None:
    """The averaged gradient at lr/(1-momentum) is the heavy ball at lr; its velocity is (1-momentum) times as large."""
    average = pk.AveragedGradient(lr=LR / (1 - MOMENTUM), momentum=MOMENTUM)
    a = begun("polyak:averaged_gradient", average.settings(), problem.start)
    x = trained(a, problem, problem.start, range(BEFORE))[-1]
    state = a.state()
    whole = trained(a, problem, x, range(BEFORE, BEFORE + AFTER))
    b = begun("torch:SGD", BALLS["torch:SGD"], x)
    b.load(pk.convert_state(state, frm=average, to="torch:SGD", lr=LR, like=b.state()))
    both = trained(b, problem, x, range(BEFORE, BEFORE + AFTER))
    assert np.abs(whole - both).max() < ROUNDING * np.abs(whole - problem.start).max()


def test_dampening_is_taken_out(problem: Problem) -> None:
    dampened = {"lr": LR / 0.6, "momentum": MOMENTUM, "dampening": 0.4}
    a = begun("torch:SGD", dampened, problem.start)
    x = trained(a, problem, problem.start, range(BEFORE))[-1]
    state = a.state()
    whole = trained(a, problem, x, range(BEFORE, BEFORE + AFTER))
    b = begun("keras:SGD", BALLS["keras:SGD"], x)
    b.load(pk.convert_state(state, frm="torch:SGD", to="keras:SGD", lr=LR, like=b.state()))
    both = trained(b, problem, x, range(BEFORE, BEFORE + AFTER))
    assert np.abs(whole - both).max() < ROUNDING * np.abs(whole - problem.start).max()


def test_groups_and_trees_of_the_other_side_are_kept() -> None:
    weights = [torch.nn.Parameter(torch.ones(2, dtype=torch.float64)) for _ in range(2)]
    names = ["layer.weight", "scale"]
    groups = [
        {"params": [(names[0], weights[0])], "lr": 0.1},
        {"params": [(names[1], weights[1])], "lr": 0.1, "weight_decay": 0.5},
    ]
    optimizer = torch.optim.SGD(groups, momentum=0.9)
    state = (
        optax.TraceState(trace={"layer": {"w": np.array([1.0, 2.0])}, "scale": np.array([3.0, 4.0])}),
        optax.EmptyState(),
    )
    found = pk.convert_state(state, frm="optax:sgd", to="torch:SGD", like=optimizer.state_dict())
    optimizer.load_state_dict(found)
    assert [group["weight_decay"] for group in optimizer.param_groups] == [0, 0.5]
    held = [optimizer.state[x]["momentum_buffer"].tolist() for x in weights]
    assert held == [[1.0, 2.0], [3.0, 4.0]]
    tree = {"layer": {"weight": np.zeros(2)}, "scale": np.zeros(2)}
    back = pk.convert_state(found, frm="torch:SGD", to="optax:sgd", like=optax.sgd(0.1, 0.9).init(tree))
    assert jax.tree.map(list, back[0].trace) == {"layer": {"weight": [1.0, 2.0]}, "scale": [3.0, 4.0]}


def test_a_count_that_the_state_does_not_hold_can_be_given() -> None:
    state = (optax.TraceState(trace=[np.array([1.0])]), optax.EmptyState())
    found = pk.convert_state(state, frm="optax:sgd", to="keras:SGD", lr=0.5, step=7)
    assert found["0"] == 7
    assert found["2"] == [-0.5]


STATE = (optax.TraceState(trace=[np.array([1.0])]), optax.EmptyState())


@pytest.mark.parametrize(
    ("state", "given", "words"),
    [
        (STATE, {"frm": "optax:sgd", "to": "keras:SGD"}, ["needs the learning rate", "give lr="]),
        (STATE, {"frm": "optax:sgd", "to": "torch:SGD", "lr": 0.1}, ["give momentum=", "like="]),
        (STATE, {"frm": "optax:sgd", "to": "torch:Adam"}, ["momentum family", "Adam family"]),
        (STATE, {"frm": "optax:sgd", "to": "torch:RMSprop"}, ["momentum family", "RMSprop family"]),
        (STATE, {"frm": "optax:sgd", "to": "mxnet:sgd", "lr": 0.1}, ["the states of mxnet are not read"]),
        (
            STATE,
            {"frm": "optax:sgd", "to": "jax:momentum", "lr": 0.1},
            ["keeps the parameters in its state", "like="],
        ),
        (STATE, {"frm": "optax:sgd", "to": "polyak:averaged_gradient", "lr": 0.1}, ["give the rule itself"]),
        (STATE, {"frm": "optax:sgd", "to": "keras:SGD", "lr": "much"}, ["lr is 'much'"]),
        (STATE, {"frm": "optax:sgd", "to": "keras:SGD", "lr": 0.0}, ["takes in 1 of a gradient"]),
        (STATE, {"frm": "optax:sgd", "to": "keras:SGD", "lr": 0.1, "step": -1}, ["step is -1"]),
        (
            STATE,
            {"frm": "optax:sdg", "to": "keras:SGD"},
            ["unknown optimizer of optax 'sdg'", "did you mean 'sgd'"],
        ),
        (STATE, {"frm": "torch:SGD", "to": "keras:SGD"}, ["torch: the state is a tuple", "state_dict()"]),
        (
            STATE,
            {"frm": "keras:SGD", "to": "torch:SGD", "momentum": 0.9},
            ["keras: the state does not begin with"],
        ),
        (
            STATE,
            {"frm": "polyak:heavy_ball", "to": "torch:SGD", "momentum": 0.9},
            ["polyak: the state is a tuple"],
        ),
        (
            STATE,
            {"frm": "sklearn:sgd", "to": "torch:SGD", "momentum": 0.9},
            ["sklearn: the state is a tuple"],
        ),
        (STATE, {"frm": "jax:momentum", "to": "torch:SGD", "momentum": 0.9}, ["jax: the state is a tuple"]),
        ((), {"frm": "optax:sgd", "to": "torch:SGD"}, ["holds no TraceState"]),
        (
            {"0": 1, "b": 2},
            {"frm": "keras:SGD", "to": "optax:sgd"},
            ["keras: the state is a dict of '0', 'b'"],
        ),
        ({"0": 1, "1": 0.1}, {"frm": "keras:SGD", "to": "optax:sgd"}, ["holds no velocity yet"]),
        (
            {"0": 1, "1": 0.1, "2": [1.0]},
            {"frm": "keras:Adam", "to": "optax:adam"},
            ["mean and squares by turns"],
        ),
    ],
)
def test_bad_states_get_one_line(state: Any, given: dict[str, Any], words: list[str], refused: Any) -> None:
    with refused(*words):
        pk.convert_state(state, **given)


def test_shapes_that_do_not_fit_get_one_line(refused: Any) -> None:
    like = optax.sgd(0.1, 0.9).init([np.zeros(2)])
    with refused("[0] is (1,) and [0] of optax:sgd is (2,)"):
        pk.convert_state(STATE, frm="optax:sgd", to="optax:sgd", like=like)
    with refused("like has its settings already", "momentum"):
        pk.convert_state(STATE, frm="optax:sgd", to="optax:sgd", like=like, momentum=0.9)
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1)) for _ in range(2)], lr=0.1, momentum=0.9)
    with refused("torch", "1 arrays", "2 parameters"):
        pk.convert_state(STATE, frm="optax:sgd", to="torch:SGD", like=optimizer.state_dict())


def test_torch_groups_with_two_learning_rates_get_one_line(refused: Any) -> None:
    weights = [torch.nn.Parameter(torch.ones(1)) for _ in range(2)]
    optimizer = torch.optim.SGD(
        [{"params": [x], "lr": lr} for x, lr in zip(weights, (0.1, 0.2))], momentum=0.9
    )
    for x in weights:
        x.grad = torch.ones(1)
    optimizer.step()
    with refused("learning rates 0.1, 0.2", "give lr="):
        pk.convert_state(optimizer.state_dict(), frm="torch:SGD", to="keras:SGD")
