"""An answer belongs to the state that asked: what comes late is not given to another rule. No browser, no threads."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from bokeh.document import Document
from bokeh.events import ButtonClick

import polyak as pk
from polyak.lab import turns
from polyak.lab.background import Task, in_a_line
from polyak.lab.budget import Budget
from polyak.lab.computing import planes, spellings
from polyak.lab.lab import Lab, lab
from polyak.lab.page import Page
from polyak.lab.panels.tour import STEPS
from polyak.lab.state import Chosen, State

BEST = pk.optimal(pk.HeavyBall, "ravine").settings


class Waiting:
    """A background whose work is done when the test says so."""

    def __init__(self) -> None:
        self.asked: list[Callable[[], None]] = []

    def begin(self, work: Any, *, done: Any, failed: Any, progress: Any = None) -> Task:
        task = Task()

        def run() -> None:
            try:
                found = work(lambda *_: None)
            except Exception as error:
                failed(task, in_a_line(error))
            else:
                if not task.stopped.is_set():
                    done(task, found)

        self.asked.append(run)
        return task

    def stop(self) -> None:
        """As a real one is stopped."""


class Hand:
    """A page, and what a hand does on it; `wait` lets everything come in that is under way."""

    def __init__(self, made: Lab, state: State) -> None:
        self.lab, self.doc = made, Document()
        self.page = Page(self.doc, made, state)
        self.next: list[Callable[[], None]] = []
        self.page.later = self.next.append  # in order, as a server's thread takes them

    def tick(self) -> None:
        """Let the server's thread do what it was asked to, the pauses over."""
        acts, self.next[:] = list(self.next), []
        for act in acts:
            act()
        for callback in self.doc.session_callbacks:
            self.doc.callbacks.remove_session_callback(callback)
            callback.callback()

    def work(self) -> None:
        """Let the threads do what they were asked to."""
        asked, self.lab.background.asked = self.lab.background.asked, []
        for run in asked:
            run()

    def wait(self) -> None:
        for _ in range(60):
            self.work()
            self.tick()
            if not (self.doc.session_callbacks or self.next or self.lab.background.asked):
                return
        raise AssertionError("it does not come to rest")

    def held(self) -> Callable[[], None]:
        """What was asked of the threads, to be done later."""
        asked, self.lab.background.asked = self.lab.background.asked, []
        return lambda: [run() for run in asked] and None

    def click(self, name: str) -> None:
        button = self.doc.get_model_by_name(name)
        button._trigger_event(ButtonClick(button))

    def text(self, name: str) -> str:
        return self.doc.get_model_by_name(name).text


@pytest.fixture(scope="module")
def made() -> Iterator[Lab]:
    found = lab(pk.HeavyBall(lr=0.6, momentum=0.5))
    found.background.stop()
    yield found
    found.stop()


@pytest.fixture
def hand(made: Lab, monkeypatch: pytest.MonkeyPatch) -> Hand:
    monkeypatch.setattr(turns, "SETTLE", 0.0)  # no pause is waited for, and no share of a thread
    monkeypatch.setattr(sys.modules[Page.__module__], "Budget", lambda: Budget(clock=lambda: 0.0))
    monkeypatch.setattr(spellings, "elsewhere", lambda *_: [])  # which takes a good part of a second
    made.background = Waiting()
    found = Hand(made, made.first)
    found.wait()
    return found


def descent(hand: Hand) -> Chosen:
    return Chosen("gradient_descent", dict(hand.page.offer.kind("gradient_descent").begin))


@pytest.mark.parametrize("button", ["best", "critical", "edge"])
def test_a_new_rule_keeps_its_own_settings(hand: Hand, button: str) -> None:
    hand.click(button)
    hand.click("add_rule")
    hand.wait()
    heavy, other = hand.page.state.rules
    assert other == descent(hand)
    assert hand.page.state.active == 1
    asked = hand.page.offer.kind("heavy_ball"), {"lr": 0.6, "momentum": 0.5}
    landscape = hand.page.offer.landscapes["ravine"]
    expected = {**asked[1], **getattr(planes, button)(*asked, landscape)}
    assert {name: heavy.settings[name] for name in expected} == expected, "the rule that asked has its answer"


def test_best_then_edge_then_plus(hand: Hand) -> None:
    """The second answer was for settings that the first has changed."""
    hand.click("best")
    hand.click("edge")
    hand.click("add_rule")
    hand.wait()
    heavy, other = hand.page.state.rules
    assert other == descent(hand)
    assert {name: heavy.settings[name] for name in BEST} == pytest.approx(dict(BEST), rel=1e-12)


@pytest.mark.parametrize(
    "change",
    [
        lambda page: page.change_settings(lr=0.1),
        lambda page: page.change(landscape="bowl"),
        lambda page: page.change(rules=(Chosen("adam", {"lr": 0.3}),)),
        lambda page: page.change(**STEPS[2]),
        lambda page: page.change(rules=(Chosen("gradient_descent", {"lr": 0.4}), *page.state.rules)),
    ],
    ids=["settings", "landscape", "rule", "tour", "order"],
)
def test_an_answer_to_another_question_is_dropped(hand: Hand, change: Callable[[Page], None]) -> None:
    hand.click("best")
    change(hand.page)
    before = hand.page.state
    hand.wait()
    assert hand.page.state == before


