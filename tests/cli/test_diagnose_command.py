"""`polyak diagnose`: the page, the words, the numbers, and one line for what is wrong in the user's own file."""

from __future__ import annotations

import json

import pytest

SETUP = """
import jax.numpy as jnp
import numpy as np
import polyak as pk

draw = np.random.default_rng(0)
rows = draw.normal(size=(128, 3)).astype(np.float32)


def forward(w, batch):
    return batch[:, :2] @ w


def loss(outputs, batch):
    return jnp.mean((outputs - batch[:, 2]) ** 2) / 2


def whole(w, batch):
    return loss(forward(w, batch), batch)


def setup():
    return {"loss": loss, "forward": forward, "params": jnp.zeros(2), "optimizer": pk.HeavyBall(lr=0.01, momentum=0.9),
            "batches": np.split(rows, 8)}


def one_batch():
    return lambda w, batch: loss(forward(w, batch), batch), jnp.zeros(2), pk.GradientDescent(lr=0.01), [rows]


def nan():
    return lambda w, batch: jnp.sum(w) * jnp.nan, jnp.zeros(2), pk.GradientDescent(lr=0.01), [rows]


def broken():
    raise RuntimeError("no data")


def breaks_later(calls=[]):
    def batches():
        calls.append(1)
        if len(calls) > 3:
            raise OSError("the disk is gone")
        return iter(np.split(rows, 8))

    class Loader:
        __iter__ = lambda self: batches()

    return whole, jnp.zeros(2), pk.HeavyBall(lr=0.01, momentum=0.9), Loader()


def interrupted():
    class Loader:
        def __iter__(self):
            yield rows[:16]
            raise KeyboardInterrupt

    return loss, jnp.zeros(2), pk.HeavyBall(lr=0.01, momentum=0.9), Loader()
"""


@pytest.fixture
def mine(folder):
    (folder / "mine.py").write_text(SETUP)
    return folder


def test_it_ends_with_a_page_and_says_the_same(mine, polyak_):
    said = polyak_("diagnose mine.py:setup --out report --top 2 --steps 50")
    assert said.endswith("The page: report/index.html\n")
    for heading in (
        "In short ──",
        "Curvature ──",
        "The optimizer's edges ──",
        "Gradient noise ──",
        "What to set ──",
    ):
        assert heading in said
    assert "in batches of 16" in said
    assert "in 50 steps" in said
    html = (mine / "report" / "index.html").read_text("utf-8")
    assert "polyak diagnose mine.py:setup --out report --top 2 --steps 50" in html


def test_the_plane_of_other_settings(mine, polyak_):
    """Trained from today's parameters: a star on the page, and the best one in words."""
    said = polyak_("diagnose mine.py:setup --top 1 --plane 2")
    assert "Other settings, trained ──" in said
    assert "trained at 45 settings, 2 epochs each" in said
    assert "judged on 26 rows held out" in said
    assert (mine / "report" / "trained-plane.svg").is_file()


def test_the_numbers_alone(mine, polyak_):
    numbers = json.loads(polyak_("diagnose mine.py:setup --json --batch-size 4"))
    assert numbers["batch_size"] == 4
    assert numbers["suggestion"]["today"]["lr"] == 0.01
    assert numbers["noise"]["batches"] == 8
    assert (mine / "report" / "index.html").is_file()


def test_what_cannot_be_said_is_said_so(mine, polyak_):
    said = polyak_("diagnose mine.py:one_batch --top 1")
    assert "No answer: " in said
    assert "has 1 batches, expected 8 at least" in said


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("diagnose mine.py:broken", ["mine.py, line", "RuntimeError: no data"]),
        ("diagnose mine.py:breaks_later", ["mine.py, line", "OSError: the disk is gone"]),
        ("diagnose mine.py:setupp", ["unknown name in mine.py 'setupp', did you mean 'setup'?"]),
        ("diagnose mine.py:nan", ["loss", "nan"]),
        ("diagnose mine.py:rows", ["is a ndarray, expected a function"]),
        ("diagnose mine.py", ["which name in it?"]),
        ("diagnose none.py:setup", ["no such file"]),
        ("diagnose heavy_ball", ["names no file"]),
        ("diagnose mine.py:setup --top 0", ["top is 0"]),
        ("diagnose mine.py:setup --plane -1", ["plane is -1"]),
        ("diagnose mine.py:setup --batch-size two", ["batch_size is 'two'"]),
        ("diagnose mine.py:setup --out mine.py", ["mine.py"]),
        ("diagnose mine.py:setup --out ' '", ["--out is empty"]),
    ],
)
def test_what_is_wrong_is_one_line_and_nothing_is_written(mine, fails, line, words):
    fails(line, *words)


def test_ctrl_c_leaves_nothing(mine, here):
    before = sorted(path.name for path in mine.iterdir())
    outcome = here("diagnose mine.py:interrupted")
    assert outcome.code in (2, 130)
    assert outcome.err.count("\n") == 1
    assert sorted(path.name for path in mine.iterdir() if path.name != "__pycache__") == before
