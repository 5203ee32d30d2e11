"""A recipe with its schedule in another framework's lines: both run beside each other, as they are printed."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import polyak as pk
from polyak.ground.errors import PolyakError
from polyak.translate import proof_problem
from polyak.translate.best_arguments import ALWAYS, AT_CONSTANT_LR
from polyak.translate.proof_problem import Problem, gap
from polyak.translate.whole_recipe import RecipeTranslation

STEPS = 200
SIZES = np.array(
    [1e-6, 1e-4, 1e-2, 1.0, 10.0, 1e-3, 1e-5, 0.1]
)  # of the gradients: a matrix's, a vector's, a number's
SGD = "optimizer = torch.optim.SGD(p, lr=0.05, momentum=0.9)\n"
ADAMW = "opt = torch.optim.AdamW(model.parameters(), lr=3e-3, weight_decay=0.1)\n"
S = "scheduler = torch.optim.lr_scheduler."
COSINE = "keras.optimizers.schedules.CosineDecay(0.01, 150, warmup_target=0.05, warmup_steps=20)"
RATE = "optax.scale_by_learning_rate(optax.linear_schedule(0.05, 0.01, 150))"
RECIPES = [  # the text, where to, how far it is the same, a part of the lines
    (f"{SGD}{S}StepLR(optimizer, 30)", "optax", ALWAYS, "optax.exponential_decay("),
    (f"{SGD}{S}MultiStepLR(optimizer, [60, 120], 0.2)", "keras", AT_CONSTANT_LR, "PiecewiseConstantDecay("),
    (f"{SGD}{S}MultiStepLR(optimizer, [60, 120], 0.2)", "jax", ALWAYS, "lr = lambda k: "),
    (f"{SGD}{S}MultiStepLR(optimizer, [60, 120], 0.2)", "mxnet", AT_CONSTANT_LR, "mxnet.gluon"),
    (f"{ADAMW}{S}CosineAnnealingLR(opt, T_max=200)", "optax", ALWAYS, "optax.cosine_decay_schedule("),
    (
        f"{ADAMW}{S}SequentialLR(opt, [torch.optim.lr_scheduler.LinearLR(opt, 0.01, 1.0, 20),"
        " torch.optim.lr_scheduler.CosineAnnealingLR(opt, 180)], [20])",
        "optax",
        ALWAYS,
        "optax.warmup_cosine_decay_schedule(",
    ),
    (f"{ADAMW}{S}OneCycleLR(opt, 0.01, 200, cycle_momentum=False)", "optax", ALWAYS, "jnp.where(k < 59"),
    ("optax.sgd(optax.linear_schedule(0.05, 0.0, 150), 0.9)", "torch", ALWAYS, "LinearLR(optimizer"),
    (
        "optax.adamw(optax.warmup_cosine_decay_schedule(0, 3e-3, 20, 180))",
        "torch",
        ALWAYS,
        "LambdaLR(optimizer",
    ),
    ("optax.sgd(optax.piecewise_constant_schedule(0.05, {50: 0.1}), 0.9)", "torch", ALWAYS, "MultiStepLR("),
    (
        f"keras.optimizers.SGD({COSINE}, momentum=0.9, nesterov=True)",
        "optax",
        ALWAYS,
        "optax.scale_by_learning_rate(",
    ),
    (
        f"keras.optimizers.SGD({COSINE}, momentum=0.9, weight_decay=1e-2)",
        "optax",
        ALWAYS,
        "schedule = optax.",
    ),
    (f"keras.optimizers.SGD({COSINE}, momentum=0.9)", "torch", AT_CONSTANT_LR, "SequentialLR("),
    (
        "TrainingArguments(learning_rate=2e-3, max_steps=200, warmup_ratio=0.1, max_grad_norm=0)",
        "optax",
        ALWAYS,
        "join",
    ),
    # A chain's links, clipping and accumulation.
    (f"optax.chain(optax.trace(0.9), optax.add_decayed_weights(1e-2), {RATE})", "torch", ALWAYS, "LinearLR("),
    (
        f"optax.chain(optax.add_decayed_weights(1e-2), optax.trace(0.9), {RATE})",
        "torch",
        ALWAYS,
        "_decay=0.01",
    ),
    (f"optax.chain({RATE}, optax.trace(0.9, True))", "keras", ALWAYS, "nesterov=True"),
    ("optax.chain(optax.clip_by_global_norm(1.0), optax.adamw(3e-3))", "torch", ALWAYS, "clip_grad_norm_("),
    ("optax.chain(optax.clip(0.5), optax.adamw(3e-3))", "torch", ALWAYS, "clip_grad_value_("),
    ("keras.optimizers.SGD(0.05, clipnorm=0.5)", "optax", ALWAYS, "stateless_with_tree_map"),
    ("keras.optimizers.SGD(0.05, global_clipnorm=0.5)", "optax", ALWAYS, "clip_by_global_norm(0.5)"),
    (
        "optax.MultiSteps(optax.chain(optax.clip(0.5), optax.adam(3e-3)), 4)",
        "torch",
        ALWAYS,
        "clip_grad_value_(",
    ),
    (
        f"{SGD}torch.nn.utils.clip_grad_norm_(model.parameters(), 0.5)\n{S}StepLR(optimizer, 30)",
        "mxnet",
        AT_CONSTANT_LR,
        "mxnet.gluon",
    ),
    ("optax.inject_hyperparams(optax.adamw)(learning_rate=3e-3)", "torch", ALWAYS, "AdamW("),
]


@pytest.fixture(autouse=True)
def _shapes(monkeypatch: pytest.MonkeyPatch) -> None:
    """A matrix, a vector and a number."""
    monkeypatch.setattr(proof_problem, "SHAPES", ((2, 2), (3,), ()))


def problem() -> Problem:
    """Gradients of all sizes that a training has, each entry's its own, on a matrix, a vector and a number."""
    rng = np.random.default_rng(1964)
    return Problem(
        np.diag(SIZES), rng.normal(size=8), SIZES * rng.normal(size=(STEPS, 8)), rng.normal(size=8) + 2.0
    )


