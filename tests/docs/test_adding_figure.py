"""The guide to adding a figure: its file, as it stands there, draws its result."""

from __future__ import annotations

import importlib
from collections.abc import Callable


def test_a_figure(added: Callable[[str, str], str]) -> None:
    show = importlib.import_module("polyak.show")
    name = added("figure", "polyak.show")
    assert callable(show.race_figure)
    assert "race_figure" in dir(show)
    race = importlib.import_module(f"polyak.show.{name}").Race({"heavy_ball": 20, "gradient_descent": 93})
    (axes,) = race.plot().axes
    assert [bar.get_width() for bar in axes.patches] == [20, 93]
    assert '<img alt="Race(heavy_ball 20 steps' in race._repr_html_()
    del show.race_figure
