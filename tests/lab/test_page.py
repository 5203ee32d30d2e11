"""What the page shows is what the API returns for the same state: read off a real browser's page."""

from __future__ import annotations

import math
import re

import numpy as np
import pytest

import polyak as pk
from polyak.lab.link import decoded, encoded
from polyak.lab.state import Chosen, State

START = (-5.0, -2.0)


def shown(browser, name: str, column: str) -> np.ndarray:
    return np.array(
        [np.nan if value is None else value for value in browser.column(name, column)], dtype=float
    )


def lr_of(browser) -> float:
    return float(browser.get("number_lr", "value"))


def holds_trace(browser, rule: pk.Rule, start=START, steps=20, landscape="ravine") -> bool:
    """Whether the page's first trace is that of the API, up to where it leaves the window."""
    x = pk.descend(rule, landscape, steps, start=start).positions
    found = np.column_stack([shown(browser, "trace0", "x1"), shown(browser, "trace0", "x2")])
    ends = browser.js(
        "const plane = Bokeh.documents[0].get_model_by_name('trace');"
        "return [plane.x_range.start, plane.y_range.start, plane.x_range.end, plane.y_range.end]"
    )
    outside = ~((x >= ends[:2]) & (x <= ends[2:])).all(axis=1)
    inside = int(np.argmax(outside)) if outside.any() else len(x)
    return len(found) == steps + 1 and inside > 0 and np.array_equal(found[:inside], x[:inside])


def test_first_page_shows_the_api_s_numbers(browser, served):
    browser.open(served.address)
    trace = pk.descend(pk.HeavyBall(lr=0.6, momentum=0.5), "ravine", 20)
    assert np.array_equal(shown(browser, "trace0", "x1"), trace.positions[:, 0])
    assert np.array_equal(shown(browser, "trace0", "x2"), trace.positions[:, 1])
    assert np.array_equal(shown(browser, "trace0", "value"), trace.values)
    assert np.array_equal(shown(browser, "trace0", "distance"), trace.distances)
    lengths = np.linalg.norm(np.diff(trace.positions, axis=0), axis=1)
    assert np.array_equal(shown(browser, "trace0", "velocity")[1:], lengths)
    other = pk.descend(pk.GradientDescent(lr=0.4), "ravine", 20)
    assert np.array_equal(shown(browser, "trace1", "x1"), other.positions[:, 0])


def test_slider_moves_trace_marks_and_prediction(browser, served):
    browser.fresh(served)
    browser.set("slider_lr", math.log10(0.3))
    browser.until(lambda: lr_of(browser) == 0.3)
    rule = pk.HeavyBall(lr=0.3, momentum=0.5)
    browser.until(lambda: holds_trace(browser, rule))
    assert browser.column("marks", "a") == pytest.approx([0.3 * 0.2, 0.3 * 4.0], rel=1e-15)
    found = pk.stability(rule, "ravine")
    browser.until(lambda: f"{found.rates[0]:.6g}" in browser.get("prediction", "text"))
    assert f"curvature 4: {found.regimes[1]}, rate {found.rates[1]:.6g}" in browser.get("prediction", "text")
    assert f"{found.max_lr:.6g}" in browser.get("prediction", "text")
    assert "True of quadratics." in browser.get("prediction", "text")


def test_momentum_moves_by_its_memory(browser, served):
    browser.fresh(served)
    browser.set("slider_momentum", 1.0)
    browser.until(lambda: browser.get("number_momentum", "value") == 0.9)
    browser.until(lambda: "= 10 (dashed)" in browser.get("memory_words", "text"))
    response = pk.response(pk.HeavyBall(lr=0.6, momentum=0.9), 100)
    weights = shown(browser, "weights", "weight")
    assert np.array_equal(weights, response.averaging[: len(weights)])
    assert f"{100 * response.held:.1f} %" in browser.get("memory_words", "text")
    signal, average = shown(browser, "signal", "gradient"), shown(browser, "signal", "average")
    # The moving average by its own recursion, v <- 0.9 v + 0.1 g.
    v, by_hand = 0.0, []
    for g in signal:
        v = 0.9 * v + 0.1 * g
        by_hand.append(v)
    assert average == pytest.approx(by_hand, rel=1e-9)


