"""Every kind of state goes across: training that changes its framework on the way ends where training in one ends."""

from __future__ import annotations

from typing import Any

import numpy as np
import optax
import pytest
import torch

import polyak as pk
from polyak.translate.proof_problem import Problem, problem_for
from state_moves import begun, trained

LR, BEFORE, AFTER, ROUNDING = 0.05, 20, 60, 1e-12
KERAS_ADAM = {"learning_rate": LR, "beta_1": 0.8, "beta_2": 0.9, "epsilon": 0.0}
FAMILIES: dict[str, dict[str, dict[str, Any]]] = {  # each is taken to the next, the last to the first
    "RMSprop": {
        "torch:RMSprop": {"lr": LR, "alpha": 0.9, "eps": 0.0},
        "optax:rmsprop": {"learning_rate": LR, "decay": 0.9, "eps": 0.0},
        "keras:RMSprop": {"learning_rate": LR, "rho": 0.9, "epsilon": 0.0},
        "polyak:rmsprop": {"lr": LR, "decay": 0.9, "eps": 0.0},
    },
    "RMSprop with momentum, centred": {
        "torch:RMSprop": {"lr": LR, "alpha": 0.9, "eps": 0.0, "momentum": 0.8, "centered": True},
        "optax:rmsprop": {"learning_rate": LR, "decay": 0.9, "eps": 0.0, "momentum": 0.8, "centered": True},
        "keras:RMSprop": {"learning_rate": LR, "rho": 0.9, "epsilon": 0.0, "momentum": 0.8, "centered": True},
        "polyak:rmsprop": {"lr": LR, "decay": 0.9, "eps": 0.0, "momentum": 0.8, "centered": True},
    },
    "Adagrad": {
        "torch:Adagrad": {"lr": LR, "eps": 0.0, "initial_accumulator_value": 0.1},
        "optax:adagrad": {"learning_rate": LR, "eps": 0.0, "initial_accumulator_value": 0.1},
        "keras:Adagrad": {"learning_rate": LR, "epsilon": 0.0, "initial_accumulator_value": 0.1},
        "polyak:adagrad": {"lr": LR, "eps": 0.0, "initial_accumulator": 0.1},
    },
    "Adadelta": {
        "torch:Adadelta": {"lr": 1.0, "rho": 0.9, "eps": 1e-6},
        "optax:adadelta": {"learning_rate": 1.0, "rho": 0.9, "eps": 1e-6},
        "keras:Adadelta": {"learning_rate": 1.0, "rho": 0.9, "epsilon": 1e-6},
        "polyak:adadelta": {"lr": 1.0, "decay": 0.9, "eps": 1e-6},
    },
    "Lion": {
        "optax:lion": {"learning_rate": LR, "b1": 0.9, "b2": 0.99, "weight_decay": 0.0},
        "keras:Lion": {"learning_rate": LR, "beta_1": 0.9, "beta_2": 0.99},
        "polyak:lion": {"lr": LR, "beta1": 0.9, "beta2": 0.99},
    },
    "NAdam": {
        "torch:NAdam": {"lr": LR, "betas": (0.8, 0.9), "momentum_decay": 1.0},
        "keras:Nadam": {"learning_rate": LR, "beta_1": 0.8, "beta_2": 0.9, "epsilon": 1e-8},
        "polyak:nadam": {"lr": LR, "beta1": 0.8, "beta2": 0.9, "momentum_decay": 1.0},
    },
    "NAdam of a constant momentum": {
        "optax:nadam": {"learning_rate": LR, "b1": 0.8, "b2": 0.9},
        "polyak:nadam": {"lr": LR, "beta1": 0.8, "beta2": 0.9, "momentum_schedule": "constant"},
    },
    "amsgrad": {
        "torch:Adam": {"lr": LR, "betas": (0.8, 0.9), "eps": 0.0, "amsgrad": True},
        "keras:Adam": {**KERAS_ADAM, "amsgrad": True},
    },
}
PAIRS = [
    (family, a, b) for family, known in FAMILIES.items() for a, b in zip(known, [*known][1:] + [*known][:1])
]


