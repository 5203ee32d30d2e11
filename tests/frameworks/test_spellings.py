"""The rows of the table: their defaults are the frameworks' own, and what they mean is what the frameworks do."""

from __future__ import annotations

import inspect
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from polyak.frameworks import FRAMEWORKS, SPELLINGS
from polyak.frameworks.arguments_to_rule import read
from polyak.frameworks.catalogue import find
from polyak.frameworks.classify import factory
from polyak.frameworks.spelling import OF_A_MEANING, REQUIRED, Form, Meaning, Spelling
from polyak.rules import LinearRule
from polyak.translate.best_arguments import Condition
from polyak.translate.proof_problem import learning_rates, problem_for
from polyak.translate.side import Side, StandIn

RECORDED = {
    "tf1": json.loads((Path(__file__).parent / "recorded" / "tensorflow1.json").read_text()),
    "mxnet": json.loads((Path(__file__).parent / "recorded" / "mxnet.json").read_text()),
    "timm": json.loads((Path(__file__).parent / "recorded" / "timm.json").read_text()),
}
STEPS = 1000  # as they were recorded
RUN, FEWER_RUN = (
    300,
    100,
)  # of those that run here: another setting, or a drop in another place, is seen in tens
# float64 throughout is exact but for rounding. Where a framework keeps a power of beta or its arrays in float32,
# seven digits are what is left of a number, and a thousand steps of a stable rule lose about one more.
ROUNDING, SINGLE = 1e-10, 5e-6
# beta^t; the corrected learning rate; the share of the squares
KEPT_IN_SINGLE = ("tf1:AdamOptimizer", "mxnet:adam", "optax:adafactor")


def real_defaults(row: Spelling) -> dict[str, Any]:
    """What the framework itself says, by inspection here or as recorded where it lives."""
    name = row.name.partition(":")[2]
    if row.framework in RECORDED:
        return RECORDED[row.framework]["defaults"][name]
    if row.framework == "sklearn":
        from sklearn.neural_network import MLPRegressor

        found = inspect.signature(MLPRegressor).parameters
    else:
        found = inspect.signature(factory(row.name)).parameters
    return {key: None if about.default is about.empty else about.default for key, about in found.items()}


def test_defaults_are_the_frameworks_own(row: Spelling) -> None:
    if row.framework == "chapter":
        assert all(argument.default is REQUIRED for argument in row.arguments)
        return
    theirs = real_defaults(row)
    for argument in row.arguments:
        if argument.free and argument.name not in theirs:
            assert row.framework == "mxnet"  # which takes them without a word
            continue
        ours = None if argument.default is REQUIRED else argument.default
        default = theirs[argument.name]
        # A dtype is given by its name, which needs no import.
        assert ours == (default.__name__ if isinstance(default, type) else default), argument.name


def test_no_argument_is_left_out(row: Spelling) -> None:
    if row.framework in (
        "sklearn",
        "chapter",
        "mxnet",
    ):  # of a network, of a page, of how a Trainer looks things up
        return
    known = {argument.name for argument in row.arguments}
    assert {*real_defaults(row)} - known <= {"params", "kwargs"}


def test_every_setting_of_a_rule_is_an_argument_or_fixed(any_form: tuple[Spelling, Form]) -> None:
    row, form = any_form
    set_ = {name for argument in row.arguments for name in row.stands_for(form, argument)}
    needed = {*form.rule.hyperparameters(), *form.rule.choices()} - {*OF_A_MEANING}
    if "weight_decay" in form.rule.hyperparameters():
        needed -= {"decay"}  # what weight decay means goes with every rule
    pinned = {name for name, value in form.when.items() if not callable(value)}
    free = {"momentum"} if "momentum" in pinned and form.rule.name() == "gradient_descent" else set()
    assert needed - free <= set_ | {*form.fixed}
    assert not {*form.fixed} - {*form.rule.hyperparameters(), *form.rule.choices()}


def test_a_form_is_read_back_from_what_is_written(any_form: tuple[Spelling, Form], said: Any) -> None:
    row, form = any_form
    written = said(row, form)
    assert type(written.meaning.rule) is form.rule
    assert read(row, written.arguments) == written.meaning


def paths(row: Spelling, form: Form, said: Any, steps: int, **more: Any) -> tuple[np.ndarray, np.ndarray]:
    """The real optimizer's, and that of the rule it is said to be."""
    written = said(row, form, **more)
    rule: Any = written.meaning.rule
    problem = problem_for(rule, steps)
    lrs = learning_rates(rule.lr, steps, 0.1)
    real = Side(row, written.arguments, written.meaning)
    assert real.real
    ours = Side(row, written.arguments, written.meaning)
    ours.stepper = StandIn(written.meaning)
    return real.path(problem, lrs), ours.path(problem, lrs)


