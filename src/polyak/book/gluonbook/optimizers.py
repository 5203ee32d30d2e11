"""A Gluon Trainer's optimizers as rules: MXNet 1.9.1's names, hyper-parameters, defaults and meanings.

Each was held against MXNet itself, step by step: `tests/book/gluonbook/recorded`. What differs from our rules' own
habits is said here by composing: where weight decay enters (before or after clipping, or beside the step), where eps
stands, and that the velocity holds the learning rate. One thing is not followed: with several arrays, MXNet's nadam
lets all of them advance one momentum schedule, which the paper does not.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from polyak.ground.errors import PolyakError, unknown
from polyak.rules import (
    Adadelta,
    Adagrad,
    Adam,
    Clipped,
    CoupledDecay,
    DecoupledDecay,
    HeavyBall,
    NAdam,
    Nesterov,
    RMSProp,
    Scaled,
    Signum,
)

Arguments = dict[str, Any]

COMMON: Arguments = {"learning_rate": 0.01, "wd": 0.0, "clip_gradient": None, "rescale_grad": 1.0}
# Of how numbers are stored and looked up in MXNet: they change no trajectory.
WITHOUT_EFFECT = ("lazy_update", "multi_precision", "param_idx2name", "param_dict", "sym")
# What other frameworks, and Polyak, call MXNet's arguments.
ELSEWHERE = {
    "lr": ("learning_rate",),
    "weight_decay": ("wd",),
    "eps": ("epsilon",),
    "epsilon": ("eps",),
    "decay": ("gamma1", "rho"),
    "rho": ("gamma1",),
    "alpha": ("gamma1",),
    "momentum": ("gamma2",),
    "momentum_decay": ("schedule_decay",),
}
WITHOUT_RULE = (
    "adamax",
    "dcasgd",
    "ftml",
    "ftrl",
    "groupadagrad",
    "lamb",
    "lars",
    "lbsgd",
    "sgld",
    "test",
)


@dataclass(frozen=True)
class Optimizer:
    """One of MXNet's optimizers: its own arguments with their defaults, and the rule that they make."""

    defaults: Arguments
    rule: Callable[[Arguments], Any]


def rule_of(name: str, arguments: Arguments | None = None) -> Any:
    """The rule that a Gluon Trainer's optimizer is.

    Args:
        name: as in MXNet, in any case: sgd, nag, adagrad, rmsprop, adadelta, adam, nadam, signum ...
        arguments: hyper-parameters by MXNet's names, with MXNet's meanings; its defaults where left out.

    Raises PolyakError for an optimizer or a hyper-parameter that is not known, with the nearest right name.

    >>> rule_of("sgd", {"learning_rate": 0.004, "momentum": 0.9})
    heavy_ball(lr=0.004, momentum=0.9, lr_in_velocity=True) with weight_decay=0
    """
    found, settings = looked_up(name, arguments or {})
    rule = found.rule(settings)
    return rule if settings["rescale_grad"] == 1.0 else Scaled(rule, settings["rescale_grad"])


def looked_up(name: str, arguments: Arguments) -> tuple[Optimizer, Arguments]:
    """An optimizer by its name, and all its arguments: those given, and the defaults of the rest."""
    known = str(name).lower()
    if known in WITHOUT_RULE:
        there_are = ", ".join(OPTIMIZERS)
        raise PolyakError(f"MXNet's optimizer '{name}' has no rule in Polyak (there are: {there_are})")
    if known not in OPTIMIZERS:
        raise unknown("optimizer", str(name), OPTIMIZERS)
    optimizer = OPTIMIZERS[known]
    defaults = {**COMMON, **optimizer.defaults}
    for argument in arguments:
        if argument not in defaults and argument not in WITHOUT_EFFECT:
            meant = next((name for name in ELSEWHERE.get(argument, ()) if name in defaults), None)
            if meant is None:
                raise unknown(f"hyper-parameter of {known}", argument, defaults)
            raise PolyakError(f"unknown hyper-parameter of {known} '{argument}': MXNet calls it '{meant}'")
    given = {name: value for name, value in arguments.items() if value is not None and name in defaults}
    return optimizer, {**defaults, **given}


