"""Optimizers with one fault each: every one found, and named for what it is."""

from __future__ import annotations

from typing import Any, NamedTuple

import optax
import pytest

import polyak as pk
from polyak.verify import verify

pytestmark = pytest.mark.usefixtures("brief")

SGD = {"lr": 0.02, "momentum": 0.9}
NESTEROV = {**SGD, "nesterov": True}
ADAM = {"lr": 0.02, "betas": (0.8, 0.97), "eps": 1e-6}
RMSPROP = {"lr": 0.02, "alpha": 0.9, "eps": 1e-6, "momentum": 0.5}
ADAGRAD = {"lr": 0.1, "eps": 1e-6}


class Fault(NamedTuple):
    candidate: Any
    against: str
    settings: dict[str, Any]
    verdict: str
    words: str
    parts_in: str = "the first step"
    step: int = 1


def momentum(name: str, verdict: str, words: str, parts_in: str, step: int, settings: Any = SGD) -> Fault:
    return Fault(f"someone_elses.momentum:{name}", "torch:SGD", settings, verdict, words, parts_in, step)


def adam(name: str, verdict: str, words: str, parts_in: str, step: int, settings: Any = ADAM) -> Fault:
    return Fault(f"someone_elses.adaptive:{name}", "torch:Adam", settings, verdict, words, parts_in, step)


