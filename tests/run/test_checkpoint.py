"""A training that is interrupted goes on from its checkpoint, to the same end bit for bit."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any

import jax
import numpy as np
import optax
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from polyak.problems import Problem, linear_regression, perceptron
from polyak.rules import Adam, HeavyBall, from_optax
from polyak.run import History, train
from polyak.run import checkpoint as checkpoints

EPOCHS = 9


def rate(step: Any) -> Any:
    return 0.02 * 0.3 ** (step >= 20)


RULES = {
    "heavy ball": HeavyBall(0.02, 0.9),
    "adam, lr dropped": Adam(rate),
    "optax as it is": optax.adam(0.01),
    "from_optax": from_optax(optax.sgd, learning_rate=0.01, momentum=0.9),
}


@pytest.fixture(autouse=True)
def two_epochs_a_call(monkeypatch: pytest.MonkeyPatch) -> None:
    """So that a training of nine epochs is five calls: 53 rows are six steps, on each of two seeds."""
    monkeypatch.setattr(importlib.import_module("polyak.run.train"), "STEPS_A_CALL", 24)


def interrupting(at: int) -> Any:
    """A progress that is interrupted, as by ctrl-C, at the first report of `at` epochs or more."""

    def progress(done: int, total: int) -> None:
        if done >= at:
            raise KeyboardInterrupt

    return progress


def run(rule: Any, problem: Problem, **options: Any) -> History:
    return train(rule, problem, **{"epochs": EPOCHS, "seeds": 2, "dtype": "float32", **options})


def assert_bit_for_bit(ours: History, theirs: History) -> None:
    same = [ours.losses, *jax.tree.leaves(ours.params), *jax.tree.leaves(ours.state)]
    other = [theirs.losses, *jax.tree.leaves(theirs.params), *jax.tree.leaves(theirs.state)]
    for a, b in zip(same, other, strict=True):
        assert np.asarray(a).dtype == np.asarray(b).dtype
        assert np.asarray(a).tobytes() == np.asarray(b).tobytes()
    np.testing.assert_array_equal(ours.rows_seen, theirs.rows_seen)


@pytest.mark.parametrize("rule", RULES.values(), ids=RULES)
@settings(max_examples=4, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(stops=st.lists(st.integers(1, EPOCHS), min_size=1, max_size=3))
def test_interrupted_and_resumed(rule: Any, small: Problem, tmp_path: Path, stops: list[int]) -> None:
    unbroken, file = run(rule, small), tmp_path / "state" / "training.npz"
    file.unlink(missing_ok=True)
    reached = 0
    for at in stops:
        with pytest.raises(KeyboardInterrupt):
            run(rule, small, checkpoint=file, progress=interrupting(at))
        # What was told as done when the interrupt came is lost; what was done before is kept.
        reached = max(reached, (at - 1) // 2 * 2)
        assert file.exists() == (reached > 0)
    begun: list[int] = []
    history = run(rule, small, checkpoint=file, progress=lambda done, total: begun.append(done))
    assert begun[0] == reached
    assert begun[-1] == EPOCHS
    assert_bit_for_bit(history, unbroken)
    assert list(file.parent.iterdir()) == [] if file.parent.exists() else reached == 0


def test_a_perceptron_in_float64(three: Any, tmp_path: Path) -> None:
    problem, rule = perceptron(three, hidden=(5,)), Adam(0.01)
    unbroken = run(rule, problem, dtype="float64")
    with pytest.raises(KeyboardInterrupt):
        run(rule, problem, dtype="float64", checkpoint=tmp_path / "state", progress=interrupting(5))
    assert_bit_for_bit(run(rule, problem, dtype="float64", checkpoint=str(tmp_path / "state")), unbroken)


def test_an_uninterrupted_one_leaves_nothing(small: Problem, tmp_path: Path) -> None:
    rule = HeavyBall(0.02, 0.9)
    assert_bit_for_bit(run(rule, small, checkpoint=tmp_path / "state"), run(rule, small))
    assert list(tmp_path.iterdir()) == []


def test_what_a_killed_one_left_half_written_is_removed(small: Problem, tmp_path: Path) -> None:
    (tmp_path / ".state.7-0123abcd.partial").write_bytes(b"PK\x03\x04 half of")
    run(HeavyBall(0.02, 0.9), small, epochs=2, checkpoint=tmp_path / "state")  # one call: it writes none
    assert list(tmp_path.iterdir()) == []


def test_progress_counts_up(small: Problem) -> None:
    reports: list[Any] = []
    run(HeavyBall(0.02, 0.9), small, progress=lambda *report: reports.append(report))
    assert reports == [(0, 9), (2, 9), (4, 9), (6, 9), (8, 9), (9, 9)]


@pytest.fixture
def begun(small: Problem, tmp_path: Path) -> Path:
    """The checkpoint of a training that was interrupted half-way."""
    file = tmp_path / "state.npz"
    with pytest.raises(KeyboardInterrupt):
        run(HeavyBall(0.02, 0.9), small, checkpoint=file, progress=interrupting(5))
    return file


def other_problem(small: Problem) -> Problem:
    features = small.data.features.copy()
    features[0, 0] += 1e-9
    return linear_regression((features, small.data.labels))


def absolute(params: Any, X: Any, y: Any) -> Any:
    """Another loss of the same shapes."""
    return abs(X @ params["weight"] + params["bias"] - y).mean()


class Reversed(HeavyBall, listed=False):
    """A rule of another formula that calls itself the same."""

    formula, source = HeavyBall.formula, HeavyBall.source

    @classmethod
    def name(cls) -> str:
        return "heavy_ball"

    def step(self, g: Any, slots: Any, x: Any) -> Any:
        step, slots = super().step(g, slots, x)
        return -step, slots


OTHERS: dict[str, tuple[str, Any, dict[str, Any]]] = {
    "a number of the rule": ("hyper-parameters", HeavyBall(0.02, 0.9000001), {}),
    "another rule": ("rule", Adam(0.02), {}),
    "another choice": ("rule", HeavyBall(0.02, 0.9, lr_in_velocity=False), {}),
    "a schedule": ("rule", HeavyBall(rate, 0.9), {}),
    "another formula of one name": ("step", Reversed(0.02, 0.9), {}),
    "epochs": ("epochs", None, {"epochs": 10}),
    "seeds": ("seeds", None, {"seed": 1}),
    "dtype": ("dtype", None, {"dtype": "float64"}),
    "batches": ("plan", None, {"batch_size": 11}),
    "records": ("plan", None, {"every": 20}),
    "with replacement": ("plan", None, {"replace": True}),
}


@pytest.mark.parametrize(("named", "rule", "options"), OTHERS.values(), ids=OTHERS)
def test_the_checkpoint_of_another_training_is_refused(
    named: str, rule: Any, options: Any, begun: Path, small: Problem, refused: Any
) -> None:
    before = begun.read_bytes()
    with refused(str(begun), "is of another training", named, "remove it to begin anew"):
        run(rule or HeavyBall(0.02, 0.9), small, checkpoint=begun, **options)
    assert begun.read_bytes() == before


def test_other_data_or_another_loss_is_refused(begun: Path, small: Problem, refused: Any) -> None:
    with refused("is of another training"):
        run(HeavyBall(0.02, 0.9), other_problem(small), checkpoint=begun)
    renamed = Problem(small.name, small.data, absolute, small.init, "")
    with refused("is of another training: loss was"):
        run(HeavyBall(0.02, 0.9), renamed, checkpoint=begun)


def test_two_optimizers_that_look_alike_are_told_apart(small: Problem, tmp_path: Path, refused: Any) -> None:
    """Optax's optimizers are pairs of functions, their numbers hidden inside."""
    file = tmp_path / "state.npz"
    with pytest.raises(KeyboardInterrupt):
        run(optax.sgd(0.01), small, checkpoint=file, progress=interrupting(5))
    with refused("is of another training: step was"):
        run(optax.sgd(0.02), small, checkpoint=file)
    assert_bit_for_bit(run(optax.sgd(0.01), small, checkpoint=file), run(optax.sgd(0.01), small))