@pytest.fixture(scope="module")
def problem() -> Problem:
    return problem_for(pk.Nesterov(lr=LR, momentum=0.9), BEFORE + AFTER)


def of(name: str, settings: dict[str, Any]) -> Any:
    return pk.rules.find(name[7:]).from_settings(**settings) if name.startswith("polyak") else name


@pytest.mark.parametrize(("family", "first", "second"), PAIRS, ids=[" ".join(pair) for pair in PAIRS])
def test_sixty_steps_more_are_as_if_nothing_had_happened(
    family: str, first: str, second: str, problem: Problem
) -> None:
    known = FAMILIES[family]
    a = begun(first, known[first], problem.start)
    x = trained(a, problem, problem.start, range(BEFORE))[-1]
    state, rest = a.state(), range(BEFORE, BEFORE + AFTER)
    whole = trained(a, problem, x, rest)
    b = begun(second, known[second], x)
    how = {"frm": of(first, known[first]), "to": of(second, known[second])}
    b.load(pk.convert_state(state, **how, lr=LR, like=b.state()))
    size = np.abs(whole - problem.start).max()
    assert np.abs(whole - trained(b, problem, x, rest)).max() < ROUNDING * size
    if family != "Lion":  # whose signs hardly ask what was before
        afresh = trained(begun(second, known[second], x), problem, x, rest)
        assert np.abs(whole - afresh).max() > 1e-4 * size  # the state mattered


def stepped(name: str, shapes: tuple[tuple[int, ...], ...] = ((2,), (3, 2)), **settings: Any) -> Any:
    params = [torch.nn.Parameter(torch.ones(shape, dtype=torch.float64)) for shape in shapes]
    made = getattr(torch.optim, name)(params, lr=0.1, **settings)
    for x in params:
        x.grad = torch.full_like(x, 2.0)
    made.step()
    return made.state_dict()


ADAM_STATE = stepped("Adam", amsgrad=True)


@pytest.mark.parametrize(
    ("state", "how", "words"),
    [
        (
            optax.amsgrad(0.1).init([np.zeros(2), np.zeros((3, 2))]),
            {"frm": "optax:adam", "to": "torch:Adam", "like": ADAM_STATE},
            ["corrected for their start", "neither"],
        ),
        (ADAM_STATE, {"frm": "torch:Adam", "to": "optax:adam"}, ["largest squares, amsgrad's"]),
        (ADAM_STATE, {"frm": "torch:Adam", "to": "torch:AdamW"}, ["give amsgrad=..."]),
        (ADAM_STATE, {"frm": "torch:Adam", "to": "jax:adam", "like": (0, None)}, ["jax"]),
        (
            stepped("NAdam"),
            {"frm": "torch:NAdam", "to": "optax:nadam"},
            ["NAdam family", "constant momentum"],
        ),
        (
            stepped("RMSprop", momentum=0.9),
            {"frm": "torch:RMSprop", "to": "torch:RMSprop"},
            ["give momentum=..."],
        ),
        (
            stepped("RMSprop", momentum=0.9),
            {"frm": "torch:RMSprop", "to": "torch:RMSprop", "like": stepped("RMSprop")},
            ["holds no velocity"],
        ),
        (
            {"0": 1, "1": 0.1, "2": [1.0], "3": [1.0]},
            {"frm": "keras:RMSprop", "to": "optax:rmsprop"},
            ["which their shapes do not tell", "optimizer.variables"],
        ),
    ],
)
def test_what_does_not_go_across_gets_one_line(
    state: Any, how: dict[str, Any], words: list[str], refused: Any
) -> None:
    with refused(*words):
        pk.convert_state(state, **how)


def test_a_rmsprop_velocity_is_turned_and_rescaled() -> None:
    """By hand: g = 2, s = .01 x 4, v = 2 / sqrt(.04) = 10 outside the learning rate, -1 inside it, added."""
    found = pk.convert_state(
        stepped("RMSprop", momentum=0.9, eps=0.0), frm="torch:RMSprop", to="optax:rmsprop"
    )
    assert float(found[0].nu[0][0]) == pytest.approx(0.04)
    assert float(found[2].trace[0][0]) == pytest.approx(-1.0)


