"""Handles behave as the arrays of a page: against NumPy, operation by operation, on every array library."""

import operator

import jax.numpy as jnp
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from polyak import PolyakError
from polyak.rules.pages import ArrayHandle

LIBRARIES = {"numpy": np.asarray, "jax": jnp.asarray, "torch": lambda x: torch.tensor(np.asarray(x))}
OPERATIONS = [operator.add, operator.sub, operator.mul, operator.truediv, operator.pow]
VALUES = arrays.arrays(np.float32, (3,), elements=st.floats(0.5, 4.0, width=32))
numbers = st.floats(0.5, 2.0)


@pytest.mark.parametrize("library", LIBRARIES)
@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda of: of.__name__)
@settings(deadline=None)  # the first call of an operation compiles it
@given(a=VALUES, b=VALUES, c=numbers)
def test_arithmetic_is_numpys(library, operation, a, b, c):
    make = LIBRARIES[library]
    # Two float32 operations differ by an ulp or two between libraries.
    close = {"rtol": 4 * np.finfo(np.float32).eps}
    x, y = ArrayHandle(make(a)), ArrayHandle(make(b))
    np.testing.assert_allclose(np.asarray(operation(x, y)), operation(a, b), **close)
    np.testing.assert_allclose(np.asarray(operation(x, c)), operation(a, np.float32(c)), **close)
    np.testing.assert_allclose(np.asarray(operation(c, x)), operation(np.float32(c), a), **close)


@pytest.mark.parametrize("library", LIBRARIES)
@pytest.mark.parametrize("name", ["square", "sqrt", "abs", "exp", "log", "sign", "tanh"])
def test_methods_are_numpys(library, name):
    a = np.array([0.5, 1.5, 3.0])
    found = getattr(ArrayHandle(LIBRARIES[library](a)), name)()
    np.testing.assert_allclose(np.asarray(found), getattr(np, name)(a), rtol=1e-6)


@pytest.mark.parametrize("library", LIBRARIES)
def test_writing_replaces_what_every_name_of_the_handle_sees(library):
    make = LIBRARIES[library]
    v = ArrayHandle(make(np.array([1.0, 2.0], dtype=np.float32)))
    seen, before = v, v.value
    v[:] = v * 2
    v[:] -= 1
    v *= 3
    v += v
    assert seen is v
    assert v.written
    np.testing.assert_array_equal(np.asarray(v), [6.0, 18.0])
    np.testing.assert_array_equal(np.asarray(before), [1.0, 2.0])  # the array itself is left alone
    v[0] = 5.0
    np.testing.assert_array_equal(np.asarray(v), [5.0, 18.0])
    v[:] = 0
    np.testing.assert_array_equal(np.asarray(v), [0.0, 0.0])
    assert np.asarray(v).dtype == np.float32


def test_reading_does_not_count_as_writing():
    v = ArrayHandle(np.array([1.0, 2.0]))
    _ = v[:] + v[0] + v.sum() + v.reshape((2, 1)).T
    assert not v.written


@given(shape=arrays.array_shapes(max_dims=2, max_side=4))
def test_another_shape_is_refused_unless_it_spreads(shape):
    v = ArrayHandle(np.zeros((2, 3)))
    value = np.ones(shape)
    try:
        spread = np.broadcast_to(value, (2, 3))
    except ValueError:
        with pytest.raises(PolyakError, match=r"shape \(2, 3\)"):
            v[:] = value
        assert not v.written
    else:
        v[:] = value
        np.testing.assert_array_equal(v.value, spread)


def test_numpy_functions_and_scalars_on_the_left_give_handles():
    v = ArrayHandle(np.array([1.0, 4.0]))
    assert isinstance(np.sqrt(v), ArrayHandle)
    assert isinstance(np.float64(2.0) * v, ArrayHandle)
    np.testing.assert_array_equal(np.asarray(np.float64(2.0) * np.sqrt(v)), [2.0, 4.0])


def test_one_array_does_not_pass_for_several():
    with pytest.raises(TypeError, match="one array stands where several were expected"):
        _first, _second = ArrayHandle(np.zeros(2))
