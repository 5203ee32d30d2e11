"""The steppers: real optimizers, each against its own recurrence by hand, saved and loaded, and what is refused."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import Any

import numpy as np
import pytest

from patience import PATIENCE
from polyak.frameworks import FRAMEWORKS, stepper
from polyak.ground.errors import PolyakError

LR, M = 0.1, 0.9
NAMES = {  # name: settings, and whether the velocity holds the learning rate
    "torch:SGD": ({"lr": LR, "momentum": M}, False),
    "keras:SGD": ({"learning_rate": LR, "momentum": M}, True),
    "optax:sgd": ({"learning_rate": LR, "momentum": M}, False),
    "jax:momentum": ({"step_size": LR, "mass": M}, False),
    "sklearn:sgd": ({"learning_rate_init": LR, "momentum": M, "nesterov": False}, True),
    "polyak:heavy_ball": ({"lr": LR, "momentum": M}, True),
    "polyak.torch:SGD": ({"lr": LR, "momentum": M}, True),
}
START = [np.array([1.0, -2.0]), np.array(3.0)]
SCALES = [np.array([1.0, 0.3]), np.array(0.5)]


def by_hand(inside: bool, steps: int, drop: int) -> list[np.ndarray]:
    x = [part.copy() for part in START]
    v = [np.zeros_like(part) for part in START]
    for step in range(steps):
        lr = LR if step < drop else LR / 10
        for k, scale in enumerate(SCALES):
            v[k] = M * v[k] + (lr if inside else 1.0) * scale * x[k]
            x[k] = x[k] - (v[k] if inside else lr * v[k])
    return x


def walked(found: Any, steps: int, drop: int, reload: int | None = None) -> list[np.ndarray]:
    x = START
    found.start(x)
    for step in range(steps):
        if step == reload:
            state = found.state()
            found.step([5.0 * part for part in x])  # what is done after saving leaves the saved alone
            found.start(x)
            found.load(state)
            found.set_lr(LR if step < drop else LR / 10)
        if step == drop:
            found.set_lr(LR / 10)
        x = found.step([scale * part for scale, part in zip(SCALES, x)])
        assert all(part.dtype == np.float64 for part in x)
    return x


@pytest.mark.parametrize("reload", [None, 7, 15])
@pytest.mark.parametrize("name", NAMES)
def test_every_framework_takes_its_own_steps(name: str, reload: int | None) -> None:
    settings, inside = NAMES[name]
    found = stepper(name, settings)
    assert found.lr == pytest.approx(LR, rel=1e-15)
    ends = walked(found, 20, drop=10, reload=reload)
    for end, expected in zip(ends, by_hand(inside, 20, drop=10)):
        np.testing.assert_allclose(end, expected, rtol=0, atol=20 * 8 * 2.3e-16 * 3)


def test_every_framework_is_walked() -> None:
    assert {name.partition(":")[0] for name in NAMES} - {"polyak.torch"} == {
        prefix for prefix, framework in FRAMEWORKS.items() if framework.run_here
    }


@pytest.mark.parametrize("name", [name for name in NAMES if stepper(name, NAMES[name][0]).skips_missing])
def test_a_missing_gradient_leaves_an_array_alone(name: str) -> None:
    found = stepper(name, NAMES[name][0])
    found.start(START)
    x = found.step([None, np.array(1.0)])
    np.testing.assert_array_equal(x[0], START[0])
    assert x[1] != START[1]


def test_one_without_missing_gradients_says_so() -> None:
    found = stepper("optax:sgd", NAMES["optax:sgd"][0])
    found.start(START)
    with pytest.raises(PolyakError, match="takes a gradient for every parameter"):
        found.step([None, np.array(1.0)])


@pytest.mark.parametrize(
    ("name", "settings", "complaint"),
    [
        ("keras:SGDD", {}, "unknown optimizer of keras 'SGDD', did you mean 'SGD'"),
        ("keras:SGD", {"lr": 0.1}, "unknown argument of keras:SGD 'lr'"),
        ("sklearn:lbfgs", {}, "unknown solver of sklearn's MLP 'lbfgs'"),
        ("jax:momentum", {"step_size": 0.1}, "jax:momentum needs mass"),
        ("polyak:heavy_bal", {"lr": 0.1}, "did you mean 'heavy_ball'"),
        ("tf1:MomentumOptimizer", {}, "environment of their own"),
        ("torch", {}, "unknown optimizer 'torch', did you mean 'torch:SGD'"),
    ],
)
def test_a_name_that_is_none(name: str, settings: dict[str, Any], complaint: str) -> None:
    with pytest.raises(PolyakError, match=complaint) as error:
        stepper(name, settings)
    assert "\n" not in str(error.value)


def in_a_process(code: str, **environment: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**{k: v for k, v in os.environ.items() if k != "KERAS_BACKEND"}, **environment},
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    return done.stdout + done.stderr


MAKE = "from polyak.frameworks import stepper\ns = stepper('keras:SGD', {})\n"


def test_keras_comes_on_jax_and_leaves_the_environment_alone() -> None:
    said = in_a_process(
        f"{MAKE}import os, keras\nprint(keras.backend.backend(), os.environ.get('KERAS_BACKEND'))"
    )
    assert said.split()[-2:] == ["jax", "None"]


@pytest.mark.parametrize("environment", [{"KERAS_BACKEND": "torch"}, {"KERAS_BACKEND": "tensorflow"}])
def test_another_backend_that_was_chosen_is_not_overruled(environment: dict[str, str]) -> None:
    said = in_a_process(MAKE, **environment)
    line = said.strip().splitlines()[-1]
    assert f"Keras is on its {environment['KERAS_BACKEND']} backend here, and is run on jax only" in line


def test_another_backend_that_is_in_use_is_not_overruled() -> None:
    said = in_a_process(
        f"import os\nos.environ['KERAS_BACKEND'] = 'numpy'\nimport keras\ndel os.environ['KERAS_BACKEND']\n{MAKE}"
    )
    assert "Keras is on its numpy backend here" in said.strip().splitlines()[-1]


def test_a_framework_is_imported_only_when_asked_for() -> None:
    said = in_a_process(
        "import sys, polyak as pk\npk.verify\nfrom polyak.frameworks import stepper\n"
        "stepper('polyak:heavy_ball', {'lr': 0.1, 'momentum': 0.9})\n"
        "print([name for name in ('torch', 'keras', 'sklearn.neural_network') if name in sys.modules])"
    )
    assert said.strip() == "[]"


def test_a_framework_that_is_not_installed_is_named_with_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    import importlib.util

    find_spec = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name, *rest: None if name == "keras" else find_spec(name, *rest)
    )
    with pytest.raises(
        PolyakError, match=r"keras:SGD needs keras, which is not installed: pip install 'polyak\[keras\]'"
    ):
        stepper("keras:SGD", {})


def test_an_object_and_its_settings() -> None:
    import polyak as pk

    with pytest.raises(PolyakError, match="has its settings already"):
        stepper(pk.HeavyBall(0.1, 0.9), {"lr": 0.2})