def begun_partly() -> Any:
    """Two layers of which one alone has taken a step."""
    params = {name: torch.nn.Parameter(torch.ones(2, dtype=torch.float64)) for name in ("first", "second")}
    made = torch.optim.AdamW(list(params.items()), lr=0.1)
    params["second"].grad = torch.ones(2, dtype=torch.float64)
    made.step()
    return made.state_dict()


def test_a_frozen_parameter_has_a_place_where_it_is_said_to_be_frozen(refused: Any) -> None:
    tree = {"first": np.zeros(2), "second": np.zeros(2)}
    like = optax.adamw(0.1).init(tree)
    with refused("1 parameters of torch:AdamW have taken no step yet (first)", "frozen=True"):
        pk.convert_state(begun_partly(), frm="torch:AdamW", to="optax:adamw", like=like)
    found = pk.convert_state(begun_partly(), frm="torch:AdamW", to="optax:adamw", like=like, frozen=True)
    assert np.asarray(found[0].mu["second"]) == pytest.approx(0.1)
    assert not np.asarray(found[0].mu["first"]).any()
    # A tree of the trained ones alone needs no word, and comes back into the place of its name.
    alone = optax.adamw(0.1).init({"second": np.zeros(2)})
    some = pk.convert_state(begun_partly(), frm="torch:AdamW", to="optax:adamw", like=alone)
    back = pk.convert_state(some, frm="optax:adamw", to="torch:AdamW", like=begun_partly())
    assert [*back["state"]] == [1]
    assert float(back["state"][1]["exp_avg"][0]) == pytest.approx(0.1)


def test_torch_goes_on_with_parameters_that_have_no_state_yet() -> None:
    found = pk.convert_state(begun_partly(), frm="torch:AdamW", to="torch:Adam", like=begun_partly())
    assert [*found["state"]] == [1]


@pytest.mark.parametrize("kind", [torch.bfloat16, torch.float16, torch.float32])
def test_low_precision_goes_across_bit_for_bit(kind: torch.dtype) -> None:
    x = torch.nn.Parameter(torch.tensor([1.0, 0.3], dtype=kind))
    made = torch.optim.Adam([x], lr=0.1, eps=1e-4)
    x.grad = torch.tensor([0.123, -2.7], dtype=kind)
    made.step()
    there = pk.convert_state(made.state_dict(), frm="torch:Adam", to="optax:adam")
    assert str(there[0].mu[0].dtype) == str(kind).removeprefix("torch.")
    back = pk.convert_state(there, frm="optax:adam", to="torch:Adam", lr=0.1)
    for name in ("exp_avg", "exp_avg_sq"):
        assert torch.equal(back["state"][0][name], made.state_dict()["state"][0][name])


def test_nothing_of_the_state_given_is_shared_or_changed() -> None:
    state = stepped("SGD", momentum=0.9)
    found = pk.convert_state(state, frm="torch:SGD", to="torch:SGD", momentum=0.9)
    found["state"][0]["momentum_buffer"].zero_()
    assert state["state"][0]["momentum_buffer"].min() == 2.0
    store = pk.convert_state(state, frm="torch:SGD", to="keras:SGD", lr=0.5)
    pk.convert_state(store, frm="keras:SGD", to="polyak:heavy_ball", lr=0.5)
    assert store["2"].max() == -1.0


def test_a_schedule_is_the_other_sides_learning_rate(refused: Any) -> None:
    schedule = optax.cosine_decay_schedule(1e-2, 100)
    how: dict[str, Any] = {"frm": "torch:AdamW", "to": "optax:adamw", "schedule": schedule}
    found = pk.convert_state(stepped("AdamW"), **how)
    assert [
        int(part.count) for part in found if getattr(part, "_fields", ()) and "count" in part._fields
    ] == [1, 1]
    with refused("given twice, as schedule and as learning_rate"):
        pk.convert_state(stepped("AdamW"), **how, learning_rate=0.1)
    with refused("an optimizer that has its own"):
        pk.convert_state(stepped("AdamW"), **how, like=optax.adamw(0.1).init([np.zeros(2)]))
