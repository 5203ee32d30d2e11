"""Rules and functions in a user's own files: my_rule.py:MyRule, my_function.py:f."""

from __future__ import annotations

import pytest

RULES = '''
from __future__ import annotations  # dataclasses must find the module of such annotations

import optax

from polyak.rules import HeavyBall, Rule
from polyak.rules.hyperparameters import Scalar, hyperparameter, lr


class MyRule(Rule):
    """Gradient descent by another name."""

    formula = r"x \\leftarrow x - \\eta\\, g"
    source = "A user."
    lr: Scalar = lr()
    scale: Scalar = hyperparameter(default=1.0, symbol="c", meaning="a factor")

    def slots(self, x):
        return {}

    def step(self, g, slots, x):
        return -self.lr * self.scale * g, slots


class Misspelt(MyRule):
    def step(self, g, slots, x):
        return -self.rate * g, slots


class Flat(MyRule):
    def step(self, g, slots, x):
        return -self.lr * g.sum(), slots


class Half(MyRule):
    step = Rule.step


class Lone(MyRule):
    def step(self, g, slots, x):
        return -self.lr * g


ready = HeavyBall(lr=0.6, momentum=0.5)
falling = HeavyBall(lr=lambda step: 0.6, momentum=0.5)
rising = HeavyBall(lr=lambda step: 0.6 - step, momentum=0.5)
made = optax.sgd(0.4)
number = 3


def of_one(x):
    return x


eta, gamma = 0.4, 0.5


def momentum_2d(x1, x2, v1, v2):
    v1 = gamma * v1 + eta * 0.2 * x1
    v2 = gamma * v2 + eta * 4 * x2
    return x1 - v1, x2 - v2, v1, v2


def sgd_momentum(params, vs, hyperparams):
    for p, v in zip(params, vs):
        v[:] = hyperparams["momentum"] * v + hyperparams["lr"] * p.grad
        p[:] -= v
'''

FUNCTIONS = """
import math

import numpy as np


def ravine(x1, x2):
    return 0.1 * x1**2 + 2 * x2**2


def sum_of_squares(x):
    return (x**2).sum()


def branches(x1, x2):
    return x1**2 if x1 > 0 else 2 * x1**2 + x2**2


def array(x1, x2):
    return np.array([x1, x2])


def not_a_number(x1, x2):
    return math.nan * x1


def raises(x1, x2):
    raise ZeroDivisionError("no\\nway")


def three(a, b, c):
    return a


def word(x1, x2):
    return "high"
"""


@pytest.fixture
def files(folder):
    (folder / "my_rule.py").write_text(RULES)
    (folder / "my_function.py").write_text(FUNCTIONS)
    (folder / "syntax.py").write_text("x = 1\ndef (\n")
    (folder / "raising.py").write_text("raise RuntimeError('two\\nlines')\n")
    (folder / "leaving.py").write_text("import sys\nsys.exit(0)\n")
    (folder / "importing.py").write_text("import no_such_module\n")
    (folder / "binary.py").write_bytes(b"\xff\xfe\x00")
    return folder


@pytest.mark.parametrize(
    ("rule", "shown", "end"),
    [
        ("my_rule.py:MyRule --lr 0.4", "my_rule(lr=0.4, scale=1)", "x1 -0.943467, x2 -0.000073"),
        ("./my_rule.py:MyRule --lr 0.2 --scale 2", "my_rule(lr=0.2, scale=2)", "x1 -0.943467, x2 -0.000073"),
        ("my_rule.py:ready", "heavy_ball(lr=0.6, momentum=0.5, ", "x1 0.007188, x2 0.002553"),
        ("my_rule.py:falling", "heavy_ball(lr=schedule, momentum=0.5, ", "x1 0.007188, x2 0.002553"),
        ("my_rule.py:made", "GradientTransformation", "x1 -0.943467, x2 -0.000073"),
        ("my_rule.py:momentum_2d", "momentum_2d(", "x1 -0.062843, x2 0.001202"),
        ("my_rule.py:momentum_2d --eta 0.6", "momentum_2d(", "x1 0.007188, x2 0.002553"),
        ("my_rule.py:sgd_momentum --lr 0.6 --momentum 0.5", "sgd_momentum(", "x1 0.007188, x2 0.002553"),
    ],
)
def test_rules(polyak_, files, rule, shown, end):
    found = polyak_(f"trace {rule}")
    assert found.startswith(shown)
    assert found.endswith(f"on ravine, 20 steps: {end}\n")


def test_a_rule_of_ones_own_trains(polyak_, files):
    own = polyak_("train my_rule.py:MyRule --lr 0.01 --data diabetes")
    ours = polyak_("train gradient_descent --lr 0.01 --data diabetes")
    assert own.splitlines()[0].partition(" on ")[2] == ours.splitlines()[0].partition(" on ")[2]


