"""`polyak trace`: where a rule ends, however it is spelled, and the picture of its way."""

from __future__ import annotations

import pytest

import polyak as pk

ENDS = [
    ("gradient_descent --lr 0.4", "x1 -0.943467, x2 -0.000073"),
    ("gradient_descent --lr 0.6", "x1 -0.387814, x2 -1673.365109"),
    ("heavy_ball --lr 0.4 --momentum 0.5", "x1 -0.062843, x2 0.001202"),
    ("heavy_ball --lr 0.6 --momentum 0.5", "x1 0.007188, x2 0.002553"),
]


@pytest.mark.parametrize(("rule", "end"), ENDS)
def test_the_four_end_positions_of_the_chapter(polyak_, rule, end):
    for line in (f"trace {rule}", f"trace {rule} --on ravine --steps 20", f"trace {rule} --start -5,-2"):
        assert polyak_(line).endswith(f"on ravine, 20 steps: {end}\n")


@pytest.mark.parametrize(
    "spelling",
    [
        "heavy_ball --lr=0.6 --momentum=0.5",
        "heavy_ball --momentum 0.5 --lr 6e-1",
        "heavy-ball --lr .6 --momentum +0.5",
        "Heavy_Ball --lr 0.6 --momentum 0.5 --lr-in-velocity yes",
        "heavy_ball --lr 0.6 --momentum 0.5 --lr-in-velocity",
        "heavy_ball --lr 0.6 --momentum 0.5 --lr_in_velocity=True",
    ],
)
def test_settings_may_be_spelled_as_one_likes(polyak_, spelling):
    found = polyak_(f"trace {spelling}")
    assert (
        found
        == "heavy_ball(lr=0.6, momentum=0.5, lr_in_velocity=True) on ravine, 20 steps: x1 0.007188, x2 0.002553\n"
    )


@pytest.mark.parametrize("word", ["no", "false", "False"])
def test_a_choice_of_yes_or_no(polyak_, word):
    found = polyak_(f"trace heavy_ball --lr 0.6 --momentum 0.5 --lr-in-velocity {word}")
    assert "lr_in_velocity=False" in found


def test_a_choice_of_words_changes_the_rule(polyak_):
    inside = polyak_("trace adam --lr 0.5 --eps 1 --eps-position inside")
    outside = polyak_("trace adam --lr 0.5 --eps 1 --eps-position outside")
    assert "eps_position=inside" in inside
    assert inside.partition(": ")[2] != outside.partition(": ")[2]


def test_options_may_stand_before_the_rule(polyak_):
    assert polyak_("trace --steps 20 --on ravine heavy_ball --lr 0.6 --momentum 0.5").endswith(
        "x2 0.002553\n"
    )


@pytest.mark.parametrize(
    ("landscape", "dimension"),
    [("bowl", 2), ("quadratic:1,10", 2), ("quadratic:2", 1), ("quadratic:1,2,3,4,5", 5)],
)
def test_other_landscapes(polyak_, landscape, dimension):
    found = polyak_(f"trace heavy_ball --lr 0.05 --momentum 0.5 --on {landscape} --steps 7")
    name, _, end = found.strip().partition(": ")
    assert name.endswith(f"on {landscape}, 7 steps")
    assert [word.split()[0] for word in end.split(", ")] == [f"x{k + 1}" for k in range(dimension)]
    expected = pk.descend(
        pk.HeavyBall(lr=0.05, momentum=0.5),
        pk.landscapes.CATALOGUE.get(landscape)
        or pk.landscapes.quadratic([float(word) for word in landscape.partition(":")[2].split(",")]),
        7,
    ).end
    assert [float(word.split()[1]) for word in end.split(", ")] == pytest.approx(expected, abs=1e-6)


def test_another_start(polyak_):
    found = polyak_("trace gradient_descent --lr 0.25 --on bowl --start=3,4 --steps 1")
    assert found.endswith("x1 1.500000, x2 0.000000\n")  # (3, 4) - 0.25 (2*3, 4*4)


def test_divergence_is_said_and_is_no_error(polyak_):
    found = polyak_("trace heavy_ball --lr 0.6 --momentum 0.5 --on rosenbrock")
    assert found.endswith("x1 nan, x2 nan, diverged at step 4\n")


@pytest.mark.parametrize("lr", ["--lr", "--learning_rate", "--learning-rate"])
def test_an_optax_optimizer(polyak_, lr):
    found = polyak_(f"trace optax:sgd {lr} 0.6 --momentum 0.5")
    assert found.startswith("optax:sgd(learning_rate=0.6, momentum=0.5) on ravine")
    assert found.endswith("x1 0.007188, x2 0.002553\n")


def test_optax_arguments_are_flags_counts_or_numbers(polyak_):
    plain = polyak_("trace optax:sgd --lr 0.1 --momentum 0.5")
    flagged = polyak_("trace optax:sgd --lr 0.1 --momentum 0.5 --nesterov")
    assert "nesterov=True" in flagged
    assert polyak_("trace optax:sgd --lr 0.1 --momentum 0.5 --nesterov no").endswith(
        plain.partition("on ")[2]
    )
    assert not flagged.endswith(plain.partition("on ")[2])
    assert "momentum=None" in polyak_("trace optax:sgd --lr 0.1 --momentum none")
    assert "min_dim_size_to_factor=64)" in polyak_(
        "trace optax:adafactor --lr 0.1 --min_dim_size_to_factor 64"
    )
    # A functools.partial in Optax, which has no name of its own.
    assert polyak_("trace optax:nadam --lr 0.1").startswith("optax:nadam(learning_rate=0.1)")


@pytest.mark.parametrize(
    ("ending", "begins"), [("svg", b"<?xml"), ("png", b"\x89PNG"), ("pdf", b"%PDF"), ("SVG", b"<?xml")]
)
def test_the_picture(polyak_, folder, ending, begins):
    path = folder / "new" / "deep" / f"trace.{ending}"
    found = polyak_(f"trace heavy_ball --lr 0.6 --momentum 0.5 --out new/deep/trace.{ending}")
    assert found.splitlines()[1] == f"wrote new/deep/trace.{ending}"
    assert path.read_bytes().startswith(begins)
    assert list(path.parent.iterdir()) == [path]


def test_the_same_line_writes_the_same_picture(polyak_, folder):
    for name in ("a.svg", "b.svg"):
        polyak_(f"trace heavy_ball --lr 0.6 --momentum 0.5 --out {name}")
    assert (folder / "a.svg").read_bytes() == (folder / "b.svg").read_bytes()
