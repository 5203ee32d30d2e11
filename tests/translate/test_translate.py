"""What a translation says: the line, the words, what it refuses; and that nothing typed leads to a traceback."""

from __future__ import annotations

import dataclasses
import importlib.util
import math
from typing import Any

import jax
import numpy as np
import optax
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

import polyak as pk
from polyak.frameworks import FRAMEWORKS, SPELLINGS, stepper
from polyak.frameworks.arguments_to_rule import read
from polyak.frameworks.keras.stepper import on_jax
from polyak.rules import LinearRule
from polyak.theory import stability
from polyak.translate.best_arguments import ALWAYS, AT_CONSTANT_LR, NEARLY
from polyak.translate.impulse_response import holds_lr, impulse_response, largest_stable_curvature
from polyak.translate.proof_problem import (
    SIZES,
    arrays,
    gap,
    gaps,
    learning_rates,
    numbers,
    problem_for,
    walk,
)
from polyak.translate.side import Side


@pytest.mark.parametrize(
    ("name", "to", "arguments", "line", "equal"),
    [
        (
            "mxnet:sgd",
            "torch",
            {"learning_rate": 0.004, "momentum": 0.9},
            "torch.optim.SGD(lr=0.004, momentum=0.9, dampening=0, nesterov=False)",
            AT_CONSTANT_LR,
        ),
        (
            "keras.SGD",
            "optax",
            {"learning_rate": 0.01, "momentum": 0.9, "nesterov": True},
            "optax.sgd(learning_rate=0.01, momentum=0.9, nesterov=True)",
            AT_CONSTANT_LR,
        ),
        ("keras:SGD", "mxnet", {"momentum": 0.5, "nesterov": True}, "'nag', {'learning_rate': 0.01", ALWAYS),
        (
            "torch.optim.SGD",
            "jax",
            {"lr": 0.25},
            "jax.example_libraries.optimizers.sgd(step_size=0.25)",
            ALWAYS,
        ),
        (
            "sklearn:sgd",
            "keras",
            {},
            "keras.optimizers.SGD(learning_rate=0.001, momentum=0.9, nesterov=True)",
            ALWAYS,
        ),
        (
            "polyak:averaged_gradient",
            "tf1",
            {"lr": 0.5, "momentum": 0.75},
            "tf.compat.v1.train.MomentumOptimizer(learning_rate=0.125, momentum=0.75, use_nesterov=False)",
            ALWAYS,
        ),
        (
            "torch:AdamW",
            "optax",
            {"betas": (0.8, 0.9)},
            "optax.adamw(learning_rate=0.001, b1=0.8, b2=0.9, eps=1e-08, eps_root=0, weight_decay=0.01,",
            ALWAYS,
        ),
        (
            "torch:Adam",
            "optax",
            {"weight_decay": 0.1},
            "optax.chain(optax.add_decayed_weights(0.1), optax.adam(learning_rate=0.001, b1=0.9, b2=0.999, eps=1e-08,"
            " eps_root=0, nesterov=False))",
            ALWAYS,
        ),
        ("torch:SGD", "keras", {"lr": 0.1, "weight_decay": 0.5}, "nesterov=False, weight_decay=0.5)", ALWAYS),
        ("keras:Adam", "torch", {}, "torch.optim.Adam(lr=0.001, betas=(0.9, 0.999), eps=1e-07)", NEARLY),
        (
            "keras:Adam",
            "sklearn",
            {},
            "solver='adam', learning_rate_init=0.001, beta_1=0.9, beta_2=0.999",
            ALWAYS,
        ),
        ("chapter:sgd_momentum", "polyak", {"lr": 0.5, "momentum": 0.5}, "pk.HeavyBall(lr=0.5", ALWAYS),
    ],
)
def test_the_line_and_how_far_it_is_the_same(
    name: str, to: str, arguments: dict[str, Any], line: str, equal: str
) -> None:
    found = pk.translate(name, to=to, **arguments)
    assert line in str(found)
    assert found.equal == equal