@pytest.mark.parametrize("damage", ["empty", "cut", "one bit", "text", "array", "other archive"])
def test_a_damaged_checkpoint_is_refused(damage: str, begun: Path, small: Problem, refused: Any) -> None:
    whole = begun.read_bytes()
    if damage == "array":
        with begun.open("wb") as file:
            np.save(file, np.zeros(3))
    elif damage == "other archive":
        with begun.open("wb") as file:
            np.savez(file, identity="[1, 2]", losses=np.zeros(3))
    else:
        # Within the last array, where a flipped bit would be a wrong number and nothing else.
        flipped = bytearray(whole)
        flipped[whole.rindex(b"PK\x03\x04") + 200] ^= 1
        begun.write_bytes(
            {"empty": b"", "cut": whole[: len(whole) // 2], "one bit": bytes(flipped), "text": b"hello"}[
                damage
            ]
        )
    with refused(str(begun), "is no checkpoint of polyak", "remove it"):
        run(HeavyBall(0.02, 0.9), small, checkpoint=begun)


FORGERIES: dict[str, tuple[str, Any]] = {
    "a leaf missing": ("it holds", lambda found: found.pop("leaf1")),
    "a leaf too many": ("it holds", lambda found: found.update(leaf99=np.zeros(3))),
    "no losses": ("it holds", lambda found: found.pop("losses")),
    "another shape": ("leaf0 has the shape", lambda found: found.update(leaf0=found["leaf0"].ravel()[:1])),
    "an axis more": ("leaf0 has the shape", lambda found: found.update(leaf0=found["leaf0"][None])),
    "far too large": ("leaf0.npy is larger", lambda found: found.update(leaf0=np.zeros(10**6))),
    "losses cut": ("its losses", lambda found: found.update(losses=found["losses"][:, :-1])),
    "losses in words": ("its losses", lambda found: found.update(losses=found["losses"].astype("U4"))),
    "an epoch on": ("its losses", lambda found: found.update(epoch=found["epoch"] + 1)),
    "no epoch": ("0 epochs are done, of 9", lambda found: found.update(epoch=np.int64(0))),
    "all epochs": ("epochs are done, of 9", lambda found: found.update(epoch=np.int64(10**18))),
    "before the first": ("epochs are done, of 9", lambda found: found.update(epoch=np.int64(-3))),
    "other numbers": ("do not have their checksum", lambda found: found.update(leaf0=found["leaf0"] + 1)),
    "other losses": ("do not have their checksum", lambda found: found.update(losses=found["losses"] * 2)),
    "another type": (
        "do not have their checksum",
        lambda found: found.update(leaf0=found["leaf0"].astype("f8")),
    ),
}


@pytest.mark.parametrize(("words", "forge"), FORGERIES.values(), ids=FORGERIES)
def test_a_forged_checkpoint_is_one_line(
    words: str, forge: Any, begun: Path, small: Problem, refused: Any
) -> None:
    """Of the right identity, with other things in it."""
    with np.load(begun) as stored:
        found = dict(stored)
    forge(found)
    np.savez(begun, **found)
    before = begun.read_bytes()
    with refused(str(begun), "is no checkpoint of polyak", words, "remove it"):
        run(HeavyBall(0.02, 0.9), small, checkpoint=begun)
    assert begun.read_bytes() == before


def test_a_checkpoint_that_cannot_be_written(small: Problem, tmp_path: Path, refused: Any) -> None:
    (tmp_path / "file").write_text("in the way")
    with refused("file"):
        run(HeavyBall(0.02, 0.9), small, checkpoint=tmp_path / "file" / "state.npz")
    with refused("is no checkpoint of polyak"):
        run(HeavyBall(0.02, 0.9), small, checkpoint=tmp_path)


def test_a_write_that_fails_keeps_the_last_whole_one(
    begun: Path, monkeypatch: pytest.MonkeyPatch, refused: Any
) -> None:
    before = begun.read_bytes()

    def full(*_: Any, **__: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(np, "savez", full)
    with refused("state.npz cannot be written: No space left on device"):
        checkpoints.save(begun, {}, 3, {}, np.zeros(1))
    assert begun.read_bytes() == before
