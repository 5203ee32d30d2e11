"""One trajectory on NumPy, PyTorch, JAX step by step and JAX compiled, from the same few lines."""

from __future__ import annotations

from typing import Any

import jax
import numpy as np
import pytest

from polyak.rules import Adam, AdamW, NAdam, Rule

STEPS = 25


@jax.jit(static_argnames="gradient")
def compiled(rule: Rule, x: Any, gradient: Any) -> Any:
    """The positions after each step, the rule's numbers being traced arguments."""

    def step(carry: Any, _: None) -> Any:
        x, state = carry
        updates, state = rule.update(gradient(x), state, x)
        return (x + updates, state), x + updates

    return jax.lax.scan(step, (x, rule.init(x)), length=STEPS)[1]


def tolerance(dtype: str) -> float:
    """What rounding may do, as a part of the positions' size.

    Each step rounds x, by half an eps of its size at most; all else that it rounds is a part of the step
    or of the gradient, smaller than x, and descent magnifies none of it. Hence one eps for each step.
    """
    return STEPS * float(np.finfo(dtype).eps)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("backend", ["numpy", "torch"])
def test_one_trajectory(
    variant: Rule, backend: str, dtype: str, problem: Any, walk: Any, assert_same_path: Any
) -> None:
    reference = walk(variant, problem.on("numpy"), problem.gradient, STEPS)
    path = walk(variant, problem.on(backend, dtype), problem.gradient, STEPS)
    assert path.dtype == dtype
    assert_same_path(path, reference, tolerance(dtype))


@pytest.mark.usefixtures("x64")
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_one_trajectory_in_jax_step_by_step(
    typical: Rule, dtype: str, problem: Any, walk: Any, assert_same_path: Any
) -> None:
    reference = walk(typical, problem.on("numpy"), problem.gradient, STEPS)
    path = walk(typical, problem.on("jax", dtype), problem.gradient, STEPS)
    assert path.dtype == dtype
    assert_same_path(path, reference, tolerance(dtype))


@pytest.mark.usefixtures("x64")
def test_one_trajectory_compiled(
    corner: Rule, problem: Any, walk: Any, flat: Any, assert_same_path: Any
) -> None:
    reference = walk(corner, flat(problem.params), problem.gradient, STEPS)  # one array, as compiled
    x = jax.numpy.asarray(reference[0])
    path = np.vstack([x, compiled(corner, x, problem.gradient)])
    assert_same_path(path, reference, tolerance("float64"))


@pytest.mark.usefixtures("x64")
def test_one_trajectory_compiled_in_float32(
    typical: Rule, problem: Any, walk: Any, flat: Any, assert_same_path: Any
) -> None:
    reference = walk(typical, flat(problem.params), problem.gradient, STEPS)
    x = jax.numpy.asarray(reference[0], dtype="float32")
    path = compiled(typical, x, problem.gradient)
    assert path.dtype == "float32"
    assert_same_path(np.vstack([x, path]), reference, tolerance("float32"))


@pytest.mark.parametrize("rule", [Adam(0.05), AdamW(0.05), NAdam(0.05)], ids=lambda rule: rule.name())
@pytest.mark.parametrize("backend", ["numpy", "torch", "jax"])
def test_the_correction_for_the_start_in_float32(
    rule: Any, backend: str, problem: Any, walk: Any, assert_same_path: Any
) -> None:
    """At beta2 = 0.999, 1 - beta2^t keeps few digits of float32 at first: eps / (1 - beta2^t) of a step is lost."""
    reference = walk(rule, problem.on("numpy"), problem.gradient, STEPS)
    path = walk(rule, problem.on(backend, "float32"), problem.gradient, STEPS)
    t = np.arange(1, STEPS + 1)
    lost = rule.lr * np.finfo("float32").eps * np.sum(1 / (1 - rule.beta2**t))
    assert_same_path(path, reference, tolerance("float32") + lost / np.abs(reference).max())
