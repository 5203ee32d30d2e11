"""`polyak guarantee` and `polyak optimal --over convex`, as a user types them."""

from __future__ import annotations

import pytest

BETWEEN = "--smoothness 25 --strong-convexity 1"


def test_best_heavy_ball_of_quadratics_is_shown_to_cycle(here, folder):
    found = here(f"guarantee heavy_ball --lr 0.1111 --momentum 0.4444 {BETWEEN}")
    assert found.code == 0, found.err
    assert "no rate below 1 is certified (quadratics: 0.671364); it fails on cycle of 3" in found.out
    assert "it ends in the cycle" in found.out
    assert not list(folder.iterdir())


def test_rate_is_said_and_drawn_against_the_lr(here, folder):
    found = here(f"guarantee gradient_descent --lr 0.05 {BETWEEN} --out rates.svg")
    assert found.code == 0, found.err
    assert "rate 0.95" in found.out
    assert "an error shrinks by 0.95 a step or faster in the long run: proved" in found.out
    assert "as slow: no smaller rate holds" in found.out
    assert (folder / "rates.svg").read_text().startswith("<?xml")


def test_bound_on_merely_convex_functions(here):
    found = here("guarantee gradient_descent --lr 0.5 --smoothness 2 --strong-convexity 0 --steps 4")
    assert found.code == 0, found.err
    assert "after 4 steps f is at most 0.11111 |x0 - x*|^2 above its least, certified" in found.out  # 2 / 18


def test_best_setting_under_the_guarantee(here):
    found = here("optimal gradient_descent --curvature 1,9 --over convex")
    assert found.code == 0, found.err
    assert "on all functions with curvature 1 to 9: rate 0.8" in found.out


def test_predict_says_the_guarantee_beside_the_rate(here):
    found = here("predict heavy_ball --lr 0.1111 --momentum 0.4444 --curvature 1,25")
    assert found.code == 0, found.err
    assert "on all functions with curvature 1 to 25: no rate below 1 is certified" in found.out
    for line in (
        "predict heavy_ball --lr 0.1 --momentum 0.5 --curvature 2",
        "predict heavy_ball --lr 0.1 --momentum 0.5 --curvature=-1,2",
        "predict heavy_ball --lr 1 --momentum 0.5 --curvature 1,25",
    ):
        assert "all functions" not in here(line).out


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("guarantee heavy_ball --lr 0.1 --momentum 0.5", ["--smoothness", "--strong-convexity"]),
        ("guarantee heavy_ball --lr 0.1 --momentum 0.5 --smoothness 25", ["--strong-convexity 1"]),
        (
            "guarantee heavy_ball --lr 0.1 --momentum 0.5 --smoothness 1 --strong-convexity 25",
            ["strong_convexity is 25", "smoothness, 1"],
        ),
        (
            "guarantee heavy_ball --lr 0.1 --momentum 0.5 --smoothness 1 --strong-convexity 0",
            ["merely convex", "no rate per step", "--steps 10"],
        ),
        (
            "guarantee heavy_ball --lr 0.1 --momentum 0.5 --smoothness nan --strong-convexity 1",
            ["smoothness is nan"],
        ),
        (
            "guarantee heavy_ball --lr 0.1 --momentum 0.5 --smoothness much --strong-convexity 1",
            ["smoothness is 'much'"],
        ),
        (f"guarantee heavy_ball --lr 0.1 --momentum 0.5 {BETWEEN} --steps 3", ["--strong-convexity 0"]),
        (f"guarantee adam --lr 0.1 {BETWEEN}", ["adam is not linear"]),
        (f"guarantee heavy_ball --lr 0.1 --momentum 1 {BETWEEN}", ["momentum is 1"]),
        (f"guarantee heavy_ball --lr 0.1 --momentum 0.5 {BETWEEN} --out rates.gif", ["gif"]),
        ("optimal heavy_ball --curvature 1,9 --over concave", ["'concave'", "convex"]),
        ("optimal heavy_ball --curvature 1 --over convex", ["one curvature is a quadratic"]),
    ],
)
def test_bad_input_is_one_line_and_leaves_nothing(here, folder, line, words):
    found = here(line)
    assert found.code == 2, (found.out, found.err)
    assert len(found.err.splitlines()) == 1
    assert all(word in found.err for word in words), found.err
    assert not list(folder.iterdir())
