"""keras.optimizers, as read in Keras 3.15.1."""

from __future__ import annotations

from polyak.frameworks.spelling import Argument, Form, Spelling
from polyak.rules import (
    LAMB,
    Adadelta,
    Adagrad,
    Adam,
    GradientDescent,
    HeavyBall,
    Lion,
    NAdam,
    Nesterov,
    RMSProp,
)

VERSION = "keras 3.15.1"
DECAY = Argument("weight_decay", None, "weight_decay")
CLIPPING_AND_AVERAGING = (
    Argument("clipnorm", None),
    Argument("clipvalue", None),
    Argument("global_clipnorm", None),
    Argument("use_ema", False),
    Argument("ema_momentum", 0.99, free=True),
    Argument("ema_overwrite_frequency", None, free=True),
    Argument("loss_scale_factor", None),
    Argument("gradient_accumulation_steps", None),
    Argument("name", None, free=True),
)
EPS_HAT = {"eps_position": "before_correction", "bias_correction": True}
LR = Argument("learning_rate", 1e-3, "lr")
BETA_1, BETA_2 = Argument("beta_1", 0.9, "beta1"), Argument("beta_2", 0.999, "beta2")
EPSILON = Argument("epsilon", 1e-7, "eps")
AMSGRAD = Argument("amsgrad", False)
MOMENTUM, RHO = Argument("momentum", 0.0, "momentum"), Argument("rho", 0.9, "decay")


def _row(
    name: str,
    arguments: tuple[Argument, ...],
    *forms: Form,
    source: str = "{}.update_step",
    pitfalls: tuple[str, ...] = (),
    decay: str | None = "decoupled",
) -> Spelling:
    return Spelling(
        name=f"keras:{name}",
        line=f"keras.optimizers.{name}({{}})",
        arguments=(*arguments, *CLIPPING_AND_AVERAGING),
        forms=forms,
        source=f"keras/src/optimizers/{name.lower()}.py, {source.format(name)}, {VERSION}",
        decay=decay,
        pitfalls=pitfalls,
    )


SPELLINGS = (
    _row(
        "SGD",
        (Argument("learning_rate", 1e-2, "lr"), MOMENTUM, Argument("nesterov", False), DECAY),
        Form(GradientDescent, when={"momentum": 0.0}),
        Form(HeavyBall, {"lr_in_velocity": True}, {"nesterov": False}),
        Form(Nesterov, {"lr_in_velocity": True}, {"nesterov": True}),
        pitfalls=(
            "weight_decay is not PyTorch's: x is multiplied by 1 - lr weight_decay, the velocity never sees it",
        ),
    ),
    _row(
        "Adagrad",
        (LR, Argument("initial_accumulator_value", 0.1, "initial_accumulator"), EPSILON, DECAY),
        Form(Adagrad, {"eps_position": "inside"}),
    ),
    _row(
        "RMSprop",
        (LR, RHO, MOMENTUM, EPSILON, Argument("centered", False, "centered"), DECAY),
        Form(RMSProp, {"eps_position": "inside", "initial_accumulator": 0.0, "lr_in_velocity": True}),
    ),
    _row(
        "Adadelta",
        (LR, Argument("rho", 0.95, "decay"), EPSILON, DECAY),
        Form(Adadelta),
        pitfalls=("its learning rate is 0.001 where the paper has none, which is 1: it hardly moves",),
    ),
    _row("Adam", (LR, BETA_1, BETA_2, EPSILON, AMSGRAD, DECAY), Form(Adam, EPS_HAT)),
    _row(
        "AdamW",
        (LR, Argument("weight_decay", 4e-3, "weight_decay"), BETA_1, BETA_2, EPSILON, AMSGRAD),
        Form(Adam, EPS_HAT),
        source="AdamW",
    ),
    _row(
        "Nadam",
        (LR, BETA_1, BETA_2, EPSILON, DECAY),
        Form(NAdam, {"momentum_decay": 1.0, "momentum_schedule": "warming", "eps_position": "outside"}),
        pitfalls=(
            "momentum_decay is 1 and cannot be set: the momentum is warm after some 50 steps, in PyTorch after 10,000",
            "the product of its momenta is no variable of the optimizer: it is lost when a model is saved",
        ),
    ),
    _row(
        "Lamb",
        (LR, BETA_1, BETA_2, EPSILON, Argument("weight_decay", None)),
        Form(LAMB, {"inner_decay": 0.0}),
        pitfalls=(
            "its weight decay is taken off before the step; in Optax and in the paper it is part of the step",
        ),
        decay=None,
    ),
    _row("Lion", (LR, BETA_1, Argument("beta_2", 0.99, "beta2"), DECAY), Form(Lion)),
)
WITHOUT_RULE = ("Adafactor", "Adamax", "Ftrl", "LossScaleOptimizer", "Muon", "ScheduleFreeAdamW")
