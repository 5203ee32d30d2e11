"""What the tests of the spellings share: settings at which every argument matters, and how paths are compared."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from polyak.frameworks import FRAMEWORKS, SPELLINGS
from polyak.frameworks.rule_to_arguments import written
from polyak.frameworks.spelling import Form, Meaning, Spelling
from polyak.rules import LinearRule, Rule

INTERIOR = {
    "lr": 0.05,
    "momentum": 0.85,
    "rate": 0.7,
    "dampening": 0.3,
    "nu": 0.6,
    "eps": 0.3,
    "decay": 0.9,
    "beta1": 0.8,
    "beta2": 0.95,
    "initial_accumulator": 0.2,
    "momentum_decay": 0.5,
    "beta3": 0.97,
    "alpha": 2.0,
    "eps_root": 0.1,
    "inner_decay": 0.1,
    "trust_coefficient": 0.4,
    "weight_lr_power": 1.5,
    "clip": 1.2,
    "decay_power": 0.7,
}
LINEAR = [name for name, row in SPELLINGS.items() if any(issubclass(f.rule, LinearRule) for f in row.forms)]


def member(form: Form, **numbers: float) -> Rule:
    """A rule of a form, its numbers as given or from INTERIOR."""
    values = {**INTERIOR, **numbers}
    own = {name: values[name] for name in form.rule.hyperparameters() if name in values}
    return form.rule.from_settings(**{**own, **form.fixed})


def said(spelling: Spelling, form: Form, weight_decay: float = 0.0, **numbers: float) -> Any:
    """A form's member in the framework's own arguments."""
    meaning = Meaning(
        member(form, **numbers), weight_decay, spelling.decay or "coupled" if weight_decay else "coupled"
    )
    found = written(spelling, form, meaning)
    assert found is not None, (spelling.name, meaning)
    assert not found.differences
    return found


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Parametrize by what a test asks for: `row` is a spelling, the others a (spelling, form) of a kind.

    `run_form` are those whose frameworks are run here.
    """
    if "row" in metafunc.fixturenames:
        metafunc.parametrize("row", SPELLINGS.values(), ids=SPELLINGS)
    run = [name for name, row in SPELLINGS.items() if FRAMEWORKS[row.framework].run_here]
    for asked, names in (("linear_form", LINEAR), ("any_form", list(SPELLINGS)), ("run_form", run)):
        if asked in metafunc.fixturenames:
            pairs = [(SPELLINGS[name], form) for name in names for form in SPELLINGS[name].forms]
            labels = [f"{row.name}-{form.rule.name()}-{row.forms.index(form)}" for row, form in pairs]
            metafunc.parametrize(asked, pairs, ids=labels)


def relative(path: np.ndarray, other: np.ndarray) -> float:
    """The largest distance of two paths, of the first's size; both must have gone somewhere."""
    size = np.abs(path - path[0]).max()
    assert np.isfinite(size)
    assert size > 0.1, "the path hardly moved"
    return float(np.abs(path - other).max() / size)


@pytest.fixture(name="said", scope="session")
def said_fixture() -> Callable[..., Any]:
    return said


@pytest.fixture(name="relative", scope="session")
def relative_fixture() -> Callable[..., float]:
    return relative
