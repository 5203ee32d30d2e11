"""Bad input: one line that names the rule and the setting, and says what was expected."""

from __future__ import annotations

import math
from decimal import Decimal
from fractions import Fraction
from typing import Any

import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from polyak.ground.errors import PolyakError
from polyak.rules import CATALOGUE, Adam, HeavyBall, Rule

repeatable = settings(derandomize=True, max_examples=300, deadline=None)
GIVEN = {"lr": 0.1, "momentum": 0.9, "rate": 0.5}
NUMBERS = [(cls, name) for cls in CATALOGUE.values() for name in cls.hyperparameters()]
CHOICES = [(cls, name) for cls in CATALOGUE.values() for name in cls.choices()]


def complete(cls: type[Rule], **changed: Any) -> dict[str, Any]:
    """What a rule needs, with something changed."""
    return {**{name: GIVEN[name] for name in cls.hyperparameters() if name in GIVEN}, **changed}


def complaint(cls: type[Rule], **given_settings: Any) -> str:
    """The one line with which a rule refuses its settings, by name and as Python."""
    with pytest.raises(PolyakError) as error:
        cls.from_settings(**given_settings)
    text = str(error.value)
    assert len(text.splitlines()) == 1
    assert text.isprintable()
    assert cls.name() in text
    return text


def refuses(cls: type[Rule], name: str, value: Any) -> None:
    text = complaint(cls, **complete(cls, **{name: value}))
    about = cls.hyperparameters()[name]
    assert text.startswith(f"{cls.name()}: {name} is ")
    assert text.endswith(f", expected a number in {about.interval} ({about.meaning}) or a schedule")
    with pytest.raises(PolyakError):
        cls(**complete(cls, **{name: value}))


def test_one_rule_of_each_can_be_made() -> None:
    for cls in CATALOGUE.values():
        assert cls.from_settings(**complete(cls)).settings().items() >= complete(cls).items()


@pytest.mark.parametrize(("cls", "name"), NUMBERS, ids=str)
def test_never_in_range(cls: type[Rule], name: str) -> None:
    for value in (math.nan, math.inf, -math.inf, -1.0, -1e-300, 10**400, -(10**400)):
        refuses(cls, name, value)


@pytest.mark.parametrize(("cls", "name"), NUMBERS, ids=str)
def test_no_number(cls: type[Rule], name: str) -> None:
    for value in (None, True, np.True_, "0.1", "", "nan", "fast\nslow", b"0.1", 1j, [0.1], (), {}, object()):
        refuses(cls, name, value)


@repeatable
@given(st.sampled_from(NUMBERS), st.floats())
def test_a_number_is_taken_exactly_if_it_is_in_range(which: tuple[type[Rule], str], value: float) -> None:
    cls, name = which
    # A second reading of the interval's text, by its brackets.
    text = cls.hyperparameters()[name].interval.text
    low, high = map(float, text.strip("[]()").split(","))
    inside = low <= value <= high
    inside &= not (value == low and text.startswith("(")) and not (value == high and text.endswith(")"))
    if inside:
        assert getattr(cls(**complete(cls, **{name: value})), name) == value
    else:
        refuses(cls, name, value)


@repeatable
@given(st.sampled_from(NUMBERS), st.text() | st.binary() | st.lists(st.floats()) | st.none() | st.booleans())
def test_no_text_list_or_flag_is_a_number(which: tuple[type[Rule], str], value: Any) -> None:
    refuses(*which, value)


@pytest.mark.parametrize(
    "value",
    [1, 0.5, np.float64(0.5), np.float32(0.5), np.array(0.5), Fraction(1, 2), Decimal("0.5")],
    ids=repr,
)
def test_any_plain_number_becomes_a_float(value: Any) -> None:
    lr = HeavyBall(lr=value, momentum=0.9).lr
    assert type(lr) is float
    assert lr == float(value)


def test_a_jax_number_stays_one_and_is_checked() -> None:
    assert HeavyBall(jnp.asarray(0.1), 0.9).lr.dtype == "float32"
    for bad in (jnp.asarray(-0.1), jnp.asarray(jnp.nan), jnp.asarray(True)):
        refuses(HeavyBall, "lr", bad)