def test_number_typed_beside_the_slider(browser, served):
    browser.fresh(served)
    browser.set("number_lr", 0.123)
    browser.until(lambda: holds_trace(browser, pk.HeavyBall(lr=0.123, momentum=0.5)))
    assert browser.get("slider_lr", "value") == pytest.approx(math.log10(0.123), abs=0.02)


def test_start_is_dragged_with_the_mouse(browser, served):
    browser.fresh(served)
    browser.drag("trace", START, (-3.0, 1.0))
    browser.until(
        lambda: (
            abs(browser.get("start1", "value") + 3) < 0.06 and abs(browser.get("start2", "value") - 1) < 0.06
        )
    )
    start = browser.get("start1", "value"), browser.get("start2", "value")
    browser.until(lambda: holds_trace(browser, pk.HeavyBall(lr=0.6, momentum=0.5), start))
    assert browser.column("start", "x1") == [start[0]]


def test_start_is_typed(browser, served):
    browser.fresh(served)
    browser.set("start2", 1.5)
    browser.until(lambda: holds_trace(browser, pk.HeavyBall(lr=0.6, momentum=0.5), (-5.0, 1.5)))


def test_mark_is_dragged_and_the_sliders_follow(browser, served):
    browser.fresh(served)
    browser.drag("phase", (2.4, 0.5), (1.6, 0.8))
    browser.until(lambda: abs(browser.get("number_momentum", "value") - 0.8) < 0.02)
    lr, momentum = lr_of(browser), browser.get("number_momentum", "value")
    assert lr == pytest.approx(1.6 / 4.0, abs=0.01)
    browser.until(lambda: holds_trace(browser, pk.HeavyBall(lr=lr, momentum=momentum)))
    assert browser.column("marks", "a") == pytest.approx([0.2 * lr, 4.0 * lr], rel=1e-15)


def test_pointer_shows_the_small_trajectory(browser, served):
    browser.fresh(served)
    before = browser.get("under_pointer", "title.text")
    browser.point("phase", 1.0, 0.3)
    browser.until(lambda: browser.get("under_pointer", "title.text") != before)
    words = browser.get("under_pointer", "title.text")
    a, momentum = (float(found) for found in re.findall(r"ηλ ([\d.]+) γ ([\d.]+)", words)[0])
    x = shown(browser, "path", "x")
    # x and v by hand, on f = x^2 / 2 from 1; the words are rounded to three digits.
    by_hand, v = [1.0], 0.0
    for _ in range(len(x) - 1):
        v = momentum * v + a * by_hand[-1]
        by_hand.append(by_hand[-1] - v)
    assert x == pytest.approx(by_hand, abs=0.02)
    assert "under-damped" in words


@pytest.mark.parametrize(
    ("button", "settings"),
    [
        # Polyak's closed forms for curvatures 0.2 and 4: eta = (2/(sqrt L + sqrt m))^2, gamma = ((k - 1)/(k + 1))^2.
        (
            "best",
            {
                "lr": (2 / (2 + math.sqrt(0.2))) ** 2,
                "momentum": ((math.sqrt(20) - 1) / (math.sqrt(20) + 1)) ** 2,
            },
        ),
        ("critical", {"lr": 0.6, "momentum": (1 - math.sqrt(0.6 * 0.2)) ** 2}),
        ("edge", {"lr": (2 + 2 * 0.5) / 4, "momentum": 0.5}),
    ],
)
def test_buttons_of_the_phase_plane(browser, served, button, settings):
    browser.fresh(served)
    browser.click(button)
    for name, value in settings.items():
        browser.until(
            lambda name=name, value=value: abs(browser.get(f"number_{name}", "value") - value) < 1e-6 * value
        )
    found = {name: browser.get(f"number_{name}", "value") for name in settings}
    browser.until(lambda: holds_trace(browser, pk.HeavyBall(**found)))


