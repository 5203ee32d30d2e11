"""Layers of one shape: each finds its own velocity by its name, in whatever order, or the conversion is refused."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import numpy as np
import optax
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from jax.example_libraries import optimizers
from sklearn.neural_network import _stochastic_optimizers as of_sklearn

import polyak as pk
from polyak.frameworks.array_names import matched
from polyak.frameworks.keras.stepper import on_jax

LR, MOMENTUM = 0.5, 0.9
LAYERS = ("second", "first", "third_b", "b")
SHAPE = (2,)


class Side(NamedTuple):
    """A framework's momentum: a state whose layers hold these velocities of torch's units, and what one holds."""

    made: Callable[[dict[str, float]], Any]
    held: Callable[[Any, list[str]], dict[str, float]]
    name: str
    named: bool = True


def tree(values: dict[str, float]) -> Any:
    return {layer: {"bias": np.full(SHAPE, value)} for layer, value in values.items()}


def of_tree(found: Any) -> dict[str, float]:
    return {layer: float(np.asarray(found[layer]["bias"])[0]) for layer in found}


def torch_state(values: dict[str, float], named: bool = True) -> Any:
    params = [
        (f"{layer}.bias", torch.nn.Parameter(torch.zeros(SHAPE, dtype=torch.float64))) for layer in values
    ]
    made = torch.optim.SGD(params if named else [x for _, x in params], lr=LR, momentum=MOMENTUM)
    for (_, x), value in zip(params, values.values(), strict=True):
        x.grad = torch.full(SHAPE, value, dtype=torch.float64)
    made.step()
    return made.state_dict()


def of_torch(state: Any, order: list[str]) -> dict[str, float]:
    return {layer: float(state["state"][k]["momentum_buffer"][0]) for k, layer in enumerate(order)}


def keras_state(values: dict[str, float], named: bool = True) -> Any:
    keras = on_jax()
    variables = []
    for layer in values:
        with keras.name_scope(layer):
            variables.append(keras.Variable(np.zeros(SHAPE), name="bias"))
    made = keras.optimizers.SGD(LR, momentum=MOMENTUM)
    made.build(variables)
    for variable, value in zip(made.variables[2:], values.values(), strict=True):
        variable.assign(np.full(SHAPE, -LR * value))
    return made.variables if named else {str(k): np.array(x.value) for k, x in enumerate(made.variables)}


def of_keras(state: Any, order: list[str]) -> dict[str, float]:
    return {layer: -float(state[str(k + 2)][0]) / LR for k, layer in enumerate(order)}


def optax_state(values: dict[str, float]) -> Any:
    return (optax.TraceState(trace=tree(values)), optax.EmptyState())


def jax_state(values: dict[str, float]) -> Any:
    begin, update, _ = optimizers.momentum(LR, MOMENTUM)
    return 1, update(0, tree(values), begin(tree(dict.fromkeys(values, 0.0))))


def of_jax(state: Any, order: list[str]) -> dict[str, float]:
    found = optimizers.unpack_optimizer_state(state[1])
    return {layer: float(found[layer]["bias"].subtree[1][0]) for layer in found}


def polyak_state(values: dict[str, float]) -> Any:
    rule = pk.HeavyBall(lr=LR, momentum=MOMENTUM)
    zero = tree(dict.fromkeys(values, 0.0))
    return rule.update(tree(values), rule.init(zero), zero)[1]


def of_polyak(state: Any, order: list[str]) -> dict[str, float]:
    return {layer: float(state.slots[layer]["bias"]["velocity"][0]) / LR for layer in state.slots}


def sklearn_state(values: dict[str, float]) -> Any:
    made = of_sklearn.SGDOptimizer([np.zeros(SHAPE) for _ in values], learning_rate_init=LR)
    made.velocities = [np.full(SHAPE, -LR * value) for value in values.values()]
    return dict(vars(made))


def of_solver(state: Any, order: list[str]) -> dict[str, float]:
    return {layer: -float(v[0]) / LR for layer, v in zip(order, state["velocities"], strict=True)}


SIDES = {
    "torch": Side(torch_state, of_torch, "torch:SGD"),
    "torch, nameless": Side(lambda values: torch_state(values, False), of_torch, "torch:SGD", False),
    "keras": Side(keras_state, of_keras, "keras:SGD"),
    "keras, stored": Side(lambda values: keras_state(values, False), of_keras, "keras:SGD", False),
    "optax": Side(optax_state, lambda state, _: of_tree(state[0].trace), "optax:sgd"),
    "jax": Side(jax_state, of_jax, "jax:momentum"),
    "polyak": Side(polyak_state, of_polyak, "polyak:heavy_ball"),
    "sklearn": Side(sklearn_state, of_solver, "sklearn:sgd", False),
}
PAIRS = [(a, b) for a in SIDES for b in SIDES]
ORDERS = st.permutations(LAYERS)


@pytest.mark.parametrize(("first", "second"), PAIRS, ids=[" to ".join(pair) for pair in PAIRS])
@settings(max_examples=6)  # of 64 pairs each
@given(ours=ORDERS, theirs=ORDERS)
def test_no_layer_gets_anothers_velocity(first: str, second: str, ours: list[str], theirs: list[str]) -> None:
    source, target = SIDES[first], SIDES[second]
    wanted = {layer: float(k + 1) for k, layer in enumerate(LAYERS)}
    state = source.made({layer: wanted[layer] for layer in ours})
    like = target.made(dict.fromkeys(theirs, 0.25))
    how: dict[str, Any] = {"frm": source.name, "to": target.name, "lr": LR, "like": like}
    if not (source.named and target.named):
        with pytest.raises(pk.PolyakError, match="could be exchanged"):
            pk.convert_state(state, **how)
        # The nameless side's order in the other's words; of two nameless sides one order.
        how["names"] = [f"{layer}.bias" for layer in (theirs if source.named else ours)]
        theirs = theirs if source.named or target.named else ours
    found = pk.convert_state(state, **how)
    assert target.held(found, theirs) == pytest.approx(wanted, rel=1e-7)


def two_layers(shape: tuple[int, ...] = (2, 2)) -> tuple[Any, Any]:
    """A torch model whose second layer comes first, after a step: gradients 2 and 1."""
    module = torch.nn.ModuleDict(
        {name: torch.nn.Linear(shape[1], shape[0], bias=False) for name in ("second", "first")}
    )
    for name, value in (("second", 2.0), ("first", 1.0)):
        module[name].weight.grad = torch.full(shape, value)
    return module, lambda params: torch.optim.SGD(params, lr=0.1, momentum=0.9)


def test_the_order_of_the_model_and_that_of_the_tree_are_two(refused: Any) -> None:
    module, made = two_layers()
    optimizer = made(module.named_parameters())
    optimizer.step()
    like = optax.sgd(0.1, momentum=0.9).init({"second": np.zeros((2, 2)), "first": np.zeros((2, 2))})
    found = pk.convert_state(optimizer.state_dict(), frm="torch:SGD", to="optax:sgd", like=like)
    assert {name: float(v[0, 0]) for name, v in found[0].trace.items()} == {"second": 2.0, "first": 1.0}
    nameless = made(module.parameters())
    nameless.step()
    with refused("arrays 0 and 1 are both (2, 2) and could be exchanged", "named_parameters()", "names=["):
        pk.convert_state(nameless.state_dict(), frm="torch:SGD", to="optax:sgd", like=like)
    told = pk.convert_state(
        nameless.state_dict(), frm="torch:SGD", to="optax:sgd", like=like, names=["second", "first"]
    )
    assert jax.tree.all(jax.tree.map(np.array_equal, told[0].trace, found[0].trace))


def test_a_square_kernel_may_be_turned_round(refused: Any) -> None:
    """torch's weight is (out, in), a kernel (in, out): only a shape that is not square shows which it is."""
    for shape in ((2, 2), (3, 2)):
        module, made = two_layers(shape)
        optimizer = made(module.named_parameters())
        optimizer.step()
        like = optax.sgd(0.1, 0.9).init({name: {"kernel": np.zeros(shape)} for name in ("first", "second")})
        how: dict[str, Any] = {"frm": "torch:SGD", "to": "optax:sgd", "like": like}
        if shape == (2, 2):
            with refused("first.weight and ['first']['kernel'], (2, 2)", "(out, in)", "names=["):
                pk.convert_state(optimizer.state_dict(), **how)
            how["names"] = ["['second']['kernel']", "['first']['kernel']"]
        found = pk.convert_state(optimizer.state_dict(), **how)
        assert found[0].trace["second"]["kernel"][0, 0] == 2.0
        turned = optax.sgd(0.1, 0.9).init({name: {"kernel": np.zeros((2, 3))} for name in module})
        if shape == (3, 2):
            with refused("first.weight is (3, 2)", "(2, 3)", "turn it round before"):
                pk.convert_state(optimizer.state_dict(), **{**how, "like": turned})


