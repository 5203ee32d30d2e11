"""torch.optim, as read in torch 2.13.0."""

from __future__ import annotations

from polyak.frameworks.spelling import Argument, Form, Spelling, above_zero
from polyak.rules import (
    Adadelta,
    Adagrad,
    Adam,
    Dampening,
    GradientDescent,
    HeavyBall,
    NAdam,
    Nesterov,
    RMSProp,
)

VERSION = "torch 2.13.0"
FOREACH = Argument("foreach", None, free=True)
DIFFERENTIABLE = Argument("differentiable", False, free=True)
FUSED = Argument("fused", None, free=True)
CAPTURABLE = Argument("capturable", False, free=True)
MAXIMIZE = Argument("maximize", False, "maximize")
DECAY = Argument("weight_decay", 0.0, "weight_decay")
BETAS = Argument("betas", (0.9, 0.999), ("beta1", "beta2"))
AMSGRAD = Argument("amsgrad", False)
DECOUPLED = Argument("decoupled_weight_decay", False, "decay_kind", {False: "coupled", True: "decoupled"})
OUTSIDE = {"lr_in_velocity": False}
CORRECTED = {"eps_position": "outside", "bias_correction": True}

SGD = Spelling(
    name="torch:SGD",
    line="torch.optim.SGD({})",
    arguments=(
        Argument("lr", 1e-3, "lr"),
        Argument("momentum", 0.0, "momentum"),
        Argument("dampening", 0.0, "dampening"),
        DECAY,
        Argument("nesterov", False),
        MAXIMIZE,
        FOREACH,
        DIFFERENTIABLE,
        FUSED,
    ),
    forms=(
        Form(GradientDescent, when={"momentum": 0.0, "nesterov": False}),
        Form(HeavyBall, OUTSIDE, {"dampening": 0.0, "nesterov": False}),
        Form(Dampening, {"initial_velocity": "first_gradient"}, {"nesterov": False}),
        Form(Nesterov, OUTSIDE, {"dampening": 0.0, "nesterov": True, "momentum": above_zero}),
    ),
    source=f"torch/optim/sgd.py, _single_tensor_sgd, {VERSION}",
    decay="coupled",
    needs="nesterov needs a momentum above 0 and no dampening",
    pitfalls=(
        "the first gradient is not dampened",
        "the buffer starts at the first gradient that is not missing, not at step 0",
        "with maximize, the weight decay still pulls towards zero",
    ),
)

ADAGRAD = Spelling(
    name="torch:Adagrad",
    line="torch.optim.Adagrad({})",
    arguments=(
        Argument("lr", 1e-2, "lr"),
        Argument("lr_decay", 0.0),
        DECAY,
        Argument("initial_accumulator_value", 0.0, "initial_accumulator"),
        Argument("eps", 1e-10, "eps"),
        FOREACH,
        MAXIMIZE,
        DIFFERENTIABLE,
        FUSED,
    ),
    forms=(Form(Adagrad, {"eps_position": "outside"}),),
    source=f"torch/optim/adagrad.py, _single_tensor_adagrad, {VERSION}",
    decay="coupled",
)

RMSPROP = Spelling(
    name="torch:RMSprop",
    line="torch.optim.RMSprop({})",
    arguments=(
        Argument("lr", 1e-2, "lr"),
        Argument("alpha", 0.99, "decay"),
        Argument("eps", 1e-8, "eps"),
        DECAY,
        Argument("momentum", 0.0, "momentum"),
        Argument("centered", False, "centered"),
        CAPTURABLE,
        FOREACH,
        MAXIMIZE,
        DIFFERENTIABLE,
    ),
    forms=(Form(RMSProp, {"eps_position": "outside", "initial_accumulator": 0.0, **OUTSIDE}),),
    source=f"torch/optim/rmsprop.py, _single_tensor_rmsprop, {VERSION}",
    decay="coupled",
)

ADADELTA = Spelling(
    name="torch:Adadelta",
    line="torch.optim.Adadelta({})",
    arguments=(
        Argument("lr", 1.0, "lr"),
        Argument("rho", 0.9, "decay"),
        Argument("eps", 1e-6, "eps"),
        DECAY,
        FOREACH,
        CAPTURABLE,
        MAXIMIZE,
        DIFFERENTIABLE,
    ),
    forms=(Form(Adadelta),),
    source=f"torch/optim/adadelta.py, _single_tensor_adadelta, {VERSION}",
    decay="coupled",
)

ADAM = Spelling(
    name="torch:Adam",
    line="torch.optim.Adam({})",
    arguments=(
        Argument("lr", 1e-3, "lr"),
        BETAS,
        Argument("eps", 1e-8, "eps"),
        DECAY,
        AMSGRAD,
        FOREACH,
        MAXIMIZE,
        CAPTURABLE,
        DIFFERENTIABLE,
        FUSED,
        DECOUPLED,
    ),
    forms=(Form(Adam, CORRECTED),),
    source=f"torch/optim/adam.py, _single_tensor_adam, {VERSION}",
    decay="coupled",
)

ADAMW = Spelling(
    name="torch:AdamW",
    line="torch.optim.AdamW({})",
    arguments=(
        Argument("lr", 1e-3, "lr"),
        BETAS,
        Argument("eps", 1e-8, "eps"),
        Argument("weight_decay", 1e-2, "weight_decay"),
        AMSGRAD,
        MAXIMIZE,
        FOREACH,
        CAPTURABLE,
        DIFFERENTIABLE,
        FUSED,
    ),
    forms=(Form(Adam, CORRECTED),),
    source=f"torch/optim/adamw.py, AdamW, {VERSION}",
    decay="decoupled",
)

NADAM = Spelling(
    name="torch:NAdam",
    line="torch.optim.NAdam({})",
    arguments=(
        Argument("lr", 2e-3, "lr"),
        BETAS,
        Argument("eps", 1e-8, "eps"),
        DECAY,
        Argument("momentum_decay", 4e-3, "momentum_decay"),
        DECOUPLED,
        FOREACH,
        MAXIMIZE,
        CAPTURABLE,
        DIFFERENTIABLE,
    ),
    forms=(Form(NAdam, {"momentum_schedule": "warming", "eps_position": "outside"}),),
    source=f"torch/optim/nadam.py, _single_tensor_nadam, {VERSION}",
    decay="coupled",
)

SPELLINGS = (SGD, ADAGRAD, RMSPROP, ADADELTA, ADAM, ADAMW, NADAM)
WITHOUT_RULE = ("ASGD", "Adafactor", "Adamax", "LBFGS", "Muon", "RAdam", "Rprop", "SparseAdam")
