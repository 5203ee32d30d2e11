"""Training by the chapter's names: a page's own function, compiled, and a Trainer's optimizers."""

import re

import numpy as np
import pytest

import polyak as pk
from polyak.book.gluonbook import get_data_ch7, nd, train_ch7, train_gluon_ch7, training
from polyak.book.gluonbook.mx import random
from polyak.run.epochs import engine

PRINTED = re.compile(r"loss: (\S+), (\d+\.\d{6}) sec per epoch\n")
factor = 1.0


def sgd_momentum(params, states, hyperparams):
    for p, v in zip(params, states):
        v[:] = hyperparams["momentum"] * v + hyperparams["lr"] * p.grad
        p[:] -= v


def adam(params, states, hyperparams):
    beta1, beta2, eps = 0.9, 0.999, 1e-6
    for p, (v, s) in zip(params, states):
        v[:] = beta1 * v + (1 - beta1) * p.grad
        s[:] = beta2 * s + (1 - beta2) * nd.square(p.grad)
        v_corrected = v / (1 - beta1 ** hyperparams["t"])
        s_corrected = s / (1 - beta2 ** hyperparams["t"])
        p[:] -= hyperparams["lr"] * v_corrected / (nd.sqrt(s_corrected) + eps)
    hyperparams["t"] += 1


def plain(params, states, hyperparams):
    for p in params:
        p[:] -= factor * hyperparams["lr"] * p.grad


def momentum_states(columns):
    return nd.zeros((columns, 1)), nd.zeros(1)


def adam_states(columns):
    return tuple((nd.zeros(shape), nd.zeros(shape)) for shape in ((columns, 1), 1))


@pytest.fixture
def last_loss(capsys):
    """The loss that a training printed, in exactly the old form."""

    def read():
        found = PRINTED.fullmatch(capsys.readouterr().out)
        assert found
        return float(found[1])

    return read


@pytest.fixture
def trained(monkeypatch):
    """Every History that a training made."""
    histories = []
    train = pk.run.train

    def kept(*arguments, **options):
        histories.append(train(*arguments, **options))
        return histories[-1]

    monkeypatch.setattr("polyak.run.train", kept)
    return histories


def by_hand(update, features, labels, seed, batch_size=10, epochs=2):
    """The same training in NumPy alone, step by step: the losses, and what `update` was left with."""
    from polyak.run.batches import Plan, parameter_generator

    X, y = np.asarray(features.value, float), np.asarray(labels.value, float)
    plan = Plan.of(rows=len(X), batch_size=batch_size, every=100)
    w, b = parameter_generator(seed).normal(scale=0.01, size=(X.shape[1], 1)), np.zeros(1)

    def loss():
        return ((X @ w[:, 0] + b - y) ** 2).mean() / 2

    losses = [loss()]
    for epoch in range(epochs):
        order = plan.draw(seed, epoch)
        for k, begin in enumerate(range(0, len(X), batch_size), start=1):
            rows = order[begin : begin + batch_size]
            residual = X[rows] @ w[:, 0] + b - y[rows]
            w, b = update(w, b, X[rows].T @ residual[:, None], residual.sum(keepdims=True), len(rows))
            if k * batch_size % 100 == 0:
                losses.append(loss())
    return losses


def next_seed():
    """The seed that the next training will draw."""
    state = random.generator().bit_generator.state
    seed = int(random.generator().integers(2**31))
    random.generator().bit_generator.state = state
    return seed


def test_training_is_the_formula_step_by_step(airfoil_file, last_loss, pyplot):
    features, labels = get_data_ch7()
    assert features.shape == (1503, 5)
    assert labels.shape == (1503,)
    seed, v = next_seed(), [0.0, 0.0]

    def update(w, b, g_w, g_b, rows):
        v[0] = 0.5 * v[0] + 0.02 * g_w / rows
        v[1] = 0.5 * v[1] + 0.02 * g_b / rows
        return w - v[0], b - v[1]

    expected = by_hand(update, features, labels, seed)
    states = momentum_states(5)
    train_ch7(sgd_momentum, states, {"lr": 0.02, "momentum": 0.5}, features, labels)
    assert last_loss() == pytest.approx(expected[-1], abs=2e-6)
    epochs, losses = pyplot.gcf().axes[0].lines[0].get_data()
    np.testing.assert_allclose(losses, expected, rtol=2e-5)
    np.testing.assert_allclose(epochs, np.linspace(0, 2, 31))
    for state, final in zip(states, v, strict=True):
        np.testing.assert_allclose(state.asnumpy(), final, rtol=1e-3, atol=1e-6)


