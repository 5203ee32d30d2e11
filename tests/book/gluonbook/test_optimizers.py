"""A Trainer's optimizers, held step by step against MXNet 1.9.1 itself (scripts/record_mxnet.py)."""

import json
from pathlib import Path

import numpy as np
import pytest

from polyak.book.gluonbook.mx import autograd, nd
from polyak.book.gluonbook.mx.gluon import Parameter, Trainer
from polyak.book.gluonbook.optimizers import OPTIMIZERS, WITHOUT_RULE, rule_of

RECORDING = json.loads((Path(__file__).parent / "recorded" / "optimizers.json").read_text())
# MXNet holds hyper-parameters in float32, whatever the arrays: thirty steps keep five or six digits.
TOLERANCE = {"float32": 1e-5, "float64": 3e-6}


def follows_mxnet(case):
    """Not where MXNet departs from its own formula; see the two tests of that."""
    a = case["arguments"]
    sees_moved_weight = case["optimizer"] == "nag" and a.get("wd") and a.get("momentum")
    shares_schedule = case["optimizer"] == "nadam" and len(case["arrays"]) > 1
    return not (sees_moved_weight or shares_schedule)


def label(case):
    shown = " ".join(f"{name}={value}" for name, value in case["arguments"].items())
    return f"{case['optimizer']} {shown} {case['dtype']} {len(case['arrays'])}"


def slope(name, x):
    curvature, target = (np.array(RECORDING[key][name]) for key in ("curvature", "target"))
    return RECORDING["batch_size"] * (curvature * (x - target) + 0.3 * np.sin(3 * x))


def walk(case):
    """The same steps by our Trainer."""
    dtype, names = case["dtype"], case["arrays"]
    params = {name: Parameter(name, dtype=dtype) for name in names}
    for name, param in params.items():
        param.set_data(nd.array(RECORDING["start"][name], dtype=dtype))
    trainer = Trainer(params, case["optimizer"], case["arguments"])
    rows = []
    for step in range(RECORDING["steps"][-1] + 1):
        if step in RECORDING["steps"]:
            rows.append(np.concatenate([param.data().asnumpy().ravel() for param in params.values()]))
        if step == RECORDING["drop_after"]:
            trainer.set_learning_rate(trainer.learning_rate / 10)
        slopes = {name: slope(name, param.data().asnumpy().astype(float)) for name, param in params.items()}
        with autograd.record():
            parts = [
                (param.data() * nd.array(slopes[name], dtype=dtype)).sum() for name, param in params.items()
            ]
        autograd.backward(parts)
        trainer.step(RECORDING["batch_size"])
    return np.array(rows)


@pytest.mark.parametrize("case", list(filter(follows_mxnet, RECORDING["cases"])), ids=label)
def test_trajectory_is_mxnets(case):
    path = np.array(case["path"])
    assert np.ptp(path, axis=0).min() > 0.01, "the recording hardly moved"
    np.testing.assert_allclose(walk(case), path, rtol=0, atol=TOLERANCE[case["dtype"]] * np.abs(path).max())


def test_every_optimizer_was_recorded():
    assert {case["optimizer"] for case in RECORDING["cases"]} == set(OPTIMIZERS)


@pytest.mark.parametrize(
    "case",
    [case for case in RECORDING["cases"] if case["optimizer"] == "nag" and not follows_mxnet(case)],
    ids=label,
)
def test_mxnets_nag_lets_the_velocity_decay_by_the_weight_already_moved(case):
    """The formula with that slip put in is the recording; ours is the formula."""
    a = case["arguments"]
    lr, momentum, wd, clip = a["learning_rate"], a["momentum"], a["wd"], a["clip_gradient"]
    x = np.concatenate([np.ravel(RECORDING["start"][name]) for name in case["arrays"]])
    v, rows = np.zeros_like(x), []
    for step in range(RECORDING["steps"][-1] + 1):
        if step in RECORDING["steps"]:
            rows.append(x)
        if step == RECORDING["drop_after"]:
            lr /= 10
        parts = np.split(x, [2])
        g = np.concatenate(
            [slope(name, part.reshape(-1, 1)).ravel() for name, part in zip(("weight",), parts)]
        )
        g = np.append(g, slope("bias", parts[1])) / RECORDING["batch_size"]
        g = np.clip(g, -clip, clip)
        moved = x + momentum * (momentum * v - lr * (g + wd * x)) - lr * (g + wd * x)
        v = momentum * v - lr * (g + wd * moved)
        x = moved
    np.testing.assert_allclose(rows, case["path"], rtol=0, atol=TOLERANCE[case["dtype"]])
    assert 0.001 < np.abs(walk(case) - case["path"]).max() < 0.05


