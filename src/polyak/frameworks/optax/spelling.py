"""Optax's factories, as read in optax 0.2.8."""

from __future__ import annotations

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

SGD = Spelling(
    name="optax:sgd",
    line="optax.sgd({})",
    arguments=(
        LR,
        Argument("momentum", None, "momentum"),
        Argument("nesterov", False),
        Argument("accumulator_dtype", None),
    ),
    forms=(
        Form(GradientDescent, when={"momentum": 0.0}),
        Form(HeavyBall, OUTSIDE, {"nesterov": False}),
        Form(Nesterov, OUTSIDE, {"nesterov": True}),
    ),
    source=f"optax/_src/alias.py, sgd; optax/transforms/_accumulation.py, trace, {VERSION}",
    pitfalls=("its rmsprop, with the same argument momentum, keeps the learning rate in the velocity",),
)

ADAGRAD = Spelling(
    name="optax:adagrad",
    line="optax.adagrad({})",
    arguments=(
        LR,
        Argument("initial_accumulator_value", 0.1, "initial_accumulator"),
        Argument("eps", 1e-7, "eps"),
    ),
    forms=(Form(Adagrad, {"eps_position": "inside"}),),
    source=f"optax/_src/transform.py, scale_by_rss, {VERSION}",
)

RMSPROP = Spelling(
    name="optax:rmsprop",
    line="optax.rmsprop({})",
    arguments=(
        LR,
        Argument("decay", 0.9, "decay"),
        EPS,
        Argument("initial_scale", 0.0, "initial_accumulator"),
        Argument("eps_in_sqrt", True, "eps_position", {True: "inside", False: "outside"}),
        Argument("centered", False, "centered"),
        Argument("momentum", None, "momentum"),
        Argument("nesterov", False),
        Argument("bias_correction", False),
    ),
    forms=(Form(RMSProp, {"lr_in_velocity": True}),),
    source=f"optax/_src/alias.py, rmsprop, {VERSION}",
    pitfalls=("the learning rate is in the velocity, unlike in its own sgd",),
)

ADADELTA = Spelling(
    name="optax:adadelta",
    line="optax.adadelta({})",
    arguments=(
        Argument("learning_rate", None, "lr"),
        Argument("rho", 0.9, "decay"),
        Argument("eps", 1e-6, "eps"),
        Argument("weight_decay", 0.0, "weight_decay"),
        Argument("weight_decay_mask", None),
    ),
    forms=(Form(Adadelta),),
    source=f"optax/_src/alias.py, adadelta, {VERSION}",
    decay="coupled",
    pitfalls=("without a learning rate the step's sign is not turned: it climbs",),
)

ADAM = Spelling(
    name="optax:adam",
    line="optax.adam({})",
    arguments=(LR, B1, B2, EPS, EPS_ROOT, MU_DTYPE, Argument("nesterov", False)),
    forms=ADAM_FORMS,
    source=f"optax/_src/transform.py, scale_by_adam, {VERSION}",
    needs=NEEDS_ONE_EPS,
)

ADAMW = Spelling(
    name="optax:adamw",
    line="optax.adamw({})",
    arguments=(
        LR,
        B1,
        B2,
        EPS,
        EPS_ROOT,
        MU_DTYPE,
        Argument("weight_decay", 1e-4, "weight_decay"),
        MASK,
        Argument("nesterov", False),
    ),
    forms=ADAM_FORMS,
    source=f"optax/_src/alias.py, adamw, {VERSION}",
    decay="decoupled",
    needs=NEEDS_ONE_EPS,
    pitfalls=("weight_decay is 1e-4 where PyTorch has 1e-2 and Keras 4e-3",),
)

NADAM = Spelling(
    name="optax:nadam",
    line="optax.nadam({})",
    arguments=(LR, B1, B2, EPS, EPS_ROOT, MU_DTYPE, Argument("nesterov", True)),
    forms=(ADAM_FORMS[2],),
    source=f"optax/_src/transform.py, scale_by_adam(nesterov=True), {VERSION}",
    needs="eps_root must be 0 and nesterov True",
    pitfalls=("the momentum is b1 from the first step on; PyTorch's and Keras's warms up from b1/2",),
)

LION = Spelling(
    name="optax:lion",
    line="optax.lion({})",
    arguments=(
        LR,
        B1,
        Argument("b2", 0.99, "beta2"),
        MU_DTYPE,
        Argument("weight_decay", 1e-3, "weight_decay"),
        MASK,
    ),
    forms=(Form(Lion),),
    source=f"optax/_src/transform.py, scale_by_lion, {VERSION}",
    decay="decoupled",
)

SPELLINGS = (SGD, ADAGRAD, RMSPROP, ADADELTA, ADAM, ADAMW, NADAM, LION)
WITHOUT_RULE = ("adafactor", "adamax", "lamb", "lars", "lbfgs", "noisy_sgd", "radam", "rprop", "sm3", "yogi")
