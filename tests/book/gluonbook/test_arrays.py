"""Arrays of the old pages: how they are made, shown, cut and written to. What is expected was seen on MXNet 1.9.1."""

import jax
import numpy as np
import pytest

from polyak.book.gluonbook.mx import cpu, gpu, nd
from polyak.book.gluonbook.mx.context import num_gpus
from polyak.rules.pages import ArrayHandle

X = [[1.0, 2.0], [3.0, 4.0]]


@pytest.fixture
def x():
    return nd.array(X)


def test_they_are_shown_as_they_were(x):
    assert repr(x) == str(x) == "\n[[1. 2.]\n [3. 4.]]\n<NDArray 2x2 @cpu(0)>"
    assert repr(x.sum()) == "\n[10.]\n<NDArray 1 @cpu(0)>"
    assert repr(nd.array([1, 2], dtype="int32")) == "\n[1 2]\n<NDArray 2 @cpu(0)>"


def test_float32_unless_said_otherwise(x):
    made = [
        x,
        nd.zeros(3),
        nd.ones((2, 2)),
        nd.arange(4),
        nd.full((2,), 7),
        nd.random.normal(shape=3),
        nd.eye(2),
    ]
    assert {array.dtype for array in made} == {np.float32}
    assert nd.array(np.ones(2, dtype="float64")).dtype is np.float32
    assert nd.array(nd.zeros(2, dtype="int32")).dtype is np.int32
    assert x.astype("float64").dtype is np.float64
    assert (x * np.float64(2)).dtype is np.float32
    assert (nd.arange(3, dtype="int32") / 2).dtype is np.float32


@pytest.mark.parametrize(
    ("call", "expected"),
    [
        (lambda x: x.sum(), [10]),
        (lambda x: x.mean(), [2.5]),
        (lambda x: nd.sum(x, axis=0), [4, 6]),
        (lambda x: nd.sum(x, axis=0, exclude=True), [3, 7]),
        (lambda x: x.max(axis=1, keepdims=True), [[2], [4]]),
        (lambda x: nd.argmax(x, axis=1), [1, 1]),
        (lambda x: x.argmin(axis=0), [0, 0]),
        (lambda x: x.norm(), [np.sqrt(30)]),
        (lambda x: nd.norm(x, axis=1), [np.sqrt(5), 5]),
        (lambda x: x.prod(), [24]),
        (lambda x: nd.dot(x, x), [[7, 10], [15, 22]]),
        (lambda x: nd.dot(x[0], x[1]), [11]),
        (lambda x: x.T, [[1, 3], [2, 4]]),
        (lambda x: x[0], [1, 2]),
        (lambda x: x[0, 1], [2]),
        (lambda x: x[:, 1], [2, 4]),
        (lambda x: x[[1, 0]], [[3, 4], [1, 2]]),
        (lambda x: x[nd.array([1, 1])], [[3, 4], [3, 4]]),
        (lambda x: x.take(nd.array([1, 9])), [[3, 4], [3, 4]]),
        (lambda x: nd.take(x, nd.array([1]), axis=1), [[2], [4]]),
        (lambda x: nd.pick(x, nd.array([1, 0])), [2, 3]),
        (lambda x: nd.one_hot(nd.array([0, 2]), 3), [[1, 0, 0], [0, 0, 1]]),
        (lambda x: nd.concat(x, x, dim=1), [[1, 2, 1, 2], [3, 4, 3, 4]]),
        (lambda x: nd.stack(x[0], x[1], axis=1), [[1, 3], [2, 4]]),
        (lambda x: x.reshape((-1,)), [1, 2, 3, 4]),
        (lambda x: x.reshape(4, 1), [[1], [2], [3], [4]]),
        (lambda x: x.reshape(shape=(0, -1, 1)), [[[1], [2]], [[3], [4]]]),
        (lambda x: x.expand_dims(0), [X]),
        (lambda x: x.expand_dims(-1).squeeze(), X),
        (lambda x: nd.swapaxes(x, 0, 1), [[1, 3], [2, 4]]),
        (lambda x: nd.flatten(nd.ones((2, 1, 3))), np.ones((2, 3))),
        (lambda x: nd.broadcast_to(nd.array([[1, 2]]), shape=(2, 0)), [[1, 2], [1, 2]]),
        (lambda x: nd.slice_axis(x, axis=1, begin=0, end=1), [[1], [3]]),
        (lambda x: nd.clip(x, 1.5, 3), [[1.5, 2], [3, 3]]),
        (lambda x: nd.where(x > 2, x, -x), [[-1, -2], [3, 4]]),
        (lambda x: x > 2, [[0, 0], [1, 1]]),
        (lambda x: x == x.T, [[1, 0], [0, 1]]),
        (lambda x: 1 / x, [[1, 0.5], [1 / 3, 0.25]]),
        (lambda x: 2**x - x**2, [[1, 0], [-1, 0]]),
        (lambda x: 7 % x, [[0, 1], [1, 3]]),
        (lambda x: -x + abs(-x), [[0, 0], [0, 0]]),
        (lambda x: nd.elemwise_add(x, x), [[2, 4], [6, 8]]),
        (lambda x: nd.zeros_like(x) + nd.ones_like(x), [[1, 1], [1, 1]]),
        (lambda x: nd.arange(1, 3, repeat=2), [1, 1, 2, 2]),
        (lambda x: nd.linspace(0, 1, 3), [0, 0.5, 1]),
        (lambda x: nd.round(nd.array([0.5, -0.5, 1.2])), [1, -1, 1]),
        (lambda x: nd.array([nd.array([1, 2]), nd.array([3, 4])]), X),
        (lambda x: nd.log_softmax(x).exp().sum(axis=1), [1, 1]),
        (lambda x: nd.Activation(x - 2, "relu"), [[0, 0], [1, 2]]),
    ],
)
def test_operation(call, expected, x):
    found = call(x).asnumpy()
    assert found.shape == np.shape(expected)
    np.testing.assert_allclose(found, expected, rtol=1e-6, atol=1e-7)


