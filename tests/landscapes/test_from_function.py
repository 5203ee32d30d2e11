"""A function of the user's own: traced, its gradient is exact; untraced, it is that of central differences."""

from __future__ import annotations

import math
import warnings
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from polyak.landscapes import from_function
from polyak.rules import GradientDescent, HeavyBall
from polyak.run import descend

EPS = np.finfo(np.float64).eps
STEPS, LR = 30, 0.4


def wavy(x1: Any, x2: Any) -> Any:
    """A bowl with a wave.

    Second line.
    """
    return 0.6 * x1**2 + 2 * x2**2 + jnp.cos(x1)


def wavy_of_numpy(x1: Any, x2: Any) -> Any:
    return 0.6 * x1**2 + 2 * x2**2 + np.cos(x1)


def wavy_with_a_branch(x1: Any, x2: Any) -> Any:
    if x1 > 0:
        return 0.6 * x1**2 + 2 * x2**2 + math.cos(x1)
    return 0.6 * x1**2 + 2 * x2**2 + math.cos(-x1)


def wavy_branching_to_jax(x1: Any, x2: Any) -> Any:
    return wavy(x1, x2) if x1 > 0 else wavy(-x1, x2)


def wavy_of_a_vector(x: Any) -> Any:
    x = np.asarray(x)
    x[0] *= 1.0  # a function may work in place: the positions are not its to change
    return 0.6 * x[0] ** 2 + 2 * x[1] ** 2 + np.cos(x[0])


UNTRACEABLE = [wavy_of_numpy, wavy_with_a_branch, wavy_branching_to_jax, wavy_of_a_vector]


def slope(x: np.ndarray) -> np.ndarray:
    return np.stack([1.2 * x[..., 0] - np.sin(x[..., 0]), 4 * x[..., 1]], axis=-1)


def untraced(function: Any, **options: Any) -> Any:
    with pytest.warns(
        UserWarning, match=f"{function.__name__} cannot be traced by JAX .*central differences"
    ):
        return from_function(function, **{"start": (-5, -2), **options})


def error_of_differences(reach: float) -> float:
    """At most h^2/6 |f'''| by truncation, with |f'''| <= 1 here, and by rounding a few eps of f over h.

    The step is h = eps^(1/3) max(1, |x|), |x| <= reach.
    """
    h = EPS ** (1 / 3)
    largest = 0.6 * reach**2 + 2 * reach**2 + 1
    return (h * reach) ** 2 / 6 + 4 * EPS * largest / h


def test_of_two_numbers() -> None:
    landscape = from_function(wavy)
    assert (landscape.name, landscape.start, landscape.dimension) == ("wavy", (-5.0, -2.0), 2)
    assert landscape.source == "A bowl with a wave."
    x = np.random.default_rng(0).uniform(-5, 5, size=(100, 2))
    expected = 0.6 * x[:, 0] ** 2 + 2 * x[:, 1] ** 2 + np.cos(x[:, 0])
    np.testing.assert_allclose(landscape(x), expected, rtol=8 * EPS)
    np.testing.assert_allclose(landscape.gradient(x), slope(x), rtol=0, atol=8 * EPS * 20)


def test_of_a_vector() -> None:
    landscape = from_function(lambda x: (x**4).sum(), start=(1, -2, 3), name="fourth")
    assert (landscape.name, landscape.dimension) == ("fourth", 3)
    x = np.random.default_rng(0).uniform(-2, 2, size=(100, 3))
    np.testing.assert_allclose(landscape.gradient(x), 4 * x**3, rtol=8 * EPS)
    trace = descend(GradientDescent(lr=0.01), landscape, steps=1)
    assert trace.positions[1].tolist() == pytest.approx([0.96, -1.68, 1.92], rel=4 * EPS)


def test_of_one_number() -> None:
    landscape = from_function(lambda x: x[0] ** 2, start=(3,))
    assert landscape([3.0]) == 9.0
    assert descend(GradientDescent(lr=0.5), landscape, steps=1).end.tolist() == [0.0]


def test_defaults_of_other_arguments_are_kept() -> None:
    def scaled(x1: Any, x2: Any, scale: float = 3.0) -> Any:
        return scale * (x1 + x2)

    assert from_function(scaled)([1.0, 2.0]) == 9.0


def test_what_can_be_traced_does_not_warn() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        from_function(wavy)
        from_function(lambda x1, x2: jnp.where(x1 > 0, x1**2, -x1) + x2**2)


@pytest.mark.parametrize("function", UNTRACEABLE)
def test_untraced_value_and_gradient(function: Any) -> None:
    landscape = untraced(function)
    x = np.random.default_rng(1).uniform(-5, 5, size=(20, 2))
    np.testing.assert_array_equal(landscape(x), [wavy_of_numpy(*point) for point in x])
    error = np.abs(landscape.gradient(x) - slope(x)).max()
    assert error <= error_of_differences(reach=5.0)


