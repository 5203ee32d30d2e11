"""Training, step by step, against mini-batch loops in NumPy and PyTorch over the very same batches."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from polyak.problems import perceptron, softmax_regression
from polyak.rules import Adam, HeavyBall
from polyak.run import train

EPS = np.finfo(np.float64).eps
BATCH, EPOCHS, SEED = 10, 4, 3
LR, DROPPED, AT = 0.05, 0.01, 11  # the rate, and what it is from step 11 on, in the middle of an epoch


def rate(step: Any) -> Any:
    return LR + (DROPPED - LR) * (step >= AT)


def tolerance(steps: int) -> float:
    """Of the size of what is compared: a batch's sum and a step round some twenty times, at every step."""
    return 20 * BATCH * steps * EPS


def least_squares(problem: Any) -> tuple[Callable[..., Any], Callable[..., Any]]:
    """Gradient on some rows and loss on all, in NumPy."""
    X, y = problem.data.features, problem.data.labels

    def slope(params: Any, rows: Any) -> Any:
        off = X[rows] @ params["weight"] + params["bias"] - y[rows]
        return {"weight": X[rows].T @ off / len(rows), "bias": off.mean()}

    def loss(params: Any) -> float:
        return float(((X @ params["weight"] + params["bias"] - y) ** 2).mean() / 2)

    return slope, loss


def heavy_ball(slope: Any, *, inside: bool, momentum: float = 0.9) -> Any:
    """v <- m v + lr g, x <- x - v; or with the rate outside, v <- m v + g, x <- x - lr v."""

    def begin(params: Any) -> Any:
        velocity = {name: 0.0 * x for name, x in params.items()}

        def step(rows: Any, k: int) -> Any:
            g = slope(params, rows)
            for name in params:
                velocity[name] = momentum * velocity[name] + (rate(k) if inside else 1.0) * g[name]
                params[name] = params[name] - (1.0 if inside else rate(k)) * velocity[name]
            return params

        return step

    return begin


def adam(slope: Any, beta1: float = 0.8, beta2: float = 0.95, eps: float = 1e-3) -> Any:
    """Kingma & Ba's Algorithm 1, line by line."""

    def begin(params: Any) -> Any:
        mean = {name: 0.0 * x for name, x in params.items()}
        squares = {name: 0.0 * x for name, x in params.items()}

        def step(rows: Any, k: int) -> Any:
            g, t = slope(params, rows), k + 1
            for name in params:
                mean[name] = beta1 * mean[name] + (1 - beta1) * g[name]
                squares[name] = beta2 * squares[name] + (1 - beta2) * g[name] ** 2
                hat, root = mean[name] / (1 - beta1**t), np.sqrt(squares[name] / (1 - beta2**t))
                params[name] = params[name] - rate(k) * hat / (root + eps)
            return params

        return step

    return begin


LEAST_SQUARES = {
    "heavy ball, inside": (HeavyBall(rate, 0.9), lambda slope: heavy_ball(slope, inside=True)),
    "heavy ball, outside": (
        HeavyBall(rate, 0.9, lr_in_velocity=False),
        lambda slope: heavy_ball(slope, inside=False),
    ),
    "adam": (Adam(rate, beta1=0.8, beta2=0.95, eps=1e-3), adam),
}


CASES = [
    *((name, 20, replace) for name in LEAST_SQUARES for replace in (False, True)),
    ("heavy ball, inside", 10, False),
    ("heavy ball, inside", 100, False),
    ("heavy ball, inside", 100, True),
]


