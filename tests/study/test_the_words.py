"""The small parts of the page: sentences, anchors, formulas and plain letters."""

from __future__ import annotations

import numpy as np
import pytest

import polyak as pk
from polyak.ground.mathml import mathml
from polyak.run import Trace
from polyak.study import Section, Subject, plain_text
from polyak.study.page import displayed, page, slug
from polyak.study.sections import in_order
from polyak.study.sections.descent import in_words

RULE = pk.GradientDescent(lr=0.5)
NAME = r"gradient descent, $\eta$ = 0.5"


def trace(values):
    values = np.asarray(values, dtype=float)
    return Trace(
        rule=RULE, landscape=pk.landscapes.ravine, positions=np.zeros((len(values), 2)), values=values
    )


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ([10.5, 3, 1], "f fell from 10.5 to 1 in 2 steps."),
        ([10.5, 0.25, 1], "f fell from 10.5 to 1 in 2 steps (lowest, 0.25, at step 1)."),
        ([10.5, 3, 1e6], "f grew from 10.5 to 1e+06 in 2 steps; this setting does not converge here."),
        ([2, 3, 2], "f stayed at 2 for 2 steps."),
        ([2, np.inf, 2], "diverged; at step 1 its position or value is no longer finite."),
        ([2, 3, np.nan], "diverged; at step 2 its position or value is no longer finite."),
    ],
)
def test_a_descent_in_words(values, words):
    assert in_words(trace(values)) == f"{NAME}: {words}"


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        (NAME, "gradient descent, eta = 0.5"),
        (r"$\beta_1$ and $x^\ast$", r"beta1 and x^ast"),
        (r"5\$ and 6\$", "5$ and 6$"),
        ("one $ alone", "one $ alone"),
        ("", ""),
    ],
)
def test_plain_letters(text, plain):
    assert plain_text(text) == plain


@pytest.mark.parametrize(
    "text", [r"5\$ and 6\$ for $x_1$", "one $ alone", "$\\begin{x}$ cannot be set", "<b>&"]
)
def test_text_on_the_page(text):
    html = page("title", "command", [Section(title="T", paragraphs=[text])], {})
    paragraph = html.split("<h2>")[1].split("<p>")[1].split("</p>")[0]
    assert "\\$" not in paragraph
    assert paragraph.count("<math") == (1 if "x_1" in text else 0)
    assert ("&lt;b&gt;&amp;" in paragraph) is (text == "<b>&")
    assert paragraph.startswith(
        text.partition("$")[0].replace("\\", "$").replace("<b>&", "&lt;b&gt;&amp;")[:5]
    )


def test_formulas_of_every_rule_and_landscape_can_be_set():
    formulas = [kind.formula for kind in pk.rules.CATALOGUE.values()]
    formulas += [landscape.formula for landscape in pk.landscapes.CATALOGUE.values()]
    formulas += [pk.landscapes.quadratic([1, 2]).formula, pk.linear_regression(pk.data.diabetes()).formula]
    for formula in formulas:
        for line in formula.split(r"\\"):
            made, trouble = mathml(line.strip(), block=True)
            assert made is not None, trouble
            assert made.startswith("<math")


def test_symbols_of_every_hyperparameter_can_be_set():
    symbols = {
        each.symbol for kind in pk.rules.CATALOGUE.values() for each in kind.hyperparameters().values()
    }
    assert r"\eta" in symbols
    for symbol in symbols:
        assert mathml(symbol)[0] is not None, symbol


def test_a_formula_that_cannot_be_set_stays_as_it_was_written():
    assert mathml(r"\nosuchcommand")[0] is None
    assert displayed(r"x \\ \nosuchcommand") == r"<code>x \\ \nosuchcommand</code>"
    assert displayed(r"x \\ y").count("<math") == 2


@pytest.mark.parametrize(
    ("title", "anchor"), [("The rule", "the-rule"), ("Descending: <x> 1,10", "descending-x-1-10")]
)
def test_anchors(title, anchor):
    assert slug(title) == anchor


def test_a_section_more_is_one_function_more(made, tmp_path, monkeypatch, undrawn):
    import importlib

    def response(subject: Subject) -> Section:
        return Section(
            title="Response", paragraphs=[f"of {subject.rule.name()} beside {len(subject.rules) - 1}"]
        )

    monkeypatch.setattr(
        importlib.import_module("polyak.study.study"), "in_order", lambda: [*in_order(), response]
    )
    study = made(pk.HeavyBall(lr=0.1, momentum=0.5), tmp_path)
    assert study.page.all("h2")[6].words() == "Response"
    assert "of heavy_ball beside 1" in study.text
