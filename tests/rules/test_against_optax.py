"""Step by step beside Optax: 200 steps in float64, the learning rate falling from 0.1 to 0.01 at step 100."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import optax
import pytest

from polyak.rules import (
    Adadelta,
    Adagrad,
    Adam,
    AdamW,
    AveragedGradient,
    GradientDescent,
    HeavyBall,
    Lion,
    NAdam,
    Nesterov,
    QuasiHyperbolic,
    RMSProp,
    Rule,
    Signum,
)

STEPS, DROP, EPS, WIDE_EPS = 200, 100, 0.02, 0.5


def lr(step: Any) -> Any:
    return jnp.where(step < DROP, 0.1, 0.01)


def fast(step: Any) -> Any:
    """Ten times that, for Adadelta, whose steps are small."""
    return 10 * lr(step)


downhill = optax.scale_by_learning_rate
PEERS: dict[str, tuple[Rule, optax.GradientTransformation]] = {
    "gradient_descent": (GradientDescent(lr), optax.sgd(lr)),
    "heavy_ball, lr outside": (HeavyBall(lr, 0.9, lr_in_velocity=False), optax.sgd(lr, momentum=0.9)),
    "heavy_ball, lr inside": (HeavyBall(lr, 0.9), optax.chain(downhill(lr), optax.trace(0.9))),
    "nesterov, lr outside": (
        Nesterov(lr, 0.9, lr_in_velocity=False),
        optax.sgd(lr, momentum=0.9, nesterov=True),
    ),
    "nesterov, lr inside": (Nesterov(lr, 0.9), optax.chain(downhill(lr), optax.trace(0.9, nesterov=True))),
    "averaged_gradient": (
        AveragedGradient(lr, 0.9),
        optax.chain(optax.ema(0.9, debias=False), downhill(lr)),
    ),
    "quasi_hyperbolic, nu = momentum": (
        QuasiHyperbolic(lr, 0.9, nu=0.9),
        optax.chain(optax.scale(1 - 0.9), optax.sgd(lr, momentum=0.9, nesterov=True)),
    ),
    "adagrad": (
        Adagrad(lr, EPS, initial_accumulator=0.3, eps_position="inside"),
        optax.adagrad(lr, initial_accumulator_value=0.3, eps=EPS),
    ),
    "rmsprop": (
        RMSProp(lr, 0.95, WIDE_EPS, eps_position="inside"),
        optax.rmsprop(lr, decay=0.95, eps=WIDE_EPS),
    ),
    "rmsprop, eps outside": (
        RMSProp(lr, 0.95, WIDE_EPS, initial_accumulator=0.3),
        optax.rmsprop(lr, decay=0.95, eps=WIDE_EPS, eps_in_sqrt=False, initial_scale=0.3),
    ),
    "rmsprop, momentum": (
        RMSProp(lr, 0.95, WIDE_EPS, momentum=0.7, eps_position="inside"),
        optax.rmsprop(lr, decay=0.95, eps=WIDE_EPS, momentum=0.7),
    ),
    "rmsprop, centered": (
        RMSProp(lr, 0.95, WIDE_EPS, momentum=0.7, eps_position="inside", centered=True),
        optax.rmsprop(lr, decay=0.95, eps=WIDE_EPS, momentum=0.7, centered=True),
    ),
    "adadelta": (Adadelta(fast, 0.9, EPS), optax.adadelta(fast, rho=0.9, eps=EPS)),
    "adam": (Adam(lr, 0.9, 0.99, EPS), optax.adam(lr, 0.9, 0.99, eps=EPS)),
    "adam, eps inside": (
        Adam(lr, 0.9, 0.99, EPS, eps_position="inside"),
        optax.adam(lr, 0.9, 0.99, eps=0.0, eps_root=EPS),
    ),
    "adam, decay coupled": (
        Adam(lr, 0.9, 0.99, EPS, weight_decay=0.3),
        optax.chain(optax.add_decayed_weights(0.3), optax.adam(lr, 0.9, 0.99, eps=EPS)),
    ),
    "adam, decay decoupled": (
        Adam(lr, 0.9, 0.99, EPS, weight_decay=0.3, decay="decoupled"),
        optax.adamw(lr, 0.9, 0.99, eps=EPS, weight_decay=0.3),
    ),
    "adamw": (
        AdamW(lr, 0.9, 0.99, EPS, weight_decay=0.3),
        optax.adamw(lr, 0.9, 0.99, eps=EPS, weight_decay=0.3),
    ),
    "nadam": (
        NAdam(lr, 0.9, 0.99, EPS, momentum_schedule="constant"),
        optax.nadam(lr, 0.9, 0.99, eps=EPS),
    ),
    "nadam, eps inside": (
        NAdam(lr, 0.9, 0.99, EPS, momentum_schedule="constant", eps_position="inside"),
        optax.nadam(lr, 0.9, 0.99, eps=0.0, eps_root=EPS),
    ),
    "lion": (Lion(lr, 0.9, 0.8), optax.lion(lr, 0.9, 0.8, weight_decay=0.0)),
    "lion, decay": (Lion(lr, 0.9, 0.8, weight_decay=0.3), optax.lion(lr, 0.9, 0.8, weight_decay=0.3)),
    "signum": (
        Signum(lr, 0.9),
        optax.chain(optax.ema(0.9, debias=False), optax.scale_by_sign(), downhill(lr)),
    ),
}


@pytest.mark.usefixtures("x64")
@pytest.mark.parametrize("name", PEERS)
def test_same_path_as_optax(name: str, problem: Any, walk: Any, assert_same_path: Any) -> None:
    ours, theirs = PEERS[name]
    compiled = optax.GradientTransformation(theirs.init, jax.jit(theirs.update))
    x, gradient = problem.on("jax"), jax.jit(problem.gradient)
    assert_same_path(
        walk(ours, problem.on("numpy"), problem.gradient, STEPS), walk(compiled, x, gradient, STEPS)
    )
