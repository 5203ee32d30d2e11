"""A landscape by whatever it is named by: in Python as on the terminal."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp
import numpy as np
import pytest

import polyak as pk
from polyak.landscapes import as_landscape

RULE = pk.HeavyBall(lr=0.1, momentum=0.5)


def test_a_quadratic_by_its_curvatures() -> None:
    named, made = pk.descend(RULE, "quadratic:0.1,1,3", steps=5), pk.landscapes.quadratic([0.1, 1, 3])
    np.testing.assert_array_equal(named.positions, pk.descend(RULE, made, steps=5).positions)
    # By hand: from -1, x_1 = -1 + 0.1 c, and f is the sum of c x^2 / 2.
    np.testing.assert_allclose(named.positions[1], [-0.99, -0.9, -0.7], rtol=1e-15)
    assert named.values[0] == pytest.approx((0.1 + 1 + 3) / 2)
    assert as_landscape("quadratic:1,10", [2.0, 3.0]).start == (2.0, 3.0)


def test_a_function_of_a_vector_with_its_start() -> None:
    def f(x: Any) -> Any:
        return jnp.sum(jnp.arange(1.0, 4.0) * x**2) / 2

    trace = pk.descend(RULE, f, steps=2, start=[1.0, 2.0, 3.0])
    np.testing.assert_allclose(trace.positions[1], [0.9, 1.6, 2.1], rtol=1e-15)
    # v_2 = 0.5 v_1 + 0.1 g(x_1), with v_1 = (0.1, 0.4, 0.9)
    np.testing.assert_allclose(trace.positions[2], [0.76, 1.08, 1.02], rtol=1e-14)


def test_a_function_of_two_numbers_begins_where_it_is_told() -> None:
    trace = pk.descend(RULE, lambda x1, x2: x1**2 + x2**2, steps=1, start=[1.0, -1.0])
    np.testing.assert_allclose(trace.positions[1], [0.8, -0.8], rtol=1e-15)


@pytest.mark.parametrize(
    ("on", "words"),
    [
        ("quadratic:1,a", ("quadratic:1,a", "parted by commas")),
        ("quadratic:", ("parted by commas",)),
        ("quadratik:1,2", ("unknown landscape", "quadratik:1,2")),
        (lambda x: (x**2).sum(), ("say where it starts",)),
        (3, ("3 is no landscape",)),
    ],
)
def test_what_is_none_is_refused(refused: Any, on: object, words: tuple[str, ...]) -> None:
    with refused(*words):
        pk.descend(RULE, on)
