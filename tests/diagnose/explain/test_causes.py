"""Records written by hand, in which one thing is wrong: what is named, from which numbers, and when nothing is."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import polyak as pk
from polyak.diagnose.explain.finding import known
from polyak.diagnose.explain.moment import first_rise
from polyak.diagnose.explain.seen import losses_of
from polyak.diagnose.watch import Event, Facts, Watched

STEPS, EVERY = 120, 10
LAYERS = ("0.weight", "0.bias", "2.weight")


def records(
    *, rise: int | None = 100, events: tuple[Event, ...] = (), rows: int | None = 512, **changed: Any
) -> Watched:
    """A sound training of a heavy ball whose loss rises at a step, with some columns changed."""
    draw = np.random.default_rng(0)
    step = np.arange(float(STEPS))
    at = step[::EVERY]
    loss = 1 / (1 + step / 40) * (1 + 0.02 * draw.normal(size=STEPS))
    if rise is not None:
        loss[rise:] += 3
    one, read = np.ones(STEPS), np.ones(len(at))
    steps = {
        "step": step,
        "lr": 0.1 * one,
        "momentum": 0.9 * one,
        "batch_size": 64 * one,
        "loss": loss,
        "batch_scale": 0.3 + (rows != 64) * 0.01 * draw.normal(size=STEPS),  # of all rows it is one
        "batch_finite": one,
        "optimizer_step": step + 1,
    }
    readings = {
        "step": at,
        "sharpness": 5 * read,
        "share": 0.2 * read,
        "gradient_norm": 1 + 0.3 * draw.random(len(at)),
        "own_gradient_norm": 1 + 0.3 * draw.random(len(at)),
        "update_norm": 0.5 * read,
        "velocity_norm": 5 * read,
        "noise_growth": 0.1 * read,
        "alignment": 0.5 + 0.1 * draw.random(len(at)),
        "momentum_seen": 0.9 * read,
        "eval_share": 0 * read,
        "rounded_away": 0.01 * read,
        "largest_gradient": draw.random(len(at)),
        "layer_gradient_norm": 1 + draw.random((len(at), 3)),
        "layer_update_norm": 0.1 + draw.random((len(at), 3)),
        "layer_parameter_norm": 5 + draw.random((len(at), 3)),
    }
    settings: dict[str, Any] = changed.pop("settings", {"lr": 0.1, "momentum": 0.9})
    inside = changed.pop("lr_in_velocity", False)
    dtypes = changed.pop("dtypes", ("float32",) * 3)
    for name, change in changed.items():
        column = steps if name in steps else readings
        column[name] = change(column.get(name, np.ones(len(at))))
    facts = Facts(
        "torch",
        "Net",
        "torch's SGD",
        "SGD",
        settings,
        30,
        LAYERS,
        (20, 5, 5),
        dtypes,
        EVERY,
        "a",
        "1",
        inside,
        rows,
    )
    return Watched(facts, steps, readings, events)


def put(at: slice | int, value: float) -> Any:
    def change(column: Any) -> Any:
        column = column.copy()
        column[at] = value
        return column

    return change


ADAM = {"lr": 0.1, "beta1": 0.9, "beta2": 0.999, "eps": 1e-8}
WRONG: dict[str, tuple[str, dict[str, Any], str]] = {
    "all rows past the edge": (
        "lr past the edge",
        {"share": put(10, 1.5), "rows": 64},
        "1.5 times the full batch's",
    ),
    "batches past the edge": ("lr past the edge", {"share": put(10, 1.2)}, "In mini-batches"),
    "momentum": (
        "momentum too high for the batch",
        {"momentum": put(slice(80, None), 0.99)},
        "from 0.9 at step 80",
    ),
    "inside": (
        "lr changed inside the velocity",
        {"lr": put(slice(95, None), 0.001), "lr_in_velocity": True},
        "from 0.1 to 0.001",
    ),
    "count": ("velocity lost", {"optimizer_step": put(slice(96, None), 1)}, "empty at step 96"),
    "beta2": ("beta2 too small", {"settings": {**ADAM, "beta2": 0.5}}, "forget in 2 steps"),
    "eps": ("eps too large", {"settings": {**ADAM, "eps": 1.0}, "below_eps": put(slice(None), 1.0)}, "100 %"),
    "scale": ("broken batch", {"batch_scale": put(99, 30.0)}, "At step 99"),
    "size": ("broken batch", {"batch_size": put(99, 2)}, "2 rows in place of 64"),
    "data": ("not finite", {"batch_finite": put(99, 0)}, "The batch of step 99"),
    "clip": ("clipping at every step", {"gradient_norm": put(slice(None), 0.01)}, "clipped to length 0.01"),
    "dead": ("dead momentum", {"momentum_seen": put(slice(None), 0.0)}, "shows momentum 0 where 0.9"),
    "eval": ("batch norm in eval mode", {"eval_share": put(slice(6, None), 0.5)}, "between steps 50 and 60"),
    "layer": ("a layer stopped", {"layer_gradient_norm": put((slice(9, None), 1), 0.0)}, "0.bias stopped"),  # type: ignore[arg-type]
    "bf16": (
        "updates rounded away",
        {"rounded_away": put(slice(None), 0.8), "dtypes": ("bfloat16",) * 3},
        "80 %",
    ),
}


@pytest.mark.parametrize("wrong", WRONG)
def test_what_is_wrong_is_named_with_its_numbers(wrong: str) -> None:
    cause, changed, said = WRONG[wrong]
    found = pk.explain(records(**changed))
    assert (found.step, found.moment.kind) == (100, "rose")
    assert found.cause == cause, str(found)
    assert said in found.findings[0].said
    assert found.findings[0].evidence
    assert found.findings[0].change
    assert found.findings[0].ground


def test_every_cause_there_is_is_named_by_some_record() -> None:
    assert {cause for cause, _, _ in WRONG.values()} == set(known())


def test_none_is_named_where_nothing_stands_out() -> None:
    found = pk.explain(records())
    assert found.cause is None
    assert "none of the causes known here" in str(found)
    assert set(found.ruled_out) == set(known())


def test_an_edge_that_is_crossed_is_no_failure_where_the_loss_falls() -> None:
    found = pk.explain(records(rise=None, share=put(slice(5, None), 3.0)))
    assert found.cause is None
    assert "did not rise" in found.ruled_out["lr past the edge"].why


def test_a_drop_outside_the_velocity_is_none() -> None:
    assert pk.explain(records(lr=put(slice(95, None), 0.001))).cause is None


def test_a_small_last_batch_of_each_epoch_is_no_surprise() -> None:
    assert pk.explain(records(batch_size=put(slice(9, None, 10), 8.0))).cause is None


def test_the_layers_whose_gradient_was_nan_are_those_whose_parameters_are() -> None:
    found = pk.explain(
        records(
            rise=None,
            loss=put(slice(90, None), np.nan),
            layer_parameter_norm=put((slice(9, None), 0), np.nan),
        )  # type: ignore[arg-type]
    )
    assert (found.cause, found.step, found.findings[0].layer) == ("not finite", 90, "0.weight")


def test_a_share_that_was_read_before_the_lr_was_raised_is_scaled_by_the_raise() -> None:
    """Of 20 % nine times is past the edge, and so it is named; three times says nothing, for the sharpness moves on."""
    found = pk.explain(records(rise=97, lr=put(slice(95, None), 0.9)))
    assert found.cause == "lr past the edge"
    assert "the lr of 0.9 was 1.8 times the full batch's edge at step 95" in found.findings[0].said
    assert "as read at step 90, times what the lr was raised by since" in str(found)
    why = pk.explain(records(rise=97, lr=put(slice(95, None), 0.3))).ruled_out["lr past the edge"]
    assert (
        why.why
        == "not known: the lr was raised 3 times after step 90, where its share of the edge was last read"
    )
    assert not why.looked
    assert "at most 20 %" in pk.explain(records(rise=97)).ruled_out["lr past the edge"].why


def test_a_raised_lr_is_past_what_batches_bear_below_the_full_batch_s_edge() -> None:
    """In batches noise may breed noise at a fifth of the edge; where the lr was not raised it did so all along."""
    raised = {"lr": put(slice(90, None), 0.3), "noise_growth": put(10, 1.4)}
    found = pk.explain(records(**raised))
    assert found.cause == "lr past the edge"
    assert "in batches of 64 rows noise breeds noise 1.4 times over at most" in found.findings[0].said
    assert found.change == "lower the lr to 0.1 or less."
    for other in ({**raised, "lr": put(slice(90, None), 0.1)}, {**raised, "noise_growth": put(10, 0.7)}):
        assert pk.explain(records(**other)).cause is None
    assert pk.explain(records(rise=None, **raised)).cause is None


def test_the_lr_that_is_advised_is_below_the_edge() -> None:
    found = pk.explain(records(share=put(10, 1.5), rows=64))
    assert "lower the lr to 0.06 or less" in found.change  # 0.9 * 0.1/1.5


def test_a_share_is_said_of_the_lr_that_it_was_read_at() -> None:
    """The lr rose a little more between the reading and the loss's rise: the edge stays where it was read."""
    found = pk.explain(records(share=put(10, 1.5), rows=64, rise=105, lr=put(slice(102, None), 0.12)))
    assert found.cause == "lr past the edge"
    assert "the lr of 0.1 was 1.5 times the full batch's edge at step 100" in found.findings[0].said
    assert found.change == "lower the lr to 0.06 or less, 2 times lower."


