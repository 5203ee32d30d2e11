"""Figures that a reader touches: their numbers are the rule's own, and the page runs no script but ours."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from html import escape
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from nbformat import v4

import polyak as pk
from accessibility import findings
from polyak.book.render.interactive import KIND, Figures
from polyak.book.render.outputs import Cells
from polyak.book.render.page import page
from polyak.show.interactives import interactive

CLOSE = {"rel": 1e-11, "abs": 1e-12}  # two orders of the same sums, over 20 steps
RULES = [
    pk.GradientDescent(lr=0.4),
    pk.HeavyBall(lr=0.4, momentum=0.5),
    pk.HeavyBall(lr=0.4, momentum=0.5, lr_in_velocity=False),
    pk.Nesterov(lr=0.2, momentum=0.5),
    pk.AveragedGradient(lr=0.3, momentum=0.7),
    pk.QuasiHyperbolic(lr=0.3, momentum=0.9, nu=0.6),
]


def shown(*rules: Any, on: Any = "ravine") -> dict[str, Any]:
    return interactive([pk.descend(rule, on, steps=20) for rule in rules]).numbers


@pytest.mark.parametrize("rule", RULES, ids=str)
def test_a_row_is_the_rule_s_at_any_setting(rule: Any) -> None:
    about = shown(rule)["rules"][0]
    table = np.array([about["row"][name] for name in "mcpq"])
    for lr, momentum in ((0.37, 0.0), (1.9, 0.83), (about["lr"], about["momentum"] or 0.0)):
        changed = {"lr": lr} | ({} if about["momentum"] is None else {"momentum": momentum})
        expected = [float(value) for value in rule.replace(**changed).coefficients()]
        assert table @ [1, lr, momentum, lr * momentum] == pytest.approx(expected, abs=1e-14)


def test_what_cannot_be_stepped_exactly_is_refused(refused: Any) -> None:
    ball = pk.HeavyBall(lr=0.001, momentum=0.5)
    for target, said in (("rosenbrock", "curvature changes"), ("quadratic:1,2,3", "3 coordinates")):
        with refused("no quadratic of the plane", said):
            interactive(pk.descend(ball, target, steps=3))
    with refused("adam is not of the linear family"):
        interactive(pk.descend(pk.Adam(lr=0.1), "ravine", steps=3))
    with refused("several landscapes, starts"):
        interactive([pk.descend(ball, "ravine", steps=steps) for steps in (3, 4)])
    with refused("5 traces", "1 to 4"):
        interactive([pk.descend(ball, "ravine", steps=3)] * 5)
    with refused("1,001 steps", "1,000"):
        interactive(pk.descend(ball, "ravine", steps=1001))


def test_anywhere_else_it_is_its_picture() -> None:
    made = interactive(pk.descend(RULES[1], "ravine", steps=20))
    bundle = made._repr_mimebundle_()
    assert bundle[KIND] == json.loads(json.dumps(made.numbers))
    assert '<img alt="' in bundle["text/html"]


@pytest.mark.parametrize(
    "spoiled",
    [
        {"steps": 10**6}, {"steps": "many"}, {"rules": []}, {"start": [0.0]}, {"start": [0.0, float("nan")]},
        {"landscape": {}}, {"rules": [{"name": "x", "lr": 0.1, "momentum": 0.1, "most": 1.0, "row": "alert()"}]},
    ],
)  # fmt: skip
def test_what_is_no_figure_is_shown_as_its_picture(spoiled: dict[str, Any]) -> None:
    assert Figures("en").html(shown(RULES[1]) | spoiled, "") is None
    assert Figures("en").html("alert()", "") is None
    assert Figures("en").html(None, "") is None


def written(numbers: list[Any], language: str = "en") -> str:
    """A page of cells that show these figures."""
    figures = Figures(language)
    cells = Cells(escape, escape, figures)
    body = ""
    for given in numbers:
        data = {KIND: given, "text/html": "<p>still</p><script>alert()</script>"}
        cell = v4.new_code_cell("x", outputs=[v4.new_output("execute_result", data=data, execution_count=1)])
        body += cells(cell)
    return page(body, "Touched", language, "", style=figures.style(), script=figures.script())


def test_a_page_runs_the_one_script_that_its_policy_names() -> None:
    named = shown(RULES[1])
    named["rules"][0]["name"] = "</script><script>alert()</script>"
    html = written([named])
    scripts = re.findall(r"<script([^>]*)>(.*?)</script>", html, re.DOTALL)
    kinds = [kind for kind, _ in scripts]
    assert kinds == [' type="application/json"', ""]
    assert "<" not in scripts[0][1]
    digest = base64.b64encode(hashlib.sha256(scripts[1][1].encode()).digest()).decode()
    policy = re.search(r'http-equiv="Content-Security-Policy" content="([^"]*)"', html)
    assert policy
    assert f"script-src 'sha256-{digest}'" in policy[1]
    assert "unsafe-eval" not in policy[1]
    assert "script-src" not in written([])
    assert "alert()" not in written([{"rules": "alert()"}])


@pytest.fixture(scope="module")
def tab(driver: Any, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A page of two figures, open; whatever it asked for, or said was wrong, is known."""
    place = tmp_path_factory.mktemp("touched") / "page.html"
    place.write_text(written([shown(*RULES[:2]), shown(RULES[3], on="saddle")]), "utf-8")
    driver.get_log("browser"), driver.get_log("performance")
    driver.get(Path(place).as_uri())
    driver.execute_async_script(
        "const [done] = arguments, {dataset} = document.documentElement;"
        "const look = () => dataset.touched ? done() : setTimeout(look, 30); look();"
    )
    return driver


