"""Other rules, landscapes and data: each has its page, with what it has and without what it has not."""

from __future__ import annotations

from pathlib import Path

import optax
import pytest

import polyak as pk
from polyak.ground.numbers import readable
from polyak.rules import as_rule

SCHEDULE = optax.cosine_decay_schedule(0.1, 20)

# The rule, its heading, and the rows of the table of losses.
RULES = {
    "adam": (pk.Adam(lr=0.1), r"adam, $\eta$ = 0.1", 2),
    "optax_adam": (pk.from_optax(optax.adam, learning_rate=0.1), "optax:adam, learning_rate = 0.1", 2),
    "gradient_descent": (pk.GradientDescent(lr=0.1), r"gradient descent, $\eta$ = 0.1", 1),
    "triple_momentum": (
        pk.TripleMomentum(lr=0.25, rate=0.5),
        r"triple momentum, $\eta$ = 0.25, $\rho$ = 0.5",
        2,
    ),
    "schedule": (pk.HeavyBall(lr=SCHEDULE, momentum=0.5), r"heavy ball, $\eta$ scheduled, $\gamma$ = 0.5", 2),
    "adadelta": (pk.Adadelta(), "adadelta", 2),
    "still": (pk.GradientDescent(lr=0.0), r"gradient descent, $\eta$ = 0", 1),
    "without_lr": (pk.from_optax(optax.scale, step_size=-0.1), "optax:scale, step_size = -0.1", 1),
    "as_it_came": (as_rule(optax.sgd(0.1)), "GradientTransformationExtraArgs", 1),
}


@pytest.mark.parametrize("name", RULES)
def test_rules(made_once, name):
    rule, heading, subjects = RULES[name]
    study = made_once(name, rule)
    assert study.page.all("h1")[0].words() == f"Study: {heading}"
    _, *ends = study.rows("End positions on the ravine")
    assert [row[0] for row in ends][:1] == [heading]
    assert len(ends) == subjects
    _, *losses = study.rows("Training on diabetes")
    assert losses[0][0] == heading
    assert len(losses) in (subjects, 2 * subjects)  # at the given lr, and at the best of the ladder
    has_ladder = name not in ("schedule", "still", "without_lr", "as_it_came")
    assert (study.folder / "learning_rates.svg").exists() is has_ladder
    assert not [
        path.name for path in study.folder.iterdir() if "nan" in path.name or path.name.startswith(".")
    ]
    assert "nan" not in study.text


def test_what_optax_says_of_its_own(made_once):
    study = made_once("optax_adam", RULES["optax_adam"][0])
    assert study.page.all("p")[1].words() == "The Adam optimizer."
    assert (study.folder / "trace_optax_adam.csv").exists()
    assert (study.folder / "training_optax_adam_lr_0.1.csv").exists()


def test_a_scheduled_rule_is_beside_gradient_descent_on_the_same_schedule(made_once):
    study = made_once("schedule", RULES["schedule"][0])
    assert study.rows("Settings")[1][2] == "a schedule"
    assert study.rows("End positions")[2][0] == r"gradient descent, $\eta$ scheduled"
    expected = pk.descend(pk.GradientDescent(lr=SCHEDULE), "ravine", 20).end
    assert [float(cell) for cell in study.rows("End positions")[2][1:3]] == pytest.approx(expected, abs=1e-6)


def test_a_rule_that_stands_still_is_said_to(made_once):
    study = made_once("still", RULES["still"][0])
    assert "f stayed at 10.5 for 20 steps." in study.text
    assert "the loss stayed, from " in study.text


def test_a_rule_that_diverges_in_training_is_said_to(made, tmp_path, undrawn):
    study = made(pk.HeavyBall(lr=100.0, momentum=0.9), tmp_path, epochs=10)
    assert "2 of 2 runs diverged, the first by step" in study.text
    row = study.rows("Training on diabetes")[1]
    assert row[1] == "inf"
    assert row[4] == "2 of 2"
    edge = pk.batch_edges(
        "heavy_ball", pk.linear_regression(pk.data.diabetes()), lr=100.0, momentum=0.9
    ).mean_square
    assert f": past the edge, {readable(edge, 3)}, from where the expected loss grows" in study.text


@pytest.mark.parametrize(
    ("data", "options", "says"),
    [
        (pk.data.breast_cancer, {}, "569 rows. Wolberg"),
        (pk.data.digits, {"problem": pk.perceptron, "seeds": 1, "batch_size": 100}, "1797 rows. Alpaydin"),
    ],
)
def test_classes(made, tmp_path, about, data, options, says):
    about("rule", "training", "prediction")
    problem = options.get("problem", pk.logistic_regression)(data())
    study = made(pk.HeavyBall(lr=0.1, momentum=0.5), tmp_path, **{**options, "problem": problem})
    assert says in study.text
    assert study.page.all("h2")[1].words() == f"Training: {problem.data.name}"
    assert f"${problem.formula}$" in [formula.words() for formula in study.page.all("math")]


@pytest.mark.parametrize(
    ("landscape", "columns"),
    [
        (pk.landscapes.quadratic([1.0]), 1),
        (pk.landscapes.quadratic(range(1, 9)), 6),
        (pk.landscapes.saddle, 2),
    ],
)
def test_landscapes(made, tmp_path, about, landscape, columns):
    about("rule", "descent", "theory", "plane")
    study = made(pk.HeavyBall(lr=0.05, momentum=0.5), tmp_path, on=landscape)
    header, *rows = study.rows(f"End positions on the {landscape.name} from (")
    assert header == ["rule", *(f"$x_{k + 1}$" for k in range(columns)), "$f$"]
    expected = pk.descend(pk.HeavyBall(lr=0.05, momentum=0.5), landscape, 20)
    assert [float(cell) for cell in rows[0][1:-1]] == pytest.approx(expected.end[:columns], abs=1e-6)


def test_airfoil_where_it_is_at_hand_else_diabetes(tmp_path, monkeypatch, airfoil_file, about, folder_text):
    about("training")
    monkeypatch.setenv("POLYAK_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("POLYAK_DATA", str(airfoil_file))
    pk.study(pk.GradientDescent(lr=0.01), tmp_path / "with", epochs=1, seeds=1)
    monkeypatch.delenv("POLYAK_DATA")
    pk.study(pk.GradientDescent(lr=0.01), tmp_path / "without", epochs=1, seeds=1)
    assert "Training: airfoil" in folder_text(tmp_path / "with")
    assert "1503 rows. Brooks" in folder_text(tmp_path / "with")
    assert "Training: diabetes" in folder_text(tmp_path / "without")
    assert "442 rows. Efron" in folder_text(tmp_path / "without")


@pytest.fixture
def folder_text():
    return lambda folder: (Path(folder) / "index.html").read_text(encoding="utf-8")