@pytest.mark.parametrize(("name", "every", "replace"), CASES)
def test_linear_regression(
    name: str, every: int, replace: bool, small: Any, by_hand: Any, close: Any
) -> None:
    rule, make = LEAST_SQUARES[name]
    plan = {"seed": SEED, "epochs": EPOCHS, "batch_size": BATCH, "replace": replace}
    history = train(rule, small, every=every, dtype="float64", **plan)
    slope, loss = least_squares(small)
    losses, params = by_hand(small, make(slope), loss, records=every // BATCH, **plan)
    steps = 6 * EPOCHS  # 53 rows: five full batches and one of three; or six full ones with replacement
    np.testing.assert_allclose(history.losses[0], losses, rtol=tolerance(steps))
    close({name: x[0] for name, x in history.params.items()}, params, tolerance(steps))
    assert history.steps_taken[-1] == steps
    assert losses[-1] < losses[0] / 2


def test_the_rate_drops_at_its_step(small: Any) -> None:
    """By the velocity's own meaning the two forms part at the drop, and not before."""
    inside, outside = (
        train(
            HeavyBall(rate, 0.9, lr_in_velocity=flag),
            small,
            epochs=EPOCHS,
            every=10,
            seed=SEED,
            dtype="float64",
        ).losses[0]
        for flag in (True, False)
    )
    np.testing.assert_allclose(inside[: AT + 1], outside[: AT + 1], rtol=tolerance(AT))
    assert abs(inside[AT + 1] - outside[AT + 1]) > 1e-3 * inside[AT + 1]


def of_torch(problem: Any, optimizer: Any, layers: list[Any]) -> tuple[Any, Any]:
    """Steps of a PyTorch optimizer on PyTorch layers; and the loss."""
    torch = pytest.importorskip("torch")
    torch.set_num_threads(1)  # for so small sums more are slower
    X, y = torch.tensor(problem.data.features), torch.tensor(problem.data.labels).long()

    def told(rows: Any) -> Any:
        out = X[rows]
        for k, layer in enumerate(layers):
            out = (torch.tanh(out) if k else out) @ layer["weight"] + layer["bias"]
        return torch.nn.functional.cross_entropy(out, y[rows])

    def begin(params: Any) -> Any:
        for layer in params if isinstance(params, list) else [params]:
            layers.append({name: torch.tensor(x, requires_grad=True) for name, x in layer.items()})
        method = optimizer(torch, [x for layer in layers for x in layer.values()])

        def step(rows: Any, k: int) -> Any:
            for group in method.param_groups:
                group["lr"] = rate(k)
            method.zero_grad()
            told(torch.tensor(rows.astype(np.int64))).backward()
            method.step()
            return layers

        return step

    return begin, lambda _: told(slice(None)).item() if layers else None


OF_TORCH = {
    "heavy ball": (
        HeavyBall(rate, 0.9, lr_in_velocity=False),
        lambda torch, leaves: torch.optim.SGD(leaves, lr=LR, momentum=0.9),
    ),
    "adam": (
        Adam(rate, beta1=0.8, beta2=0.95, eps=1e-3),
        lambda torch, leaves: torch.optim.Adam(leaves, lr=LR, betas=(0.8, 0.95), eps=1e-3),
    ),
}


@pytest.mark.parametrize(
    ("make", "name", "replace"),
    [
        (softmax_regression, "heavy ball", False),
        (softmax_regression, "adam", True),
        (lambda data: perceptron(data, hidden=(6, 5)), "heavy ball", True),
        (lambda data: perceptron(data, hidden=(6, 5)), "adam", False),
    ],
    ids=lambda value: getattr(value, "__name__", None),
)
def test_against_torch(three: Any, make: Any, name: str, replace: bool, by_hand: Any, close: Any) -> None:
    rule, optimizer = OF_TORCH[name]
    problem, layers = make(three), []
    plan = {"seed": SEED, "epochs": EPOCHS, "batch_size": BATCH, "replace": replace}
    history = train(rule, problem, every=20, dtype="float64", **plan)
    begin, loss = of_torch(problem, optimizer, layers)
    losses, _ = by_hand(problem, begin, loss, records=2, **plan)
    steps = 6 * EPOCHS
    # Before the first step there are no layers yet: the loss there is the problem's own, held elsewhere.
    np.testing.assert_allclose(history.losses[0, 1:], losses[1:].astype(float), rtol=tolerance(steps))
    params = history.params if isinstance(history.params, list) else [history.params]
    for ours, theirs in zip(params, layers, strict=True):
        last = {name: x[0] for name, x in ours.items()}
        close(last, {name: x.detach().numpy() for name, x in theirs.items()}, tolerance(steps))
    assert history.losses[0, -1] < 0.8 * history.losses[0, 0]