def test_words_say_the_edge_and_whether_it_is_near() -> None:
    found = pk.translate("sklearn:sgd", learning_rate_init=0.001, to="torch", curvature=[1, 1200])
    text = "\n".join(found.words())
    assert "below 1.357 (gradient descent: 2)" in text
    assert "88% of the edge, near it" in text
    assert "beyond the edge" in "\n".join(pk.translate("sklearn:sgd", to="torch", curvature=1400).words())
    assert "near" not in "\n".join(pk.translate("sklearn:sgd", to="torch", curvature=3).words())


@pytest.mark.parametrize(
    "rule", [pk.GradientDescent(0.3), pk.HeavyBall(0.3, 0.8), pk.Nesterov(0.3, 0.8)], ids=str
)
def test_the_edge_is_the_theorys(rule: Any) -> None:
    assert largest_stable_curvature(rule) == pytest.approx(stability(rule, [1.0]).max_curvature, rel=1e-9)


def test_what_a_drop_is_predicted_to_do_without_gradients() -> None:
    """8.1 times the velocity's part of the last step, at momentum 0.9 and a drop to a tenth."""
    ends = []
    for inside in (True, False):
        rule: Any = pk.HeavyBall(lr=0.5, momentum=0.9, lr_in_velocity=inside)
        x, state = np.zeros(1), rule.init(np.zeros(1))
        for step in range(500):
            updates, state = rule.update(np.array([float(step < 3)]), state, x)
            x = x + updates
            if step == 2:
                last, rule = -updates[0], rule.replace(lr=0.05)
        ends.append(x[0])
    assert ends[1] - ends[0] == pytest.approx(8.1 * last, rel=1e-12)
    words = "\n".join(pk.translate("mxnet:sgd", momentum=0.9, to="torch").words())
    assert "they part by 8.1 times that part" in words


def test_the_remedy_that_torch_is_offered_holds() -> None:
    found = pk.translate("keras:SGD", learning_rate=0.05, momentum=0.9, to="torch")
    (offer,) = [line for line in found.words() if "pk.to_torch" in line]
    rule = eval(offer[offer.index("pk.HeavyBall") :].removesuffix(")"))
    problem, lrs = problem_for(found.meaning.rule, 200), learning_rates(0.05, 200, 0.1)
    made = stepper(pk.to_torch(rule))
    made.start(arrays(problem.start))
    x, rows = problem.start, [problem.start]
    for step, lr in enumerate(lrs):
        made.set_lr(float(lr))
        x = numbers(made.step(arrays(problem.gradient(x, step))))
        rows.append(x)
    whole = walk(found.meaning.rule, problem, lrs)
    assert np.abs(np.array(rows) - whole).max() < 1e-12 * np.abs(whole).max()


CHAINS = [
    ("torch:SGD", {"lr": 0.05, "momentum": 0.9, "weight_decay": 0.1, "maximize": True}),
    ("keras:SGD", {"learning_rate": 0.05, "momentum": 0.9, "weight_decay": 0.1}),
    ("torch:Adam", {"lr": 0.05, "weight_decay": 0.1, "eps": 0.1}),
]


@pytest.mark.parametrize(("name", "arguments"), CHAINS, ids=[name for name, _ in CHAINS])
def test_an_optax_line_pastes(name: str, arguments: dict[str, Any]) -> None:
    """The chain as printed, on the gradients that the other side is given, is the other side."""
    found = pk.translate(name, to="optax", **arguments)
    transformation = eval(str(found), {"optax": optax})
    problem = problem_for(found.meaning.rule, 200)
    turned = -1.0 if found.meaning.maximize else 1.0
    rule = found.meaning.decayed()
    with jax.enable_x64(True):
        x = y = problem.start
        ours, theirs = rule.init(x), transformation.init(y)
        for step in range(200):
            updates, ours = rule.update(problem.gradient(x, step), ours, x)
            x = x + updates
            updates, theirs = transformation.update(turned * problem.gradient(y, step), theirs, y)
            y = y + np.asarray(updates)
    assert np.abs(x - y).max() < 1e-12 * np.abs(x).max()


@pytest.mark.parametrize("name", ["torch:SGD", "keras:SGD", "torch:RMSprop", "keras:RMSprop", "torch:Adam"])
def test_a_line_of_a_class_pastes(name: str) -> None:
    line = str(pk.translate(name, to=name, **({"momentum": 0.5} if "Adam" not in name else {})))
    if name.startswith("torch"):
        params = [torch.nn.Parameter(torch.ones(1))]
        made = eval(line.replace("(", "(params, ", 1), {"torch": torch, "params": params})
        assert isinstance(made, torch.optim.Optimizer)
    else:
        keras = on_jax()
        assert isinstance(eval(line, {"keras": keras}), keras.optimizers.Optimizer)