def test_functions(polyak_, files):
    rule = "heavy_ball --lr 0.6 --momentum 0.5"
    assert polyak_(f"trace {rule} --on my_function.py:ravine").endswith(
        "on ravine, 20 steps: x1 0.007188, x2 0.002553\n"
    )
    found = polyak_(
        f"trace gradient_descent --lr 0.25 --on {files}/my_function.py:sum_of_squares --start 1,2,4 --steps 1"
    )
    assert found.endswith("on sum_of_squares, 1 steps: x1 0.500000, x2 1.000000, x3 2.000000\n")


def test_a_function_that_cannot_be_traced_is_descended_with_a_note(here, files):
    found = here("trace gradient_descent --lr 0.1 --on my_function.py:branches --steps 1")
    assert (found.code, found.err.count("\n")) == (0, 1)
    assert found.out.endswith("x1 -3.000000, x2 -1.600000\n")  # (-5, -2) - 0.1 (-20, -4)
    assert found.err.startswith("polyak: note: branches cannot be traced by JAX")
    assert "central differences" in found.err


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        ("my_rule.py:MyRule", ["my_rule needs lr", "a number in [0, inf)"]),
        ("my_rule.py:MyRule --lr x", ["my_rule: lr is 'x'", "[0, inf)"]),
        (
            "my_rule.py:MyRule --lr 1 --scal 2",
            ["my_rule has no setting --scal, did you mean --scale?", "lr, scale"],
        ),
        ("my_rule.py:MyRul --lr 1", ["my_rule.py", "'MyRul', did you mean 'MyRule'?"]),
        ("my_rule.py:ready --lr 1", ["my_rule.py:ready is a rule with its settings", "--lr has no place"]),
        ("my_rule.py:rising", ["the schedule of lr is -0.4 at step 1", "[0, inf)"]),
        ("my_rule.py:made --lr 1", ["--lr has no place"]),
        ("my_rule.py:number", ["3 is not a rule", "init and update"]),
        ("my_rule.py:of_one", ["of_one takes 1 arguments"]),
        ("my_rule.py:momentum_2d --etta 0.6", ["momentum_2d", "etta"]),
        ("my_rule.py:sgd_momentum --lr 0.6", ["sgd_momentum", "momentum"]),
        ("my_rule.py:sgd_momentum --lr abc --momentum 0.5", ["sgd_momentum", "'abc'"]),
        ("my_rule.py:Rule", ["a rule without settings"]),
        (
            "my_rule.py:Misspelt --lr 1",
            ["my_rule.py:Misspelt fails at its first step", "AttributeError", "rate"],
        ),
        ("my_rule.py:Flat --lr 1", ["my_rule.py:Flat: its steps have the shapes", "(2,)"]),
        ("my_rule.py:Half --lr 1", ["my_rule.py:Half fails at its first step: NotImplementedError"]),
        ("my_rule.py:Lone --lr 1", ["my_rule.py:Lone fails at its first step"]),
        ("my_rule.py", ["my_rule.py: which name in it?", "my_rule.py:NAME"]),
        ("my_rule.py:", ["my_rule.py: which name in it?", "my_rule.py:NAME"]),
        ("no_rule.py:MyRule", ["no_rule.py: no such file"]),
    ],
)
def test_rules_that_cannot_be_used(fails, files, rule, words):
    fails(f"trace {rule}", *words)


@pytest.mark.parametrize("option", ["", "gradient_descent --lr 0.1 --on "])
@pytest.mark.parametrize(
    ("place", "words"),
    [
        ("syntax.py:f", ["syntax.py, line 2: invalid syntax"]),
        ("raising.py:f", ["raising.py fails: RuntimeError: two lines"]),
        ("leaving.py:f", ["leaving.py fails: SystemExit: 0"]),
        ("importing.py:f", ["importing.py fails: ModuleNotFoundError", "no_such_module"]),
        ("binary.py:f", ["binary.py"]),
        ("nowhere.py:f", ["nowhere.py: no such file"]),
    ],
)
def test_files_that_are_no_python(fails, files, option, place, words):
    fails(f"trace {option}{place}", *words)


@pytest.mark.parametrize(
    ("function", "words"),
    [
        ("array", ["array returns an array of shape (2,) at (-5, -2)", "expected one number"]),
        ("not_a_number", ["not_a_number is nan at its start (-5, -2)", "expected a finite number"]),
        ("raises", ["raises fails at (-5, -2): ZeroDivisionError: no way"]),
        ("three", ["three takes 3 arguments, expected f(x1, x2) or f(x)"]),
        ("word", ["word returns 'high' at (-5, -2), expected one number"]),
        ("sum_of_squares", ["sum_of_squares(x) takes a vector", "start -5,-2"]),
        ("math", ["math is no function"]),
        ("ravin", ["my_function.py", "'ravin', did you mean 'ravine'?"]),
    ],
)
def test_functions_that_cannot_be_descended(fails, files, function, words):
    fails(f"trace gradient_descent --lr 0.1 --on my_function.py:{function} --out f.svg", *words)