def test_a_trainer_divides_a_small_last_batch_by_the_batch_size(features_and_labels, last_loss, pyplot):
    features, labels = features_and_labels
    seed = next_seed()

    def update(w, b, g_w, g_b, rows):
        assert rows in (10, 3)
        return w - 0.1 * g_w / 10, b - 0.1 * g_b / 10

    expected = by_hand(update, features, labels, seed, epochs=3)
    train_gluon_ch7("sgd", {"learning_rate": 0.1}, features, labels, num_epochs=3)
    losses = pyplot.gcf().axes[0].lines[0].get_data()[1]
    assert len(expected) == 1  # an epoch has fewer than a hundred rows: its end is shown instead
    assert len(losses) == 4
    assert losses[0] == pytest.approx(expected[0], rel=1e-5)
    assert last_loss() < 0.5 * losses[0]


def test_every_rows_batch(features_and_labels, last_loss, pyplot):
    """One batch of all rows: gradient descent, whose path is known."""
    features, labels = features_and_labels
    train_ch7(plain, None, {"lr": 0.5}, features, labels, batch_size=100, num_epochs=40)
    X, y = features.asnumpy().astype(float), labels.asnumpy().astype(float)
    design = np.column_stack([X, np.ones(53)])
    best = ((design @ np.linalg.lstsq(design, y, rcond=None)[0] - y) ** 2).mean() / 2
    assert last_loss() == pytest.approx(best, rel=1e-4)


@pytest.mark.parametrize(
    "name", ["nag", "nadam", "signum"]
)  # the others learn in the chapters' own documents
def test_every_optimizer_learns(name, features_and_labels, last_loss, pyplot):
    train_gluon_ch7(name, {"learning_rate": 0.05}, *features_and_labels, num_epochs=20)
    start = pyplot.gcf().axes[0].lines[0].get_data()[1][0]
    assert last_loss() < 0.3 * start


def test_hyper_parameters_that_the_function_writes_hold_what_it_left(features_and_labels, last_loss):
    hyperparams = {"lr": 0.1, "t": 1}
    states = adam_states(3)
    train_ch7(adam, states, hyperparams, *features_and_labels)
    assert hyperparams == {"lr": 0.1, "t": 13}
    assert isinstance(hyperparams["t"], int)
    assert all(float(nd.abs(array).sum()) > 0 for entry in states for array in entry)
    assert last_loss() > 0


def test_training_goes_on_from_the_states_that_are_passed(features_and_labels, trained, last_loss):
    losses = []
    for start in (0.0, 0.5):
        random.seed(3)
        states = (nd.full((3, 1), start), nd.zeros(1))
        train_ch7(sgd_momentum, states, {"lr": 0.02, "momentum": 0.9}, *features_and_labels)
        losses.append(last_loss())
    assert abs(losses[0] - losses[1]) > 0.01


def test_other_numbers_and_changed_names_compile_nothing_and_are_seen(
    features_and_labels, last_loss, monkeypatch
):
    def compiled():
        kept = [cell.cell_contents for call in engine(quick=True) for cell in call.__closure__]
        return sum(one._cache_size() for one in kept if hasattr(one, "_cache_size"))

    losses = []
    for lr, value in ((0.02, 1.0), (0.04, 1.0), (0.02, 2.0), (0.02, 0.5)):
        random.seed(1)
        monkeypatch.setitem(globals(), "factor", value)
        train_ch7(plain, None, {"lr": lr}, *features_and_labels)
        losses.append(last_loss())
        if len(losses) == 1:
            before = compiled()
    assert compiled() == before
    assert losses[1] == losses[2]
    assert losses[0] < losses[3]
    counts = []
    for lr, momentum in ((0.1, 0.2), (0.2, 0.9), (0.05, 0.5)):  # without any, it is another rule
        settings = {"learning_rate": lr, "momentum": momentum, "wd": 0.1 * momentum}
        train_gluon_ch7("sgd", settings, *features_and_labels)
        counts.append(compiled())
    assert counts[0] == counts[1] == counts[2]


rates = nd.array([[1.0], [0.5], [2.0]])


def scaled_by_an_array(params, states, hyperparams):
    for p in params:
        p[:] -= hyperparams["lr"] * (rates if p.shape == rates.shape else 1) * p.grad


