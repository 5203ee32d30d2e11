"""`polyak predict`, `polyak phase` and `polyak optimal`, as a user types them."""

from __future__ import annotations

import re

import pytest

PAGE = """
def sgd_momentum(params, states, hyperparams):
    for p, v in zip(params, states):
        v[:] = hyperparams['momentum'] * v + hyperparams['lr'] * p.grad
        p[:] -= v
"""


def test_predict_on_curvatures_says_it_in_words_and_draws(here, folder):
    found = here("predict heavy_ball --lr 0.6 --momentum 0.5 --curvature 0.2,4 --out stability.svg")
    assert found.code == 0, found.err
    assert "gain 1.2, memory 2 steps, half-life 1" in found.out
    assert "stable up to lr 0.75" in found.out
    assert "On curvature 4 this setting ripples with period 2.78 steps (under-damped)" in found.out
    assert (folder / "stability.svg").read_text().startswith("<?xml")


def test_page_function_gets_the_same_words(here, folder):
    (folder / "my_rule.py").write_text(PAGE)
    ours = here("predict heavy_ball --lr 0.6 --momentum 0.5 --on ravine")
    page = here("predict my_rule.py:sgd_momentum --lr 0.6 --momentum 0.5 --on ravine")
    assert page.code == 0, page.err
    said = [line for line in ours.out.splitlines() if line.startswith("On curvature")]
    assert len(said) == 2
    assert said == [line for line in page.out.splitlines() if line.startswith("On curvature")]


def test_predict_on_data_holds_the_prediction_against_runs(here, folder):
    line = "predict heavy_ball --lr 0.01 --momentum 0.5 --data diabetes --steps 40 --seeds 40 --out e.png"
    found = here(line)
    assert found.code == 0, found.err
    rows = [line.split() for line in found.out.splitlines() if re.match(r"\s*\d+\s+0\.", line)]
    assert [int(row[0]) for row in rows] == [0, 1, 2, 4, 8, 16, 32, 40]
    for _, predicted, mean, error in rows:
        # Eight checkpoints that move together: 5 standard errors leave no room for chance.
        assert abs(float(predicted) - float(mean)) <= 5 * float(error) + 1e-5
    assert (folder / "e.png").read_bytes().startswith(b"\x89PNG")


def test_saddle_is_answered(here, folder):
    found = here("predict heavy_ball --lr 0.1 --momentum 0.5 --curvature=-1,4")
    assert found.code == 0
    assert "a saddle, x runs away by a factor of 1.174 a step" in found.out


def test_of_a_landscape_whose_curvature_changes_the_way_is_not_predicted(here):
    rosenbrock = here("predict heavy_ball --lr 0.0005 --momentum 0.5 --on rosenbrock")
    assert rosenbrock.code == 0, rosenbrock.err
    assert "The curvature of rosenbrock changes along the descent" in rosenbrock.out
    ravine = here("predict heavy_ball --lr 0.6 --momentum 0.5 --on ravine")
    assert "on quadratics of 2 curvatures" in ravine.out
    assert "changes along the descent" not in ravine.out


def test_phase_of_a_rule_and_of_a_setting(here, folder):
    alone = here("phase heavy_ball --out phase.svg")
    assert alone.code == 0, alone.err
    assert re.search(r"diverging: \d+\.\d% of the plane", alone.out)
    marked = here("phase heavy_ball --lr 0.6 --momentum 0.5 --curvature 0.2,4 --out marked.svg")
    assert "stable up to lr 0.75" in marked.out
    assert {"phase.svg", "marked.svg"} <= {path.name for path in folder.iterdir()}


def test_optimal_finds_polyaks_setting(here, folder):
    found = here("optimal heavy_ball --curvature 1,9 --out best.svg")
    assert found.code == 0, found.err
    # eta = (2/(3 + 1))^2, gamma = ((3 - 1)/(3 + 1))^2
    assert "lr=0.25, momentum=0.25" in found.out
    assert "rate 0.5" in found.out
    assert "grows up to 1.25 times before it shrinks" in found.out  # |1 - 9/4|, the first step on 9
    assert (folder / "best.svg").exists()


def test_optimal_on_the_widest_range(here):
    found = here("optimal heavy_ball --curvature 1e-17,1")
    assert found.code == 0, found.err
    # 1 - gamma = 4/sqrt(1e17), and half of it is what the rate lacks
    assert "momentum=1 - 1.26e-08" in found.out
    assert "rate 1 - 6.32e-09" in found.out


def test_predict_next_to_a_rate_of_1(here):
    found = here("predict gradient_descent --lr 1e-5 --curvature 1e-12,1")
    assert found.code == 0, found.err
    assert "rate 1 - 1e-17, over-damped on 1e-12, stable up to lr 2" in found.out


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("predict heavy_ball --lr 0.1 --momentum 0.5", ["--curvature", "--on", "--data"]),
        ("predict heavy_ball --lr 0.1 --momentum 0.5 --curvature 1 --on ravine", ["one of"]),
        ("predict heavy_ball --lr 0.1 --momentum 0.5 --curvature 0", ["0", "flat"]),
        ("predict heavy_ball --lr 0.1 --momentum 0.5 --curvature nan", ["nan"]),
        ("predict heavy_ball --lr 0.1 --momentum 0.5 --curvature a,b", ["'a,b'", "expected numbers"]),
        ("predict heavy_ball --lr 0.1 --momentum 1 --curvature 1", ["momentum is 1", "[0, 1)"]),
        ("predict adam --lr 0.1 --curvature 1", ["adam is not linear"]),
        ("predict heavy_ball --lr 0.1 --momentum 0.5 --data breast_cancer", ["least squares"]),
        ("predict heavy_ball --lr 0.1 --momentum 0.5 --data diabetes --steps 0", ["steps is 0"]),
        (
            "predict heavy_ball --lr 0.1 --momentum 0.5 --data diabetes --seeds 1",
            ["seeds is 1", "at least 2"],
        ),
        (
            "predict heavy_ball --lr 0.1 --momentum 0.5 --data diabetes --batch-size 9999",
            ["batch_size is 9999"],
        ),
        ("phase adam", ["adam is not linear"]),
        ("phase heavy_ball --curvature 1", ["--lr"]),
        ("phase gradient_descent --out plane.svg", ["one axis"]),
        ("optimal heavy_ball", ["--curvature", "--on"]),
        ("optimal heavy_bal --curvature 1,2", ["heavy_ball"]),
        ("optimal heavy_ball --curvature=-1,2", ["-1"]),
        ("optimal heavy_ball --curvature 1e308,1e-308", ["condition number", "double precision"]),
    ],
)
def test_bad_input_is_one_line_and_leaves_nothing(here, folder, line, words):
    found = here(line)
    assert found.code == 2, (found.out, found.err)
    assert found.err.startswith("polyak: ")
    assert len(found.err.splitlines()) == 1
    assert all(word in found.err for word in words), found.err
    assert not list(folder.iterdir())