@pytest.mark.parametrize(
    "case",
    [
        case
        for case in RECORDING["cases"]
        if case["optimizer"] == "nadam" and not follows_mxnet(case) and case["dtype"] == "float64"
    ],
    ids=label,
)
def test_mxnets_nadam_lets_two_arrays_advance_one_schedule(case):
    a = {"learning_rate": 0.001, "beta1": 0.9, "beta2": 0.999, "epsilon": 1e-8, "schedule_decay": 0.004}
    a |= {"wd": 0.0, "clip_gradient": np.inf} | case["arguments"]
    lr, beta1, beta2, psi = a["learning_rate"], a["beta1"], a["beta2"], a["schedule_decay"]
    arrays = [np.ravel(RECORDING["start"][name]) for name in case["arrays"]]
    m, s = [np.zeros_like(x) for x in arrays], [np.zeros_like(x) for x in arrays]
    product, rows = 1.0, []
    for step in range(RECORDING["steps"][-1] + 1):
        if step in RECORDING["steps"]:
            rows.append(np.concatenate(arrays))
        if step == RECORDING["drop_after"]:
            lr /= 10
        t = step + 1
        mu, mu_next = (beta1 * (1 - 0.5 * 0.96 ** (k * psi)) for k in (t, t + 1))
        for name in sorted(case["arrays"]):  # a Trainer's order
            k = case["arrays"].index(name)
            x = arrays[k]
            g = slope(name, x.reshape(-1, 1) if name == "weight" else x).ravel() / RECORDING["batch_size"]
            g = np.clip(g + a["wd"] * x, -a["clip_gradient"], a["clip_gradient"])
            product *= mu  # once for each array: the slip
            m[k] = beta1 * m[k] + (1 - beta1) * g
            s[k] = beta2 * s[k] + (1 - beta2) * g * g
            ahead = (1 - mu) * g / (1 - product) + mu_next * m[k] / (1 - product * mu_next)
            arrays[k] = x - lr * ahead / (np.sqrt(s[k] / (1 - beta2**t)) + a["epsilon"])
    np.testing.assert_allclose(rows, case["path"], rtol=0, atol=TOLERANCE[case["dtype"]])
    assert np.abs(walk(case) - case["path"]).max() > 1e-4


@pytest.mark.parametrize("name", ["sgd", "SGD", "Adam"])
def test_names_are_taken_in_any_case(name):
    assert str(rule_of(name)) == str(rule_of(name.lower()))


@pytest.mark.parametrize(
    ("name", "arguments", "words"),
    [
        ("sgdd", {}, ["unknown optimizer 'sgdd'", "did you mean 'sgd'"]),
        ("adamx", {}, ["did you mean 'adam'"]),
        (
            "sgd",
            {"learning_rat": 1},
            ["hyper-parameter of sgd 'learning_rat'", "did you mean 'learning_rate'"],
        ),
        ("sgd", {"lr": 1}, ["hyper-parameter of sgd 'lr'", "MXNet calls it 'learning_rate'"]),
        ("adagrad", {"epsilon": 1}, ["MXNet calls it 'eps'"]),
        ("adam", {"eps": 1}, ["MXNet calls it 'epsilon'"]),
        ("rmsprop", {"rho": 0.9}, ["MXNet calls it 'gamma1'"]),
        ("adam", {"momentum": 0.9}, ["hyper-parameter of adam 'momentum'"]),
        ("sgd", {"learning_rate": -1}, ["lr is -1"]),
        ("sgd", {"momentum": 1.0}, ["momentum is 1"]),
        ("sgd", {"wd": -1}, ["weight_decay is -1"]),
        ("sgd", {"wd": "much"}, ["weight_decay is 'much'"]),
        ("nadam", {"clip_gradient": float("nan")}, ["clip is nan"]),
        *((name, {}, [f"'{name}' has no rule in Polyak", "sgd"]) for name in WITHOUT_RULE),
    ],
)
def test_what_is_not_known_is_refused_in_one_line(name, arguments, words, refused):
    with refused(*words):
        rule_of(name, arguments)


def test_arguments_of_storage_change_nothing():
    assert str(rule_of("sgd", {"lazy_update": False, "multi_precision": True})) == str(rule_of("sgd"))