def test_scrubbing_and_playing(browser, served):
    browser.fresh(served)
    browser.set("shown", 7)
    browser.until(lambda: np.isfinite(shown(browser, "trace0", "x1")).sum() == 8)
    assert browser.column("now", "step") == [7]
    browser.set("shown", 20)
    browser.set("play", True, "active")
    browser.until(lambda: browser.get("shown", "value") < 20)
    browser.until(lambda: browser.get("shown", "value") == 20)
    browser.until(lambda: browser.get("play", "active") is False)


def test_rules_come_and_go(browser, served):
    browser.fresh(served)
    browser.click("add_rule")
    browser.until(lambda: len(browser.column("trace2", "step")) == 21)
    browser.set("rule", "adam")
    browser.until(lambda: browser.js("return Bokeh.documents[0].get_model_by_name('number_beta1') !== null"))
    adam = pk.descend(pk.Adam(lr=0.3), "ravine", 20)
    browser.until(lambda: browser.notice() == "")
    browser.until(lambda: shown(browser, "trace2", "x1")[-1] == adam.positions[-1, 0])
    browser.until(lambda: "not linear" in browser.get("prediction", "text"))
    browser.click("drop_rule")
    browser.until(lambda: browser.column("trace2", "step") == [])


def test_another_landscape(browser, served):
    browser.fresh(served)
    browser.set("number_lr", 0.001)
    browser.set("landscape", "rosenbrock")
    rule = pk.HeavyBall(lr=0.001, momentum=0.5)
    browser.until(lambda: holds_trace(browser, rule, (-1.2, 1.0), landscape="rosenbrock"))
    assert browser.get("start1", "value") == -1.2


def test_shared_link_opens_the_same_view(browser, served):
    chosen = Chosen("nesterov", {"lr": 0.21, "momentum": 0.7, "lr_in_velocity": True})
    state = State(
        rules=(chosen,), landscape="bowl", start=(-2.0, 1.5), steps=33, shown=33, own={"signal": "step"}
    )
    browser.open(f"{served.address}?state={encoded(state)}")
    rule = pk.Nesterov(lr=0.21, momentum=0.7)
    browser.until(lambda: holds_trace(browser, rule, (-2.0, 1.5), 33, "bowl"))
    assert browser.get("signal_choice", "value") == "step"
    browser.set("number_lr", 0.2)
    browser.until(lambda: "learning_rate=0.2," in browser.get("lines", "text"))
    link = re.search(r"\?state=([\w.-]+)", browser.get("links", "text"))
    assert link is not None
    found = decoded(link[1], served.offer)
    assert found.current.settings["lr"] == 0.2
    assert (found.landscape, found.start, found.steps) == ("bowl", (-2.0, 1.5), 33)


@pytest.mark.parametrize(
    ("letters", "words"),
    [("2.00000000.e30", "version 2"), ("", "")],  # what else may be wrong with one: test_link.py
)
def test_damaged_link_is_one_line_on_the_page(browser, served, letters, words):
    browser.open(f"{served.address}?state={letters}")
    assert words in browser.notice()
    assert holds_trace(browser, pk.HeavyBall(lr=0.6, momentum=0.5))


def test_bad_value_is_one_line_and_the_state_stays(browser, served):
    browser.fresh(served)
    browser.set("number_momentum", 1.5)
    browser.until(lambda: "momentum is 1.5, expected a number in [0, 1)" in browser.notice())
    browser.until(lambda: browser.get("number_momentum", "value") == 0.5)
    assert holds_trace(browser, pk.HeavyBall(lr=0.6, momentum=0.5))