@pytest.mark.parametrize(
    ("text", "to", "equal", "line"), RECIPES, ids=[f"{row[1]}:{row[3][:20]}" for row in RECIPES]
)
def test_a_scheduled_recipe_runs_as_its_translation(text: str, to: str, equal: str, line: str) -> None:
    """200 steps, each side by its own framework with its own schedule; with the remedy where one is said."""
    found: Any = pk.translate(text, to=to)
    assert line in str(found)
    assert found.equal == equal
    if not isinstance(found, RecipeTranslation):  # an optimizer alone, however it was wrapped
        assert found.check(STEPS).gap < 1e-12
        return
    here, there = found._sides()
    given = problem()
    lrs = found.schedule.course.values(STEPS), found.there.course.values(STEPS)
    path = here.path(given, lrs[0])
    apart = gap(path, there.path(given, lrs[1]))
    rounding = 2.0**-53 * np.abs(path).max() / np.abs(path - path[0]).max() * STEPS
    within = max(1e-12, rounding, 10 * max(found.within, 0.0))
    if equal == ALWAYS:
        assert apart <= within
    else:
        assert apart > 1e-3
        proof = found.check(STEPS)
        assert proof.gap > 1e-3
        assert proof.gap_with_remedy <= within
        assert any("by how much" in sentence for sentence in found.words())


def test_a_schedule_in_epochs_is_held_for_an_epoch() -> None:
    text = f"{SGD}{S}CosineAnnealingLR(optimizer, T_max=20)"
    found: Any = pk.translate(text, to="optax", steps_per_epoch=10)
    assert "k // 10" in str(found)
    assert found.check(STEPS).gap < 1e-12
    back: Any = pk.translate(text, to="torch", steps_per_epoch=10)
    assert "scheduler.step() once an epoch, of 10 steps" in back.words()
    assert str(back).splitlines()[-1].endswith("CosineAnnealingLR(optimizer, T_max=20, eta_min=0)")
    assert back.check(STEPS).gap < 1e-12


def test_a_formula_of_a_documentation_is_said_to_be_one() -> None:
    """Hugging Face's warm-up and cosine by hand: 5 of 20 steps up, then half a cosine over 15."""
    text = (
        "TrainingArguments(learning_rate=0.1, lr_scheduler_type='cosine', warmup_steps=5, max_steps=20,"
        " max_grad_norm=0)"
    )
    found: Any = pk.translate(text, to="optax")
    assert any("transformers's formula as its documentation has it" in line for line in found.words())
    k = np.arange(20)
    expected = np.where(k < 5, 0.1 * k / 5, 0.05 * (1 + np.cos(np.pi * (k - 5) / 15)))
    np.testing.assert_allclose(found.schedule.course.values(20), expected, atol=1e-15)
    timm: Any = pk.translate(
        "{'opt': 'adamw', 'lr': 0.1, 'sched': 'cosine', 'epochs': 10, 'warmup_epochs': 2, 'warmup_lr': 0.02}",
        to="optax",
        steps_per_epoch=3,
    )
    t = np.arange(30) // 3
    by_epoch = np.where(t < 2, 0.02 + t * 0.04, 0.05 * (1 + np.cos(np.pi * t / 10)))
    np.testing.assert_allclose(timm.schedule.course.values(30), by_epoch, atol=1e-15)


def test_a_warm_up_from_zero_has_no_remedy_and_says_so() -> None:
    text = "optax.sgd(optax.linear_schedule(0.0, 0.05, 150), 0.9)"
    found = pk.translate(text, to="keras")
    assert any("at a learning rate of 0 there is no such factor" in sentence for sentence in found.words())


def test_a_decay_in_the_loss_would_be_clipped_and_is_refused() -> None:
    text = "opt = torch.optim.SGD(p, 0.1, 0.9, weight_decay=1e-3)\ntorch.nn.utils.clip_grad_norm_(p, 1.0)"
    with pytest.raises(PolyakError, match="would be clipped with the gradients"):
        pk.translate(text, to="keras")


