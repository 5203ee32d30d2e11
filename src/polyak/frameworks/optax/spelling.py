"""Optax's factories, as read in optax 0.2.8."""

from __future__ import annotations

from typing import Any

from polyak.frameworks.spelling import REQUIRED, Argument, Form, Spelling
from polyak.rules import (
    LAMB,
    LARS,
    AdaBelief,
    Adadelta,
    Adafactor,
    Adagrad,
    Adam,
    Adan,
    AdEMAMix,
    GradientDescent,
    HeavyBall,
    Lion,
    Muon,
    NAdam,
    Nesterov,
    RMSProp,
    ScheduleFree,
    ScheduleFreeAdam,
)

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


def _row(
    name: str, arguments: tuple[Argument, ...], *forms: Form, source: str, home: str = "", **said: Any
) -> Spelling:
    return Spelling(
        name=f"optax:{name}",
        line=f"optax.{home}{name}({{}})",
        arguments=arguments,
        forms=forms,
        source=f"optax/{home.replace('.', '/') or '_src/'}{source}, {VERSION}",
        **said,
    )


# optax.contrib.muon's arguments for arrays that are no matrices, and how it is computed: at their defaults.
MUON_ONLY = tuple(
    Argument(name, default)
    for name, default in (
        ("ns_coeffs", (3.4445, -4.775, 2.0315)),
        *(
            ("ns_steps", 5),
            ("weight_decay_mask", None),
            ("adaptive", False),
            ("preconditioning", "frobenius"),
        ),
        *(("adam_eps_root", 0.0), ("adam_weight_decay", 0.0), ("adam_learning_rate", None)),
        ("muon_weight_dimension_numbers", None),
    )
)
OF_MUON = {"velocity": "corrected", "eps_position": "added"}
STATE_DTYPE, WARM_UP = Argument("state_dtype", None), Argument("warmup_steps", None)
POWER = Argument("weight_lr_power", 2.0, "weight_lr_power")
IN_CONTRIB = "contrib."


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
    _row(
        "nadamw",
        (LR, B1, B2, EPS, EPS_ROOT, MU_DTYPE, _decay(1e-4), MASK, Argument("nesterov", True)),
        ADAM_FORMS[2],
        source="alias.py, adamw(nesterov=True)",
        decay="decoupled",
        needs="eps_root must be 0 and nesterov True",
    ),
    _row(
        "adabelief",
        (
            *(LR, B1, B2, Argument("eps", 1e-16, "eps"), Argument("eps_root", 1e-16, "eps_root")),
            Argument("nesterov", False),
        ),
        Form(AdaBelief),
        source="transform.py, scale_by_belief",
        pitfalls=("eps_root is added to the squares at every step and stays in them",),
    ),
    _row(
        "adan",
        (
            *(
                LR,
                Argument("b1", 0.98, "beta1"),
                Argument("b2", 0.92, "beta2"),
                Argument("b3", 0.99, "beta3"),
            ),
            *(EPS, Argument("eps_root", 1e-8, "eps_root"), _decay(0.0), MASK),
        ),
        Form(Adan, {"look_ahead": "1 - beta2"}),
        source="transform.py, scale_by_adan",
        decay="decoupled",
        pitfalls=(
            "it weighs the changes of the gradient by 1 - b2, 0.08, where the paper and timm have 0.92",
        ),
    ),
    _row(
        "lars",
        (
            *(LR, _decay(0.0), Argument("weight_decay_mask", True)),
            Argument("trust_coefficient", 0.001, "trust_coefficient"),
            *(Argument("eps", 0.0, "eps"), Argument("trust_ratio_mask", True)),
            *(Argument("momentum", 0.9, "momentum"), Argument("nesterov", False, "nesterov")),
        ),
        Form(LARS, {"lr_in_velocity": True}),
        source="alias.py, lars",
        decay="coupled",
        pitfalls=("its velocity holds the learning rate, unlike that of its sgd",),
    ),
    _row(
        "lamb",
        (
            *(LR, B1, B2, Argument("eps", 1e-6, "eps"), EPS_ROOT),
            *(Argument("weight_decay", 0.0, "inner_decay"), MASK),
        ),
        Form(LAMB),
        source="alias.py, lamb",
        needs="eps_root must be 0",
        pitfalls=("the weight decay is part of the step whose size the ratio is of",),
    ),
    _row(
        "adafactor",
        (
            *(Argument("learning_rate", None, "lr"), Argument("min_dim_size_to_factor", 128)),
            *(Argument("decay_rate", 0.8, "decay_power"), Argument("decay_offset", 0)),
            *(Argument("multiply_by_parameter_scale", True), Argument("clipping_threshold", 1.0, "clip")),
            *(Argument("momentum", None), Argument("dtype_momentum", "float32", free=True)),
            *(Argument("weight_decay_rate", None), Argument("eps", 1e-30, "eps"), Argument("factored", True)),
            Argument("weight_decay_mask", None),
        ),
        Form(Adafactor, {"form": "optax", "least_size": 1e-3}),
        source="factorized.py, scale_by_factored_rms",
        pitfalls=(
            "its share of the squares is computed in float32, which is seen at 1e-8 of a path",
            "weight_decay_rate is not multiplied by the learning rate",
        ),
    ),
    _row(
        "ademamix",
        (
            *(LR, B1, B2, Argument("b3", 0.9999, "beta3"), Argument("alpha", 5.0, "alpha"), EPS, EPS_ROOT),
            *(MU_DTYPE, _decay(0.0), MASK),
        ),
        Form(AdEMAMix),
        source="_ademamix.py",
        home=IN_CONTRIB,
        decay="decoupled",
        needs="eps_root must be 0",
    ),
    _row(
        "muon",
        (
            *(LR, Argument("beta", 0.95, "momentum"), EPS, _decay(0.0), MU_DTYPE),
            *(Argument("nesterov", True, "nesterov"), Argument("adam_b1", 0.9, "beta1")),
            Argument("adam_b2", 0.999, "beta2"),
            Argument("consistent_rms", None),
            *MUON_ONLY,
        ),
        Form(Muon, {**OF_MUON, "scaling": "transposed"}, {"consistent_rms": None}),
        Form(Muon, {**OF_MUON, "scaling": "match_rms_adamw"}, {"consistent_rms": 0.2}),
        needs="consistent_rms must be None or 0.2",
        source="_muon.py",
        home=IN_CONTRIB,
        decay="decoupled",
        pitfalls=(
            "a matrix's rows are its inputs, in PyTorch its outputs: the factor is sqrt(max(1, columns / rows))",
            "its velocity is corrected for its start, which turns the first steps of a looking-ahead one",
        ),
    ),
    _row(
        "schedule_free_sgd",
        (
            *(Argument("learning_rate", 1.0, "lr"), WARM_UP, Argument("b1", 0.9, "momentum")),
            *(Argument("weight_decay", None, "weight_decay"), POWER, STATE_DTYPE),
        ),
        Form(ScheduleFree, {"r": 0.0}),
        source="_schedule_free.py",
        home=IN_CONTRIB,
        decay="coupled",
    ),
    _row(
        "schedule_free_adamw",
        (
            *(Argument("learning_rate", 0.0025, "lr"), WARM_UP, Argument("b1", 0.9, "beta1"), B2, EPS),
            *(Argument("weight_decay", 0.0, "inner_decay"), POWER, STATE_DTYPE),
        ),
        Form(ScheduleFreeAdam, {"r": 0.0}),
        source="_schedule_free.py",
        home=IN_CONTRIB,
    ),
)
WITHOUT_RULE = (
    *("adamax", "adamaxw", "adopt", "amsgrad", "cocob", "dadapt_adamw", "dog", "lbfgs", "madgrad", "momo"),
    *("noisy_sgd", "novograd", "prodigy", "radam", "rprop", "sm3", "sophia", "yogi"),
)
