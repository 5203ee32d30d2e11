"""TensorFlow 1's optimizers, tf.compat.v1.train, as read in TensorFlow 2.21.0."""

from __future__ import annotations

from polyak.frameworks.spelling import REQUIRED, Argument, Form, Spelling
from polyak.rules import Adadelta, Adagrad, Adam, GradientDescent, HeavyBall, Nesterov, RMSProp

VERSION = "tensorflow 2.21.0"
LR = Argument("learning_rate", REQUIRED, "lr")
LOCKING = Argument("use_locking", False, free=True)


def _name(default: str) -> Argument:
    return Argument("name", default, free=True)


GRADIENT_DESCENT = Spelling(
    name="tf1:GradientDescentOptimizer",
    line="tf.compat.v1.train.GradientDescentOptimizer({})",
    arguments=(LR, LOCKING, _name("GradientDescent")),
    forms=(Form(GradientDescent),),
    source=f"tensorflow/core/kernels/training_ops.cc, ApplyGradientDescent, {VERSION}",
)

MOMENTUM = Spelling(
    name="tf1:MomentumOptimizer",
    line="tf.compat.v1.train.MomentumOptimizer({})",
    arguments=(
        LR,
        Argument("momentum", REQUIRED, "momentum"),
        LOCKING,
        _name("Momentum"),
        Argument("use_nesterov", False),
    ),
    forms=(
        Form(HeavyBall, {"lr_in_velocity": False}, {"use_nesterov": False}),
        Form(Nesterov, {"lr_in_velocity": False}, {"use_nesterov": True}),
    ),
    source=f"tensorflow/core/kernels/training_ops.cc, ApplyMomentum, {VERSION}",
    pitfalls=(
        "its successor keras:SGD keeps the learning rate in the velocity; the migration table does not say so",
    ),
)

ADAGRAD = Spelling(
    name="tf1:AdagradOptimizer",
    line="tf.compat.v1.train.AdagradOptimizer({})",
    arguments=(
        LR,
        Argument("initial_accumulator_value", 0.1, "initial_accumulator"),
        LOCKING,
        _name("Adagrad"),
    ),
    forms=(Form(Adagrad, {"eps": 0.0, "eps_position": "outside"}),),
    source=f"tensorflow/core/kernels/training_ops.cc, ApplyAdagrad, {VERSION}",
)

RMSPROP = Spelling(
    name="tf1:RMSPropOptimizer",
    line="tf.compat.v1.train.RMSPropOptimizer({})",
    arguments=(
        LR,
        Argument("decay", 0.9, "decay"),
        Argument("momentum", 0.0, "momentum"),
        Argument("epsilon", 1e-10, "eps"),
        LOCKING,
        Argument("centered", False, "centered"),
        _name("RMSProp"),
    ),
    forms=(Form(RMSProp, {"eps_position": "inside", "initial_accumulator": 1.0, "lr_in_velocity": True}),),
    source=f"tensorflow/python/training/rmsprop.py, RMSPropOptimizer._create_slots, {VERSION}",
    pitfalls=("the average of squares starts at 1, everywhere else at 0: the first steps are smaller",),
)

ADADELTA = Spelling(
    name="tf1:AdadeltaOptimizer",
    line="tf.compat.v1.train.AdadeltaOptimizer({})",
    arguments=(
        Argument("learning_rate", 1e-3, "lr"),
        Argument("rho", 0.95, "decay"),
        Argument("epsilon", 1e-8, "eps"),
        LOCKING,
        _name("Adadelta"),
    ),
    forms=(Form(Adadelta),),
    source=f"tensorflow/core/kernels/training_ops.cc, ApplyAdadelta, {VERSION}",
)

ADAM = Spelling(
    name="tf1:AdamOptimizer",
    line="tf.compat.v1.train.AdamOptimizer({})",
    arguments=(
        Argument("learning_rate", 1e-3, "lr"),
        Argument("beta1", 0.9, "beta1"),
        Argument("beta2", 0.999, "beta2"),
        Argument("epsilon", 1e-8, "eps"),
        LOCKING,
        _name("Adam"),
        Argument("use_own_namescope_for_non_slot_vars", False, free=True),
    ),
    forms=(Form(Adam, {"eps_position": "before_correction", "bias_correction": True}),),
    source=f"tensorflow/core/kernels/training_ops.cc, ApplyAdam, {VERSION}",
)

SPELLINGS = (GRADIENT_DESCENT, MOMENTUM, ADAGRAD, RMSPROP, ADADELTA, ADAM)
WITHOUT_RULE = (
    "AdagradDAOptimizer",
    "FtrlOptimizer",
    "ProximalAdagradOptimizer",
    "ProximalGradientDescentOptimizer",
)