CONSTANT, DROP, WARM_UP = "a constant lr", "an lr drop", "a warm-up"
FIRST, DECAY, TINY = "the first step", "weight decay", "tiny gradients, beside which eps is large"
FAULTS = {
    "momentum dropped": momentum("Dropped", "momentum has no effect", "does nothing", CONSTANT, 2),
    "sign": momentum("Climbs", "sign", "it climbs", FIRST, 1),
    "sign of the momentum": momentum("TurnedMomentum", "sign of the momentum", "wrong sign", CONSTANT, 2),
    "lr inside": momentum("LrInside", "equal at constant lr only", "holds the learning rate", DROP, 31),
    "lr on the velocity": momentum(
        "LrOnTheVelocity", "lr in the wrong place", "the velocity that is kept too", CONSTANT, 2
    ),
    "lr twice": momentum("LrTwice", "lr in the wrong place", "applied twice", FIRST, 1),
    "lr forgotten": momentum("LrForgotten", "lr in the wrong place", "is not applied", FIRST, 1),
    "first step dampened": momentum(
        "DampenedFirst",
        "dampening on the first step",
        "its first gradient is dampened",
        FIRST,
        1,
        {**SGD, "dampening": 0.4},
    ),
    "velocity averaged": momentum(
        "Averaged", "differs by a factor 1-gamma", "averages the gradients", FIRST, 1
    ),
    "velocity averaged, nesterov": momentum(
        "Averaged", "differs by a factor 1-gamma", "averages the gradients", FIRST, 1, NESTEROV
    ),
    "no look-ahead": momentum(
        "NeverLooksAhead", "no Nesterov look-ahead", "does not look ahead", FIRST, 1, NESTEROV
    ),
    "look-ahead unasked": momentum(
        "AlwaysLooksAhead", "Nesterov's look-ahead", "the reference is a heavy ball", FIRST, 1
    ),
    "look-ahead by halves": momentum(
        "LooksAheadHalf", "Nesterov of the other form", "half done", FIRST, 1, NESTEROV
    ),
    "Nesterov, lr inside": momentum(
        "LrInside", "equal at constant lr only", "holds the learning rate", DROP, 31, NESTEROV
    ),
    "velocity of the parameters": momentum(
        "OfParameters", "the velocity holds the parameters", "instead of their gradients", FIRST, 1
    ),
    "state lost at reload": momentum(
        "KeptAside", "state lost at reload", "it begins anew", "a state saved and loaded", 21
    ),
    "lr of the first step": momentum("LrOfTheFirstStep", "lr read once", "of its first step", DROP, 31),
    "lr of the start": momentum("LrOfTheStart", "lr read once", "that it was made with", DROP, 31),
    "missing gradients taken for zeros": momentum(
        "MissingForZeros",
        "missing gradients zeros",
        "as if it were zero",
        "a gradient missing at first",
        6,
        {**SGD, "dampening": 0.4},
    ),
    "decay beside the step": momentum("DecayBeside", "weight decay decoupled", "times lr", DECAY, 2),
    "decay beside the step, not times lr": momentum(
        "DecayBesideWithoutLr", "weight decay decoupled, not times lr", "not times lr", DECAY, 1
    ),
    "decay after the step": momentum(
        "DecayAfter", "weight decay decoupled, after the step", "after the step", DECAY, 1
    ),
    "decay ignored": momentum("DecayIgnored", "weight decay ignored", "no effect", DECAY, 1),
    "maximize ignored": momentum("MaximizeIgnored", "maximize ignored", "it descends", "maximize", 1),
    "maximize turns the decay": momentum(
        "MaximizeTurnsDecay",
        "maximize turns the decay too",
        "pushes away",
        "maximize and weight decay",
        1,
    ),
    "velocity a step late": momentum("Late", "the velocity is a step late", "the step before", FIRST, 1),
    "first gradient twice": momentum(
        "CountedTwice", "the first gradient counts twice", "begins as the first gradient", FIRST, 1
    ),
    "single precision": momentum("InSinglePrecision", "equal in single precision", "float32", FIRST, 1),
    "twice as large": momentum("ScaledByTwo", "other numbers", "by 0.04 at once and by 0.036", FIRST, 1),
    "two at once": momentum(
        "LrInsideAndDecayBeside",
        "equal at constant lr only; weight decay decoupled",
        "and its weight decay, times lr",
        DROP,
        31,
    ),
    "unheard of": momentum("Unheard", "another optimizer", "", FIRST, 1),
    "betas swapped": adam("BetasSwapped", "beta1 and beta2 swapped", "swapped", CONSTANT, 2),
    "root missing": adam("NoRoot", "the square root is missing", "not by their root", FIRST, 1),
    "bias correction off by one": adam("CountsFromTwo", "bias correction off by one", "from 2", FIRST, 1),
    "no bias correction": adam("NoCorrection", "bias correction", "are not corrected", FIRST, 1),
    "mean alone corrected": adam("SquaresNotCorrected", "bias correction", "squares are not", FIRST, 1),
    "squares alone corrected": adam("MeanNotCorrected", "bias correction", "mean is not", FIRST, 1),
    "correction of the first step": adam(
        "CorrectionStays", "bias correction", "that of the first step", CONSTANT, 2
    ),
    "a count for all": Fault(
        "keras:Adam",
        "torch:Adam",
        {"lr": 0.02, "eps": 1e-7},
        "eps elsewhere; missing gradients counted; weight decay decoupled",
        "it counts the steps in which an array's gradient is missing",
    ),
    "eps inside": adam("EpsInside", "eps elsewhere", "is sqrt(s + eps)", FIRST, 1),
    "eps before the correction": adam("EpsHat", "eps elsewhere", "before s is corrected", FIRST, 1),
    "no eps": adam("NoEps", "eps has no effect", "does nothing", FIRST, 1),
    "squares reset": adam("SquaresForgotten", "the squares are not kept", "begin anew", CONSTANT, 2),
    "mean reset": adam("MeanForgotten", "momentum has no effect", "its mean begins anew", CONSTANT, 2),
    "no mean": adam("NoMean", "momentum has no effect", "beta1 does nothing", CONSTANT, 2),
    "mean summed": adam("Summed", "differs by a factor 1-gamma", "sums the gradients", FIRST, 1),
    "decay in the gradient": Fault(
        "someone_elses.adaptive:Adam",
        "torch:AdamW",
        {**ADAM, "weight_decay": 0.1},
        "weight decay coupled",
        "added to the gradient",
    ),
    "decay beside Adam": adam("AdamW", "weight decay decoupled", "beside the step", DECAY, 1),
    "rmsprop, eps inside": Fault(
        "someone_elses.adaptive:RMSPropEpsInside", "torch:RMSprop", RMSPROP, "eps elsewhere", "sqrt(s + eps)"
    ),
    "rmsprop, lr inside": Fault(
        "someone_elses.adaptive:RMSPropLrInside",
        "torch:RMSprop",
        RMSPROP,
        "equal at constant lr only",
        "holds the learning rate",
        DROP,
        31,
    ),
    "rmsprop from one": Fault(
        "someone_elses.adaptive:RMSPropFromOne",
        "torch:RMSprop",
        RMSPROP,
        "another start of the squares",
        "begin at 1",
    ),
    "rmsprop, no root": Fault(
        "someone_elses.adaptive:RMSPropNoRoot",
        "torch:RMSprop",
        RMSPROP,
        "the square root is missing",
        "not by their root",
    ),
    "rmsprop, squares summed": Fault(
        "someone_elses.adaptive:RMSPropSummed",
        "torch:RMSprop",
        RMSPROP,
        "the squares are summed",
        "as in Adagrad",
    ),
    "adagrad from a tenth": Fault(
        "someone_elses.adaptive:AdagradFromATenth",
        "torch:Adagrad",
        ADAGRAD,
        "another start of the squares",
        "begin at 0.1",
    ),
    "adagrad, no root": Fault(
        "someone_elses.adaptive:AdagradNoRoot",
        "torch:Adagrad",
        ADAGRAD,
        "the square root is missing",
        "not by their root",
    ),
}


