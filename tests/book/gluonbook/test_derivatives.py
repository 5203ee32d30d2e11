"""The tape: every operation's derivative against differences, and what recording, adding and pausing mean."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from polyak.book.gluonbook.mx import autograd, nd
from polyak.book.gluonbook.mx.array import OPERATIONS, NDArray, apply
from polyak.book.gluonbook.mx.windows import WINDOWS  # against PyTorch's, in a file of their own

RNG = np.random.default_rng(11)
A, B = RNG.uniform(0.3, 2.0, (3, 4)), RNG.uniform(0.3, 2.0, (3, 4))
ROWS = np.array([2.0, 0.0, 2.0])

# Inputs and options for each operation that has a derivative; more than one where it has several forms.
CASES = [
    *(
        (name, (A - 1.1,), {})
        for name in ("negative", "abs", "square", "exp", "expm1", "sin", "cos", "tan", "arctan")
    ),
    *((name, (A - 1.1,), {}) for name in ("sinh", "cosh", "tanh", "sigmoid", "relu", "softrelu")),
    *((name, (A,), {}) for name in ("sqrt", "rsqrt", "cbrt", "reciprocal", "log", "log2", "log10", "log1p")),
    *(
        (name, (A, B), {})
        for name in ("add", "subtract", "multiply", "divide", "power", "maximum", "minimum")
    ),
    *(
        (name, (A, B[0]), {})
        for name in ("add", "subtract", "multiply", "divide", "power", "maximum", "minimum")
    ),
    *((name, (B[:, :1], A), {}) for name in ("add", "subtract", "multiply", "divide", "power")),
    ("modulo", (3 * A, B), {}),
    *((name, (A, 2.0), {}) for name in ("add", "subtract", "multiply", "divide", "power")),
    *((name, (2.0, A), {}) for name in ("add", "subtract", "multiply", "divide", "power")),
    *(
        (name, (A,), options)
        for name in ("sum", "mean", "max", "min", "prod", "norm")
        for options in ({}, {"axis": 0}, {"axis": 1, "keepdims": True}, {"axis": (0, 1)})
    ),
    ("norm", (A - 1.1,), {"ord": 1}),
    ("softmax", (A,), {}),
    ("softmax", (A,), {"axis": 0}),
    ("log_softmax", (A,), {}),
    ("dot", (A, B.T), {}),
    ("dot", (A, B[0]), {}),
    ("dot", (A[0], B[0]), {}),
    ("dot", (A, B), {"transpose_a": True}),
    ("dot", (A, B), {"transpose_b": True}),
    ("concat", (A, B[:, :2]), {"dim": 1}),
    ("concat", (A, B[:1], A), {"dim": 0}),
    ("stack", (A, B), {"axis": 1}),
    ("item", (A,), {"key": 1}),
    ("item", (A,), {"key": slice(0, 2)}),
    ("item", (A,), {"key": (slice(None), 2)}),
    ("item", (A,), {"key": np.array([2, 0, 2])}),
    ("reshape", (A,), {"shape": (2, 6)}),
    ("transpose", (A,), {}),
    ("transpose", (RNG.normal(size=(2, 3, 4)),), {"axes": (1, 2, 0)}),
    ("broadcast_to", (A[:1],), {"shape": (3, 4)}),
    ("clip", (A,), {"a_min": 0.6, "a_max": 1.4}),
    ("cast", (A,), {"dtype": np.dtype("float64")}),
]
INDEXED = [("take", {"axis": 0}), ("take", {"axis": 1}), ("pick", {}), ("pick", {"keepdims": True})]


def total(name, options, weights, values):
    """The weighted sum of an operation's result."""
    return (OPERATIONS[name].forward(np, *values, **options) * weights).sum()


def differences(name, options, weights, values, k, h=1e-6):
    """The sum's derivative by each number of the k-th input, by central differences."""
    slopes = np.zeros_like(values[k])
    for place in np.ndindex(slopes.shape):
        ends = []
        for side in (h, -h):
            moved = values[k].copy()
            moved[place] += side
            ends.append(total(name, options, weights, [*values[:k], moved, *values[k + 1 :]]))
        slopes[place] = (ends[0] - ends[1]) / (2 * h)
    return slopes