@pytest.mark.parametrize("eps", [1e-8, 1e-4, 0.5, 4.0])
def test_where_eps_stands_elsewhere_the_nearest_is_measured(eps: float) -> None:
    """Of what could be meant the one that is least off where it is worst."""
    found = pk.translate("keras:RMSprop", learning_rate=0.01, epsilon=eps, to="torch")
    assert found.equal == NEARLY
    rule: Any = found.meaning.rule
    here = gaps(rule, found.fit.meaning.rule)
    assert found.distance == here.max()
    assert found.gradient == SIZES[here.argmax()]
    tried = [rule.replace(eps=eps**power, eps_position="outside") for power in (1, 0.5, 2)]
    assert found.distance == pytest.approx(min(gaps(rule, other).max() for other in tried), rel=1e-6)
    assert found.distance > 1e-8


@pytest.mark.parametrize(
    "other",
    [
        pk.RMSProp(lr=0.01, eps=1e-4),
        pk.RMSProp(lr=0.01, eps=1e-8, eps_position="inside", momentum=0.5),
        pk.Adam(lr=0.01, eps=1e-3),
    ],
    ids=str,
)
def test_the_gaps_at_all_sizes_are_those_of_a_walk_at_each(other: Any) -> None:
    rule = type(other)(lr=0.01, eps=1e-8, eps_position="inside")
    for size, found in zip(SIZES, gaps(rule, other, steps=60), strict=True):
        problem, lrs = problem_for(rule, 60, float(size)), learning_rates(0.01, 60)
        # From the origin: the place is no matter, but that rounding is of its size.
        problem = dataclasses.replace(
            problem, start=np.zeros(8), target=problem.target - problem_for(rule, 60).start
        )
        one, two = walk(rule, problem, lrs), walk(other, problem, lrs)
        assert found == pytest.approx(np.abs(one - two).max() / np.abs(one).max(), rel=1e-6, abs=1e-13)


EPS = [
    ("keras:Adam", {}, "optax", {"eps": 1e-7}, {"eps": 0.0, "eps_root": 1e-7}, 0.1),
    ("keras:AdamW", {}, "optax", {"eps": 1e-7}, {"eps": 0.0, "eps_root": 1e-7}, 0.1),
    ("tf1:AdamOptimizer", {}, "optax", {"eps": 1e-8}, {"eps": 0.0, "eps_root": 1e-8}, 0.02),
    ("mxnet:adam", {}, "optax", {"eps": 1e-8}, {"eps": 0.0, "eps_root": 1e-8}, 0.02),
    ("keras:RMSprop", {}, "torch", {"eps": 1e-7**0.5}, {"eps": 1e-7}, 0.3),
    ("optax:rmsprop", {"learning_rate": 0.01}, "torch", {"eps": 1e-4}, {"eps": 1e-8}, 0.3),
    ("torch:RMSprop", {}, "keras", {"epsilon": 1e-16}, {"epsilon": 1e-8}, 0.3),
]


@pytest.mark.parametrize(
    ("name", "given", "to", "eps", "misleading", "bound"), EPS, ids=[f"{row[0]} to {row[2]}" for row in EPS]
)
def test_eps_is_chosen_for_gradients_of_every_size(
    name: str,
    given: dict[str, Any],
    to: str,
    eps: dict[str, float],
    misleading: dict[str, float],
    bound: float,
) -> None:
    """What agrees best at gradients of 1 is off by half of the path where they are small."""
    found = pk.translate(name, to=to, **given)
    for argument, value in eps.items():
        assert found.arguments[argument] == pytest.approx(value, rel=1e-12)
    assert 1e-3 < found.distance < bound
    other: Any = read(found.target, {**found.arguments, **misleading}).rule
    off = gaps(found.meaning.rule, other)
    assert off.max() > 0.5
    words = found.words()[0]
    assert f"up to {found.distance:.2g} of the trajectory's size" in words
    assert f"where gradients are about {found.gradient:g} (tried: 1e-06 to 10)" in words


