"""A Gluon Trainer's optimizers as rules, by the rows that `polyak.frameworks` has of MXNet 1.9.1.

Each was held against MXNet itself, step by step: `tests/book/gluonbook/recorded`. The rows say the arguments, their
defaults and the rule that they make; what a Trainer does around it is said here, by composing: where weight decay
enters (before or after clipping, or beside the step), and clipping and rescaling themselves. One thing is not
followed: with several arrays, MXNet's nadam lets all of them advance one momentum schedule, which the paper does not.
"""

from __future__ import annotations

from typing import Any

from polyak.frameworks import FRAMEWORKS
from polyak.frameworks.arguments_to_rule import called_there, read
from polyak.frameworks.spelling import Spelling
from polyak.ground.errors import PolyakError, unknown
from polyak.rules import Clipped, CoupledDecay, DecoupledDecay, Optimizer, Scaled, Signum

Arguments = dict[str, Any]

MXNET = FRAMEWORKS["mxnet"]
OPTIMIZERS: dict[str, Spelling] = {row.name.partition(":")[2]: row for row in MXNET.spellings.values()}
OPTIMIZERS["ccsgd"] = OPTIMIZERS["sgd"]
WITHOUT_RULE = (*MXNET.without_rule, "test")
AROUND = ("wd", "wd_lh", "clip_gradient", "rescale_grad")  # what is done around the rule
# Of how numbers are stored and looked up in MXNet: they change no trajectory.
WITHOUT_EFFECT = ("lazy_update", "multi_precision", "param_idx2name", "param_dict", "sym")
CLIPS_LAST = ("rmsprop", "adam", "nadam")  # whose decay is added to the gradient, and their sum clipped


def rule_of(name: str, arguments: Arguments | None = None) -> Optimizer:
    """The rule that a Gluon Trainer's optimizer is.

    Args:
        name: as in MXNet, in any case: sgd, nag, adagrad, rmsprop, adadelta, adam, nadam, signum ...
        arguments: hyper-parameters by MXNet's names, with MXNet's meanings; its defaults where left out.

    Raises PolyakError for an optimizer or a hyper-parameter that is not known, with the nearest right name.

    >>> rule_of("sgd", {"learning_rate": 0.004, "momentum": 0.9})
    heavy_ball(lr=0.004, momentum=0.9, lr_in_velocity=True) with weight_decay=0
    """
    row, settings = looked_up(name, arguments or {})
    rule = _signum(settings) if row.name == "mxnet:signum" else _rule(row, settings)
    return rule if settings["rescale_grad"] == 1.0 else Scaled(rule, settings["rescale_grad"])


def looked_up(name: str, arguments: Arguments) -> tuple[Spelling, Arguments]:
    """An optimizer's row by its name, and all its arguments: those given, and the defaults of the rest."""
    known = str(name).lower()
    if known in WITHOUT_RULE:
        there_are = ", ".join(OPTIMIZERS)
        raise PolyakError(f"MXNet's optimizer '{name}' has no rule in Polyak (there are: {there_are})")
    if known not in OPTIMIZERS:
        raise unknown("optimizer", str(name), OPTIMIZERS)
    row = OPTIMIZERS[known]
    defaults = {name: value for name, value in row.defaults.items() if name not in WITHOUT_EFFECT}
    for argument in arguments:
        if argument not in defaults and argument not in WITHOUT_EFFECT:
            raise _stranger(row, known, argument)
    given = {name: value for name, value in arguments.items() if value is not None and name in defaults}
    return row, {**defaults, **given}


def _stranger(row: Spelling, known: str, argument: str) -> PolyakError:
    meant = called_there(row, argument)
    if meant is None:
        return unknown(
            f"hyper-parameter of {known}",
            argument,
            [name for name in row.defaults if name not in WITHOUT_EFFECT],
        )
    return PolyakError(f"unknown hyper-parameter of {known} '{argument}': MXNet calls it '{meant}'")


def _rule(row: Spelling, a: Arguments) -> Optimizer:
    own = {name: value for name, value in a.items() if name not in AROUND and name in row.telling}
    own |= {name: bool(value) for name, value in own.items() if isinstance(row.defaults[name], bool)}
    rule = read(row, own).rule
    if row.decay == "decoupled":
        return _clipped(DecoupledDecay(rule, rule.lr * a["wd"]), a)
    if row.name.partition(":")[2] in CLIPS_LAST:
        return CoupledDecay(_clipped(rule, a), a["wd"])
    return _clipped(CoupledDecay(rule, a["wd"]), a)


def _signum(a: Arguments) -> Optimizer:
    rule = Signum(lr=a["learning_rate"], momentum=a["momentum"])
    if a["momentum"] == 0:  # an operator of its own there, whose decay stands beside the step
        return _clipped(DecoupledDecay(rule, a["learning_rate"] * a["wd"]), a)
    return DecoupledDecay(_clipped(CoupledDecay(rule, a["wd"]), a), a["learning_rate"] * a["wd_lh"])


def _clipped(rule: Optimizer, a: Arguments) -> Optimizer:
    return rule if a["clip_gradient"] is None else Clipped(rule, a["clip_gradient"])