def with_tape(name, options, weights, values):
    """The same, and its gradients by the tape."""
    arrays = [NDArray(value) if isinstance(value, np.ndarray) else value for value in values]
    for array in arrays:
        if isinstance(array, NDArray):
            array.attach_grad()
    with autograd.record():
        result = (apply(name, *arrays, **options) * NDArray(weights)).sum()
    result.backward()
    return float(result), [array.grad.asnumpy() if isinstance(array, NDArray) else None for array in arrays]


def compare(name, values, options, asked):
    shape = OPERATIONS[name].forward(np, *values, **options).shape
    weights = RNG.normal(size=shape)
    result, gradients = with_tape(name, options, weights, values)
    assert result == pytest.approx(total(name, options, weights, values), rel=1e-12)
    for k in asked:
        expected = differences(name, options, weights, values, k)
        np.testing.assert_allclose(gradients[k], expected, rtol=1e-6, atol=1e-7)
    with jax.enable_x64(True):  # inside a compiled training the same formula is JAX's
        traced = jax.eval_shape(lambda *arrays: OPERATIONS[name].forward(jnp, *arrays, **options), *values)
    assert traced.shape == shape


@pytest.mark.parametrize(
    ("name", "values", "options"), CASES, ids=lambda value: str(value)[:24].split("\n")[0]
)
def test_derivative_is_the_slope(name, values, options):
    compare(name, values, options, [k for k, value in enumerate(values) if isinstance(value, np.ndarray)])


@pytest.mark.parametrize(("name", "options"), INDEXED)
def test_derivative_of_what_is_chosen_by_number(name, options):
    compare(name, (A, ROWS), options, [0])


def test_derivative_of_a_choice():
    compare("where", ((A > 1).astype(float), A, B), {}, [0, 1, 2])


def test_every_derivative_is_tested():
    differentiable = {name for name, operation in OPERATIONS.items() if any(operation.pulls)}
    assert differentiable - {*WINDOWS} == {name for name, *_ in CASES} | {"take", "pick", "where"}


def test_where_there_are_ties_mxnet_is_followed():
    """Measured on MXNet 1.9.1."""
    expected = {
        (nd.max, 1): [[0, 1, 1], [1, 1, 0]],
        (nd.max, None): [[0, 1, 1], [0, 0, 0]],
        (lambda x, axis: nd.maximum(x, 2), None): [[0, 1, 1], [1, 1, 0]],
        (lambda x, axis: nd.minimum(x, 2), None): [[1, 0, 0], [1, 1, 1]],
        (lambda x, axis: nd.relu(x - 1), None): [[0, 1, 1], [1, 1, 0]],
        (lambda x, axis: nd.clip(x, 2, 3), None): [[0, 1, 1], [1, 1, 0]],
        (lambda x, axis: nd.abs(x - 1), None): [[0, 1, 1], [1, 1, 0]],
    }
    x = nd.array([[1, 3, 3], [2, 2, 1]])
    x.attach_grad()
    for (function, axis), gradient in expected.items():
        with autograd.record():
            y = function(x, axis=axis)
        y.backward()
        np.testing.assert_array_equal(x.grad.asnumpy(), gradient)


def test_a_whole_chain_and_a_use_in_two_places():
    x = nd.array([[0.5, -1.0], [2.0, 0.3]], dtype="float64")
    x.attach_grad()
    with autograd.record():
        y = nd.dot(x, x.T)
        z = (nd.tanh(y) * x + y.sum() / (1 + x**2)).mean()
    z.backward()

    def f(x):
        y = x @ x.T
        return (jnp.tanh(y) * x + y.sum() / (1 + x**2)).mean()

    with jax.enable_x64(True):
        np.testing.assert_allclose(x.grad.asnumpy(), jax.jit(jax.grad(f))(x.value), rtol=1e-12)


def recorded(x, power=2):
    with autograd.record():
        return (x**power).sum()


def test_write_replaces_add_adds_and_null_leaves():
    results = {}
    for grad_req in ("write", "add", "null"):
        x = nd.array([3.0])
        x.attach_grad(grad_req)
        for _ in range(2):
            recorded(x).backward()
        results[grad_req] = float(x.grad)
    assert results == {"write": 6.0, "add": 12.0, "null": 0.0}