@pytest.mark.parametrize("name", FAULTS)
def test_each_fault_is_found_and_named(name: str) -> None:
    fault = FAULTS[name]
    report = verify(fault.candidate, against=fault.against, **fault.settings)
    assert not report.equal
    assert report.verdict == fault.verdict, str(report)
    assert fault.words in report.cause
    parted = next(outcome for outcome in report.scenarios if outcome.status == "parts")
    assert (parted.scenario, parted.step) == (fault.parts_in, fault.step), str(report)


def forgets(params, states, hyperparams):
    for p, v in zip(params, states):
        v[:] = hyperparams["lr"] * p.grad
        p[:] -= v


def averages(params, states, hyperparams):
    for p, v in zip(params, states):
        v[:] = hyperparams["momentum"] * v + (1 - hyperparams["momentum"]) * p.grad
        p[:] -= hyperparams["lr"] * v


@pytest.mark.parametrize(
    ("candidate", "verdict"),
    [
        (forgets, "momentum has no effect"),
        (averages, "differs by a factor 1-gamma"),
        (optax.chain(optax.trace(0.9), optax.scale(0.02)), "sign"),
        (optax.chain(optax.ema(0.9, debias=False), optax.scale(-0.02)), "differs by a factor 1-gamma"),
        (pk.GradientDescent(0.02), "momentum has no effect"),
        (pk.HeavyBall(0.02, 0.9), "equal at constant lr only"),
        (pk.Nesterov(0.02, 0.9, lr_in_velocity=False), "Nesterov's look-ahead"),
        ("optax:sgd", "weight decay ignored"),
    ],
    ids=["page", "page that averages", "optax", "optax's ema", "rule", "our default", "look-ahead", "a name"],
)
def test_of_every_kind(candidate: Any, verdict: str) -> None:
    settings = {**SGD, "weight_decay": 0.1} if verdict == "weight decay ignored" else SGD
    report = verify(candidate, against="torch:SGD", **settings)
    assert report.verdict == verdict, str(report)


@pytest.mark.parametrize(
    ("candidate", "against", "own", "verdict", "words"),
    [
        ("torch:NAdam", "torch:Adam", {}, "another rule", "it is nadam("),
        (
            "torch:Adam",
            "torch:SGD",
            {"betas": (0.5, 0.9)},
            "another rule",
            "the reference is gradient_descent(lr=0.02)",
        ),
        (
            "torch:RMSprop",
            "optax:rmsprop",
            {"momentum": 0.5},
            "other settings",
            "its decay is 0.99, the reference's 0.9; its momentum is 0.5",
        ),
        ("torch:Adam", "torch:Adam", {"lr": 0.03}, "other settings", "its lr is 0.03, the reference's 0.02"),
    ],
)
def test_one_with_a_name_of_its_own(candidate: str, against: str, own: Any, verdict: str, words: str) -> None:
    report = verify(candidate, against=against, candidate_settings=own, lr=0.02)
    assert report.verdict == verdict, str(report)
    assert words in report.cause


def test_a_keras_optimizer_that_is_made_already() -> None:
    from polyak.frameworks.keras.stepper import on_jax

    made = on_jax().optimizers.SGD(0.02, momentum=0.9)
    report = verify(made, against="keras:SGD", learning_rate=0.02, momentum=0.9)
    assert report.equal, str(report)


def test_a_keras_class() -> None:
    from polyak.frameworks.keras.stepper import on_jax

    keras = on_jax()

    class Forgetful(keras.optimizers.SGD):
        def update_step(self, gradient, variable, learning_rate):
            self.assign_sub(variable, keras.ops.cast(learning_rate, variable.dtype) * gradient)

    report = verify(Forgetful, against="keras:SGD", learning_rate=0.02, momentum=0.9)
    assert report.verdict.startswith("momentum has no effect")


def test_what_fails_where_a_gradient_is_missing() -> None:
    report = verify("someone_elses.momentum:NoMissing", against="torch:SGD", **SGD)
    assert report.verdict == "fails: a gradient missing at first"
    assert "AttributeError" in report.cause
    assert not report.equal