def positions(tab: Any, figure: int, rule: int) -> np.ndarray:
    script = "const d = Bokeh.documents[arguments[0]].get_model_by_name('trace' + arguments[1]).data;"
    found = tab.execute_script(script + "return [[...d.x1], [...d.x2]]", figure, rule)
    return np.array(found, dtype=float).T


def write(tab: Any, label: str, value: float, figure: int = 1) -> None:
    """Type a number as a reader does."""
    script = (
        "const of = document.querySelectorAll('.touched')[arguments[0] - 1];"
        "const hand = [...of.querySelectorAll('input[type=number]')].find(e => e.ariaLabel === arguments[1]);"
        "hand.value = arguments[2]; hand.dispatchEvent(new Event('input')); return hand.ariaInvalid"
    )
    assert tab.execute_script(script, figure, label, value) != "true"


def test_it_goes_where_the_rule_goes(tab: Any) -> None:
    for figure, rule, on in ((0, RULES[0], "ravine"), (0, RULES[1], "ravine"), (1, RULES[3], "saddle")):
        trace = pk.descend(rule, on, steps=20)
        found = positions(tab, figure, RULES.index(rule) if figure == 0 else 0)
        assert found.ravel() == pytest.approx(trace.positions.ravel(), **CLOSE)


def test_it_follows_what_a_reader_moves(tab: Any) -> None:
    write(tab, "learning rate η", 0.11)
    write(tab, "start x1", -3.0)
    landscape = pk.landscapes.ravine.starting_at([-3.0, -2.0])
    trace = pk.descend(pk.GradientDescent(lr=0.11), landscape, steps=20)
    assert positions(tab, 0, 0).ravel() == pytest.approx(trace.positions.ravel(), **CLOSE)
    write(tab, "momentum γ", 0.9)
    trace = pk.descend(pk.HeavyBall(lr=0.4, momentum=0.9), landscape, steps=20)
    assert positions(tab, 0, 1).ravel() == pytest.approx(trace.positions.ravel(), **CLOSE)
    said = tab.execute_script("return document.querySelector('.said').textContent").splitlines()[1]
    ends = [float(each) for each in re.findall(r"x. (-?[\d.e-]+),", said)]
    assert ends == pytest.approx(trace.end, rel=1e-5)
    assert tab.execute_script("return document.querySelector('.touched button').click()") is None
    assert positions(tab, 0, 1)[0].tolist() == [-5.0, -2.0]


def test_it_asks_for_nothing_and_anyone_can_use_it(tab: Any) -> None:
    messages = [json.loads(entry["message"])["message"] for entry in tab.get_log("performance")]
    asked = [m["params"]["request"]["url"] for m in messages if m["method"] == "Network.requestWillBeSent"]
    assert [url for url in asked if not url.startswith(("file:", "data:", "blob:", "chrome:"))] == []
    assert [entry["message"] for entry in tab.get_log("browser") if entry["level"] == "SEVERE"] == []
    assert findings(tab) == []
    assert tab.execute_script("return document.querySelector('.still').checkVisibility()") is False
