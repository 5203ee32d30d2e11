"""Optax's factories, as read in optax 0.2.8."""

from __future__ import annotations

from typing import Any

from polyak.frameworks.spelling import REQUIRED, Argument, Form, Spelling
from polyak.rules import Adadelta, Adagrad, Adam, GradientDescent, HeavyBall, Lion, NAdam, Nesterov, RMSProp

VERSION = "optax 0.2.8"
LR = Argument("learning_rate", REQUIRED, "lr")
B1, B2 = Argument("b1", 0.9, "beta1"), Argument("b2", 0.999, "beta2")
EPS, EPS_ROOT = Argument("eps", 1e-8, "eps"), Argument("eps_root", 0.0)
MU_DTYPE, MASK = Argument("mu_dtype", None), Argument("mask", None)
OUTSIDE = {"lr_in_velocity": False}
CORRECTED = {"bias_correction": True}
LOOKING_AHEAD = {"momentum_decay": 0.0, "momentum_schedule": "constant", "eps_position": "outside"}
ADAM_FORMS = (
    Form(Adam, {**CORRECTED, "eps_position": "outside"}, {"nesterov": False, "eps_root": 0.0}),
    Form(
        Adam,
        {**CORRECTED, "eps_position": "inside"},
        {"nesterov": False, "eps": 0.0},
        {"eps_root": "eps", "eps": None},
    ),
    Form(NAdam, LOOKING_AHEAD, {"nesterov": True, "eps_root": 0.0}),
)
NEEDS_ONE_EPS = "of eps and eps_root one must be 0, and with nesterov eps_root"
MOMENTUM, NESTEROV = Argument("momentum", None, "momentum"), Argument("nesterov", False)


def _decay(default: float) -> Argument:
    return Argument("weight_decay", default, "weight_decay")


def _row(name: str, arguments: tuple[Argument, ...], *forms: Form, source: str, **said: Any) -> Spelling:
    return Spelling(
        name=f"optax:{name}",
        line=f"optax.{name}({{}})",
        arguments=arguments,
        forms=forms,
        source=f"optax/_src/{source}, {VERSION}",
        **said,
    )


SPELLINGS = (
    _row(
        "sgd",
        (LR, MOMENTUM, NESTEROV, Argument("accumulator_dtype", None)),
        Form(GradientDescent, when={"momentum": 0.0}),
        Form(HeavyBall, OUTSIDE, {"nesterov": False}),
        Form(Nesterov, OUTSIDE, {"nesterov": True}),
        source="alias.py, sgd; optax/transforms/_accumulation.py, trace",
        pitfalls=("its rmsprop, with the same argument momentum, keeps the learning rate in the velocity",),
    ),
    _row(
        "adagrad",
        (LR, Argument("initial_accumulator_value", 0.1, "initial_accumulator"), Argument("eps", 1e-7, "eps")),
        Form(Adagrad, {"eps_position": "inside"}),
        source="transform.py, scale_by_rss",
    ),
    _row(
        "rmsprop",
        (
            *(
                LR,
                Argument("decay", 0.9, "decay"),
                EPS,
                Argument("initial_scale", 0.0, "initial_accumulator"),
            ),
            Argument("eps_in_sqrt", True, "eps_position", {True: "inside", False: "outside"}),
            *(Argument("centered", False, "centered"), MOMENTUM, NESTEROV),
            Argument("bias_correction", False),
        ),
        Form(RMSProp, {"lr_in_velocity": True}),
        source="alias.py, rmsprop",
        pitfalls=("the learning rate is in the velocity, unlike in its own sgd",),
    ),
    _row(
        "adadelta",
        (
            *(Argument("learning_rate", None, "lr"), Argument("rho", 0.9, "decay")),
            *(Argument("eps", 1e-6, "eps"), _decay(0.0), Argument("weight_decay_mask", None)),
        ),
        Form(Adadelta),
        source="alias.py, adadelta",
        decay="coupled",
        pitfalls=("without a learning rate the step's sign is not turned: it climbs",),
    ),
    _row(
        "adam",
        (LR, B1, B2, EPS, EPS_ROOT, MU_DTYPE, NESTEROV),
        *ADAM_FORMS,
        source="transform.py, scale_by_adam",
        needs=NEEDS_ONE_EPS,
    ),
    _row(
        "adamw",
        (LR, B1, B2, EPS, EPS_ROOT, MU_DTYPE, _decay(1e-4), MASK, NESTEROV),
        *ADAM_FORMS,
        source="alias.py, adamw",
        decay="decoupled",
        needs=NEEDS_ONE_EPS,
        pitfalls=("weight_decay is 1e-4 where PyTorch has 1e-2 and Keras 4e-3",),
    ),
    _row(
        "nadam",
        (LR, B1, B2, EPS, EPS_ROOT, MU_DTYPE, Argument("nesterov", True)),
        ADAM_FORMS[2],
        source="transform.py, scale_by_adam(nesterov=True)",
        needs="eps_root must be 0 and nesterov True",
        pitfalls=("the momentum is b1 from the first step on; PyTorch's and Keras's warms up from b1/2",),
    ),
    _row(
        "lion",
        (LR, B1, Argument("b2", 0.99, "beta2"), MU_DTYPE, _decay(1e-3), MASK),
        Form(Lion),
        source="transform.py, scale_by_lion",
        decay="decoupled",
    ),
)
WITHOUT_RULE = ("adafactor", "adamax", "lamb", "lars", "lbfgs", "noisy_sgd", "radam", "rprop", "sm3", "yogi")
