"""The lab for who hears it, sees it on dark paper, or reads Chinese: nothing serious is found, no room wasted."""

from __future__ import annotations

import time

import pytest

import polyak as pk
from accessibility import findings
from polyak.lab.lab import FIRST, lab
from polyak.lab.link import encoded
from polyak.lab.state import Chosen, State


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


def test_names_of_settings_run_under_no_box_and_the_head_has_no_empty_strip(browser, served):
    letters = encoded(State((Chosen("adam", dict(served.offer.kind("adam").begin)),)))
    browser.open(f"{served.address}?state={letters}")
    browser.until(lambda: browser.get("settings", "children.length") >= 5)
    over = browser.js(
        """return ['lr', 'beta1', 'beta2', 'eps', 'weight_decay'].filter(name => {
            const view = kind => Bokeh.index.find_one(Bokeh.documents[0].get_model_by_name(`${kind}_${name}`)).el;
            const range = document.createRange();
            range.selectNodeContents(view('slider').shadowRoot.querySelector('.bk-slider-title'));
            const box = view('number').getBoundingClientRect(), title = range.getBoundingClientRect();
            return title.right > box.left && title.bottom > box.top && title.top < box.bottom;
        })"""
    )
    assert over == []
    between = browser.js(
        "return Bokeh.index.find_one(Bokeh.documents[0].get_model_by_name('tour_begin')).el.getBoundingClientRect().top"
        " - document.querySelector('header').getBoundingClientRect().bottom"
    )
    assert 0 <= between < 25
    assert browser.js("return document.body.textContent.length") > 0


def test_without_a_link_the_page_follows_the_system(browser, served):
    dark = {"features": [{"name": "prefers-color-scheme", "value": "dark"}]}
    browser.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", dark)
    try:
        browser.driver.get(served.address)
        browser.until(lambda: browser.js("return document.documentElement.className") == "dark")
        browser.until(lambda: browser.js("return !!window.Bokeh && Bokeh.documents.length > 0"))
        light = f"{served.address}?state={encoded(served.first)}"  # a link says the paper, and is heard
        browser.open(light)
        assert browser.js("return document.documentElement.className") == ""
    finally:
        browser.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})
