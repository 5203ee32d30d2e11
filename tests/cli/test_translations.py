"""`polyak translate` and `polyak conventions`."""

from __future__ import annotations

import pytest

from polyak.frameworks import FRAMEWORKS, SPELLINGS


def test_translate_says_the_line_the_words_and_the_proof(polyak_):
    said = polyak_("translate mxnet:sgd learning_rate=0.004 momentum=0.9 --to torch").splitlines()
    assert said[0] == "   torch.optim.SGD(lr=0.004, momentum=0.9, dampening=0, nesterov=False)"
    assert said[1] == "   same trajectory while the learning rate is constant"
    assert "the velocity of mxnet:sgd holds the learning rate, that of torch:SGD does not" in said[2]
    assert any("by old/new" in line and "pk.to_torch(pk.HeavyBall(lr=0.004" in line for line in said)
    assert "checked: 1,000 steps, largest gap 0 to rounding" in said[-2]
    assert "our heavy_ball for MXNet | torch 2.13.0" in said[-2]
    assert "with the remedy 0 to rounding" in said[-1]


def test_translate_without_a_check_runs_nothing(polyak_):
    said = polyak_("translate keras:SGD momentum=0.9 nesterov=yes --to optax --no-check --curvature 0.2,130")
    assert "optax.sgd(learning_rate=0.01, momentum=0.9, nesterov=True)" in said
    assert "checked" not in said
    assert "on curvature 130 this setting is at 96% of the edge" in said


def test_translate_reads_pairs_and_none(polyak_):
    said = polyak_("translate torch:Adam betas=0.8,0.9 foreach=none --to jax --no-check")
    assert "jax.example_libraries.optimizers.adam(step_size=0.001, b1=0.8, b2=0.9, eps=1e-08)" in said


def test_translate_takes_a_recipe_as_it_is_written(polyak_):
    line = "translate torch:AdamW lr=6e-4 betas=[0.9,0.98] fused=True foreach=False --to optax --no-check"
    said = polyak_(line).splitlines()
    assert said[0].startswith("   optax.adamw(learning_rate=0.0006, b1=0.9, b2=0.98, eps=1e-08")
    assert said[-1] == "   left out, since they change no number: fused=True, foreach=False"
    (named,) = [
        each
        for each in polyak_("translate torch:SGD fused=yes --to keras --no-check").splitlines()
        if "left out" in each
    ]
    assert named.endswith("since it changes no number: fused=True")


def test_translate_takes_a_pasted_call(polyak_):
    call = "torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9, foreach=True)"
    said = polyak_(["translate", call, "--to", "optax", "--no-check"]).splitlines()
    assert said[0] == "   optax.sgd(learning_rate=0.1, momentum=0.9, nesterov=False)"
    assert said[-1] == "   left out, since it changes no number: foreach=True"
    said = polyak_("translate timm:rmsproptf lr=0.256 eps=0.001 --to keras --no-check").splitlines()
    assert said[0].startswith(
        "   keras.optimizers.RMSprop(learning_rate=0.256, rho=0.9, momentum=0.9, epsilon=0.001"
    )
    assert "not the same: keras:RMSprop cannot say it (initial_accumulator is 0 there, not 1)" in said[1]


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("translate torch:AdamW betas=[0.9] --to optax", ["betas is 0.9, expected 2 numbers"]),
        ("translate torch:AdamW amsgrad=1 --to optax", ["amsgrad is '1', expected true or false"]),
        ("translate keras:SDG --to torch", ["unknown optimizer of keras 'SDG'", "did you mean 'SGD'"]),
        ("translate keras:SGD --to torchh", ["unknown framework 'torchh'", "did you mean 'torch'"]),
        ("translate keras:SGD", ["Missing option '--to'"]),
        ("translate keras:SGD momentum --to torch", ["'momentum' is no argument", "momentum=0.9"]),
        ("translate keras:SGD momentum=much --to torch", ["momentum is 'much', expected a number"]),
        (
            "translate keras:SGD nesterov=perhaps --to torch",
            ["nesterov is 'perhaps', expected true or false"],
        ),
        ("translate keras:SGD momentum=0.9 momentum=0.8 --to torch", ["momentum is given twice"]),
        ("translate keras:SGD momentun=0.9 --to torch", ["did you mean 'momentum'"]),
        ("translate keras:SGD lr=0.9 --to torch", ["there it is called 'learning_rate'"]),
        ("translate keras:SGD to=torch --to torch", ["to is an option: --to torch"]),
        ("translate keras:SGD momentum=2 --to torch", ["momentum is 2"]),
        ("translate keras:SGD --to torch --curvature 0", ["curvature is 0"]),
        ("translate torch:Adadelta --to jax", ["jax has nothing that is adadelta", "these have"]),
        ("translate torch:Adamax --to keras", ["no equivalent among Polyak's rules"]),
    ],
)
def test_bad_lines_get_one_line(fails, line, words):
    fails(line, *words)


@pytest.mark.usefixtures("mlx")
def test_a_framework_of_spellings_alone_is_translated_without_a_proof(polyak_):
    said = polyak_("translate torch:SGD lr=0.1 momentum=0.9 --to mlx").splitlines()
    assert said[0] == "   mlx.optimizers.SGD(lr=0.1, momentum=0.9, dampening=0, nesterov=False)"
    assert said[-1] == "   no proof here: mlx is not run by Polyak"
    rows = [line for line in polyak_("conventions").splitlines() if line.startswith(" mlx:SGD ")]
    assert len(rows) == 3
    assert all("not run here" in line for line in rows)


def test_conventions_lists_every_framework_with_its_version(polyak_):
    said = polyak_("conventions")
    for prefix in FRAMEWORKS:
        if prefix != "polyak":
            assert any(line.startswith(f" {prefix}:") for line in said.splitlines()), prefix
    for name, row in SPELLINGS.items():
        if row.framework != "polyak" and not name.endswith(("GradientDescentOptimizer", "jax:sgd")):
            assert f" {name} " in said, name
    for version in (
        "torch 2.13.0",
        "keras 3.",
        "optax 0.",
        "jax 0.",
        "scikit-learn 1.",
        "mxnet 1.9.1, recorded",
    ):
        assert version in said
    (keras,) = [line for line in said.splitlines() if line.startswith(" keras:SGD nesterov=True")]
    assert keras.split()[-1] == "1.5"  # (2 + 2m)/(1 + 2m) at m = 1/2
    assert " yes " in keras
    assert "0.75 0.125 0.0625 0.03125" in keras  # (1 + m) a, then m^2 a, m^3 a ...