@settings(max_examples=30)
@given(noise=st.floats(0.001, 0.05), seed=st.integers(0, 50), scale=st.floats(1e-6, 1e6))
def test_a_loss_that_falls_in_its_noise_never_rose(noise: float, seed: int, scale: float) -> None:
    step = np.arange(200)
    loss = scale / (1 + step / 30) * (1 + noise * np.random.default_rng(seed).uniform(-1, 1, 200))
    assert first_rise(step, loss).kind == "none"
    loss[150:] *= 4
    assert (first_rise(step, loss).kind, first_rise(step, loss).step) == ("rose", 150)


def test_bad_input_is_one_line(refused: Any) -> None:
    with refused("an explanation is asked of an int", "a store's name"):
        pk.explain(3)  # type: ignore[arg-type]
    with refused("step 500 was not recorded", "0 to 119"):
        pk.explain(records(), step=500)
    with refused("step is -1"):
        pk.explain(records(), step=-1)
    with refused("no watched training"):
        pk.explain("nowhere.zarr")


def test_a_page_of_it(tmp_path: Any) -> None:
    from polyak.study.explanation_page import explanation_sections
    from polyak.study.study import write_file

    sections = explanation_sections(pk.explain(records(batch_scale=put(99, 30.0))))
    write_file(tmp_path / "why.html", "Explained", "polyak explain", sections)
    html = (tmp_path / "why.html").read_text()
    assert ".svg" not in html
    for said in ("broken batch", "mean size of the batch", "ruled out", "data:image/svg+xml"):
        assert said in html


@pytest.mark.parametrize(("parameters", "kept"), [(3.0, 2), (np.nan, 4)])
def test_a_reading_that_was_put_off_is_no_loss_of_nan(parameters: float, kept: int) -> None:
    """Of losses that were not told: nan is one only where the parameters are no numbers either."""
    sound = records(rise=None)
    at = np.array([10.0, 20.0, 30.0, 40.0])
    readings = {
        "step": at,
        "loss": np.array([1.0, np.nan, 0.9, np.nan]),
        "parameter_norm": np.array([3.0, parameters, 3.0, parameters]),
    }
    steps = {**sound.steps, "loss": np.full(STEPS, np.nan)}
    found, losses = losses_of(Watched(sound.facts, steps, readings, ()))
    assert len(found) == len(losses) == kept
    assert losses[0] == 1.0
