"""torch.optim, as read in torch 2.13.0."""

from __future__ import annotations

from typing import Any

from polyak.frameworks.spelling import Argument, Form, Spelling, above_zero
from polyak.rules import (
    Adadelta,
    Adafactor,
    Adagrad,
    Adam,
    Dampening,
    GradientDescent,
    HeavyBall,
    Muon,
    NAdam,
    Nesterov,
    RMSProp,
)

VERSION = "torch 2.13.0"
FLAGS = {
    "foreach": Argument("foreach", None, free=True),
    "differentiable": Argument("differentiable", False, free=True),
    "fused": Argument("fused", None, free=True),
    "capturable": Argument("capturable", False, free=True),
    "maximize": Argument("maximize", False, "maximize"),
    "amsgrad": Argument("amsgrad", False),
    "decoupled": Argument(
        "decoupled_weight_decay", False, "decay_kind", {False: "coupled", True: "decoupled"}
    ),
}
DECAY = Argument("weight_decay", 0.0, "weight_decay")
MOMENTUM = Argument("momentum", 0.0, "momentum")
BETAS = Argument("betas", (0.9, 0.999), ("beta1", "beta2"))
MOONLIGHT = {"match_rms_adamw": "match_rms_adamw"}
OUTSIDE = {"lr_in_velocity": False}
CORRECTED = {"eps_position": "outside", "bias_correction": True}


def _lr(default: float) -> Argument:
    return Argument("lr", default, "lr")


def _eps(default: float) -> Argument:
    return Argument("eps", default, "eps")


def _row(
    name: str,
    arguments: tuple[Argument, ...],
    flags: str,
    *forms: Form,
    decay: str = "coupled",
    source: str = "_single_tensor_{}",
    **said: Any,
) -> Spelling:
    file = name.lower()
    return Spelling(
        name=f"torch:{name}",
        line=f"torch.optim.{name}({{}})",
        arguments=(*arguments, *(FLAGS[flag] for flag in flags.split())),
        forms=forms,
        source=f"torch/optim/{file}.py, {source.format(file)}, {VERSION}",
        decay=decay,
        **said,
    )


SPELLINGS = (
    _row(
        "SGD",
        (_lr(1e-3), MOMENTUM, Argument("dampening", 0.0, "dampening"), DECAY, Argument("nesterov", False)),
        "maximize foreach differentiable fused",
        Form(GradientDescent, when={"momentum": 0.0, "nesterov": False}),
        Form(HeavyBall, OUTSIDE, {"dampening": 0.0, "nesterov": False}),
        Form(Dampening, {"initial_velocity": "first_gradient"}, {"nesterov": False}),
        Form(Nesterov, OUTSIDE, {"dampening": 0.0, "nesterov": True, "momentum": above_zero}),
        needs="nesterov needs a momentum above 0 and no dampening",
        pitfalls=(
            "the first gradient is not dampened",
            "the buffer starts at the first gradient that is not missing, not at step 0",
            "with maximize, the weight decay still pulls towards zero",
        ),
    ),
    _row(
        "Adagrad",
        (
            *(_lr(1e-2), Argument("lr_decay", 0.0), DECAY),
            *(Argument("initial_accumulator_value", 0.0, "initial_accumulator"), _eps(1e-10)),
        ),
        "foreach maximize differentiable fused",
        Form(Adagrad, {"eps_position": "outside"}),
    ),
    _row(
        "RMSprop",
        (
            *(_lr(1e-2), Argument("alpha", 0.99, "decay"), _eps(1e-8), DECAY, MOMENTUM),
            Argument("centered", False, "centered"),
        ),
        "capturable foreach maximize differentiable",
        Form(RMSProp, {"eps_position": "outside", "initial_accumulator": 0.0, **OUTSIDE}),
    ),
    _row(
        "Adadelta",
        (_lr(1.0), Argument("rho", 0.9, "decay"), _eps(1e-6), DECAY),
        "foreach capturable maximize differentiable",
        Form(Adadelta),
    ),
    _row(
        "Adam",
        (_lr(1e-3), BETAS, _eps(1e-8), DECAY),
        "amsgrad foreach maximize capturable differentiable fused decoupled",
        Form(Adam, CORRECTED),
    ),
    _row(
        "AdamW",
        (_lr(1e-3), BETAS, _eps(1e-8), Argument("weight_decay", 1e-2, "weight_decay")),
        "amsgrad maximize foreach capturable differentiable fused",
        Form(Adam, CORRECTED),
        decay="decoupled",
        source="AdamW",
    ),
    _row(
        "NAdam",
        (_lr(2e-3), BETAS, _eps(1e-8), DECAY, Argument("momentum_decay", 4e-3, "momentum_decay")),
        "decoupled foreach maximize capturable differentiable",
        Form(NAdam, {"momentum_schedule": "warming", "eps_position": "outside"}),
    ),
    _row(
        "Adafactor",
        (
            *(_lr(1e-2), Argument("beta2_decay", -0.8), Argument("eps", (None, 1e-3))),
            *(Argument("d", 1.0, "clip"), DECAY),
        ),
        "foreach maximize",
        Form(Adafactor, {"form": "torch", "decay_power": 0.8, "eps": 2.0**-52, "least_size": 1e-3}),
        decay="decoupled",
        pitfalls=("its learning rate is no more than 1/sqrt(t), whatever is set",),
    ),
    _row(
        "Muon",
        (
            *(
                _lr(1e-3),
                Argument("weight_decay", 0.1, "weight_decay"),
                Argument("momentum", 0.95, "momentum"),
            ),
            *(Argument("nesterov", True, "nesterov"), Argument("ns_coefficients", (3.4445, -4.775, 2.0315))),
            *(_eps(1e-7), Argument("ns_steps", 5)),
            Argument(
                "adjust_lr_fn", None, "scaling", {None: "original", "original": "original", **MOONLIGHT}
            ),
        ),
        "",
        Form(Muon, {"velocity": "averaged", "eps_position": "least", "beta1": 0.9, "beta2": 0.999}),
        decay="decoupled",
        pitfalls=(
            "it takes matrices alone",
            "documented v <- m v + g, computed as the average: the buffer of its state is 1 - m of the documented one,"
            " 20 times smaller at 0.95; the step is the same but for eps",
            "its iteration runs in bfloat16, of three digits; here it is held, and verified, in float64",
        ),
    ),
)
WITHOUT_RULE = ("ASGD", "Adamax", "LBFGS", "RAdam", "Rprop", "SparseAdam")