def test_keras_counts_every_gradient_of_a_step_and_is_told_so() -> None:
    """Its schedule goes by `_iterations`: 4 gradients a step stretch it by 4, and the paths are the same."""
    text = f"optax.MultiSteps(optax.chain({RATE}, optax.trace(0.9)), 4)"
    found: Any = pk.translate(text, to="keras")
    assert "k // 4" in str(found)
    proof = found.check(STEPS)
    assert proof.gap < 1e-6
    assert proof.changes == 50


GROUPS = "[{'params': decay, 'weight_decay': 0.1}, {'params': no_decay, 'weight_decay': 0.0}]"
GROUPED = [  # the text, where to, a part of the lines
    (f"torch.optim.AdamW({GROUPS}, lr=3e-3)", "optax", "optax.multi_transform({'decay': optax.adamw("),
    (f"torch.optim.Adam({GROUPS.replace('0.1', '0.0')}, lr=3e-3)", "keras", "optimizer_no_decay = keras"),
    (
        "opt = torch.optim.SGD([{'params': base}, {'params': head, 'lr': 0.05}], lr=0.01, momentum=.9)\n"
        f"torch.nn.utils.clip_grad_norm_(p, 1.0)\n{S}StepLR(opt, 30)",
        "optax",
        "optax.chain(optax.clip_by_global_norm(1), optax.multi_transform(",
    ),
    (
        "optax.multi_transform({'a': optax.sgd(0.05, momentum=0.9), 'b': optax.sgd(0.01)}, labels)",
        "torch",
        "torch.optim.SGD([{'params': a,",
    ),
    (
        "optax.multi_transform({'a': optax.adamw(1e-3), 'b': optax.sgd(0.01)}, labels)",
        "torch",
        "optimizer_b = torch.optim.SGD(",
    ),
]


@pytest.mark.parametrize(("text", "to", "line"), GROUPED, ids=[f"{row[1]}:{row[2][:24]}" for row in GROUPED])
def test_groups_of_parameters_run_as_their_translation(text: str, to: str, line: str) -> None:
    """Both sides as they are printed, a matrix, a vector and a number in the groups in turn."""
    found: Any = pk.translate(text, to=to)
    assert line in str(found)
    proof = found.check(STEPS)
    clipped = "clip_grad" in text
    if found.equal == ALWAYS:
        assert proof.gap <= (1e-4 if clipped else 1e-11)
        assert proof.gap > 0 or not clipped
    else:
        assert proof.gap > 1e-6
    assert proof.holds
    assert any(sentence.startswith(f"{found.groups[0][0]}: ") for sentence in found.words())


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            f"opt = torch.optim.AdamW({GROUPS}, lr=1e-3)\ntorch.nn.utils.clip_grad_norm_(p, 1.0)",
            "has no groups, and",
        ),
        (f"torch.optim.SGD({GROUPS}, lr=0.1)", "nothing need be done besides"),
        ("torch.optim.SGD([{'params': a}, {'lr': 0.1}], lr=0.1)", "expected a dict with 'params'"),
        ("torch.optim.SGD([{'params': a}, {'params': a}], lr=0.1)", "each with a name"),
    ],
)
def test_groups_that_cannot_be_said_are_refused_in_one_line(text: str, said: str) -> None:
    with pytest.raises(PolyakError, match=said) as refusal:
        pk.translate(text, to="jax" if "SGD" in text else "keras")
    assert "\n" not in str(refusal.value)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (f"{SGD}{S}StepLR(optimizer, 30)\ns2 = torch.optim.lr_scheduler.StepLR(optimizer, 3)", "2 schedules"),
        ("optax.sgd(optax.constant_schedule(0.0))", "is always 0"),
        ("opt: adamw\nlr: 1e-3\nsched: cosine\nepochs: 90", "give steps_per_epoch"),
        ("TrainingArguments(learning_rate=2e-5, max_grad_norm=0)", "give total_steps"),
        ("optax.sgd(lambda step, other: 0.1)", "code that would have to be run"),
        ("optax.chain(optax.sgd(0.1), optax.clip(1.0))", "the first of a chain"),
        ("optax.chain(optax.trace(0.9))", "no learning rate"),
        ("optax.chain(optax.sgd(0.1), optax.add_decayed_weights(0.1))", "behind sgd"),
        ("optax.chain(optax.clip(args.clip), optax.sgd(0.1))", "code that would have to be run"),
        ("optax.chain(optax.clip(1.0), optax.novograd(0.1))", "novograd"),
        ("optax.lookahead(optax.sgd(0.1), 5, 0.5)", "lookahead"),
        ("optax.MultiSteps(optax.sgd(0.1), lambda k: 4)", "every_k_schedule"),
    ],
)
def test_a_schedule_that_cannot_be_told_is_refused_in_one_line(text: str, said: str) -> None:
    with pytest.raises(PolyakError, match=said) as refusal:
        pk.translate(text, to="optax")
    assert "\n" not in str(refusal.value)
