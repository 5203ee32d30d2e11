"""The solvers of scikit-learn's multi-layer perceptrons, as read in scikit-learn 1.9."""

from __future__ import annotations

from polyak.frameworks.spelling import Argument, Form, Spelling
from polyak.rules import Adam, GradientDescent, HeavyBall, Nesterov

VERSION = "scikit-learn 1.9"
SOURCE = "sklearn/neural_network/_stochastic_optimizers.py"
LR = Argument("learning_rate_init", 1e-3, "lr")
ALPHA = "alpha, the L2 term of the loss, is 1e-4 unless set; it is divided by the batch's rows and spares intercepts"

SGD = Spelling(
    name="sklearn:sgd",
    line="sklearn.neural_network.MLPRegressor(solver='sgd', {})",
    arguments=(LR, Argument("momentum", 0.9, "momentum"), Argument("nesterovs_momentum", True)),
    forms=(
        Form(GradientDescent, when={"momentum": 0.0}),
        Form(HeavyBall, {"lr_in_velocity": True}, {"nesterovs_momentum": False}),
        Form(Nesterov, {"lr_in_velocity": True}, {"nesterovs_momentum": True}),
    ),
    source=f"{SOURCE}, SGDOptimizer._get_updates, {VERSION}",
    pitfalls=("Nesterov's form is on by default", ALPHA),
    solver={"nesterovs_momentum": "nesterov"},
)

ADAM = Spelling(
    name="sklearn:adam",
    line="sklearn.neural_network.MLPRegressor(solver='adam', {})",
    arguments=(
        LR,
        Argument("beta_1", 0.9, "beta1"),
        Argument("beta_2", 0.999, "beta2"),
        Argument("epsilon", 1e-8, "eps"),
    ),
    forms=(Form(Adam, {"eps_position": "before_correction", "bias_correction": True}),),
    source=f"{SOURCE}, AdamOptimizer._get_updates, {VERSION}",
    pitfalls=(ALPHA,),
)

SPELLINGS = (SGD, ADAM)
WITHOUT_RULE = ("lbfgs",)
