"""A study's page at 400, 900 and 1600 pixels, on light and dark paper: readable, printable, and usable by anyone."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

import polyak as pk
from accessibility import findings
from polyak.show.stacked import stacked
from polyak.show.style import in_style, svg
from polyak.study.section import Picture, Section, Table
from polyak.study.study import write_page

LONG = "a setting with a long name, $\\eta$ = 0.123456"


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("page")
    rules = pk.HeavyBall(lr=0.6, momentum=0.5), pk.GradientDescent(lr=0.6)
    figure = pk.show.trace_figure([pk.descend(rule, "ravine") for rule in rules])
    table = Table(
        "Some numbers", ("rule", "x_1", "x_2", "f"), [(LONG, "-1673.365109", "0.002553", "5.6003e+06")] * 3
    )
    section = Section(
        "One", [LONG], [r"v \leftarrow \gamma v"], [Picture("trace", figure, "Where they go")], [table]
    )
    write_page(out, "A page", "polyak study", [section])
    return out / "index.html"


def look(driver: Any, page: Path, width: int, dark: bool) -> None:
    scheme = [{"name": "prefers-color-scheme", "value": "dark" if dark else "light"}]
    size = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": False}
    driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "", "features": scheme})
    driver.get(page.as_uri())


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("width", [400, 900, 1600])
def test_it_fits_and_anyone_can_use_it(driver: Any, page: Path, width: int, dark: bool) -> None:
    look(driver, page, width, dark)
    try:
        assert driver.execute_script("return document.documentElement.scrollWidth <= innerWidth")
        assert findings(driver) == []
        paper = driver.execute_script("return getComputedStyle(document.body).backgroundColor")
        assert (paper == "rgb(255, 255, 255)") is not dark
        wide, high = driver.execute_script("const i = document.images[0]; return [i.width, i.height]")
        assert (wide < high) is (width == 400)  # stacked where it is narrow
        link = driver.execute_script("return document.querySelector('figcaption a').getAttribute('href')")
        assert (page.parent / link).is_file()
    finally:
        driver.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
        driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "", "features": []})


def test_panels_and_legend_are_stacked_and_drawn_once() -> None:
    """Two panels and two columns of a legend: four parts, each within the picture, and one drawing."""
    rules = pk.HeavyBall(lr=0.4, momentum=0.5), pk.GradientDescent(lr=0.4)
    figure = pk.show.trace_figure([pk.descend(rule, "ravine") for rule in rules])
    drawn = svg(figure)
    with in_style():
        both = stacked(figure, drawn)
    assert both.wide > 2 > 1 > both.narrow
    assert both.svg.count(b"<path") == drawn.count(b"<path")
    views = [
        tuple(map(float, found.split())) for found in re.findall(rb'viewBox="([^"]+)" preserve', both.svg)
    ]
    assert len(views) == 4
    width, height = (72 * side for side in figure.get_size_inches())
    for left, top, wide, high in views:
        assert -4 <= left < left + wide <= width + 4
        assert -4 <= top < top + high <= height + 4
    assert views[0][0] + views[0][2] < views[1][0] + 10, "the panels were side by side"


def test_one_column_stays_as_it_is() -> None:
    figure = pk.show.response_figure(pk.response(pk.HeavyBall(lr=0.1, momentum=0.5)))
    drawn = svg(figure)
    with in_style():
        both = stacked(figure, drawn)
    assert both.svg == drawn
    assert both.wide == both.narrow