def test_training_measures_and_predicts(browser, served):
    browser.fresh(served)
    browser.set("data", "diabetes")
    browser.set("number_lr", 0.02)
    browser.until(lambda: lr_of(browser) == 0.02)
    browser.set("seeds", 4)
    browser.click("train")
    browser.until(lambda: "Predicted mean" in browser.get("training_words", "text"))
    problem, rule = pk.linear_regression(pk.data.diabetes()), pk.HeavyBall(lr=0.02, momentum=0.5)
    theory = pk.expected_loss(rule, problem, batch_size=10, steps=90, seeds=4)
    assert shown(browser, "theory", "mean")[-1] == pytest.approx(theory.mean[-1], rel=1e-12)
    assert shown(browser, "theory", "noise")[-1] == pytest.approx(theory.noise[-1], rel=1e-12)
    history = pk.train(rule, problem, batch_size=10, epochs=2, seeds=4, every=14, replace=True)
    # float32 runs, the same batches.
    assert shown(browser, "measured", "loss")[-1] == pytest.approx(history.final_losses.mean(), rel=1e-5)
    assert not browser.get("training_progress", "visible")


def test_change_cancels_a_training_and_begins_another(browser, served):
    browser.fresh(served)
    browser.set("data", "airfoil" if "airfoil" in served.offer.problems else "diabetes")
    browser.click("train")
    browser.set("seeds", 3)
    browser.until(lambda: "Mean loss of 3 runs" in browser.get("training_words", "text"))


def test_tour_goes_through_its_eight_steps(browser, served):
    browser.fresh(served)
    browser.click("tour_begin")
    for step in range(1, 9):
        browser.until(lambda step=step: f"{step}/8" in browser.get("tour_words", "text"))
        if step < 8:
            browser.click("tour_next")
    browser.until(lambda: len(shown(browser, "trace1", "x1")) == 21)
    browser.click("tour_end")
    browser.until(lambda: browser.get("tour_words", "text") == "")


def test_chinese_and_dark_pages(browser, served):
    browser.fresh(served)
    link = re.search(r'id="language" href="([^"]+)"', browser.get("appearance", "text"))
    assert link is not None
    browser.open(served.address + link[1])
    assert browser.js("return document.documentElement.lang") == "zh-CN"
    assert "实验室" in browser.driver.title
    link = re.search(r'id="dark" href="([^"]+)"', browser.get("appearance", "text"))
    assert link is not None
    browser.open(served.address + link[1])
    assert browser.js("return document.documentElement.className") == "dark"
    assert browser.js("return getComputedStyle(document.body).backgroundColor") == "rgb(18, 22, 28)"
    assert browser.js("return document.documentElement.lang") == "zh-CN"


def test_no_request_leaves_the_machine(browser, served):
    browser.open(served.address)
    browser.click("tour_begin")
    browser.until(lambda: "1/8" in browser.get("tour_words", "text"))
    browser.click("train")
    browser.until(lambda: "Mean loss" in browser.get("training_words", "text"))
    asked = browser.requests()
    assert len(asked) >= 4
    assert all(url.startswith((served.address, served.address.replace("http", "ws"))) for url in asked), asked


def test_nothing_is_wider_than_the_page(browser, served):
    browser.fresh(served)
    try:
        for width in (1440, 900, 400):
            browser.driver.execute_cdp_cmd(
                "Emulation.setDeviceMetricsOverride",
                {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": False},
            )
            browser.until(lambda width=width: browser.js("return innerWidth") == width)
            browser.until(
                lambda width=width: browser.js("return document.documentElement.scrollWidth") <= width
            )
    finally:
        browser.driver.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


def test_every_widget_can_be_reached_by_the_keyboard(browser, served):
    browser.fresh(served)
    from selenium.webdriver.common.keys import Keys

    handle = browser.js(
        "const view = Bokeh.index.find_one(Bokeh.documents[0].get_model_by_name('slider_lr'));"
        "return view.el.shadowRoot.querySelector('.noUi-handle')"
    )
    before = lr_of(browser)
    handle.send_keys(Keys.ARROW_RIGHT)
    browser.until(lambda: lr_of(browser) > before)
    browser.until(lambda: holds_trace(browser, pk.HeavyBall(lr=lr_of(browser), momentum=0.5)))
