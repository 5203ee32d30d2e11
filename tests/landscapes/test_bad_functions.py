"""A function that is no landscape is refused in one line, before anything runs."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from polyak.landscapes import from_function
from polyak.rules import GradientDescent
from polyak.run import descend


def returning(value: Any) -> Any:
    def mine(x1: Any, x2: Any) -> Any:
        return value

    return mine


def raising(error: BaseException) -> Any:
    def mine(x1: Any, x2: Any) -> Any:
        raise error

    return mine


def mine(x: Any) -> Any:
    return x[0] ** 2


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (np.zeros(2), "an array of shape (2,)"),
        (np.zeros((1, 1)), "an array of shape (1, 1)"),
        ([1.0, 2.0], "[1.0, 2.0]"),
        ([[1], [2, 3]], "[[1], [2, 3]]"),
        ("low", "'low'"),
        ("3", "'3'"),
        (None, "None"),
        (True, "True"),
        (np.True_, "True"),
        (1j, "1j"),
        ("two\nlines", "two"),
    ],
)
def test_what_is_no_number(value: Any, said: str, refused: Any) -> None:
    with refused("mine returns", said, "(-5, -2)", "expected one number"):
        from_function(returning(value))


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, np.float32("nan")])
def test_what_is_not_finite_at_the_start(value: Any, refused: Any) -> None:
    with refused("mine is", str(float(value)), "(-5, -2)", "expected a finite number"):
        from_function(returning(value))


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (ValueError("too\nlong\na tale"), "ValueError: too long a tale"),
        (ZeroDivisionError("division by zero"), "ZeroDivisionError: division by zero"),
        (AssertionError(), "AssertionError"),
    ],
)
def test_what_raises(error: BaseException, said: str, refused: Any) -> None:
    with refused("mine fails at (-5, -2)", said):
        from_function(raising(error))


def test_an_interrupt_is_no_bad_function() -> None:
    with pytest.raises(KeyboardInterrupt):
        from_function(raising(KeyboardInterrupt()))


@pytest.mark.parametrize(
    ("function", "said"),
    [
        (lambda: 1.0, "takes 0 arguments"),
        (lambda x1, x2, x3: x1, "takes 3 arguments"),
        (lambda *x: x[0], "takes 0 arguments"),
        (max, "does not tell its arguments"),
        (3.0, "is no function"),
        ("ravine", "is no function"),
    ],
)
def test_what_takes_other_arguments(function: Any, said: str, refused: Any) -> None:
    with refused(said, "expected f(x1, x2) or f(x)"):
        from_function(function)


def test_of_a_vector_without_a_start(refused: Any) -> None:
    with refused("mine(x) takes a vector", "start"):
        from_function(mine)
    with refused("mine(x) takes a vector"):
        descend(GradientDescent(lr=0.1), mine)


@pytest.mark.parametrize("start", ["12", "a,b", 3, (), (1, math.nan), (1, "x"), [[1, 2], [3, 4]], object()])
def test_a_start_that_is_no_point(start: Any, refused: Any) -> None:
    with refused("start is"):
        from_function(mine, start=start)


def test_a_start_of_another_dimension(refused: Any) -> None:
    with refused("start has 3 coordinates, expected 2"):
        from_function(returning(1.0), start=(1, 2, 3))


def test_minimisers_of_another_dimension(refused: Any) -> None:
    with refused("minimiser has 3 coordinates, expected 2"):
        from_function(lambda x1, x2: x1**2 + x2**2, minimisers=[(0, 0), (1, 2, 3)])
    with refused("minimiser is"):
        from_function(lambda x1, x2: x1**2 + x2**2, minimisers=[(0, math.inf)])


def test_a_name_says_whose_the_error_is(refused: Any) -> None:
    with refused("my hill returns"):
        from_function(returning(None), name="my hill")


def test_an_error_without_words_is_no_error_of_ours() -> None:
    def picky(x1: Any, x2: Any) -> Any:
        if not isinstance(x1, float):
            raise NotImplementedError
        return x1 * x1 + x2 * x2

    with pytest.warns(UserWarning, match=r"picky cannot be traced by JAX \(NotImplementedError\)"):
        landscape = from_function(picky)
    assert landscape([3.0, 4.0]) == 25.0
