"""`polyak train`: the loss a rule ends at, on data of ours and in a user's files."""

from __future__ import annotations

import re

import pytest

import polyak as pk

HEAVY_BALL = "heavy_ball --lr 0.01 --momentum 0.5"


def loss_in(text: str) -> float:
    return float(re.search(r"loss (\d+\.\d+)", text).group(1))


@pytest.fixture
def table(folder):
    """area = width * height, from 24 rows; `kind` says which side is longer."""
    rows = [(w, h, w * h, "wide" if w > h else "tall") for w in range(1, 5) for h in range(1, 7)]
    body = "\n".join(",".join(map(str, row)) for row in rows)
    (folder / "table.csv").write_text(f"width,height,area,kind\n{body}\n")
    (folder / "numbers.tsv").write_text("\n".join("\t".join(map(str, row[:3])) for row in rows))
    return folder


def test_the_airfoil_line_of_the_readme(polyak_, folder, airfoil_file, monkeypatch):
    monkeypatch.setenv("POLYAK_DATA", str(airfoil_file.parent))
    rule = "heavy_ball --lr 0.004 --momentum 0.9"
    options = "--data airfoil --batch-size 10 --epochs 2 --seeds 5 --out train.svg"
    result, seconds, wrote = polyak_(f"train {rule} {options}").splitlines()
    assert "on airfoil, linear regression, batch 10, 2 epochs: median loss 0." in result
    assert "over 5 seeds)" in result
    assert loss_in(result) == pytest.approx(0.2435, abs=0.002)
    assert re.fullmatch(r"\d+\.\d{3} s, compilation included", seconds)
    assert wrote == "wrote train.svg"
    assert [path.name for path in folder.iterdir()] == ["train.svg"]


def test_the_loss_is_that_of_the_library(polyak_):
    found = polyak_(f"train {HEAVY_BALL} --data diabetes --batch-size 20 --epochs 3 --seed 7 --every 50")
    problem = pk.linear_regression(pk.data.diabetes())
    history = pk.train(
        pk.HeavyBall(lr=0.01, momentum=0.5), problem, batch_size=20, epochs=3, seed=7, every=50
    )
    assert found.splitlines()[0] == str(history)
    assert loss_in(found) == pytest.approx(float(history.final_losses[0]), abs=1e-6)


def test_several_seeds_begin_at_the_seed_given(polyak_):
    problem = pk.linear_regression(pk.data.diabetes())
    history = pk.train(pk.HeavyBall(lr=0.01, momentum=0.5), problem, seeds=[5, 6, 7])
    assert polyak_(f"train {HEAVY_BALL} --data diabetes --seed 5 --seeds 3").splitlines()[0] == str(history)


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ("--data table.csv --column area", None),
        ("--data table.csv", "logistic regression"),
        ("--data table.csv --column kind --problem softmax-regression", "softmax regression"),
        ("--data table.csv --problem perceptron", "perceptron of 3-32-2"),
        ("--data numbers.tsv", "linear regression"),
        ("--data ./numbers.tsv --column 1 --problem perceptron", "perceptron of 2-32-1"),
    ],
)
def test_files_and_problems(polyak_, fails, table, options, problem):
    if problem is None:  # a feature that is no number
        fails(
            f"train {HEAVY_BALL} {options}",
            "table.csv, line 2, column kind: 'tall'",
            "expected a finite number",
        )
    else:
        assert f", {problem}, batch 4, 2 epochs: loss" in polyak_(
            f"train {HEAVY_BALL} --batch-size 4 {options}"
        )


def test_the_target_is_the_column_named(polyak_, table):
    by_name = polyak_(f"train {HEAVY_BALL} --data numbers.tsv --column 'column 2'")
    by_number = polyak_(f"train {HEAVY_BALL} --data numbers.tsv --column 2")
    last = polyak_(f"train {HEAVY_BALL} --data numbers.tsv")
    assert by_name.splitlines()[0] == by_number.splitlines()[0] != last.splitlines()[0]


def test_data_of_classes_choose_their_problem(polyak_):
    found = polyak_(f"train {HEAVY_BALL} --data breast-cancer --epochs 1")
    assert "on breast_cancer, logistic regression" in found
    assert 0.15 < loss_in(found) < 0.3  # from log 2 = 0.69


@pytest.mark.parametrize("rule", ["optax:sgd --lr 0.01 --momentum 0.5", HEAVY_BALL])
def test_optax_trains_alike(polyak_, rule):
    # Optax's velocity does not hold the learning rate; while that is constant both are one optimizer.
    found = polyak_(f"train {rule} --data diabetes")
    assert loss_in(found) == pytest.approx(0.249, abs=0.01)
    assert loss_in(found) == pytest.approx(loss_in(polyak_(f"train {HEAVY_BALL} --data diabetes")), abs=2e-6)


def test_without_data_it_takes_what_is_at_hand(polyak_, folder, monkeypatch, airfoil_file):
    monkeypatch.setenv("POLYAK_CACHE", str(folder))
    monkeypatch.setenv("POLYAK_DATA", str(airfoil_file.parent))
    assert " on airfoil, linear regression" in polyak_(f"train {HEAVY_BALL} --epochs 1")
    monkeypatch.delenv("POLYAK_DATA")
    assert " on diabetes, linear regression" in polyak_(f"train {HEAVY_BALL} --epochs 1")


def test_diverged_runs_are_counted(polyak_):
    found = polyak_("train heavy_ball --lr 100 --momentum 0.9 --data diabetes --seeds 2 --epochs 10")
    assert found.splitlines()[0].endswith("10 epochs: 2 of 2 runs diverged")


def test_every_option_reaches_the_training(here, folder, monkeypatch):
    given = {}

    def record(rule, problem, **options):
        given.update(options, rule=str(rule), problem=problem.name)
        raise pk.PolyakError("enough")

    monkeypatch.setattr("polyak.run.train", record)
    options = "--batch-size 7 --epochs 3 --seeds 4 --seed 5 --every 6 --out a.svg --problem perceptron"
    options += " --dtype float64 --quick --held-out 0.2 --measure accuracy"
    assert here(f"train gradient_descent --lr 0.1 --data diabetes {options}").err == "polyak: enough\n"
    given.pop("progress")
    assert given == {
        "rule": "gradient_descent(lr=0.1)",
        "held_out": 0.2,
        "measure": "accuracy",
        "problem": "perceptron of 10-32-1",
        "batch_size": 7,
        "epochs": 3,
        "seeds": 4,
        "seed": 5,
        "every": 6,
        "replace": False,
        "dtype": "float64",
        "quick": True,
        "checkpoint": folder.relative_to(folder) / ".a.svg.checkpoint",
    }
