"""A file's own training in train, sweep and compare."""

from pathlib import Path
from typing import Any

import pytest

SETUP = """
import numpy as np
import jax.numpy as jnp

X = np.random.default_rng(0).standard_normal((20, 2)).astype("float32")

def loss(params, batch):
    return ((batch[0] @ params["w"] - batch[1]) ** 2).mean()

def setup():
    return loss, {"w": jnp.zeros(2)}, None, [(X, X[:, 0])]

def needs(size):
    return setup()
"""


@pytest.fixture
def place(tmp_path: Path) -> str:
    file = tmp_path / "my_training.py"
    file.write_text(SETUP, encoding="utf-8")
    return f"{file}:setup"


def test_the_three_verbs_take_a_setup(place: str, here: Any) -> None:
    ended = here(
        ["train", "gradient_descent", "--on", place, "--held-out", "0.2", "--lr", "0.1", "--epochs", "3"]
    )
    assert "own batches, loss, batch 16" in ended.out
    assert "on 4 rows held out" in ended.out
    ended = here(
        [
            "sweep",
            "gradient_descent",
            "--on",
            place,
            "--grid",
            "lr=log:1e-3:0.1:3",
            "--batch-size",
            "5",
        ]
    )
    assert "gradient_descent(lr=0.1)" in ended.out
    ended = here(["compare", "torch:NAdam", "adam", "--on", place, "--budget", "2", "--seeds", "2"])
    assert "own batches (20 rows)" in ended.out
    assert "torch:NAdam  lr=" in ended.out


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (
            ["train", "gradient_descent", "--lr", "0.1", "--data", "diabetes"],
            "--on is a training of your own and --data",
        ),
        (
            ["sweep", "gradient_descent", "--grid", "lr=0.1,0.2", "--steps", "5"],
            "--steps has no place beside a training",
        ),
    ],
)
def test_a_setup_stands_alone(place: str, here: Any, words: list[str], said: str) -> None:
    ended = here([*words, "--on", place])
    assert ended.code == 2
    assert said in ended.err


def test_a_setup_needs_nothing(place: str, here: Any) -> None:
    ended = here(["train", "gradient_descent", "--lr", "0.1", "--on", place.replace(":setup", ":needs")])
    assert ended.code == 2
    assert "needs size" in ended.err


def test_tuned_by_halving(place: str, here: Any) -> None:
    ended = here(["tune", "heavy_ball", "--on", place, "--cells", "3", "--epochs", "3", "--seeds", "1"])
    assert "3 for 1 epoch, 1 for 3 epochs: 6 epochs in all" in ended.out
    ended = here(["tune", "heavy_ball", "--on", place, "--lr", "0.1", "--momentum", "0.5"])
    assert ended.code == 2
    assert "no range left to tune" in ended.err
