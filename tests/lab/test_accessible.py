"""The lab for who hears it, sees it on dark paper, or reads Chinese: nothing serious is found, no room wasted."""

from __future__ import annotations

import time

import pytest

import polyak as pk
from accessibility import findings
from polyak.lab.lab import FIRST, lab
from polyak.lab.link import encoded
from polyak.lab.state import State


@pytest.mark.parametrize(("language", "dark"), [("en", False), ("zh", True)])
def test_axe_finds_nothing_serious(browser, served, language, dark):
    letters = encoded(State((FIRST,), language=language, dark=dark))
    browser.open(f"{served.address}?state={letters}")
    time.sleep(1)  # names are given a tenth of a second after the last change
    assert findings(browser.driver) == []


def test_the_star_and_the_ring_stand_before_the_traces_and_nothing_is_blank(browser, served):
    browser.fresh(served)
    page = browser.page_of(served)
    renderers = page.panels["trace"].plane.renderers
    assert [each.data_source.data.keys() >= {"step"} for each in renderers[-2:]] == [False, False]
    assert page.panels["trace"].in_front == renderers[-2:]
    height = browser.js("return document.querySelector('.notes').getBoundingClientRect().height")
    assert height < 2
    page.later(lambda: page.say("a word"))
    browser.until(
        lambda: browser.js("return document.querySelector('.notes').getBoundingClientRect().height") > 10
    )
    page.later(lambda: page.say(""))


def test_the_lab_opens_with_what_was_named():
    made = lab(pk.Nesterov(lr=0.2, momentum=0.7), on="bowl", steps=33)
    assert made.first.landscape == "bowl"
    assert made.first.steps == 33
    assert [(each.rule, each.settings["lr"]) for each in made.first.rules] == [("nesterov", 0.2)]
    made.stop()
