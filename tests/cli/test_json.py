"""`--json`: the numbers of every command that prints some, in full precision, and nothing else on standard output."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import polyak as pk
from polyak.cli import command
from polyak.cli.answers import plain

WITHOUT = {
    "lab",
    "read",
    "slots",
    "study",
    "show",
    "phase",
    "watch",
}  # what leaves a page or a picture, and no number
HEAVY_BALL = "heavy_ball --lr 0.6 --momentum 0.5"
RULE = pk.HeavyBall(lr=0.6, momentum=0.5)


def refuse(word: str) -> None:
    raise AssertionError(f"{word} is no JSON")


@pytest.fixture
def numbers(here: Any, folder: Path) -> Any:
    """`numbers("trace ...")`: what a line says with --json, which must be strict JSON alone."""

    def asked(line: str, code: int = 0) -> Any:
        outcome = here(f"{line} --json")
        assert outcome.code == code, outcome
        return json.loads(outcome.out, parse_constant=refuse)

    return asked


def test_every_command_that_prints_numbers_has_it() -> None:
    options = command.every_option()
    assert {name for name, words in options.items() if "json" not in words} == WITHOUT


def test_a_trace_to_the_last_bit_and_its_picture_beside_it(numbers: Any, folder: Path) -> None:
    found = numbers(f"trace {HEAVY_BALL} --out a.svg")
    trace = pk.descend(RULE, "ravine", 20)
    assert found["kind"] == "Trace"
    assert found["rule"] == {
        "name": "heavy_ball",
        "settings": {"lr": 0.6, "momentum": 0.5, "lr_in_velocity": True},
    }
    assert (found["landscape"], found["diverged_at"], found["words"]) == ("ravine", None, str(trace))
    np.testing.assert_array_equal(found["positions"], trace.positions)
    np.testing.assert_array_equal(found["values"], trace.values)
    assert found["end"] == found["positions"][-1]
    assert (folder / "a.svg").is_file()


def test_what_diverges_is_said_in_json_too(numbers: Any) -> None:
    found = numbers("trace gradient_descent --lr 100 --steps 400")
    assert found["diverged_at"] == pk.descend(pk.GradientDescent(lr=100.0), "ravine", 400).diverged_at
    assert {"inf", None} & {*found["values"]}


def test_a_training(numbers: Any) -> None:
    found = numbers("train heavy_ball --lr 0.004 --momentum 0.9 --data diabetes --seeds 2 --epochs 1")
    problem = pk.linear_regression(pk.data.diabetes())
    history = pk.train(pk.HeavyBall(lr=0.004, momentum=0.9), problem, seeds=2, epochs=1)
    np.testing.assert_array_equal(np.float32(found["losses"]), history.losses)
    np.testing.assert_array_equal(np.float32(found["final_losses"]), history.final_losses)
    assert found["rose"] == [False, False]


def test_theory(numbers: Any) -> None:
    found = numbers("optimal heavy_ball --curvature 0.2,4")
    best = pk.optimal("heavy_ball", [0.2, 4])
    assert (found["settings"], found["rate"], found["condition_number"]) == (best.settings, best.rate, 20.0)
    found = numbers(f"predict {HEAVY_BALL} --curvature 0.2,4")
    stability = pk.stability(RULE, [0.2, 4])
    np.testing.assert_array_equal(found["stability"]["log_rates"], stability.log_rates)
    assert found["stability"]["curvatures"] == [0.2, 4.0]
    assert all(found["predictions"].values())


def test_sweeps_and_their_best(numbers: Any, folder: Path) -> None:
    line = "sweep heavy_ball --grid lr=0.1,0.6 --momentum 0.5 --steps 20 --store plane.zarr"
    found = numbers(line)
    assert found["heavy_ball"]["settings"]["lr"] == 0.6
    assert found["heavy_ball"]["median"] == pytest.approx(pk.descend(RULE, "ravine", 20).values[-1], rel=1e-5)
    assert numbers("best plane.zarr") == found


def test_a_comparison_says_each_rule_its_setting_and_its_loss(numbers: Any) -> None:
    line = (
        "compare heavy_ball gradient_descent --data diabetes --budget 2 --seeds 2 --tuning-seeds 1 --epochs 1"
    )
    entries = numbers(line)["entries"]
    assert {entry["name"] for entry in entries} == {"heavy_ball", "gradient_descent"}
    for entry in entries:
        assert entry["median"] == pytest.approx(np.median(entry["history"]["losses"], axis=0)[-1])
        assert entry["settings"]["lr"] > 0


def test_translations(numbers: Any) -> None:
    found = numbers("translate mxnet:sgd learning_rate=0.004 momentum=0.9 --to optax --no-check")
    assert (
        found["arguments"]
        == pk.translate("mxnet:sgd", learning_rate=0.004, momentum=0.9, to="optax").arguments
    )
    found = numbers("rescale torch:SGD lr=0.1 momentum=0.9 --batch-size 256 --to 1024")
    assert (found["batch_size"], found["to"]) == (256, 1024)


def test_lists_are_rows_by_their_columns(numbers: Any) -> None:
    assert {row["rule"] for row in numbers("rules")} == {*pk.rules.CATALOGUE}
    assert numbers("landscapes")[0]["landscape"] == "ravine"
    assert numbers("data")[1]["rows"] == "442"


def test_of_values_that_json_has_no_word_for() -> None:
    assert plain([np.inf, -np.inf, np.nan, np.float32(0.5), 1 + 2j]) == ["inf", "-inf", None, 0.5, [1.0, 2.0]]
    assert plain(RULE) == {"name": "heavy_ball", "settings": RULE.settings()}
    assert plain(pk.HeavyBall) == "heavy_ball"