def test_without_names_two_shapes_that_a_turn_makes_one_are_not_told_apart(refused: Any) -> None:
    state = (optax.TraceState(trace=[np.ones((3, 2)), np.ones((2, 3))]), optax.EmptyState())
    with refused("arrays 0 and 1 are (3, 2) and (2, 3)", "could be exchanged", "give like=..."):
        pk.convert_state(state, frm="optax:sgd", to="torch:SGD", lr=0.1, momentum=0.9)
    found = pk.convert_state(
        state, frm="optax:sgd", to="torch:SGD", lr=0.1, momentum=0.9, names=["[0]", "[1]"]
    )
    assert found["state"][1]["momentum_buffer"].shape == (2, 3)


def test_one_array_of_a_shape_needs_no_name() -> None:
    state = (optax.TraceState(trace={"b": np.ones(2), "a": np.ones((3, 2))}), optax.EmptyState())
    found = pk.convert_state(state, frm="optax:sgd", to="keras:SGD", lr=0.5)
    assert [found[str(k)].shape for k in (2, 3)] == [(3, 2), (2,)]
    # By name the order of the other side is taken, whatever the shapes.
    module = torch.nn.ParameterDict({"b": torch.zeros(2), "a": torch.zeros(3, 2)})
    like = torch.optim.SGD(reversed(list(module.named_parameters())), lr=0.1, momentum=0.9).state_dict()
    there = pk.convert_state(state, frm="optax:sgd", to="torch:SGD", like=like)
    shapes = [tuple(there["state"][k]["momentum_buffer"].shape) for k in range(2)]
    assert shapes == [tuple(module[name].shape) for name in like["param_groups"][0]["param_names"]]


