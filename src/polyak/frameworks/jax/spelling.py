"""jax.example_libraries.optimizers, as read in jax 0.10.2."""

from __future__ import annotations

from polyak.frameworks.spelling import REQUIRED, Argument, Form, Spelling
from polyak.rules import Adagrad, Adam, GradientDescent, HeavyBall, Nesterov, RMSProp

VERSION = "jax 0.10.2"
STEP_SIZE = Argument("step_size", REQUIRED, "lr")
MASS = Argument("mass", REQUIRED, "momentum")
GAMMA, EPS = Argument("gamma", 0.9, "decay"), Argument("eps", 1e-8, "eps")
INSIDE = {"eps_position": "inside", "initial_accumulator": 0.0, "centered": False, "lr_in_velocity": True}


def _spelling(
    name: str, arguments: tuple[Argument, ...], form: Form, *pitfalls: str, needs: str = ""
) -> Spelling:
    return Spelling(
        name=f"jax:{name}",
        line=f"jax.example_libraries.optimizers.{name}({{}})",
        arguments=arguments,
        forms=(form,),
        source=f"jax/example_libraries/optimizers.py, {name}, {VERSION}",
        needs=needs,
        pitfalls=pitfalls,
    )


SPELLINGS = (
    _spelling("sgd", (STEP_SIZE,), Form(GradientDescent)),
    _spelling("momentum", (STEP_SIZE, MASS), Form(HeavyBall, {"lr_in_velocity": False})),
    _spelling("nesterov", (STEP_SIZE, MASS), Form(Nesterov, {"lr_in_velocity": False})),
    _spelling(
        "adagrad",
        (STEP_SIZE, Argument("momentum", 0.9)),
        Form(Adagrad, {"eps": 0.0, "eps_position": "outside", "initial_accumulator": 0.0}, {"momentum": 0.0}),
        "a momentum of 0.9 is on by default, an average of the scaled gradients",
        needs="momentum must be 0: no rule of ours averages Adagrad's steps",
    ),
    _spelling("rmsprop", (STEP_SIZE, GAMMA, EPS), Form(RMSProp, {**INSIDE, "momentum": 0.0})),
    _spelling(
        "rmsprop_momentum",
        (STEP_SIZE, GAMMA, EPS, Argument("momentum", 0.9, "momentum")),
        Form(RMSProp, INSIDE),
        "the learning rate is in the velocity, unlike in its own momentum",
    ),
    _spelling(
        "adam",
        (STEP_SIZE, Argument("b1", 0.9, "beta1"), Argument("b2", 0.999, "beta2"), EPS),
        Form(Adam, {"eps_position": "outside", "bias_correction": True}),
    ),
)
WITHOUT_RULE = ("adamax", "sm3")
