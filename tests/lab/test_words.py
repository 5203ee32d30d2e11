"""Every word of the page in both languages, and what the engine says against something."""

from __future__ import annotations

import pytest

import polyak as pk
from polyak.data import CATALOGUE as DATA
from polyak.lab.computing import planes
from polyak.lab.kinds import kind_of
from polyak.lab.panel import PANELS, words
from polyak.lab.words import Words
from polyak.landscapes import CATALOGUE as LANDSCAPES
from polyak.rules import CATALOGUE as RULES

ZH = Words("zh")


def places(phrase: str) -> set[str]:
    """What is filled in."""
    return {part.split("}")[0] for part in phrase.split("{")[1:]}


def test_chinese_has_every_phrase_of_english_with_the_same_places():
    english, chinese = words("en").tables, words("zh").tables
    for section, phrases in english.items():
        if section in ("complaints", "choices", "options"):
            continue
        for name, phrase in phrases.items():
            said = chinese[section][name]
            assert places(said) <= places(phrase), (section, name)
    for panel in PANELS.values():
        if panel.words:
            assert panel.words["zh"].keys() == panel.words["en"].keys()


def test_chinese_has_every_name():
    ours = {
        name: rule for name, rule in RULES.items() if rule.__module__.startswith("polyak.")
    }  # not a test's
    for name, rule in ours.items():
        assert name in ZH.tables["rules"]
        assert set(rule.hyperparameters()) <= ZH.tables["settings"].keys()
        for choice, about in rule.choices().items():
            assert choice in ZH.tables["choices"]
            assert {str(option) for option in about.options} <= ZH.tables["options"].keys()
    assert set(LANDSCAPES) <= ZH.tables["places"].keys()
    assert set(DATA) <= ZH.tables["data"].keys()


def test_a_refusal_of_the_engine_is_said_in_chinese():
    adam = kind_of(pk.Adam)
    why = planes.prediction(adam, dict(adam.begin), LANDSCAPES["ravine"], (-5.0, -2.0), 20).why_not
    assert "has no matrix" in why
    assert ZH.complaint(why) == "此规则对梯度不是线性的，没有矩阵；仍可以看它的响应。"
    with pytest.raises(pk.PolyakError) as refused:
        pk.stability(pk.Adam(lr=0.1), "ravine")
    for language in ("en", "zh"):
        assert "at=100" not in Words(language).complaint(str(refused.value))
    assert ZH.complaint("something else") == "something else"
