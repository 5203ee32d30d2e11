"""The exported page, opened from a disk: its numbers are the API's, it asks for nothing, and anyone can use it."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import polyak as pk
from accessibility import findings
from polyak.ground.errors import PolyakError
from polyak.lab.export.javascript import javascript
from polyak.lab.lab import FIRST, lab_of
from polyak.lab.state import Chosen

CLOSE = {"rel": 1e-11, "abs": 1e-12}  # two orders of the same sums, over 50 steps
SETTINGS = {
    "heavy_ball": {"lr": 0.15, "momentum": 0.8},
    "nesterov": {"lr": 0.1, "momentum": 0.6},
    "averaged_gradient": {"lr": 0.3, "momentum": 0.7},
    "dampening": {"lr": 0.2, "momentum": 0.6, "dampening": 0.3},
    "quasi_hyperbolic": {"lr": 0.3, "momentum": 0.9, "nu": 0.6},
    "triple_momentum": {"lr": 0.2, "rate": 0.6},
    "gradient_descent": {"lr": 0.3},
}


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    lab = lab_of({}, [FIRST, Chosen("gradient_descent", {"lr": 0.4})], pk.landscapes.ravine, None)
    yield lab.export(tmp_path_factory.mktemp("exported") / "lab.html")
    lab.stop()


@pytest.fixture
def tab(browser: Any, exported: Path) -> Any:
    """The page, on which a test says what it is to show."""
    address = exported.as_uri()
    if browser.driver.current_url != address:
        browser.driver.get(address)
    browser.until(lambda: browser.js("return !!window.Bokeh && Bokeh.documents.length === 1 && due === null"))
    return browser


def show(tab: Any, **state: Any) -> None:
    """Give the page a state, as its controls do."""
    tab.js(
        "Object.assign(page.state, {active: 0}, arguments[0]); page.paths = []; page.window = wantedWindow();"
        "drawGround(); controls(); changed()",
        state,
    )
    tab.until(lambda: tab.js("return due === null"))


def numbers(tab: Any, name: str, column: str) -> np.ndarray:
    return np.array([np.nan if each is None else each for each in tab.column(name, column)], dtype=float)


@pytest.mark.parametrize(
    "landscape", ["ravine", "rosenbrock", "beale", "himmelblau", "saddle", "rastrigin", "cliff"]
)
def test_a_descent_is_the_api_s(tab: Any, landscape: str) -> None:
    rule = pk.HeavyBall(lr=0.0008, momentum=0.9)
    trace = pk.descend(rule, landscape, 50)
    found = tab.js(
        "const d = descend(arguments[0], arguments[1], arguments[2], 50);"
        "return [d.x1, d.x2, d.value].map(a => [...a])",
        {"rule": "heavy_ball", "settings": rule.settings() | {"lr_in_velocity": True}},
        landscape,
        list(trace.positions[0]),
    )
    assert np.array(found[:2]).T.ravel() == pytest.approx(trace.positions.ravel(), **CLOSE)
    assert found[2] == pytest.approx(trace.values, **CLOSE)


@pytest.mark.parametrize("name", SETTINGS)
def test_every_rule_steps_its_own_row(tab: Any, name: str) -> None:
    rule = pk.rules.CATALOGUE.find(name)(**SETTINGS[name])
    show(
        tab, rules=[{"rule": name, "settings": SETTINGS[name]}], landscape="ravine", start=[-5, -2], steps=50
    )
    trace, stable, response = (
        pk.descend(rule, "ravine", 50),
        pk.stability(rule, "ravine"),
        pk.response(rule, 60),
    )
    x = np.column_stack([numbers(tab, "trace0", column) for column in ("x1", "x2")])
    assert x.ravel() == pytest.approx(trace.positions.ravel(), **CLOSE)
    assert numbers(tab, "trace0", "value") == pytest.approx(trace.values, **CLOSE)
    words = tab.js("return document.getElementById('prediction').innerText")
    for curvature, regime, rate in zip(stable.curvatures, stable.regimes, stable.rates, strict=True):
        assert f"curvature {curvature:.6g}: {regime}, rate {rate:.6g} a step" in words
    assert f"Stable up to learning rate η = {stable.max_lr:.6g}." in words
    weights = numbers(tab, "weights", "weight")
    assert weights == pytest.approx(response.averaging[: len(weights)], **CLOSE)
    memory = tab.js("return document.getElementById('memory_words').innerText")
    assert f"= {response.memory:.4g} (dashed)" in memory
    assert f"lies {100 * response.held:.1f} %" in memory
    assert f"half-life {response.half_life:.3g}." in memory
    assert f"Gain {response.gain:.6g}." in memory


@pytest.mark.parametrize("name", ["heavy_ball", "quasi_hyperbolic", "triple_momentum", "gradient_descent"])
def test_its_plane_is_the_phase_diagram(tab: Any, name: str) -> None:
    """Rates and regimes of the row, cell by cell, and the edge of each line."""
    a, over = np.linspace(0.05, 4.15, 23), np.linspace(0.02, 0.97, 17)
    cls = pk.rules.CATALOGUE.find(name)
    setting = {"triple_momentum": "rate", "gradient_descent": None}.get(name, "momentum")
    others = {"over": setting, "values": over} if setting else {}
    diagram = pk.phase_diagram(cls(**SETTINGS[name]), lr_curvature=a, **others)
    found = np.array(
        tab.js(
            "const [name, settings, as, values, over] = arguments;"
            "const there = (a, at) => over ? {lr: a, [over]: at} : {lr: a};"
            "return as.map(a => values.map(at => spectrum(row({rule: name, settings}, there(a, at)), 1)))",
            name,
            SETTINGS[name],
            a.tolist(),
            over.tolist() if setting else [0],
            setting,
        )
    )
    assert found[..., 0].ravel() == pytest.approx(diagram.rate.values.ravel(), rel=1e-9, abs=1e-9)
    assert np.array_equal(found[..., 1].ravel(), diagram.regime.values.ravel())


def test_its_controls_move_it(tab: Any) -> None:
    show(tab, rules=[{"rule": "heavy_ball", "settings": {}}], landscape="ravine", start=[-5, -2], steps=20)
    give = (
        "const [id, value, event] = arguments, e = document.getElementById(id);"
        "e.value = value; e.dispatchEvent(new Event(event))"
    )
    tab.js(give, "slider_lr", math.log10(0.3), "input")
    tab.js(give, "number_momentum", 0.25, "input")
    tab.js(give, "start2", 1.5, "input")
    tab.js(give, "steps_typed", 33, "input")
    lr = tab.js("return Number(document.getElementById('number_lr').value)")
    assert lr == pytest.approx(0.3, rel=0.03)  # the slider's nearest place
    expected = pk.descend(pk.HeavyBall(lr=lr, momentum=0.25), "ravine", 33, start=(-5.0, 1.5)).positions
    assert numbers(tab, "trace0", "x2") == pytest.approx(expected[:, 1], **CLOSE)
    tab.js(give, "number_momentum", 1.5, "input")  # no momentum: refused where it stands
    assert tab.js("return document.getElementById('number_momentum').getAttribute('aria-invalid')") == "true"
    assert numbers(tab, "trace0", "x2") == pytest.approx(expected[:, 1], **CLOSE)


def test_the_start_and_a_mark_are_dragged(tab: Any) -> None:
    show(tab, rules=[{"rule": "heavy_ball", "settings": {}}], landscape="ravine", start=[-5, -2], steps=20)
    tab.until(lambda: tab.js("return JSON.stringify(page.window) === JSON.stringify(wantedWindow())"))
    tab.drag("trace", (-5.0, -2.0), (-3.0, 1.0))
    tab.until(lambda: abs(tab.js("return page.state.start[0]") + 3) < 0.1)
    start = tab.js("return page.state.start")
    expected = pk.descend(pk.HeavyBall(lr=0.6, momentum=0.5), "ravine", 20, start=start).positions
    inside = np.isfinite(numbers(tab, "trace0", "x1"))
    assert numbers(tab, "trace0", "x1")[inside] == pytest.approx(expected[inside, 0], **CLOSE)
    tab.until(lambda: tab.js("return due === null"))
    tab.drag("phase", (2.4, 0.5), (1.6, 0.8))
    tab.until(lambda: abs(tab.js("return setting('momentum')") - 0.8) < 0.02)
    assert tab.js("return setting('lr')") == pytest.approx(0.4, abs=0.01)


def test_it_asks_for_nothing_and_anyone_can_use_it(tab: Any) -> None:
    """No request, no finding, in both languages and on both papers."""
    tab.requests()
    tab.driver.get(tab.driver.current_url)
    tab.until(lambda: tab.js("return !!window.Bokeh && Bokeh.documents.length === 1 && due === null"))
    assert [url for url in tab.requests() if not url.startswith("file:")] == []
    for press in ("paper", "language", "paper"):
        assert findings(tab.driver) == []
        tab.js("document.getElementById(arguments[0]).click()", press)
        tab.until(lambda: tab.js("return Bokeh.documents.length === 1 && due === null"))
    assert tab.js("return document.documentElement.lang") == "zh-CN"
    assert tab.js("return document.querySelector('[data-say=\"trace.plane\"]').textContent").startswith(
        "轨迹"
    )


def test_what_it_cannot_step_is_refused(tmp_path: Path) -> None:
    for chosen, words in (
        (Chosen("adam", {"lr": 0.1}), "adam is not of the linear family"),
        (
            Chosen("dampening", {"dampening": 0.3, "initial_velocity": "first_gradient"}),
            "dampening has another first step",
        ),
    ):
        lab = lab_of({}, [chosen], pk.landscapes.ravine, None)
        with pytest.raises(PolyakError, match=words):
            lab.export(tmp_path / "lab.html")
        lab.stop()
    with pytest.raises(PolyakError, match=r"ends in \.html"):
        lab_of({}, [FIRST], pk.landscapes.ravine, None).export(tmp_path / "lab.txt")


def test_a_function_becomes_javascript(driver: Any) -> None:
    """What JAX traces, run by the browser: value and gradient of functions with every kind of operation."""

    def odd(a: Any, b: Any) -> Any:
        x = jnp.stack([a, b])
        M = jnp.array([[2.0, -0.5], [-0.5, 1.0]])
        wavy = jnp.where(a > b, jnp.sin(a) * jnp.exp(-(b**2)), jnp.log1p(a**2) / (1 + jnp.abs(b)))
        return (
            wavy + x @ M @ x + jnp.maximum(a, 0.0) ** 3 + jax.nn.softplus(b) + jnp.sum(jnp.tanh(x)) + a**-2.0
        )

    both = jax.value_and_grad(odd, argnums=(0, 1))
    points = np.random.default_rng(0).uniform(-2, 2, (40, 2))
    written = javascript("odd", both, ["a", "b"])
    found = driver.execute_script(f"return arguments[0].map(p => ({written})(...p))", points.tolist())
    with jax.enable_x64(True):
        expected = [
            [float(value), *map(float, slopes)] for value, slopes in (both(*point) for point in points)
        ]
    assert np.array(found).ravel() == pytest.approx(np.array(expected).ravel(), rel=1e-12)
    with pytest.raises(PolyakError, match=r"strange cannot be exported: .* 'while'"):
        javascript("strange", lambda a: jax.lax.while_loop(lambda v: v < 9, lambda v: v * 2, a), ["a"])
