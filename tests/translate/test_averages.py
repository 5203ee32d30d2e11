"""An average of the weights goes with its recipe: an argument there, or lines of code, which are run here."""

from __future__ import annotations

import re
from typing import Any

import jax
import numpy as np
import optax
import pytest
import torch

import polyak as pk
from polyak.frameworks.keras.stepper import double, on_jax
from polyak.translate.around.average import Average

POSITIONS = [np.array([1.0, -2.0]), np.array([0.5, 3.0]), np.array([4.0, 0.25])]
EMA = [POSITIONS[0]]
for x in POSITIONS[1:]:
    EMA.append(0.75 * EMA[-1] + 0.25 * x)
MEANS = [np.mean(POSITIONS[: n + 1], axis=0) for n in range(3)]
TEXT = (
    "opt = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9); ema ="
    " torch.optim.swa_utils.AveragedModel(model, multi_avg_fn=torch.optim.swa_utils.get_ema_multi_avg_fn(0.75))"
)


def update(prefix: str, decay: float | None) -> str:
    """The statement that is run after each step but the first."""
    return "average = " + Average(decay).lines(prefix).rpartition("average = ")[2]


@pytest.mark.parametrize("decay", [0.75, None])
@pytest.mark.parametrize("prefix", ["optax", "sklearn", "keras"])
def test_the_lines_keep_the_average(prefix: str, decay: float | None) -> None:
    class Held:
        def numpy(self) -> Any:
            return names["x"]

    names: dict[str, Any] = {"optax": optax, "average": POSITIONS[0]}
    names["model"] = type("Model", (), {"trainable_variables": [Held()]})
    names["average"] = [POSITIONS[0]] if prefix == "keras" else POSITIONS[0]
    for n, x in enumerate(POSITIONS[1:], start=2):
        names |= {"params": x, "x": x, "n": n}
        exec(update(prefix, decay), names)
    found = names["average"][0] if prefix == "keras" else names["average"]
    np.testing.assert_allclose(found, (MEANS if decay is None else EMA)[-1], rtol=1e-6)


@pytest.mark.parametrize("decay", [0.75, None])
def test_torchs_lines_keep_it(decay: float | None) -> None:
    model = torch.nn.Linear(2, 1, bias=False)
    made = re.match(r"average = (.*), and after each step (.*)", Average(decay).lines("torch"))
    assert made is not None
    average = eval(made[1], {"torch": torch, "model": model})
    for x in POSITIONS:
        with torch.no_grad():
            model.weight.copy_(torch.tensor(x)[None])
        eval(made[2], {"average": average, "model": model})
    expected = (MEANS if decay is None else EMA)[-1]
    np.testing.assert_allclose(average.module.weight.detach()[0], expected, rtol=1e-6)


def test_kerass_argument_keeps_it() -> None:
    keras = on_jax()
    with jax.enable_x64(True), double(keras):
        x = keras.Variable(np.zeros(2), dtype="float64")
        made = keras.optimizers.SGD(1.0, use_ema=True, ema_momentum=0.75)
        made.build([x])
        for before, after in zip([np.zeros(2), *POSITIONS], POSITIONS, strict=False):
            made.apply([keras.ops.convert_to_tensor(before - after, dtype="float64")], [x])
        average = np.array(made._model_variables_moving_average[0].value)
    np.testing.assert_allclose(average, EMA[-1], rtol=1e-6)


def test_it_goes_both_ways() -> None:
    there = pk.translate(TEXT, to="keras")
    assert "use_ema=True, ema_momentum=0.75" in str(there)
    back = pk.translate("keras.optimizers.Adam(1e-3, use_ema=True, ema_momentum=0.75)", to="torch")
    assert any("get_ema_multi_avg_fn(0.75)" in line for line in back.words())
    assert any(
        "incremental_update(params, average, 0.25)" in line for line in pk.translate(TEXT, to="optax").words()
    )
    assert pk.translate(TEXT, to="optax").check(steps=12).gap < 1e-12


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("keras.optimizers.Adam(1e-3, use_ema=True, ema_overwrite_frequency=10)", "in mid-training"),
        ("keras.optimizers.Adam(1e-3, use_ema=True, ema_momentum=2.0)", "ema_momentum is 2.0"),
        (TEXT.replace("get_ema_multi_avg_fn(0.75)", "mine()"), "expected get_ema_multi_avg_fn"),
    ],
)
def test_averages_that_are_others_get_one_line(text: str, words: str, refused: Any) -> None:
    with refused(words):
        pk.translate(text, to="torch")
