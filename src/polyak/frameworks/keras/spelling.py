"""keras.optimizers, as read in Keras 3.15.1."""

from __future__ import annotations

from polyak.frameworks.spelling import Argument, Form, Spelling
from polyak.rules import Adadelta, Adagrad, Adam, GradientDescent, HeavyBall, Lion, NAdam, Nesterov, RMSProp

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

SGD = Spelling(
    name="keras:SGD",
    line="keras.optimizers.SGD({})",
    arguments=(
        Argument("learning_rate", 1e-2, "lr"),
        Argument("momentum", 0.0, "momentum"),
        Argument("nesterov", False),
        DECAY,
        *CLIPPING_AND_AVERAGING,
    ),
    forms=(
        Form(GradientDescent, when={"momentum": 0.0}),
        Form(HeavyBall, {"lr_in_velocity": True}, {"nesterov": False}),
        Form(Nesterov, {"lr_in_velocity": True}, {"nesterov": True}),
    ),
    source=f"keras/src/optimizers/sgd.py, SGD.update_step, {VERSION}",
    decay="decoupled",
    pitfalls=(
        "weight_decay is not PyTorch's: x is multiplied by 1 - lr weight_decay, the velocity never sees it",
    ),
)

ADAGRAD = Spelling(
    name="keras:Adagrad",
    line="keras.optimizers.Adagrad({})",
    arguments=(
        LR,
        Argument("initial_accumulator_value", 0.1, "initial_accumulator"),
        EPSILON,
        DECAY,
        *CLIPPING_AND_AVERAGING,
    ),
    forms=(Form(Adagrad, {"eps_position": "inside"}),),
    source=f"keras/src/optimizers/adagrad.py, Adagrad.update_step, {VERSION}",
    decay="decoupled",
)

RMSPROP = Spelling(
    name="keras:RMSprop",
    line="keras.optimizers.RMSprop({})",
    arguments=(
        LR,
        Argument("rho", 0.9, "decay"),
        Argument("momentum", 0.0, "momentum"),
        EPSILON,
        Argument("centered", False, "centered"),
        DECAY,
        *CLIPPING_AND_AVERAGING,
    ),
    forms=(Form(RMSProp, {"eps_position": "inside", "initial_accumulator": 0.0, "lr_in_velocity": True}),),
    source=f"keras/src/optimizers/rmsprop.py, RMSprop.update_step, {VERSION}",
    decay="decoupled",
)

ADADELTA = Spelling(
    name="keras:Adadelta",
    line="keras.optimizers.Adadelta({})",
    arguments=(LR, Argument("rho", 0.95, "decay"), EPSILON, DECAY, *CLIPPING_AND_AVERAGING),
    forms=(Form(Adadelta),),
    source=f"keras/src/optimizers/adadelta.py, Adadelta.update_step, {VERSION}",
    decay="decoupled",
    pitfalls=("its learning rate is 0.001 where the paper has none, which is 1: it hardly moves",),
)

ADAM = Spelling(
    name="keras:Adam",
    line="keras.optimizers.Adam({})",
    arguments=(LR, BETA_1, BETA_2, EPSILON, AMSGRAD, DECAY, *CLIPPING_AND_AVERAGING),
    forms=(Form(Adam, EPS_HAT),),
    source=f"keras/src/optimizers/adam.py, Adam.update_step, {VERSION}",
    decay="decoupled",
)

ADAMW = Spelling(
    name="keras:AdamW",
    line="keras.optimizers.AdamW({})",
    arguments=(
        LR,
        Argument("weight_decay", 4e-3, "weight_decay"),
        BETA_1,
        BETA_2,
        EPSILON,
        AMSGRAD,
        *CLIPPING_AND_AVERAGING,
    ),
    forms=(Form(Adam, EPS_HAT),),
    source=f"keras/src/optimizers/adamw.py, AdamW, {VERSION}",
    decay="decoupled",
)

NADAM = Spelling(
    name="keras:Nadam",
    line="keras.optimizers.Nadam({})",
    arguments=(LR, BETA_1, BETA_2, EPSILON, DECAY, *CLIPPING_AND_AVERAGING),
    forms=(
        Form(
            NAdam,
            {"momentum_decay": 1.0, "momentum_schedule": "warming", "eps_position": "outside"},
        ),
    ),
    source=f"keras/src/optimizers/nadam.py, Nadam.update_step, {VERSION}",
    decay="decoupled",
    pitfalls=(
        "momentum_decay is 1 and cannot be set: the momentum is warm after some 50 steps, in PyTorch after 10,000",
        "the product of its momenta is no variable of the optimizer: it is lost when a model is saved",
    ),
)

LION = Spelling(
    name="keras:Lion",
    line="keras.optimizers.Lion({})",
    arguments=(LR, BETA_1, Argument("beta_2", 0.99, "beta2"), DECAY, *CLIPPING_AND_AVERAGING),
    forms=(Form(Lion),),
    source=f"keras/src/optimizers/lion.py, Lion.update_step, {VERSION}",
    decay="decoupled",
)

SPELLINGS = (SGD, ADAGRAD, RMSPROP, ADADELTA, ADAM, ADAMW, NADAM, LION)
WITHOUT_RULE = ("Adafactor", "Adamax", "Ftrl", "Lamb", "LossScaleOptimizer", "Muon", "ScheduleFreeAdamW")