BALL = (optax.TraceState(trace={"a": np.ones(2), "b": np.ones(2)}), optax.EmptyState())


@pytest.mark.parametrize(
    ("given_names", "words"),
    [
        (["a"], ["names is ['a']", "expected 2 names"]),
        (["a", "a"], ["no two the same"]),
        ("ab", ["names is 'ab'"]),
        ([0, 1], ["expected 2 names"]),
        (["a", "c"], ["names is a, c", "not those of optax:sgd: ['a'], ['b']"]),
    ],
)
def test_names_that_are_none_get_one_line(given_names: Any, words: list[str], refused: Any) -> None:
    with refused(*words):
        pk.convert_state(BALL, frm="optax:sgd", to="keras:SGD", lr=0.5, names=given_names)


def test_other_names_on_the_other_side_get_one_line(refused: Any) -> None:
    like = optax.sgd(0.1, 0.9).init({"a": np.zeros(2), "c": np.zeros(2)})
    with refused("could be exchanged", "['a'], ['b']", "['a'], ['c']", "the same names"):
        pk.convert_state(BALL, frm="optax:sgd", to="optax:sgd", like=like)
    found = pk.convert_state(BALL, frm="optax:sgd", to="optax:sgd", like=like, names=["c", "a"])
    assert set(found[0].trace) == {"a", "c"}
    three = optax.sgd(0.1, 0.9).init({name: np.zeros(2) for name in "abc"})
    with refused("optax:sgd has 2 arrays", "has 3"):
        pk.convert_state(BALL, frm="optax:sgd", to="optax:sgd", like=three)


@pytest.mark.parametrize(
    ("names", "others", "order"),
    [
        (["second.weight", "first.weight"], ["['first']['w']", "['second']['w']"], [1, 0]),
        (["second.weight", "first.weight"], ["['first']", "['second']"], [1, 0]),
        (["module.a.bias", "module.b.bias"], ["b.bias", "a.bias"], [1, 0]),
        (["a.weight", "a.bias"], ["sequential_a_bias", "sequential_a_kernel"], [1, 0]),
        (["['a']['kernel'].value", "['b']['kernel'].value"], ["b.weight", "a.weight"], [1, 0]),
        (["0.weight", "1.weight"], ["['Dense_0']['kernel']", "['Dense_1']['kernel']"], None),
        (["0.weight", "2.weight"], ["['a']['kernel']", "['b']['kernel']"], None),
        (["0", "1"], ["[0]", "[1]"], None),  # a place is no name elsewhere
        (["[0]", "[1]"], ["[0]", "[1]"], [0, 1]),
        (["a_b.c", "a.b_c"], ["['a_b']['c']", "['a']['b_c']"], None),  # one word list for both
        (["a.w", "a.weight"], ["['a']['kernel']", "['a']['weight']"], None),
        (["a.weight"], ["a.weight", "b.weight"], None),
    ],
)
def test_names_are_matched_beyond_doubt_or_not_at_all(
    names: list[str], others: list[str], order: list[int] | None
) -> None:
    assert matched(names, others) == order


WORDS = st.sampled_from(["a", "b", "w", "kernel", "weight", "bias", "0", "1", "a_b", "Dense_0"])
PATHS = st.lists(st.lists(WORDS, min_size=1, max_size=4).map(tuple), min_size=2, max_size=5, unique=True)


@given(paths=PATHS, data=st.data(), root=st.sampled_from(["", "module.", "a."]))
def test_a_match_is_the_right_one(paths: list[tuple[str, ...]], data: st.DataObject, root: str) -> None:
    shuffled = data.draw(st.permutations(range(len(paths))))
    names = [root + ".".join(path) for path in paths]
    for spell in ("".join, "_".join, ".".join):
        others = [spell(f"['{word}']" if spell == "".join else word for word in paths[k]) for k in shuffled]
        assert matched(names, others) in (None, shuffled)