def test_an_array_of_the_page_is_traced_and_what_is_written_to_it_is_seen(features_and_labels, last_loss):
    losses = []
    before = rates.copy()
    for factor_now in (1.0, 2.0):
        random.seed(1)
        rates[:] = before * factor_now
        train_ch7(scaled_by_an_array, None, {"lr": 0.02}, *features_and_labels)
        losses.append(last_loss())
    assert losses[1] < losses[0] - 0.01


def test_a_function_that_prints_runs_step_by_step_and_says_why(features_and_labels, capsys):
    def chatting(params, states, hyperparams):
        for p in params:
            p[:] -= hyperparams["lr"] * p.grad
        print("step")

    random.seed(1)
    with pytest.warns(UserWarning, match="chatting runs step by step, slowly: .* for it prints"):
        train_ch7(chatting, None, {"lr": 0.02}, *features_and_labels)
    *steps, loss = capsys.readouterr().out.splitlines()
    assert steps == ["step"] * 12
    random.seed(1)
    train_ch7(plain, None, {"lr": 0.02}, *features_and_labels)
    compiled, eager = (
        float(PRINTED.fullmatch(line + "\n")[1]) for line in (capsys.readouterr().out.strip(), loss)
    )
    assert eager == pytest.approx(compiled, abs=2e-6)


def test_seeds_differ_from_call_to_call_and_come_back_with_random_seed(features_and_labels, last_loss):
    losses = []
    for seed in (7, None, 7):
        if seed:
            random.seed(seed)
        train_ch7(plain, None, {"lr": 0.02}, *features_and_labels)
        losses.append(last_loss())
    assert losses[0] == losses[2] != losses[1]


def test_divergence_prints_and_draws(features_and_labels, capsys, pyplot):
    train_ch7(plain, None, {"lr": 1e6}, *features_and_labels)
    assert capsys.readouterr().out.startswith(("loss: nan, ", "loss: inf, "))
    pyplot.gcf().canvas.draw()


def unread(params, states, hyperparams):
    for p in params:
        p[:] -= hyperparams["learning_rate"] * p.grad


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (
            lambda X, y: train_ch7(unread, None, {"lr": 0.1}, X, y),
            ["needs the hyper-parameter 'learning_rate'"],
        ),
        (lambda X, y: train_ch7(plain, None, 0.1, X, y), ["the hyper-parameters are 0.1", "dictionary"]),
        (
            lambda X, y: train_ch7(lambda p, h: None, None, {}, X, y),
            ["takes 2 arguments", "f(params, states"],
        ),
        (lambda X, y: train_ch7("sgd", None, {}, X, y), ["'sgd' is no function"]),
        (lambda X, y: train_ch7(plain, None, {"lr": 0.1}, X, y[:5]), ["features have shape (53, 3)"]),
        (lambda X, y: train_ch7(plain, None, {"lr": 0.1}, X, y, batch_size=0), ["batch_size is 0"]),
        (lambda X, y: train_ch7(plain, None, {"lr": 0.1}, X, y, num_epochs=0), ["epochs is 0"]),
        (lambda X, y: train_ch7(plain, None, {"lr": 0.1}, X / 0, y), ["no finite number"]),
        (lambda X, y: train_gluon_ch7("sgdm", {}, X, y), ["unknown optimizer 'sgdm'", "'sgd'"]),
        (lambda X, y: train_gluon_ch7("sgd", {"lr": 1}, X, y), ["learning_rate"]),
        (lambda X, y: train_gluon_ch7("sgd", {}, X, y, batch_size=54), ["batch_size is 54", "53"]),
    ],
)
def test_what_cannot_be_trained_is_refused_in_one_line(call, words, features_and_labels, refused, pyplot):
    with refused(*words):
        call(*features_and_labels)
    assert not pyplot.get_fignums()


def test_data_that_cannot_be_had_is_said_in_one_line(monkeypatch, tmp_path, refused):
    monkeypatch.setenv("POLYAK_DATA", str(tmp_path / "nowhere"))
    with refused("POLYAK_DATA is", "no such file or folder"):
        get_data_ch7()


def test_the_two_losses_agree_on_full_batches():
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(10, 3)), rng.normal(size=10)
    params = (rng.normal(size=(3, 1)), rng.normal(size=1))
    mean = training.mean_squared_loss(params, X, y)
    assert training.loss_over(10)(params, X, y) == pytest.approx(mean, rel=1e-12)
    assert training.loss_over(30)(params, X, y) == pytest.approx(mean / 3, rel=1e-12)
