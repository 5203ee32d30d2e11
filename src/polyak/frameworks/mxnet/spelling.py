"""MXNet's optimizers in a Gluon Trainer, as read and recorded in mxnet 1.9.1."""

from __future__ import annotations

from polyak.frameworks.spelling import Argument, Form, Spelling, above_zero
from polyak.rules import (
    Adadelta,
    Adagrad,
    Adam,
    GradientDescent,
    HeavyBall,
    NAdam,
    Nesterov,
    RMSProp,
    Signum,
)

VERSION = "mxnet 1.9.1"
WD = Argument("wd", 0.0, "weight_decay")
COMMON = (
    WD,
    Argument("clip_gradient", None),
    Argument("rescale_grad", 1.0),
    Argument("lazy_update", True, free=True),
    Argument("multi_precision", False, free=True),
)
LR, SMALL_LR = Argument("learning_rate", 1e-2, "lr"), Argument("learning_rate", 1e-3, "lr")
MOMENTS = (
    Argument("beta1", 0.9, "beta1"),
    Argument("beta2", 0.999, "beta2"),
    Argument("epsilon", 1e-8, "eps"),
)
SPREAD = {"eps_position": "inside", "initial_accumulator": 0.0, "lr_in_velocity": True}
BATCH = "Trainer.step(batch_size) divides the gradient by batch_size"
FLOAT32 = "its numbers are kept in float32, whatever the arrays are"
IN_PYTHON = "mxnet/optimizer/optimizer.py"
IN_C = "src/operator/optimizer_op-inl.h"


def _line(name: str) -> str:
    return f"mxnet.gluon.Trainer(params, '{name}', {{{{{{}}}}}})"


def _momentum(name: str, form: Form, kernel: str) -> Spelling:
    return Spelling(
        name=f"mxnet:{name}",
        line=_line(name),
        arguments=(LR, Argument("momentum", 0.0, "momentum"), *COMMON),
        forms=(Form(GradientDescent, when={"momentum": 0.0}), form),
        source=f"{IN_C}, {kernel}, {VERSION}",
        decay="coupled",
        pitfalls=(BATCH, FLOAT32),
        mapping=True,
    )


SGD = _momentum("sgd", Form(HeavyBall, {"lr_in_velocity": True}), "SGDMomKernel")
NAG = _momentum("nag", Form(Nesterov, {"lr_in_velocity": True}), "NAGMomKernel")

ADAGRAD = Spelling(
    name="mxnet:adagrad",
    line=_line("adagrad"),
    arguments=(LR, Argument("eps", 1e-7, "eps"), *COMMON),
    forms=(Form(Adagrad, {"eps_position": "inside", "initial_accumulator": 0.0}),),
    source=f"{IN_PYTHON}, AdaGrad.update, {VERSION}",
    decay="decoupled",
    mapping=True,
)

RMSPROP = Spelling(
    name="mxnet:rmsprop",
    line=_line("rmsprop"),
    arguments=(
        SMALL_LR,
        Argument("gamma1", 0.9, "decay"),
        Argument("gamma2", 0.9, "momentum"),
        Argument("epsilon", 1e-8, "eps"),
        Argument("centered", False, "centered"),
        Argument("clip_weights", None),
        *COMMON,
    ),
    forms=(
        Form(
            RMSProp,
            {**SPREAD, "momentum": 0.0, "centered": False},
            {"centered": False},
            {"gamma2": None},
        ),
        Form(
            RMSProp,
            {**SPREAD, "centered": True},
            {"centered": True},
        ),
    ),
    source=f"{IN_C}, RMSPropUpdate and RMSPropAlexUpdate, {VERSION}",
    decay="coupled",
    pitfalls=("gamma2, the momentum, has no effect unless centered",),
    mapping=True,
)

ADADELTA = Spelling(
    name="mxnet:adadelta",
    line=_line("adadelta"),
    arguments=(
        Argument("rho", 0.9, "decay"),
        Argument("epsilon", 1e-5, "eps"),
        Argument("learning_rate", 1e-2, free=True),
        *COMMON,
    ),
    forms=(Form(Adadelta, {"lr": 1.0}),),
    source=f"{IN_PYTHON}, AdaDelta.update, {VERSION}",
    decay="decoupled",
    pitfalls=("the learning rate is never looked at",),
    mapping=True,
)

ADAM = Spelling(
    name="mxnet:adam",
    line=_line("adam"),
    arguments=(SMALL_LR, *MOMENTS, *COMMON),
    forms=(Form(Adam, {"eps_position": "before_correction", "bias_correction": True}),),
    source=f"{IN_PYTHON}, Adam.update, {VERSION}",
    decay="coupled",
    mapping=True,
)

NADAM = Spelling(
    name="mxnet:nadam",
    line=_line("nadam"),
    arguments=(SMALL_LR, *MOMENTS, Argument("schedule_decay", 4e-3, "momentum_decay"), *COMMON),
    forms=(Form(NAdam, {"momentum_schedule": "warming", "eps_position": "outside"}),),
    source=f"{IN_PYTHON}, Nadam.update, {VERSION}",
    decay="coupled",
    pitfalls=("all arrays of a Trainer advance one momentum schedule: the translation is of a single array",),
    mapping=True,
)

SIGNUM = Spelling(
    name="mxnet:signum",
    line=_line("signum"),
    arguments=(LR, Argument("momentum", 0.9, "momentum"), Argument("wd_lh", 0.0), *COMMON),
    forms=(Form(Signum, when={"momentum": above_zero}),),
    source=f"{IN_PYTHON}, Signum.update, {VERSION}",
    decay="coupled",
    needs="momentum must be above 0",
    mapping=True,
)

SPELLINGS = (SGD, NAG, ADAGRAD, RMSPROP, ADADELTA, ADAM, NADAM, SIGNUM)
WITHOUT_RULE = ("adamax", "dcasgd", "ftml", "ftrl", "groupadagrad", "lamb", "lars", "lbsgd", "sgld")
