"""What the page says is what was computed: the chapter's numbers, the tables, and the files beside the page."""

from __future__ import annotations

import csv

import numpy as np
import pytest

import polyak as pk
from polyak.ground.numbers import readable
from polyak.landscapes import ravine

CHAPTER = [
    [r"gradient descent, $\eta$ = 0.4", "-0.943467", "-0.000073"],
    [r"gradient descent, $\eta$ = 0.6", "-0.387814", "-1673.365109"],
    [r"heavy ball, $\eta$ = 0.4, $\gamma$ = 0.5", "-0.062843", "0.001202"],
    [r"heavy ball, $\eta$ = 0.6, $\gamma$ = 0.5", "0.007188", "0.002553"],
]


def table(study, name):
    """The columns of a file beside the page, each number as Python reads it."""
    with (study.folder / f"{name}.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    return {column: np.array([row[column] for row in rows]) for column in rows[0]}


def numbers(column):
    return np.array([float(cell or "nan") for cell in column])


def test_the_four_end_positions_of_the_chapter(heavy_ball):
    header, *rows = heavy_ball.rows("The four settings of the chapter")
    assert header == ["rule", "$x_1$", "$x_2$", "$f$"]
    assert [row[:3] for row in rows] == CHAPTER
    for row in rows:
        assert float(row[3]) == pytest.approx(ravine([float(row[1]), float(row[2])]), rel=1e-2)


def test_the_rule_and_gradient_descent_side_by_side(heavy_ball):
    _, *rows = heavy_ball.rows("End positions on the ravine from (-5, -2), 20 steps")
    assert [row[:3] for row in rows] == [CHAPTER[3], CHAPTER[1]]


def test_that_it_diverges_is_said_in_words(heavy_ball):
    paragraphs = [paragraph.words() for paragraph in heavy_ball.page.all("p")]
    assert (
        r"gradient descent, $\eta$ = 0.6: f grew from 10.5 to 5.6e+06 in 20 steps; this setting does not converge here."
        in paragraphs
    )
    assert (
        r"heavy ball, $\eta$ = 0.6, $\gamma$ = 0.5: f fell from 10.5 to 1.82e-05 in 20 steps." in paragraphs
    )


def test_settings_and_source(heavy_ball):
    header, *rows = heavy_ball.rows("Settings")
    assert header == ["setting", "symbol", "value", "meaning"]
    assert [row[:3] for row in rows] == [
        ["lr", r"$\eta$", "0.6"],
        ["momentum", r"$\gamma$", "0.5"],
        ["lr_in_velocity", "", "True"],
    ]
    assert "Source: Polyak, B. T. (1964)." in heavy_ball.text


def test_the_files_beside_the_page(heavy_ball):
    shown = ("trace", "convergence", "response", "stability", "phase", "condition")
    shown += ("training", "training_best", "learning_rates", "expected", "tradeoff", "plane")
    pictures = {f"{name}.svg" for name in shown}
    rules = ("heavy_ball", "gradient_descent")
    trainings = [path.stem for path in heavy_ball.folder.glob("training_*.csv")]
    assert len(trainings) == 4
    assert {path.name for path in heavy_ball.folder.iterdir()} == {
        "index.html",
        *pictures,
        "plane.csv",
        "response.csv",
        "expected.csv",
        *(f"trace_{rule}.csv" for rule in rules),
        *(f"{name}.csv" for name in trainings),
    }
    assert {f"training_{rule}_lr_0.6" for rule in rules} < set(trainings)


@pytest.mark.parametrize("rule", [pk.HeavyBall(lr=0.6, momentum=0.5), pk.GradientDescent(lr=0.6)])
def test_the_trace_reads_back_to_the_last_bit(heavy_ball, rule):
    trace = pk.descend(rule, ravine, 20)
    columns = table(heavy_ball, f"trace_{rule.name()}")
    for k, coordinate in enumerate(("x1", "x2")):
        mine = columns["coordinate"] == coordinate
        assert [int(step) for step in columns["step"][mine]] == list(range(21))
        np.testing.assert_array_equal(numbers(columns["position"][mine]), trace.positions[:, k])
        np.testing.assert_array_equal(numbers(columns["value"][mine]), trace.values)
        np.testing.assert_array_equal(numbers(columns["distance"][mine]), trace.distances)


def test_the_losses_read_back_to_the_last_bit(heavy_ball):
    problem = pk.linear_regression(pk.data.diabetes())
    history = pk.train(pk.HeavyBall(lr=0.6, momentum=0.5), problem, epochs=2, seeds=3)
    columns = table(heavy_ball, "training_heavy_ball_lr_0.6")
    for seed in range(3):
        mine = columns["seed"] == str(seed)
        np.testing.assert_array_equal(numbers(columns["loss"][mine]).astype(np.float32), history.losses[seed])
        np.testing.assert_array_equal(numbers(columns["epoch"][mine]), history.epochs)
        np.testing.assert_array_equal(numbers(columns["step"][mine]), history.steps_taken)


def test_the_losses_of_the_table_are_those_of_the_files(heavy_ball):
    header, *rows = heavy_ball.rows("Training on diabetes, linear regression, batch 10, 2 epochs, 3 seeds")
    assert header == [
        "rule", "median loss", "lowest", "highest", "runs that rose or diverged", "edge of the lr",
    ]  # fmt: skip
    assert [row[0].partition(",")[0] for row in rows] == ["heavy ball", "gradient descent"] * 2
    assert rows[0][0] == CHAPTER[3][0]
    names = [path.stem for path in heavy_ball.folder.glob("training_*_lr_*.csv")]
    found = set()
    for name in names:
        columns = table(heavy_ball, name)
        runs = np.float32([numbers(columns["loss"][columns["seed"] == str(seed)]) for seed in range(3)])
        ends = runs[:, -1]
        spelled = [readable(loss, 6, places=6) for loss in (np.median(ends), ends.min(), ends.max())]
        found.add((*spelled, f"{(ends > runs[:, 0]).sum()} of 3"))
    assert {tuple(row[1:5]) for row in rows} == found
    problem = pk.linear_regression(pk.data.diabetes())
    edges = [
        pk.batch_edges(name, problem, batch_size=10, lr=0.6, **own).mean_square
        for name, own in (("heavy_ball", {"momentum": 0.5}), ("gradient_descent", {}))
    ]
    assert [row[5] for row in rows] == [readable(edge, 4) for edge in edges] * 2


def test_the_best_of_the_ladder_is_shown_beside_gradient_descent_at_the_same_lr(heavy_ball):
    _, _, _, best, beside = heavy_ball.rows("Training on diabetes")
    lr = best[0].split()[4].rstrip(",")
    assert beside[0] == rf"gradient descent, $\eta$ = {lr}"
    assert float(best[1]) < 0.25  # the least-squares optimum is 0.2411
    problem = pk.linear_regression(pk.data.diabetes())
    for factor in (1, 0.3, 0.1, 0.03, 0.01, 0.003, 0.001):
        ends = pk.train(pk.HeavyBall(lr=0.6 * factor, momentum=0.5), problem, epochs=2, seeds=3).final_losses
        assert np.median(ends) >= float(best[1]) - 1e-6


def test_how_long_each_took(heavy_ball):
    header, *rows = heavy_ball.rows("How long each took")
    times = ["first call, with compilation (s)", "again (s)", "an epoch of one run (ms)"]
    assert header == ["training", *times]
    assert [row[0] for row in rows] == [CHAPTER[3][0], CHAPTER[1][0]]
    for row in rows:
        first, again, epoch = (float(cell) for cell in row[1:])
        assert first > 0
        assert epoch == pytest.approx(
            1000 * again / (2 * 3), abs=0.02
        )  # 2 epochs of 3 seeds, rounded for print


def test_the_plane_says_what_a_sweep_says(heavy_ball):
    plane = pk.sweep(
        pk.HeavyBall,
        on="ravine",
        steps=20,
        lr=pk.axes.log(0.06, 6, 100),
        momentum=pk.axes.memory(1, 100, 100),
    )
    best = pk.best(plane)
    lr, momentum = (f"{best.settings[name]:.3g}" for name in ("lr", "momentum"))
    assert (
        f"the best after 20 steps is lr {lr}, momentum {momentum}, where f is {best.median:.3g}."
        in heavy_ball.text
    )