def test_the_proof_is_run_where_it_is_worst() -> None:
    """By the real frameworks; there the eps that looked as good with gradients of 1 is off by more than the path."""
    found = pk.translate("optax:rmsprop", learning_rate=0.01, to="torch")
    proof = found.check()
    assert proof.gap == pytest.approx(found.distance, rel=1e-6)
    assert proof.gradient == found.gradient == 1e-5
    assert not proof.holds
    assert "checked: 1,000 steps with gradients of about 1e-05, largest gap 0.137" in str(proof)
    problem, lrs = problem_for(found.meaning.rule, 1000, 1e-5), learning_rates(0.01)
    source = Side(found.source, found.given, found.meaning).path(problem, lrs)
    arguments = {**found.arguments, "eps": 1e-8}
    misleading = Side(found.target, arguments, read(found.target, arguments))
    assert gap(source, misleading.path(problem, lrs)) > 1
    assert pk.translate("torch:SGD", lr=0.1, to="keras").check(steps=20).gradient is None


def test_the_proof_says_what_was_run() -> None:
    proof = pk.translate("mxnet:sgd", momentum=0.9, to="torch").check(steps=40)
    assert proof.sides == ("our heavy_ball for MXNet", f"torch {torch.__version__}")
    assert "checked: 40 steps, largest gap 0 to rounding" in str(proof)
    assert proof.holds
    assert math.isnan(pk.translate("mxnet:sgd", to="torch").check(steps=40).predicted)


@pytest.mark.parametrize(
    "rule",
    [
        pk.HeavyBall(lr=0.1, momentum=0.9),
        pk.HeavyBall(lr=0.1, momentum=0.9, lr_in_velocity=False),
        pk.Nesterov(lr=0.1, momentum=0.5),
        pk.Adam(lr=0.1, weight_decay=0.2, decay="decoupled"),
        pk.AdamW(lr=0.1),
        pk.rules.RMSProp(lr=0.1, momentum=0.3),
    ],
    ids=str,
)
def test_a_rule_of_ours_is_translated_as_it_is(rule: Any) -> None:
    found = pk.translate(rule, to="torch")
    named = pk.translate(f"polyak:{rule.name()}", to="torch", **rule.settings())
    assert (str(found), found.words()) == (str(named), named.words())
    around = {"weight_decay", "decay"} if "weight_decay" in rule.settings() else set()
    theirs = found.meaning.rule.settings()
    assert {name for name, value in rule.settings().items() if theirs[name] != value} <= around


def test_a_rule_of_ours_is_proved() -> None:
    found = pk.translate(pk.HeavyBall(lr=0.05, momentum=0.9), to="keras")
    assert str(found) == "keras.optimizers.SGD(learning_rate=0.05, momentum=0.9, nesterov=False)"
    assert found.check(steps=50).holds
    assert pk.translate(pk.HeavyBall(lr=0.05, momentum=0.9, lr_in_velocity=False), to="keras").equal == (
        AT_CONSTANT_LR
    )


class OneOfMyOwn(pk.rules.LinearRule, listed=False):
    """A heavy ball under another name."""

    formula, source = "v", "mine"
    lr: float = pk.rules.hyperparameters.lr()

    def coefficients(self) -> Any:
        return pk.rules.GradientDescent(self.lr).coefficients()


@pytest.mark.parametrize(
    ("given_object", "arguments", "words"),
    [
        (
            torch.optim.SGD,
            {},
            ["the class SGD of torch is not translated by itself", "translate('torch:SGD'"],
        ),
        (
            torch.optim.SGD([torch.zeros(1)], lr=0.1),
            {},
            ["an object of SGD of torch is not translated", "give its name and its arguments"],
        ),
        (optax.sgd(0.1), {}, ["of optax is not translated by itself"]),
        (optax.sgd, {}, ["the function sgd of optax is not translated"]),
        (None, {}, ["an object of NoneType is not translated"]),
        (pk.HeavyBall, {}, ["the class HeavyBall of polyak is not translated"]),
        (pk.HeavyBall(0.1, 0.9), {"lr": 0.2}, ["heavy_ball has its settings already; lr has no place"]),
        (pk.HeavyBall(lambda step: 0.1, 0.9), {}, ["lr is a schedule"]),
        (OneOfMyOwn(0.1), {}, ["a rule of your own"]),
    ],
)
def test_an_object_that_is_no_rule_gets_one_line(
    given_object: Any, arguments: dict[str, Any], words: list[str], refused: Any
) -> None:
    with refused(*words):
        pk.translate(given_object, to="keras", **arguments)