def _decayed_then_clipped(rule: Any, a: Arguments) -> Any:
    """The decay is added to the gradient, and their sum is clipped."""
    return CoupledDecay(_clipped(rule, a), a["wd"])


def _clipped_then_decayed(rule: Any, a: Arguments) -> Any:
    """The gradient is clipped, and the decay is added to what is left."""
    return _clipped(CoupledDecay(rule, a["wd"]), a)


def _decayed_beside(rule: Any, a: Arguments, strength: Any) -> Any:
    """The gradient is clipped, and the decay is taken off beside the step."""
    return _clipped(DecoupledDecay(rule, strength), a)


def _clipped(rule: Any, a: Arguments) -> Any:
    return rule if a["clip_gradient"] is None else Clipped(rule, a["clip_gradient"])


def _sgd(a: Arguments) -> Any:
    return _clipped_then_decayed(HeavyBall(lr=a["learning_rate"], momentum=a["momentum"]), a)


def _nag(a: Arguments) -> Any:
    return _clipped_then_decayed(Nesterov(lr=a["learning_rate"], momentum=a["momentum"]), a)


def _signum(a: Arguments) -> Any:
    rule = Signum(lr=a["learning_rate"], momentum=a["momentum"])
    if a["momentum"] == 0:  # an operator of its own there, whose decay stands beside the step
        return _decayed_beside(rule, a, a["learning_rate"] * a["wd"])
    return DecoupledDecay(_clipped_then_decayed(rule, a), a["learning_rate"] * a["wd_lh"])


def _adagrad(a: Arguments) -> Any:
    rule = Adagrad(lr=a["learning_rate"], eps=a["eps"], eps_position="inside")
    return _decayed_beside(rule, a, a["learning_rate"] * a["wd"])


def _rmsprop(a: Arguments) -> Any:
    rule = RMSProp(
        lr=a["learning_rate"],
        decay=a["gamma1"],
        eps=a["epsilon"],
        momentum=a["gamma2"] if a["centered"] else 0.0,
        eps_position="inside",
        centered=bool(a["centered"]),
    )
    return _decayed_then_clipped(rule, a)


def _adadelta(a: Arguments) -> Any:
    # MXNet's takes a learning rate and never looks at it.
    return _decayed_beside(Adadelta(decay=a["rho"], eps=a["epsilon"]), a, a["wd"])


def _adam(a: Arguments) -> Any:
    rule = Adam(
        lr=a["learning_rate"],
        beta1=a["beta1"],
        beta2=a["beta2"],
        eps=a["epsilon"],
        eps_position="before_correction",
    )
    return _decayed_then_clipped(rule, a)


def _nadam(a: Arguments) -> Any:
    rule = NAdam(
        lr=a["learning_rate"],
        beta1=a["beta1"],
        beta2=a["beta2"],
        eps=a["epsilon"],
        momentum_decay=a["schedule_decay"],
    )
    return _decayed_then_clipped(rule, a)


MOMENTS: Arguments = {"learning_rate": 0.001, "beta1": 0.9, "beta2": 0.999, "epsilon": 1e-8}
SPREAD: Arguments = {"learning_rate": 0.001, "gamma1": 0.9, "gamma2": 0.9, "epsilon": 1e-8, "centered": False}

OPTIMIZERS: dict[str, Optimizer] = {
    "sgd": Optimizer({"momentum": 0.0}, _sgd),
    "ccsgd": Optimizer({"momentum": 0.0}, _sgd),
    "nag": Optimizer({"momentum": 0.0}, _nag),
    "signum": Optimizer({"momentum": 0.9, "wd_lh": 0.0}, _signum),
    "adagrad": Optimizer({"eps": 1e-7}, _adagrad),
    "rmsprop": Optimizer(SPREAD, _rmsprop),
    "adadelta": Optimizer({"rho": 0.9, "epsilon": 1e-5}, _adadelta),
    "adam": Optimizer(MOMENTS, _adam),
    "nadam": Optimizer({**MOMENTS, "schedule_decay": 0.004}, _nadam),
}