@pytest.mark.parametrize("function", UNTRACEABLE)
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_untraced_descent_is_the_descent_of_its_traced_twin(function: Any, dtype: str) -> None:
    ours = descend(GradientDescent(lr=LR), untraced(function), STEPS, dtype=dtype)
    exact = descend(GradientDescent(lr=LR), from_function(wavy), STEPS, dtype=dtype)
    # A step x - lr f' shrinks distances (0.2 <= f'' <= 2.2 along x1, f'' = 4 along x2), so each step adds
    # lr times the gradient's error and no more; in float32 the rounding of x and of the gradient, too.
    tolerance = STEPS * (LR * error_of_differences(reach=5.0) + 4 * 5.0 * np.finfo(dtype).eps)
    assert np.abs(ours.positions - exact.positions).max() <= tolerance
    assert ours.positions.dtype == dtype
    assert np.abs(exact.positions[-1] - exact.positions[0]).max() > 1


def test_untraced_descent_is_the_eager_descent() -> None:
    trace = descend(HeavyBall(lr=0.2, momentum=0.5), untraced(wavy_of_numpy), STEPS)
    x, v = np.array([-5.0, -2.0]), np.zeros(2)
    for k in range(STEPS):
        h = EPS ** (1 / 3) * np.maximum(1.0, np.abs(x))
        ahead = [wavy_of_numpy(*(x + step)) for step in np.diag(h)]
        behind = [wavy_of_numpy(*(x - step)) for step in np.diag(h)]
        v = 0.5 * v + 0.2 * (np.array(ahead) - np.array(behind)) / (2 * h)
        x = x - v
        # The same differences at points apart by roundings; what those do is divided by h, and heavy ball
        # here at most doubles an error before it fades (gain 1/(1-momentum) = 2).
        assert np.abs(trace.positions[k + 1] - x).max() <= 2 * STEPS * 0.2 * error_of_differences(5.0)
        assert trace.values[k + 1] == pytest.approx(wavy_of_numpy(*trace.positions[k + 1]), rel=4 * EPS)


def test_untraced_in_a_compiled_function_of_many_points() -> None:
    landscape = untraced(wavy_with_a_branch)
    with jax.enable_x64(True):
        x = jnp.array([[1.0, 2.0], [-3.0, 0.5]])
        values, slopes = jax.jit(jax.vmap(jax.value_and_grad(landscape.function)))(x)
    x = np.asarray(x)
    np.testing.assert_allclose(values, [wavy_of_numpy(*point) for point in x], rtol=4 * EPS)
    assert np.abs(np.asarray(slopes) - slope(x)).max() <= error_of_differences(5.0)


def test_untraced_divergence_is_recorded() -> None:
    def steep(x1: Any, x2: Any) -> float:
        return float(x1) ** 4 + math.exp(x2) + math.sin(x2)  # OverflowError, and ValueError at inf

    trace = descend(GradientDescent(lr=1.0), untraced(steep, start=(3, 1)), steps=17)
    x, step = 3.0, 0
    while np.isfinite(x) and abs(x) < 1e77:  # x^4 overflows at 1.2e77
        x, step = x - 4 * x**3, step + 1
    assert trace.diverged_at == step
    assert np.isnan(trace.positions[-1]).all()
    # The first step by hand: 3 - 4 * 27, and the rule of exp and sin.
    assert trace.positions[1] == pytest.approx([-105, 1 - math.e - math.cos(1)], rel=1e-9)


def test_untraced_divergence_of_numpy_does_not_warn() -> None:
    trace = descend(GradientDescent(lr=3.0), untraced(wavy_of_numpy), steps=500)
    x, step = -2.0, 0
    while np.isfinite(2 * x * x):  # along x2 each step multiplies by 1 - 3 * 4
        x, step = x * -11, step + 1
    assert trace.diverged_at == step
    assert np.isnan(trace.end).all()


def test_untraced_failure_on_the_way_is_nan_and_said() -> None:
    def fenced(x1: Any, x2: Any) -> Any:
        if x1 > -4.5:
            raise RuntimeError("beyond the fence")
        return float(x1) ** 2 + x2

    landscape = untraced(fenced)
    with pytest.warns(
        UserWarning, match=r"fenced fails: RuntimeError\('beyond the fence'\); it counts as nan"
    ):
        trace = descend(GradientDescent(lr=0.1), landscape, steps=4)
    assert trace.diverged_at == 1  # x is -4 there, where it has no value
    assert trace.positions[1] == pytest.approx([-4, -2.1], rel=1e-9)
    assert np.isnan(trace.positions[2:]).all()


def test_window_around_start_and_minimisers() -> None:
    landscape = from_function(wavy, start=(4, 1), minimisers=[(0, 0), (10, -1)])
    assert landscape.minimisers == ((0.0, 0.0), (10.0, -1.0))
    for point in (landscape.start, *landscape.minimisers):
        for value, (low, high) in zip(point, landscape.window, strict=True):
            assert low < value < high
    given = ((-1.0, 5.0), (0.0, 2.0))
    assert from_function(wavy, start=(4, 1), window=given).window == given