def test_an_answer_of_a_rule_that_was_dropped_is_dropped(hand: Hand) -> None:
    hand.click("add_rule")
    hand.wait()
    hand.click("best")
    hand.click("drop_rule")
    before = hand.page.state
    hand.wait()
    assert hand.page.state == before


def test_what_does_not_change_the_question_does_not_drop_the_answer(hand: Hand) -> None:
    hand.click("best")
    hand.page.change(steps=40)
    hand.page.change(start=(-1.0, 1.0))
    hand.wait()
    found = hand.page.state.current.settings
    assert {name: found[name] for name in BEST} == pytest.approx(dict(BEST), rel=1e-12)


def test_a_refusal_of_another_question_is_not_said(hand: Hand) -> None:
    hand.page.change(rules=(Chosen("gradient_descent", {"lr": 0.4}),))
    hand.wait()
    hand.click("critical")
    hand.wait()
    assert "nothing to damp with" in hand.text("notice")
    hand.click("critical")
    hand.page.change(rules=(Chosen("heavy_ball", {"lr": 0.4, "momentum": 0.5}),))
    hand.wait()
    assert hand.text("notice") == ""


def test_words_and_memory_of_another_rule_are_gone_at_once(hand: Hand) -> None:
    assert "rate" in hand.text("prediction")
    assert len(hand.page.panels["memory"].weights.data["ago"])
    hand.page.change(rules=(Chosen("adam", {"lr": 0.3}),))
    assert "rate" not in hand.text("prediction")
    assert hand.text("memory_words") == ""
    assert len(hand.page.panels["memory"].weights.data["ago"]) == 0
    hand.wait()
    assert "not linear" in hand.text("prediction")


def test_a_prediction_that_comes_late_is_not_shown_beside_another_rule(hand: Hand) -> None:
    hand.page.change_settings(lr=0.5)
    hand.tick()  # the pause is over: what follows is asked for
    late = hand.held()
    hand.page.change(landscape="bowl", start=(-2.0, 1.5))
    hand.work()  # its traces
    hand.tick()
    late()
    ravine, bowl = (pk.stability(pk.HeavyBall(lr=0.5, momentum=0.5), name) for name in ("ravine", "bowl"))
    shown = []
    for _ in range(20):
        hand.tick()
        shown.append(hand.text("prediction"))
        hand.work()
    assert not any(f"curvature {ravine.curvatures[0]:g}:" in text for text in shown)
    assert f"curvature {bowl.curvatures[0]:g}:" in shown[-1]


def test_lines_to_copy_are_of_the_state_as_it_is(hand: Hand) -> None:
    hand.page.change_settings(lr=0.3)
    hand.wait()
    assert "--lr 0.3 " in hand.text("lines")
    hand.page.turns.be_patient()
    late = hand.held()
    hand.page.change_settings(lr=0.2)
    hand.wait()
    late()
    hand.tick()
    assert "--lr 0.2 " in hand.text("lines")
    assert "--lr 0.3 " not in hand.text("lines")


def test_a_trace_of_a_file_as_it_was_is_not_shown(hand: Hand, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file is saved while its rule's first trace is computed."""
    page = hand.page
    monkeypatch.setattr(hand.lab, "offer", hand.lab.offer)
    page.change(rules=(Chosen("nesterov", {"lr": 0.1, "momentum": 0.5}),))
    old = hand.held()
    kind = hand.lab.offer.rules["nesterov"]
    slower = replace(kind, make=lambda **settings: kind.make(**{**settings, "lr": settings["lr"] / 2}))
    hand.lab.offer = replace(hand.lab.offer, rules={**hand.lab.offer.rules, "nesterov": slower})
    page.offer_changed([])
    old()
    hand.wait()
    expected = pk.descend(pk.Nesterov(lr=0.05, momentum=0.5), "ravine", 20)
    (trace,) = page.panels["trace"].traces.values()
    np.testing.assert_array_equal(trace.positions, expected.positions)


def test_a_training_of_a_file_as_it_was_is_not_shown(hand: Hand, monkeypatch: pytest.MonkeyPatch) -> None:
    page = hand.page
    monkeypatch.setattr(hand.lab, "offer", hand.lab.offer)
    page.change(data="diabetes", seeds=2, epochs=1)
    hand.wait()
    page.panels["training"].begin()
    old = hand.held()
    kind = hand.lab.offer.rules["heavy_ball"]
    slower = replace(kind, make=lambda **settings: kind.make(**{**settings, "lr": settings["lr"] / 2}))
    hand.lab.offer = replace(hand.lab.offer, rules={**hand.lab.offer.rules, "heavy_ball": slower})
    page.offer_changed([])
    old()
    hand.wait()
    problem = pk.linear_regression(pk.data.diabetes())
    slow = pk.HeavyBall(lr=page.state.current.settings["lr"] / 2, momentum=0.5)
    history = pk.train(slow, problem, batch_size=10, epochs=1, seeds=2, replace=True)
    assert page.panels["training"].measured.data["loss"][-1] == pytest.approx(
        history.final_losses.mean(), rel=1e-4
    )
