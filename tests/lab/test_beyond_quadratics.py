"""The panel that says what is proved beyond quadratics: its sentences are theory's, in both languages. No browser."""

from __future__ import annotations

import pytest
from bokeh.document import Document

import polyak as pk
from polyak.ground.numbers import readable
from polyak.lab.lab import Lab, lab_of
from polyak.lab.page import Page
from polyak.lab.panels import beyond_quadratics
from polyak.lab.state import Chosen, State
from polyak.lab.turns import Question

BALL = Chosen("heavy_ball", {"lr": 0.6, "momentum": 0.5})


@pytest.fixture(scope="module")
def made() -> Lab:
    return lab_of({}, [BALL], pk.landscapes.CATALOGUE["ravine"], None)


def said(made: Lab, chosen: Chosen = BALL, **changes: object) -> str:
    """What the panel says of a state: computed as a thread computes it, and shown."""
    state = State((chosen,)).changed(**changes)
    page = Page(Document(), made, state)
    panel = page.panels["beyond_quadratics"]
    try:
        panel.show(panel.compute(Question(page.state, page.offer)))
    except pk.PolyakError as error:
        panel.refuse(str(error))
    return str(panel.text.text)


@pytest.mark.parametrize(("language", "word"), [("en", "certified"), ("zh", "已证明")])
def test_both_rates_are_theory_s(made, language, word):
    pytest.importorskip("cvxpy")
    held = pk.guarantee(pk.HeavyBall(lr=0.6, momentum=0.5), smoothness=4.0, strong_convexity=0.2)
    text = said(made, language=language)
    assert held.certified
    assert readable(held.rate, 5) in text
    assert readable(held.quadratic_rate, 5) in text
    assert word in text


def test_where_none_is_certified_a_function_is_shown(made):
    pytest.importorskip("cvxpy")
    best = pk.optimal(pk.HeavyBall, [0.1, 4.0]).settings
    held = pk.guarantee(pk.HeavyBall(**best), smoothness=4.0, strong_convexity=0.2)
    text = said(made, Chosen("heavy_ball", dict(best)))
    assert ("no rate below 1 is certified" in text) == (not held.certified)
    assert ("it does not come down" in text) == (held.counterexample is not None)


@pytest.mark.parametrize(
    ("chosen", "landscape", "words"),
    [
        (Chosen("heavy_ball", {"lr": 2.0, "momentum": 0.5}), "ravine", "Not even on these quadratics"),
        (BALL, "saddle", "it needs two above 0"),
        (Chosen("adam", {"lr": 0.3}), "ravine", "adam has a preconditioner, which the way makes"),
    ],
)
def test_why_nothing_is_said(made, chosen, landscape, words):
    text = said(made, chosen, landscape=landscape)
    assert words in text
    assert "<br>" not in text


def test_without_its_extra_it_names_it(made, monkeypatch):
    monkeypatch.setattr(beyond_quadratics, "has", lambda *_: False)
    monkeypatch.setattr(beyond_quadratics, "beyond_quadratics", lambda _: None)  # as it answers then
    text = said(made, Chosen("heavy_ball", {"lr": 0.61, "momentum": 0.5}))
    assert "the extra certify: pip install &#x27;polyak[certify]&#x27;" in text