def test_the_framework_does_what_its_row_says(
    run_form: tuple[Spelling, Form], said: Any, relative: Any
) -> None:
    """The learning rate falls to a tenth half way."""
    row, form = run_form
    theirs, ours = paths(row, form, said, RUN)
    assert relative(theirs, ours) < (SINGLE if row.name in KEPT_IN_SINGLE else ROUNDING)
    if row.decay is not None:
        decayed, ours = paths(row, form, said, FEWER_RUN, weight_decay=0.02)
        assert relative(decayed, ours) < ROUNDING
        plain = theirs[: FEWER_RUN // 2]
        assert relative(plain, decayed[: FEWER_RUN // 2]) > 1e-4


@pytest.mark.parametrize("flag", [{"maximize": True}, {"maximize": True, "weight_decay": 0.02}], ids=str)
def test_maximizing(flag: dict[str, Any], relative: Any) -> None:
    given = {"lr": 0.05, "momentum": 0.85, **flag}
    meaning = read(find("torch:SGD"), given)
    problem, lrs = problem_for(meaning.rule, STEPS), learning_rates(0.05, STEPS)
    climbing = Side(find("torch:SGD"), given, meaning).path(problem, lrs)
    descending = {name: value for name, value in given.items() if name != "maximize"}
    other = Side(find("torch:SGD"), descending, read(find("torch:SGD"), descending)).path(problem, lrs)
    assert relative(climbing, other) < ROUNDING


# TensorFlow 1 and MXNet, from recordings.

CASES = [(framework, case) for framework, recording in RECORDED.items() for case in recording["cases"]]


def label(pair: tuple[str, dict[str, Any]]) -> str:
    case = pair[1]
    shown = " ".join(f"{name}={value}" for name, value in case["arguments"].items())
    return f"{case['optimizer']} {shown} {'dropped' if case['drop'] else 'constant'}"


def walk_as_recorded(framework: str, case: dict[str, Any], meaning: Meaning) -> np.ndarray:
    recording = RECORDED[framework]
    curvature, target = np.array(recording["curvature"]), np.array(recording["target"])
    stepper, x, rows = StandIn(meaning), np.array(recording["start"]), []
    stepper.start([x])
    for step in range(recording["steps"][-1] + 1):
        if step in recording["steps"]:
            rows.append(x)
        if case["drop"] and step == recording["drop_after"]:
            stepper.set_lr(meaning.rule.lr * recording["drop"])
        (x,) = stepper.step([curvature @ (x - target) + np.sin(0.7 * step + np.arange(3.0))])
    return np.array(rows)


@pytest.mark.parametrize(("framework", "case"), CASES, ids=list(map(label, CASES)))
def test_recorded_trajectories_are_what_their_rows_say(
    framework: str, case: dict[str, Any], relative: Any
) -> None:
    row = SPELLINGS[case["optimizer"]]
    meaning = read(row, case["arguments"])
    if case["optimizer"] == "mxnet:adadelta" and case["drop"]:
        case = {**case, "drop": False}  # it never looks at its learning rate
    exact = case["dtype"] == "float64" and case["optimizer"] not in KEPT_IN_SINGLE
    tolerance = ROUNDING if exact else SINGLE
    assert relative(np.array(case["path"]), walk_as_recorded(framework, case, meaning)) < tolerance
    if isinstance(meaning.rule, LinearRule):
        assert exact


def test_every_spelling_of_theirs_was_recorded() -> None:
    recorded = {case["optimizer"] for _, case in CASES}
    assert recorded == {name for name, row in SPELLINGS.items() if row.framework in RECORDED}


def test_the_table_names_the_versions_that_were_recorded() -> None:
    for framework, recording in RECORDED.items():
        assert f" {recording['version']}, recorded" in f" {FRAMEWORKS[framework].version}"


def test_a_condition_is_not_an_option() -> None:
    """What is done by hand is done: a first gradient multiplied, a decay in the loss, a decay by hand."""
    row = SPELLINGS["torch:SGD"]
    given = {"lr": 0.05, "momentum": 0.85}
    meaning = read(row, given)
    problem, lrs = problem_for(meaning.rule, 20), learning_rates(0.05, 20)
    plain = Side(row, given, meaning).path(problem, lrs)
    for kind in ("first gradient", "decay in the loss", "decay by hand"):
        done = Side(row, given, meaning, (Condition(kind, 0.5),)).path(problem, lrs)
        assert np.abs(done - plain).max() > 1e-4, kind
