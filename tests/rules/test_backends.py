"""One trajectory on NumPy, PyTorch, JAX step by step and JAX compiled, from the same few lines."""

from __future__ import annotations

from typing import Any

import jax
import numpy as np
import pytest

from polyak.rules import Rule

STEPS = 25


@jax.jit(static_argnames="gradient")
def compiled(rule: Rule, params: Any, gradient: Any) -> Any:
    """The positions after each step, the rule's numbers being traced arguments."""

    def step(carry: Any, _: None) -> Any:
        x, state = carry
        updates, state = rule.update(gradient(x), state, x)
        x = jax.tree.map(lambda a, u: a + u, x, updates)
        return (x, state), x

    return jax.lax.scan(step, (params, rule.init(params)), length=STEPS)[1]


def compiled_path(rule: Rule, problem: Any, flat: Any, dtype: str) -> np.ndarray:
    params = problem.on("jax", dtype)
    stacked = compiled(rule, params, problem.gradient)
    rows = [flat(jax.tree.map(lambda x, k=k: x[k], stacked)) for k in range(STEPS)]
    return np.array([flat(params), *rows])


def tolerance(dtype: str, rule: Rule) -> float:
    """What rounding may do in 25 steps, as a part of the positions' size.

    A step and its gradient round some 40 times (a 9 x 9 and two 5 x 9 products, a tanh, a quotient). A
    corrected moment divides by 1 - beta^t, which holds a rounding of beta 1 / (1 - beta) times over.
    """
    worst = max((getattr(rule, name, 0.0) for name in ("beta1", "beta2")), default=0.0)
    return 40 * STEPS * float(np.finfo(dtype).eps) * max(1.0, 0.1 / (1 - worst))


@pytest.mark.usefixtures("x64")
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_one_trajectory(
    variant: Rule, dtype: str, problem: Any, walk: Any, flat: Any, assert_same_path: Any
) -> None:
    reference = walk(variant, problem.on("numpy"), problem.gradient, STEPS)
    for backend in ("numpy", "torch", "jax"):
        path = walk(variant, problem.on(backend, dtype), problem.gradient, STEPS)
        assert path.dtype == dtype
        d = np.abs(path - reference).max() / np.abs(reference).max() / tolerance(dtype, variant)
        if d > 0.02:
            print("QQ", dtype, backend, variant.name(), d)
        assert_same_path(path, reference, tolerance(dtype, variant))
    path = compiled_path(variant, problem, flat, dtype)
    d = np.abs(path - reference).max() / np.abs(reference).max() / tolerance(dtype, variant)
    if d > 0.02:
        print("QQ", dtype, "jit", variant.name(), d)
    assert_same_path(compiled_path(variant, problem, flat, dtype), reference, tolerance(dtype, variant))