def test_where_to_is_a_name(refused: Any) -> None:
    to: Any = pk.HeavyBall
    with refused("to is the class HeavyBall of polyak, expected the name of a framework"):
        pk.translate("torch:SGD", to=to)


def test_what_changes_no_number_is_left_out_with_a_word() -> None:
    found = pk.translate("torch:AdamW", lr=6e-4, betas=[0.9, 0.98], fused=True, capturable=True, to="optax")
    assert found.equal == ALWAYS
    assert str(found) == str(pk.translate("torch:AdamW", lr=6e-4, betas=(0.9, 0.98), to="optax"))
    assert found.words()[-1] == "left out, since they change no number: fused=True, capturable=True"
    assert "left out" not in " ".join(pk.translate("torch:AdamW", to="optax").words())
    assert found.check(steps=20).holds  # capturable needs a device, the numbers do not


@pytest.mark.usefixtures("mlx")
def test_a_framework_of_spellings_alone_has_no_proof(refused: Any) -> None:
    for found in (
        pk.translate("torch:SGD", lr=0.1, momentum=0.9, to="mlx"),
        pk.translate("mlx:SGD", lr=0.1, momentum=0.9, to="keras"),
        pk.translate("keras:SGD", learning_rate=0.1, momentum=0.9, to="mlx"),
    ):
        assert found.words()
        with refused("no proof here: mlx is not run by Polyak"):
            found.check()


BAD = [
    ("tensorflow:SGD", {}, "torch", ["unknown framework 'tensorflow'"]),
    ("kera:SGD", {}, "torch", ["unknown framework 'kera'", "did you mean 'keras'"]),
    ("keras:SDG", {}, "torch", ["unknown optimizer of keras 'SDG'", "did you mean 'SGD'"]),
    ("keras", {}, "torch", ["'keras' names a framework", "keras:SGD"]),
    ("torch:SGD", {"learning_rate": 0.1}, "keras", ["torch:SGD 'learning_rate'", "there it is called 'lr'"]),
    ("torch:SGD", {"momentun": 0.1}, "keras", ["unknown argument of torch:SGD 'momentun'", "'momentum'"]),
    ("optax:sgd", {}, "keras", ["optax:sgd needs learning_rate"]),
    ("optax:adadelta", {}, "keras", ["needs learning_rate", "uphill"]),
    ("torch:SGD", {"lr": "much"}, "keras", ["torch:SGD is gradient_descent: lr is 'much'"]),
    ("torch:SGD", {"momentum": 1.5}, "keras", ["momentum is 1.5", "[0, 1)"]),
    ("torch:SGD", {"nesterov": True}, "keras", ["nesterov needs a momentum above 0 and no dampening"]),
    ("torch:SGD", {"nesterov": 1}, "keras", ["nesterov is 1, expected True or False"]),
    ("torch:SGD", {"weight_decay": -1}, "keras", ["weight decay is -1"]),
    ("torch:Adam", {"betas": 0.9}, "keras", ["betas is 0.9, expected 2 numbers"]),
    ("torch:Adam", {"amsgrad": True}, "keras", ["no rule of ours has amsgrad", "its default, False"]),
    ("torch:Adamax", {}, "keras", ["torch:Adamax has no equivalent among Polyak's rules", "AdamW"]),
    ("jax:adagrad", {"step_size": 0.1}, "torch", ["momentum must be 0"]),
    ("torch:SGD", {}, "kears", ["unknown framework 'kears'", "did you mean 'keras'"]),
    ("torch:Adadelta", {}, "jax", ["jax has nothing that is adadelta", "these have", "keras:Adadelta"]),
    ("torch:SGD", {"lr": lambda step: 0.1}, "keras", ["lr is a schedule"]),
    ("torch:SGD", {"curvature": -1}, "keras", ["curvature is -1"]),
]


