"""What a verification says and shows, what it takes, and what it refuses."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import optax
import pytest
import torch

import polyak as pk
from polyak.ground.errors import PolyakError
from polyak.show import plot
from polyak.verify import SCENARIOS, verify

SGD = {"lr": 0.02, "momentum": 0.9}


def sgd_momentum(params, states, hyperparams):
    for p, v in zip(params, states):
        v[:] = hyperparams["momentum"] * v + hyperparams["lr"] * p.grad
        p[:] -= v


@pytest.fixture(scope="module")
def report() -> Any:
    return pk.verify(sgd_momentum, against="torch:SGD", **SGD)


def test_a_page_whose_velocity_holds_the_lr(report: Any) -> None:
    assert not report.equal
    assert report.verdict == "equal at constant lr only"
    by_name = {outcome.scenario: outcome for outcome in report.scenarios}
    assert list(by_name) == [scenario.name for scenario in SCENARIOS]
    parted = {name for name, outcome in by_name.items() if outcome.status == "parts"}
    assert parted == {"an lr drop", "a warm-up"}
    assert by_name["an lr drop"].step == 31
    assert by_name["weight decay"].reason == "sgd_momentum takes no weight_decay"


def test_the_gap_at_the_drop_is_the_one_by_hand(report: Any) -> None:
    """At the drop the velocity v = lr m V that holds the old lr stands for 10 times that of the new: 0.9 * 0.018 V."""
    drop = next(outcome for outcome in report.scenarios if outcome.scenario == "an lr drop")
    from polyak.translate.proof_problem import problem_for

    problem = problem_for(pk.HeavyBall(0.02, 0.9, lr_in_velocity=False), 60)
    x, velocity, sizes = problem.start, np.zeros(8), [np.abs(problem.start).max()]
    for step in range(30):
        velocity = 0.9 * velocity + problem.gradient(x, step)
        x = x - 0.02 * velocity
        sizes.append(np.abs(x).max())
    new = x - 0.002 * (0.9 * velocity + problem.gradient(x, 30))
    expected = np.abs((0.02 - 0.002) * 0.9 * velocity).max() / max(*sizes, np.abs(new).max())
    assert drop.gap == pytest.approx(expected, rel=1e-9)


def test_the_responses_are_the_closed_forms() -> None:
    found = verify(pk.Nesterov(0.02, 0.9), against="torch:SGD", **SGD)
    ours, theirs = found.responses
    steps = np.arange(20)
    np.testing.assert_allclose(theirs, 0.02 * 0.9**steps, rtol=0, atol=1e-16)
    np.testing.assert_allclose(
        ours, np.where(steps == 0, 0.02 * 1.9, 0.02 * 0.9 ** (steps + 1)), rtol=0, atol=1e-16
    )


def test_in_words(report: Any) -> None:
    first, cause, *lines = str(report).splitlines()
    assert first == (
        "sgd_momentum(lr=0.02, momentum=0.9) against torch:SGD(lr=0.02, momentum=0.9): equal at constant lr only"
    )
    assert cause.startswith("likely cause: its velocity holds the learning rate")
    assert re.search(
        r"an lr drop +parts at step 31, at x\d\[.*\], by 0\.\d+ of the path's size", "\n".join(lines)
    )
    assert re.search(r"weight decay +not tried: sgd_momentum takes no weight_decay", "\n".join(lines))
    assert "  candidate  0.02 0.018 0.0162 0.01458 0.013122 0.0118098" in lines


def test_in_a_notebook(report: Any) -> None:
    shown = report._repr_html_()
    assert shown.startswith("<pre>sgd_momentum(lr=0.02")
    assert "torch:SGD" in shown
    assert 'src="data:image/png;base64,' in shown


def test_the_figure_draws_both_responses_and_the_gaps(report: Any) -> None:
    figure = plot(report)
    left, right = figure.axes
    names = {line.get_label(): line for axes in (left, right) for line in axes.get_lines()}
    for name in (report.candidate, report.reference):
        np.testing.assert_allclose(names[name].get_ydata(), 0.02 * 0.9 ** np.arange(20), rtol=0, atol=1e-16)
    drop = next(outcome for outcome in report.scenarios if outcome.scenario == "an lr drop")
    np.testing.assert_allclose(names["an lr drop"].get_ydata()[31:], drop.gaps[31:])
    assert "zero gradients" not in names
    assert figure.get_suptitle() == report.verdict


def test_progress_counts_the_scenarios() -> None:
    seen: list[tuple[int, int]] = []
    verify(pk.HeavyBall(0.02, 0.9), against=pk.HeavyBall(0.02, 0.9), progress=lambda *now: seen.append(now))
    assert seen == [(done, len(SCENARIOS)) for done in range(1, len(SCENARIOS) + 1)]


def test_what_the_candidate_does_not_take_is_said() -> None:
    found = verify(torch.optim.Adagrad, against="torch:SGD", **SGD)
    assert found.notes == ("Adagrad takes no momentum",)
    assert "note: Adagrad takes no momentum" in str(found)
    assert found.verdict == "another rule"


def test_a_setting_for_the_candidate_alone() -> None:
    found = verify(
        "optax:rmsprop",
        against="torch:RMSprop",
        lr=0.02,
        alpha=0.9,
        eps=1e-6,
        candidate_settings={"decay": 0.9, "eps_in_sqrt": False},
    )
    assert found.equal, str(found)
    assert found.candidate == "optax:rmsprop(learning_rate=0.02, eps=1e-06, decay=0.9, eps_in_sqrt=False)"


def test_a_candidate_is_run_in_double_precision_whatever_jax_is_set_to() -> None:
    import jax

    assert not jax.config.jax_enable_x64
    assert verify(
        "optax:sgd", against="jax:momentum", step_size=0.02, mass=0.9, candidate_settings={"momentum": 0.9}
    ).equal
    assert not jax.config.jax_enable_x64
    assert torch.get_default_dtype() == torch.float32


def takes_four(x1, x2, s1, s2):
    return x1 - 0.1 * x1, x2 - 0.1 * x2, s1, s2


@pytest.mark.parametrize(
    ("candidate", "settings", "complaint"),
    [
        ("torch:SDG", SGD, "unknown optimizer of torch 'SDG', did you mean 'SGD'"),
        ("torhc:SGD", SGD, "did you mean 'torch:SGD'"),
        ("mxnet:sgd", SGD, "cannot be run here, they live in an environment of their own"),
        ("nosuchpackage.deep:SGD", SGD, "no module nosuchpackage is installed"),
        ("torch.optim:SDG", SGD, "unknown name in torch.optim 'SDG', did you mean 'SGD'"),
        ("torch.nn:Linear", SGD, "the class torch.nn:Linear is no optimizer"),
        ("optax:sdg", SGD, "unknown factory of optax 'sdg', did you mean 'sgd'"),
        ("collections:OrderedDict", SGD, "is no optimizer"),
        (3, SGD, "3 is no optimizer"),
        (torch.nn.Linear, SGD, "the class Linear is no optimizer"),
        (pk.from_plane(takes_four), SGD, "brings its own gradient"),
        (sgd_momentum, {"lr": 0.02}, "needs the hyper-parameter 'momentum'"),
        (
            "optax:sgd",
            {"lr": 0.02, "momentun": 0.9},
            "unknown argument of torch:SGD 'momentun', did you mean 'momentum'",
        ),
        ("optax:sgd", {"lr": -1.0}, "Invalid learning rate"),
        ("jax:momentum", {"lr": 0.02}, "jax:momentum needs mass"),
    ],
)
def test_bad_input_is_one_line(candidate: Any, settings: dict[str, Any], complaint: str) -> None:
    with pytest.raises(PolyakError, match=re.escape(complaint)) as error:
        verify(candidate, against="torch:SGD", **settings)
    assert "\n" not in str(error.value)


def test_a_reference_that_has_its_settings_takes_no_more() -> None:
    with pytest.raises(PolyakError, match="has its settings already; lr has no place"):
        verify(sgd_momentum, against=pk.HeavyBall(0.02, 0.9), lr=0.02, momentum=0.9)


def test_an_object_whose_lr_cannot_be_set_is_tried_in_the_rest() -> None:
    made = optax.sgd(0.02, momentum=0.9)
    found = verify(made, against="torch:SGD", **SGD)
    assert found.equal
    untried = {
        outcome.scenario: outcome.reason for outcome in found.scenarios if outcome.status == "not tried"
    }
    assert "cannot be set" in untried["an lr drop"]
