"""A page's overwriting function as a rule: one trajectory with ours, compiled and eager, on every array library."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
import torch

import polyak as pk
from polyak.rules import tabulated
from polyak.run.descend import _descent

STEPS = 200
# Rounding grows with the steps taken and the numbers met; 1e-12 of the largest position is ample in float64.
TOLERANCE = 1e-12
scale = 1.0


def sgd_momentum(params, states, hyperparams):
    for p, v in zip(params, states):
        v[:] = hyperparams["momentum"] * v + hyperparams["lr"] * p.grad
        p[:] -= v


def adam(params, states, hyperparams):
    beta1, beta2, eps = 0.9, 0.999, 1e-6
    for p, (v, s) in zip(params, states):
        v[:] = beta1 * v + (1 - beta1) * p.grad
        s[:] = beta2 * s + (1 - beta2) * p.grad.square()
        v_corrected = v / (1 - beta1 ** hyperparams["t"])
        s_corrected = s / (1 - beta2 ** hyperparams["t"])
        p[:] -= hyperparams["lr"] * v_corrected / (s_corrected.sqrt() + eps)
    hyperparams["t"] += 1


def adadelta(params, states, hyperparams):
    rho, eps = hyperparams["rho"], 1e-5
    for p, (s, delta) in zip(params, states):
        s[:] = rho * s + (1 - rho) * p.grad.square()
        g = ((delta + eps).sqrt() / (s + eps).sqrt()) * p.grad
        p[:] -= g
        delta[:] = rho * delta + (1 - rho) * g * g


def scaled(params, states, hyperparams):
    for p in params:
        p[:] -= scale * hyperparams["lr"] * p.grad


def watchful(params, states, hyperparams):
    for p, v in zip(params, states):
        v[:] = hyperparams["momentum"] * v + hyperparams["lr"] * p.grad
        if float(v.sum()) > 1e300:
            print("far away")
        p[:] -= v


PAIRS = [
    (pk.from_page(sgd_momentum, lr=0.02, momentum=0.5), pk.HeavyBall(lr=0.02, momentum=0.5)),
    (pk.from_page(adam, lr=0.1, t=1), pk.Adam(lr=0.1, eps=1e-6)),
    (pk.from_page(adadelta, rho=0.9), pk.Adadelta(decay=0.9, eps=1e-5)),
]


@pytest.mark.parametrize(("page", "ours"), PAIRS, ids=lambda rule: rule.name())
def test_compiled_descent_is_our_rules(page, ours):
    found = pk.descend(page, pk.landscapes.beale, STEPS, start=(0.5, 0.8))
    expected = pk.descend(ours, pk.landscapes.beale, STEPS, start=(0.5, 0.8))
    np.testing.assert_allclose(found.positions, expected.positions, rtol=0, atol=TOLERANCE * 5)


@pytest.mark.parametrize("library", ["numpy", "torch", "jax"])
@pytest.mark.parametrize(("page", "ours"), PAIRS, ids=lambda rule: rule.name())
def test_eager_update_is_our_rules_on_every_library(page, ours, library):
    make = {
        "numpy": np.asarray,
        "torch": lambda values: torch.tensor(values, dtype=torch.float64),
        "jax": jnp.asarray,
    }[library]
    with jax.enable_x64(True):
        curvatures, target = np.array([0.2, 4.0, 1.0]), np.array([1.0, -0.5, 2.0])
        params = [[make(np.array([3.0, -1.0, 0.5])), make(np.array(2.0))] for _ in range(2)]
        states = [rule.init(x) for rule, x in zip((page, ours), params)]
        for _ in range(50):
            for k, rule in enumerate((page, ours)):
                w, b = params[k]
                grads = [make(curvatures * (np.asarray(w) - target)), make(np.asarray(b) - 3.0)]
                updates, states[k] = rule.update(grads, states[k], params[k])
                params[k] = [x + u for x, u in zip(params[k], updates)]
        for page_x, our_x in zip(*params):
            np.testing.assert_allclose(np.asarray(page_x), np.asarray(our_x), rtol=0, atol=TOLERANCE)


def test_training_equals_our_rules_loss_by_loss():
    problem = pk.linear_regression(pk.data.diabetes())
    options = {"epochs": 3, "seeds": 2, "dtype": "float64"}
    found = pk.train(pk.from_page(sgd_momentum, lr=0.02, momentum=0.9), problem, **options)
    expected = pk.train(pk.HeavyBall(lr=0.02, momentum=0.9), problem, **options)
    np.testing.assert_allclose(found.losses, expected.losses, rtol=1e-12)


def test_lr_drop_keeps_the_learning_rate_in_the_velocity():
    drop = optax.piecewise_constant_schedule(0.4, {10: 0.1})
    found = pk.descend(pk.from_page(sgd_momentum, lr=drop, momentum=0.5), "ravine", 20)
    inside = pk.descend(pk.HeavyBall(lr=drop, momentum=0.5), "ravine", 20)
    outside = pk.descend(pk.HeavyBall(lr=drop, momentum=0.5, lr_in_velocity=False), "ravine", 20)
    np.testing.assert_allclose(found.positions, inside.positions, rtol=0, atol=TOLERANCE * 5)
    assert np.abs(found.positions - outside.positions).max() > 0.01


def test_page_that_looks_at_numbers_runs_step_by_step_and_says_so_once():
    rule = pk.from_page(watchful, lr=0.02, momentum=0.9)
    with pytest.warns(UserWarning, match="watchful runs step by step.*looks at a number") as told:
        found = pk.descend(rule, "ravine", 20)
    assert len(told) == 1
    again = pk.descend(rule, "ravine", 20)  # a second warning would be an error
    expected = pk.descend(pk.HeavyBall(lr=0.02, momentum=0.9), "ravine", 20)
    np.testing.assert_allclose(found.positions, expected.positions, rtol=0, atol=TOLERANCE * 5)
    np.testing.assert_array_equal(found.positions, again.positions)
    problem = pk.linear_regression(pk.data.diabetes())
    found = pk.train(rule, problem, batch_size=50, every=100, seeds=2, dtype="float64")
    expected = pk.train(
        pk.HeavyBall(lr=0.02, momentum=0.9), problem, batch_size=50, every=100, seeds=2, dtype="float64"
    )
    np.testing.assert_allclose(found.losses, expected.losses, rtol=1e-12)


def test_global_name_changed_between_calls_is_seen_and_compiles_nothing(monkeypatch):
    rule = pk.from_page(scaled, lr=0.1)
    traces = []

    def counted(x1, x2):
        traces.append(1)
        return 0.1 * x1**2 + 2 * x2**2

    landscape = pk.landscapes.from_function(counted)
    for value in (1.0, 2.0, 0.5):
        monkeypatch.setitem(globals(), "scale", value)
        end = pk.descend(rule, landscape, 7).end
        np.testing.assert_allclose(
            end, [-5 * (1 - 0.02 * value) ** 7, -2 * (1 - 0.4 * value) ** 7], rtol=1e-12
        )
        if value == 1.0:
            traced = len(traces)
    assert len(traces) == traced


def test_changing_a_hyper_parameter_compiles_nothing():
    pk.descend(pk.from_page(scaled, lr=0.1), "ravine", 4)
    before = _programs(_descent)
    for lr in (0.2, 0.3):
        pk.descend(pk.from_page(scaled, lr=lr), "ravine", 4)
    assert _programs(_descent) == before > 0


def test_states_of_the_page_count():
    start = (np.array([0.3, -0.2]),)
    rule = pk.from_page(sgd_momentum, states=lambda: start, lr=0.1, momentum=0.5)
    x = np.array([1.0, 2.0])
    updates, state = rule.update(np.zeros(2), rule.init(x), x)
    np.testing.assert_allclose(updates, [-0.15, 0.1], rtol=1e-15)
    np.testing.assert_allclose(state.states[0], [0.15, -0.1], rtol=1e-15)


def test_states_of_another_shape_and_equal_size_are_fitted():
    def init():
        return (np.zeros((3, 1)), np.zeros(1))

    rule = pk.from_page(sgd_momentum, states=init, lr=0.1, momentum=0.5)
    state = rule.init([np.zeros(3), np.array(0.0)])
    assert [s.shape for s in state.states] == [(3,), ()]


def test_other_states_compile_nothing_and_are_seen():
    problem = pk.linear_regression(pk.data.diabetes())
    losses = []
    for start in (0.0, 0.5, 1.0):
        states = (np.full((), start), np.full(10, start))
        before = _cache_misses()
        losses.append(
            pk.train(pk.from_page(sgd_momentum, states=states, lr=0.02, momentum=0.5), problem).losses
        )
        compiled = _cache_misses() - before
    assert compiled == 0
    assert (losses[0][0, 1:] != losses[1][0, 1:]).all()
    expected = pk.train(pk.HeavyBall(lr=0.02, momentum=0.5), problem).losses
    np.testing.assert_allclose(losses[0], expected, rtol=1e-5)


def test_states_in_another_precision_are_brought_to_that_of_the_training():
    problem = pk.linear_regression(pk.data.diabetes())
    states = (np.zeros((), np.float32), np.zeros(10, np.float32))
    rule = pk.from_page(sgd_momentum, states=states, lr=0.02, momentum=0.5)
    found = pk.train(rule, problem, dtype="float64")
    expected = pk.train(pk.HeavyBall(lr=0.02, momentum=0.5), problem, dtype="float64")
    np.testing.assert_allclose(found.losses, expected.losses, rtol=1e-12)


def _cache_misses():
    from polyak.run.epochs import engine

    with jax.log_compiles(False):
        return sum(map(_programs, engine()))


def _programs(jitted):
    """How many programs a function of `ground.compiled` was compiled to, with its options and without."""
    within = [cell.cell_contents for cell in jitted.__closure__]
    return sum(function._cache_size() for function in within if hasattr(function, "_cache_size"))


def flagged(params, states, hyperparams):
    for p in params:
        p[:] -= hyperparams["lr"] * helped(p.grad if word == "descend" else -p.grad)


def helped(g):
    return g


word = "descend"


def test_flags_words_and_functions_of_the_page_are_seen_when_they_change(monkeypatch):
    rule = pk.from_page(flagged, lr=0.1)
    ends = [pk.descend(rule, "ravine", 5).end]
    monkeypatch.setitem(globals(), "word", "climb")
    ends.append(pk.descend(rule, "ravine", 5).end)
    monkeypatch.setitem(globals(), "word", "descend")
    monkeypatch.setitem(globals(), "helped", lambda g: 2 * g)
    ends.append(pk.descend(rule, "ravine", 5).end)
    start = np.array([-5.0, -2.0])
    for end, rate in zip(ends, (0.1, -0.1, 0.2)):
        np.testing.assert_allclose(end, start * (1 - rate * np.array([0.2, 4.0])) ** 5, rtol=1e-12)


steps_taken = 0


def counting(params, states, hyperparams):
    global steps_taken  # noqa: PLW0603
    steps_taken += 1
    print("a step")
    for p, v in zip(params, states):
        v[:] = p.grad
        p[:] -= hyperparams["lr"] * v


def test_a_page_that_is_tried_as_it_is_taken_in_leaves_nothing_behind(capsys):
    with pytest.warns(UserWarning, match="counting runs step by step"):
        pk.descend(pk.from_page(counting, lr=0.1), "ravine", 7)
    assert steps_taken == 7
    assert capsys.readouterr().out == "a step\n" * 7


def test_schedules_of_a_page_rule_are_tabulated():
    rule = tabulated(pk.from_page(sgd_momentum, lr=lambda step: 0.5**step, momentum=0.5), 3)
    np.testing.assert_array_equal(rule.arguments["lr"].values, [1.0, 0.5, 0.25])