@repeatable
@given(st.sampled_from(sorted(CATALOGUE)), st.text(st.characters(exclude_categories=["C", "Z"]), min_size=1))
def test_an_unknown_setting_is_told_the_known_ones(rule: str, name: str) -> None:
    cls = CATALOGUE[rule]
    known = [*cls.hyperparameters(), *cls.choices()]
    assume(name not in known)
    text = complaint(cls, **complete(cls), **{name: 0.1})
    assert text.startswith(f"unknown setting of {rule} '{name}'")
    assert text.endswith(f"(there are: {', '.join(known)})")


def test_a_name_of_several_lines_is_quoted_on_one() -> None:
    assert "setting of adam 'a b'" in complaint(Adam, lr=0.1, **{"a\nb": 0.1})
    assert "eps_position of adam 'in side', did you mean 'inside'?" in complaint(
        Adam, lr=0.1, eps_position="in\r\n side"
    )


@pytest.mark.parametrize(("cls", "name"), [*NUMBERS, *CHOICES], ids=str)
def test_a_slip_is_told_the_nearest_name(cls: type[Rule], name: str) -> None:
    slips = {name + "s", name.upper() + "x", name.replace("_", "-") + "e"}
    for slip in slips - {*cls.hyperparameters(), *cls.choices()}:
        assert f"'{slip}', did you mean '{name}'?" in complaint(cls, **complete(cls), **{slip: 0.1})


@pytest.mark.parametrize("cls", CATALOGUE.values(), ids=CATALOGUE)
def test_what_is_missing_is_named_with_its_meaning_and_range(cls: type[Rule]) -> None:
    for name in NEEDS.get(cls.name(), ["lr"]):
        rest = {other: value for other, value in complete(cls).items() if other != name}
        about = cls.hyperparameters()[name]
        text = complaint(cls, **rest)
        assert text.startswith(f"{cls.name()} needs {name}: ")
        assert about.meaning in text
        assert text.endswith(f"a number in {about.interval}")


WITH_MOMENTUM = ["heavy_ball", "nesterov", "averaged_gradient", "dampening", "signum"]
NEEDS = {name: ["lr", "momentum"] for name in WITH_MOMENTUM} | {
    "adadelta": [],
    "adafactor": [],
    "muon": [],
    "triple_momentum": ["lr", "rate"],
}


@pytest.mark.parametrize(("cls", "name"), CHOICES, ids=str)
def test_a_choice_not_offered(cls: type[Rule], name: str) -> None:
    about = cls.choices()[name]
    bad: list[Any] = [None, 1, 0, 0.5, np.True_, [], "nonsense", "False"]
    for value in bad:
        text = complaint(cls, **complete(cls, **{name: value}))
        assert name in text
        assert all(str(option) in text for option in about.options)
    for option in about.options:
        assert getattr(cls(**complete(cls, **{name: option})), name) is option


@pytest.mark.parametrize(("cls", "name"), CHOICES, ids=str)
def test_a_misspelt_choice_is_told_the_nearest(cls: type[Rule], name: str) -> None:
    for option in cls.choices()[name].options:
        if isinstance(option, str):
            text = complaint(cls, **complete(cls, **{name: option[:-1]}))
            assert text.startswith(
                f"unknown {name} of {cls.name()} '{option[:-1]}', did you mean '{option}'?"
            )


def test_a_flag_is_no_word_and_a_word_no_flag() -> None:
    text = complaint(Adam, lr=0.1, bias_correction="yes")
    assert text.startswith("adam: bias_correction is 'yes', expected True or False (")
    assert "eps_position is True, expected 'outside' or 'inside'" in complaint(
        Adam, lr=0.1, eps_position=True
    )


def test_weight_decay_without_parameters() -> None:
    x = np.ones(2)
    for cls in CATALOGUE.values():
        if "weight_decay" in cls.hyperparameters():
            rule = cls.from_settings(lr=0.1, weight_decay=0.1)
            with pytest.raises(PolyakError, match="weight decay needs the parameters"):
                rule.update(x, rule.init(x))
