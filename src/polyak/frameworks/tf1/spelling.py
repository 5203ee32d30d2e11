"""TensorFlow 1's optimizers, tf.compat.v1.train, as read in TensorFlow 2.21.0."""

from __future__ import annotations

from polyak.frameworks.spelling import REQUIRED, Argument, Form, Spelling
from polyak.rules import Adadelta, Adagrad, Adam, GradientDescent, HeavyBall, Nesterov, RMSProp

VERSION = "tensorflow 2.21.0"
LR = Argument("learning_rate", REQUIRED, "lr")
LOCKING = Argument("use_locking", False, free=True)


SMALL_LR = Argument("learning_rate", 1e-3, "lr")
KERNEL = "tensorflow/core/kernels/training_ops.cc, Apply{}"


def _row(
    name: str,
    arguments: tuple[Argument, ...],
    *forms: Form,
    last: tuple[Argument, ...] = (),
    source: str = KERNEL,
    pitfalls: tuple[str, ...] = (),
) -> Spelling:
    return Spelling(
        name=f"tf1:{name}Optimizer",
        line=f"tf.compat.v1.train.{name}Optimizer({{}})",
        arguments=(*arguments, Argument("name", name, free=True), *last),
        forms=forms,
        source=f"{source.format(name)}, {VERSION}",
        pitfalls=pitfalls,
    )


SPELLINGS = (
    _row("GradientDescent", (LR, LOCKING), Form(GradientDescent)),
    _row(
        "Momentum",
        (LR, Argument("momentum", REQUIRED, "momentum"), LOCKING),
        Form(HeavyBall, {"lr_in_velocity": False}, {"use_nesterov": False}),
        Form(Nesterov, {"lr_in_velocity": False}, {"use_nesterov": True}),
        last=(Argument("use_nesterov", False),),
        pitfalls=(
            "its successor keras:SGD keeps the learning rate in the velocity; the migration table does not say so",
        ),
    ),
    _row(
        "Adagrad",
        (LR, Argument("initial_accumulator_value", 0.1, "initial_accumulator"), LOCKING),
        Form(Adagrad, {"eps": 0.0, "eps_position": "outside"}),
    ),
    _row(
        "RMSProp",
        (
            *(LR, Argument("decay", 0.9, "decay"), Argument("momentum", 0.0, "momentum")),
            *(Argument("epsilon", 1e-10, "eps"), LOCKING, Argument("centered", False, "centered")),
        ),
        Form(RMSProp, {"eps_position": "inside", "initial_accumulator": 1.0, "lr_in_velocity": True}),
        source="tensorflow/python/training/rmsprop.py, RMSPropOptimizer._create_slots",
        pitfalls=("the average of squares starts at 1, everywhere else at 0: the first steps are smaller",),
    ),
    _row(
        "Adadelta",
        (SMALL_LR, Argument("rho", 0.95, "decay"), Argument("epsilon", 1e-8, "eps"), LOCKING),
        Form(Adadelta),
    ),
    _row(
        "Adam",
        (
            *(SMALL_LR, Argument("beta1", 0.9, "beta1")),
            *(Argument("beta2", 0.999, "beta2"), Argument("epsilon", 1e-8, "eps"), LOCKING),
        ),
        Form(Adam, {"eps_position": "before_correction", "bias_correction": True}),
        last=(Argument("use_own_namescope_for_non_slot_vars", False, free=True),),
    ),
)
WITHOUT_RULE = (
    "AdagradDAOptimizer",
    "FtrlOptimizer",
    "ProximalAdagradOptimizer",
    "ProximalGradientDescentOptimizer",
)
