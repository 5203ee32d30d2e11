"""`polyak verify`, as a user types it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from polyak.cli.commands.verify import settings_from
from polyak.ground.errors import PolyakError

PAGE = """
def sgd_momentum(params, states, hyperparams):
    for p, v in zip(params, states):
        v[:] = hyperparams['momentum'] * v + hyperparams['lr'] * p.grad
        p[:] -= v

def torchs(params, states, hyperparams):
    for p, v in zip(params, states):
        v[:] = hyperparams['momentum'] * v + p.grad
        p[:] -= hyperparams['lr'] * v

def forgets(params, states, hyperparams):
    for p, v in zip(params, states):
        v[:] = p.grad
        p[:] -= hyperparams['lr'] * v

LEAST = 3
"""
SETTINGS = "--against torch:SGD --set lr=0.02 --set momentum=0.9"


@pytest.fixture(autouse=True)
def page(folder):
    (folder / "my_rule.py").write_text(PAGE)


def test_one_that_parts_when_the_lr_changes(here, folder):
    found = here(f"verify my_rule.py:sgd_momentum {SETTINGS} --out v.svg")
    assert found.code == 1, found
    assert "equal at constant lr only" in found.out
    assert "parts at step 31" in found.out
    assert (folder / "v.svg").read_text().startswith("<?xml")


def test_one_that_is_equal(here):
    found = here(f"verify my_rule.py:torchs {SETTINGS}")
    assert (found.code, found.err) == (0, ""), found
    assert found.out.splitlines()[0].endswith(": equal")


def test_a_momentum_that_does_nothing(here):
    found = here(f"verify my_rule.py:forgets {SETTINGS}")
    assert found.code == 1
    assert "momentum has no effect" in found.out.splitlines()[0]


def test_names_of_packages_and_of_ours(here):
    line = "--set lr=0.02 --set momentum=0.9 --candidate-set lr_in_velocity=false"
    assert here(f"verify polyak.torch:SGD {line}").code == 0
    assert here(f"verify heavy_ball {line}").code == 0
    assert here("verify optax:adam --against torch:Adam --set lr=0.02 --set betas=0.9,0.999").code == 0


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("verify my_rule.py:nothing", ["unknown name in my_rule.py 'nothing'"]),
        ("verify my_rule.py:LEAST", ["3 is no optimizer"]),
        ("verify heavy_bal", ["did you mean 'heavy_ball'"]),
        ("verify torch:SGD --set lr", ["'lr' is no setting: expected NAME=VALUE"]),
        ("verify torch:SGD --set lr=1 --set lr=2", ["lr is given twice"]),
        ("verify torch:SGD --set lrr=1", ["unknown argument of torch:SGD 'lrr', did you mean 'lr'"]),
        ("verify torch:SGD --against keras:SDG", ["did you mean 'SGD'"]),
        ("verify torch:SGD --set against=3", ["no optimizer has a setting against"]),
        ("verify torch:SGD --set lr=much", ["torch:SGD fails"]),
        ("verify torch:SGD --out picture.doc", ["unknown picture format 'doc'"]),
    ],
)
def test_bad_input(fails, line, words):
    fails(line, *words)


@given(st.lists(st.text(max_size=12), max_size=4))
def test_any_words_are_settings_or_refused(words):
    try:
        found, refused = settings_from(words), ""
    except PolyakError as error:
        found, refused = None, str(error)
    assert "\n" not in refused
    assert found is None or list(found) == [word.partition("=")[0] for word in words]


@given(st.floats(allow_nan=False), st.floats(allow_nan=False))
def test_numbers_come_through(one, two):
    assert settings_from([f"lr={one!r}", f"betas={one!r},{two!r}"]) == {"lr": one, "betas": (one, two)}