def test_what_is_written_is_seen_by_every_name(x):
    same = x
    x[:] = 5
    x[0] = nd.array([1, 2])
    x[1, 1] = 9
    x += 1
    x *= 2
    x -= 2
    x /= 4
    np.testing.assert_array_equal(same.asnumpy(), [[0.5, 1.0], [2.5, 4.5]])
    out = nd.zeros((2, 2))
    assert nd.elemwise_mul(x, x, out=out) is out
    np.testing.assert_array_equal(out.asnumpy(), x.asnumpy() ** 2)


def test_a_row_that_is_written_to_is_the_wholes(x):
    row = x[0]
    row[:] = 9
    x[1:2][:] = 7
    np.testing.assert_array_equal(x.asnumpy(), [[9, 9], [7, 7]])


def test_copies_are_their_own(x):
    source = np.ones(2, dtype="float32")
    made, out = nd.array(source), x.asnumpy()
    source[:], out[:] = 5, 5
    copy, target = x.copy(), nd.zeros((2, 2))
    x.copyto(target)
    x[:] = 0
    for kept in (copy, target):
        np.testing.assert_array_equal(kept.asnumpy(), X)
    np.testing.assert_array_equal(made.asnumpy(), [1, 1])


def test_plain_numbers_out_of_them(x):
    assert x.sum().asscalar() == 10
    assert (float(nd.array([2.5])), int(nd.array([3])), bool(nd.zeros(1))) == (2.5, 3, False)
    assert (len(x), x.size, x.ndim, x.shape, x.context) == (2, 4, 2, (2, 2), cpu())
    assert [row.asnumpy().tolist() for row in x] == X
    assert 3.0 in x
    assert 5.0 not in x


def test_no_device_but_the_cpu(refused, x):
    assert num_gpus() == 0
    assert x.as_in_context(cpu()) is x
    for call in (lambda: nd.ones(1, ctx=gpu()), lambda: x.as_in_context(gpu(1)), lambda: x.copyto(gpu())):
        with refused("there is no device gpu(", "only cpu(0)"):
            call()


def test_what_is_wrong_is_said_in_one_line(x, refused):
    with refused("shape (2, 2) is no single number"):
        x.asscalar()
    with refused("shape (2, 2)", "(3,)"):
        x[:] = nd.ones(3)
    with pytest.raises(AttributeError, match=r"an NDArray has no 'summ' here; Polyak brings: sum, "):
        x.summ()
    with pytest.raises(AttributeError, match=r"mxnet.nd has no 'convolution' here; Polyak brings: "):
        nd.convolution(x)


def test_overflow_and_division_by_zero_are_silent(x):
    assert np.isinf((x / 0).asnumpy()).all()
    assert np.isinf(nd.exp(x * 1000).asnumpy()).all()
    assert np.isnan(nd.log(-x).asnumpy()).all()


def test_functions_of_nd_on_a_pages_handles_compile():
    @jax.jit
    def run(value):
        handle = ArrayHandle(value)
        found = nd.sqrt(handle) + nd.square(handle) * nd.zeros_like(handle) + nd.maximum(handle, 2.0)
        assert type(found) is ArrayHandle
        return (found / nd.norm(handle)).value

    value = np.array([1.0, 4.0], dtype="float32")
    np.testing.assert_allclose(run(value), (np.sqrt(value) + np.array([2, 4])) / np.sqrt(17), rtol=1e-6)


def test_random_numbers_have_their_shape_spread_and_seed():
    nd.random.seed(3)
    draws = nd.random.normal(loc=2, scale=0.5, shape=(10_000,)).asnumpy()
    # Within five standard errors.
    assert abs(draws.mean() - 2) < 5 * 0.5 / 100
    assert abs(draws.std() - 0.5) < 5 * 0.5 / np.sqrt(20_000)
    low, high = (
        nd.random.uniform(-1, 3, shape=(10_000,)).asnumpy(),
        nd.random.randint(0, 4, shape=(1000,)).asnumpy(),
    )
    assert -1 <= low.min() < -0.9 < 2.9 < low.max() < 3
    assert set(high) == {0, 1, 2, 3}
    assert nd.random.randn(2, 3).shape == (2, 3)
    shuffled = nd.random.shuffle(nd.arange(50)).asnumpy()
    assert sorted(shuffled) == list(range(50)) != list(shuffled)
    nd.random.seed(3)
    np.testing.assert_array_equal(nd.random.normal(loc=2, scale=0.5, shape=(10_000,)).asnumpy(), draws)
