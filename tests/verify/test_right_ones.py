"""None of the right ones is called wrong: every framework's own beside our rule, and our rules on other backends."""

from __future__ import annotations

from typing import Any

import jax
import optax
import pytest

import polyak as pk
from polyak.frameworks import FRAMEWORKS, SPELLINGS
from polyak.frameworks.arguments_to_rule import read
from polyak.frameworks.spelling import REQUIRED
from polyak.frameworks.torch.export import to_torch
from polyak.rules import CATALOGUE
from polyak.verify import verify

TYPICAL = {"lr": 0.02, "momentum": 0.9, "rate": 0.5, "step_size": 0.02, "mass": 0.9}
LR_NAMES = ("lr", "learning_rate", "step_size", "learning_rate_init")
SGD = {"lr": 0.02, "momentum": 0.9}


def settings_of(spelling: Any) -> dict[str, Any]:
    """A learning rate, what has no default, no weight decay; momentum where there is one and another one has none."""
    found = {}
    for argument in spelling.arguments:
        if argument.name in LR_NAMES:
            found[argument.name] = 0.02
        elif argument.setting == "weight_decay":
            found[argument.name] = 0.0
        elif argument.default is REQUIRED or argument.name in TYPICAL:
            found[argument.name] = TYPICAL[argument.name]
        elif argument.setting == "eps":
            found[argument.name] = 1e-4
    return found


def cases() -> dict[str, tuple[Any, dict[str, Any]]]:
    found = {}
    for name, spelling in SPELLINGS.items():
        if not FRAMEWORKS[spelling.framework].run_here or FRAMEWORKS[spelling.framework].ours:
            continue
        if (
            name == "optax:adafactor"
        ):  # its share of the squares is in float32: tests/frameworks/test_spellings.py
            continue
        settings = settings_of(spelling)
        if name == "jax:adagrad":
            settings["momentum"] = 0.0
        found[name] = (spelling, settings)
        flags = [argument.name for argument in spelling.arguments if argument.name.startswith("nesterov")]
        if (
            flags and "momentum" in settings and name != "optax:rmsprop"
        ):  # whose look-ahead no rule of ours has
            default = spelling.defaults[flags[0]]
            found[f"{name}, nesterov {not default}"] = (spelling, {**settings, flags[0]: not default})
        if "dampening" in spelling.defaults:
            found[f"{name}, dampening"] = (spelling, {**settings, "dampening": 0.4})
    return found


CASES = cases()


@pytest.mark.parametrize("name", CASES)
def test_our_rule_beside_the_framework_whose_spelling_it_is(name: str) -> None:
    spelling, settings = CASES[name]
    rule = read(spelling, settings).rule
    report = verify(rule, against=spelling.name, **spelling.runs_with(settings))
    assert report.equal, str(report)
    assert report.verdict == "equal"
    assert report.cause == ""


# On JAX, where each shape is compiled, those whose step is of their own: the linear family has one, by two of its rows.
ONE_STEP = {
    "gradient_descent",
    "heavy_ball",
    "nesterov",
    "averaged_gradient",
    "triple_momentum",
    "adam",
    "adamw",
}


@pytest.mark.parametrize("name", CATALOGUE.ours())
def test_our_rules_on_jax_and_on_torch(name: str) -> None:
    cls = CATALOGUE[name]
    rule = cls(**{key: TYPICAL[key] for key in cls.hyperparameters() if key in TYPICAL})
    on_jax = optax.GradientTransformation(rule.init, jax.jit(rule.update))  # as a training has it
    for candidate in (to_torch(rule), *(() if name in ONE_STEP else (on_jax,))):
        report = verify(candidate, against=rule)
        assert report.equal, str(report)


def test_a_rule_of_ours_is_what_it_is() -> None:
    assert verify(pk.Adam(lr=0.02), against=pk.Adam(lr=0.02)).equal
    assert not verify(pk.Adam(lr=0.02), against=pk.Adam(lr=0.02, eps=1e-6)).equal


@pytest.mark.parametrize(
    ("candidate", "against", "settings"),
    [
        ("someone_elses.momentum:Right", "torch:SGD", {**SGD, "dampening": 0.4}),
        ("someone_elses.momentum:Right", "torch:SGD", {**SGD, "nesterov": True}),
        ("someone_elses.adaptive:Adam", "torch:Adam", {"lr": 0.02, "betas": (0.8, 0.97), "eps": 1e-6}),
        ("someone_elses.adaptive:AdamW", "torch:AdamW", {"lr": 0.02, "weight_decay": 0.1}),
        ("someone_elses.adaptive:RMSProp", "torch:RMSprop", {"lr": 0.02, "momentum": 0.5}),
        ("someone_elses.adaptive:Adagrad", "torch:Adagrad", {"lr": 0.1}),
        ("jax:momentum", "optax:sgd", {"learning_rate": 0.02, "momentum": 0.9}),
        ("polyak.torch:SGD", "torch:SGD", SGD),
        ("optax:adam", "torch:Adam", {"lr": 0.02}),
        ("optax:sgd", "torch:SGD", {**SGD, "nesterov": True}),
    ],
)
def test_of_other_packages(candidate: str, against: str, settings: dict[str, Any]) -> None:
    own = {
        "jax:momentum": {"mass": 0.9},
        "polyak.torch:SGD": {"lr_in_velocity": False},
        "optax:adam": {"b1": 0.9},
    }.get(candidate)
    report = verify(candidate, against=against, candidate_settings=own, **settings)
    assert report.equal, str(report)


def test_a_page_function() -> None:
    def sgd_momentum(params, states, hyperparams):
        for p, v in zip(params, states):
            v[:] = hyperparams["momentum"] * v + p.grad
            p[:] -= hyperparams["lr"] * v

    for candidate, settings in (
        (sgd_momentum, SGD),
        (pk.from_page(sgd_momentum, lr=0.02, momentum=0.9), SGD),
    ):
        report = verify(candidate, against="torch:SGD", **settings)
        assert report.equal, str(report)


def test_a_torch_optimizer_that_is_made_already() -> None:
    import torch

    made = torch.optim.SGD([torch.nn.Parameter(torch.ones(1))], lr=0.02, momentum=0.9)
    assert verify(made, against="torch:SGD", **SGD).equal
    assert verify(made, against="torch:SGD", lr=0.02).verdict != "equal"
