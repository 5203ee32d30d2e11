"""MXNet's optimizers in a Gluon Trainer, as read and recorded in mxnet 1.9.1."""

from __future__ import annotations

from typing import Any

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
COMMON = (
    Argument("wd", 0.0, "weight_decay"),
    Argument("clip_gradient", None),
    Argument("rescale_grad", 1.0),
    Argument("lazy_update", True, free=True),
    Argument("multi_precision", False, free=True),
)
LR, SMALL_LR = Argument("learning_rate", 1e-2, "lr"), Argument("learning_rate", 1e-3, "lr")
BETAS = Argument("beta1", 0.9, "beta1"), Argument("beta2", 0.999, "beta2")
EPSILON = Argument("epsilon", 1e-8, "eps")
SPREAD = {"eps_position": "inside", "initial_accumulator": 0.0, "lr_in_velocity": True}
BATCH = "Trainer.step(batch_size) divides the gradient by batch_size"
FLOAT32 = "its numbers are kept in float32, whatever the arrays are"
IN_PYTHON = "mxnet/optimizer/optimizer.py"
IN_C = "src/operator/optimizer_op-inl.h"


def _row(
    name: str, arguments: tuple[Argument, ...], *forms: Form, source: str, decay: str = "coupled", **said: Any
) -> Spelling:
    return Spelling(
        name=f"mxnet:{name}",
        line=f"mxnet.gluon.Trainer(params, '{name}', {{{{{{}}}}}})",
        arguments=(*arguments, *COMMON),
        forms=forms,
        source=f"{source}, {VERSION}",
        decay=decay,
        mapping=True,
        **said,
    )


SPELLINGS = (
    *(
        _row(
            name,
            (LR, Argument("momentum", 0.0, "momentum")),
            Form(GradientDescent, when={"momentum": 0.0}),
            Form(rule, {"lr_in_velocity": True}),
            source=f"{IN_C}, {name.upper()}MomKernel",
            pitfalls=(BATCH, FLOAT32),
        )
        for name, rule in {"sgd": HeavyBall, "nag": Nesterov}.items()
    ),
    _row(
        "adagrad",
        (LR, Argument("eps", 1e-7, "eps")),
        Form(Adagrad, {"eps_position": "inside", "initial_accumulator": 0.0}),
        source=f"{IN_PYTHON}, AdaGrad.update",
        decay="decoupled",
    ),
    _row(
        "rmsprop",
        (
            *(SMALL_LR, Argument("gamma1", 0.9, "decay"), Argument("gamma2", 0.9, "momentum"), EPSILON),
            *(Argument("centered", False, "centered"), Argument("clip_weights", None)),
        ),
        Form(
            RMSProp,
            {**SPREAD, "momentum": 0.0, "centered": False},
            {"centered": False},
            {"gamma2": None},
        ),
        Form(RMSProp, {**SPREAD, "centered": True}, {"centered": True}),
        source=f"{IN_C}, RMSPropUpdate and RMSPropAlexUpdate",
        pitfalls=("gamma2, the momentum, has no effect unless centered",),
    ),
    _row(
        "adadelta",
        (
            *(Argument("rho", 0.9, "decay"), Argument("epsilon", 1e-5, "eps")),
            Argument("learning_rate", 1e-2, free=True),
        ),
        Form(Adadelta, {"lr": 1.0}),
        source=f"{IN_PYTHON}, AdaDelta.update",
        decay="decoupled",
        pitfalls=("the learning rate is never looked at",),
    ),
    _row(
        "adam",
        (SMALL_LR, *BETAS, EPSILON),
        Form(Adam, {"eps_position": "before_correction", "bias_correction": True}),
        source=f"{IN_PYTHON}, Adam.update",
    ),
    _row(
        "nadam",
        (SMALL_LR, *BETAS, EPSILON, Argument("schedule_decay", 4e-3, "momentum_decay")),
        Form(NAdam, {"momentum_schedule": "warming", "eps_position": "outside"}),
        source=f"{IN_PYTHON}, Nadam.update",
        pitfalls=(
            "all arrays of a Trainer advance one momentum schedule: the translation is of a single array",
        ),
    ),
    _row(
        "signum",
        (LR, Argument("momentum", 0.9, "momentum"), Argument("wd_lh", 0.0)),
        Form(Signum, when={"momentum": above_zero}),
        source=f"{IN_PYTHON}, Signum.update",
        needs="momentum must be above 0",
    ),
)
WITHOUT_RULE = ("adamax", "dcasgd", "ftml", "ftrl", "groupadagrad", "lamb", "lars", "lbsgd", "sgld")