def test_an_array_whose_loss_is_a_vector_is_summed():
    x = nd.array([1.0, 2.0, 3.0])
    x.attach_grad()
    with autograd.record():
        y = x * x
    y.backward()
    np.testing.assert_array_equal(x.grad.asnumpy(), [2, 4, 6])
    y.backward(nd.array([1.0, 10.0, 100.0]))
    np.testing.assert_array_equal(x.grad.asnumpy(), [2, 40, 600])


def test_several_heads_and_gradients_on_the_side():
    x, w = nd.array([2.0]), nd.array([5.0])
    for array in (x, w):
        array.attach_grad()
    with autograd.record():
        heads = [x * w, x + 3 * w]
    found = autograd.grad(heads, [x, w])
    assert [float(g) for g in found] == [6.0, 5.0]
    assert float(x.grad) == 0.0
    autograd.backward(heads)
    assert (float(x.grad), float(w.grad)) == (6.0, 5.0)
    assert float(autograd.grad(heads[0], x)) == 5.0


def test_what_is_paused_or_detached_is_a_constant():
    x = nd.array([3.0])
    x.attach_grad()
    with autograd.record():
        with autograd.pause():
            still = x * x
        y = still * x + (x * x).detach() * x
    y.backward()
    assert float(x.grad) == 18.0


def test_modes():
    assert (autograd.is_recording(), autograd.is_training()) == (False, False)
    with autograd.record():
        assert (autograd.is_recording(), autograd.is_training()) == (True, True)
        with autograd.predict_mode():
            assert (autograd.is_recording(), autograd.is_training()) == (True, False)
        with autograd.pause(train_mode=True):
            assert (autograd.is_recording(), autograd.is_training()) == (False, True)
    with autograd.record(train_mode=False), autograd.train_mode():
        assert autograd.is_training()
    assert (autograd.is_recording(), autograd.is_training()) == (False, False)


def test_parameters_may_be_overwritten_after_the_recording_that_used_them():
    x = nd.array([3.0])
    x.attach_grad()
    y = recorded(x)
    x[:] = 100.0
    y.backward()
    assert float(x.grad) == 6.0
    recorded(x).backward()
    assert float(x.grad) == 200.0


def test_sums_that_grow_in_place_are_recorded():
    x = nd.array([2.0])
    x.attach_grad()
    with autograd.record():
        total = nd.zeros(1)
        for k in range(1, 4):
            total += x**k
    total.backward()
    assert float(total) == 14.0
    assert float(x.grad) == 1 + 4 + 12


def test_numpys_numbers_and_functions_are_recorded_too():
    x = nd.array([4.0])
    x.attach_grad()
    with autograd.record():
        y = np.float32(3.0) * np.sqrt(x)
    y.backward()
    assert float(x.grad) == 0.75


def test_variables_marked_with_gradients_of_their_own():
    x, g = nd.array([3.0]), nd.zeros(1)
    autograd.mark_variables([x], [g])
    recorded(x, 3).backward()
    assert float(g) == 27.0


def overwritten_leaf():
    x = nd.array([1.0])
    x.attach_grad()
    with autograd.record():
        x += 1


def overwritten_part():
    x = nd.array([1.0, 2.0])
    x.attach_grad()
    with autograd.record():
        y = x * 2
        y[0] = 5.0


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: nd.ones(1).backward(), ["not computed under autograd.record()"]),
        (overwritten_leaf, ["overwritten under autograd.record()"]),
        (overwritten_part, ["overwritten under autograd.record()"]),
        (lambda: nd.ones(1).attach_grad("wrote"), ["grad_req is 'wrote'"]),
        (lambda: autograd.grad(nd.ones(1), nd.ones(1)), ["attach_grad()"]),
        (lambda: autograd.grad(nd.ones(1), nd.ones(1), create_graph=True), ["gradients of gradients"]),
    ],
)
def test_what_has_no_derivative_is_refused_in_one_line(call, words, refused):
    with refused(*words):
        call()