@pytest.mark.parametrize(("name", "arguments", "to", "words"), BAD, ids=[str(k) for k in range(len(BAD))])
def test_bad_input_gets_one_line(
    name: str, arguments: dict[str, Any], to: str, words: list[str], refused: Any
) -> None:
    with refused(*words):
        pk.translate(name, to=to, **arguments)


def test_a_bad_proof_is_refused(refused: Any) -> None:
    found = pk.translate("torch:SGD", to="keras")
    with refused("steps is 0", "at least 4"):
        found.check(steps=0)
    with refused("drop is -1"):
        found.check(drop=-1)


MOMENTA = st.floats(0, 0.999)
RATES = st.floats(1e-6, 1e3)


OF_THE_FAMILY = sorted(
    {row.framework for row in SPELLINGS.values() if issubclass(row.forms[0].rule, LinearRule)}
)


def test_a_response_counts_the_plain_gradients_part() -> None:
    """By hand: lr 1/2, momentum 3/4; v = g/2 and x moves by 3/4 v + g/2 at once, then by (3/4)^2 v, (3/4)^3 v ..."""
    weights = impulse_response(pk.Nesterov(lr=0.5, momentum=0.75)).weights(4)
    np.testing.assert_allclose(weights, [0.875, 0.28125, 0.2109375, 0.158203125], rtol=1e-15)


@given(lr=RATES, momentum=MOMENTA, nesterov=st.booleans(), to=st.sampled_from(OF_THE_FAMILY))
def test_whatever_the_numbers_the_response_is_kept(
    lr: float, momentum: float, nesterov: bool, to: str
) -> None:
    found = pk.translate("keras:SGD", learning_rate=lr, momentum=momentum, nesterov=nesterov, to=to)
    theirs = found.fit.meaning.rule
    assert isinstance(theirs, LinearRule)
    said = read(found.target, found.arguments).rule
    assert said == theirs
    if found.equal == NEARLY:
        assert (to, nesterov) == ("chapter", True)  # the page has no look-ahead
        return
    ours: Any = found.meaning.rule
    weights = [np.array(impulse_response(rule).weights(50)) for rule in (ours, theirs)]
    np.testing.assert_allclose(weights[1], weights[0], rtol=1e-11, atol=1e-12 * lr)
    same = None in (holds_lr(ours), holds_lr(theirs)) or holds_lr(ours) == holds_lr(theirs)
    assert found.equal == (ALWAYS if same else AT_CONSTANT_LR)


WORDS = st.one_of(
    st.none(), st.booleans(), st.floats(), st.integers(), st.text(max_size=5), st.just((0.9, 0.99))
)


@given(data=st.data())
def test_whatever_is_given_the_answer_is_a_translation_or_one_line(data: st.DataObject) -> None:
    row = SPELLINGS[data.draw(st.sampled_from(sorted(SPELLINGS)))]
    names = st.sampled_from([*row.defaults, "lr", "momentun", ""])
    arguments = data.draw(st.dictionaries(names, WORDS, max_size=3))
    to = data.draw(st.sampled_from([*FRAMEWORKS, *SPELLINGS, "", "torch:", "keras.SGD"]))
    arguments.pop("name", None)
    try:
        found: Any = pk.translate(row.name, to=to, **arguments)
    except pk.PolyakError as error:
        found = error
    assert len(str(found).splitlines()) == 1
    assert isinstance(found, pk.PolyakError) or found.words()


def test_what_is_not_installed_is_named_with_what_to_install(
    monkeypatch: pytest.MonkeyPatch, refused: Any
) -> None:
    real = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name, *rest: None if name == "torch" else real(name, *rest)
    )
    found = pk.translate("optax:sgd", learning_rate=0.1, momentum=0.9, to="torch")
    proof = found.check(steps=20)
    assert proof.holds
    assert proof.sides[1] == "our heavy_ball for torch, which is not installed: pip install 'polyak[torch]'"
    state = optax.sgd(0.1, 0.9).init([np.ones(2)])
    with refused("a state of torch needs torch", "pip install 'polyak[torch]'"):
        pk.convert_state(state, frm="optax:sgd", to="torch:SGD", lr=0.1, momentum=0.9)
