"""The page of a diagnosis: self-contained, every part in it, and what is missing says why."""

from __future__ import annotations

import dataclasses
import re

import jax.numpy as jnp
import numpy as np
import pytest

import polyak as pk
from polyak.diagnose import TITLES
from polyak.show import model_plane_figure
from polyak.study.model_page import model_sections
from polyak.study.study import write_page


def forward(w, batch):
    return jnp.tanh(batch[:, :-1] @ w["a"]) @ w["b"]


def loss(outputs, batch):
    return jnp.mean((outputs - batch[:, -1:]) ** 2) / 2


@pytest.fixture(scope="module")
def found():
    draw = np.random.default_rng(0)
    rows = draw.normal(size=(160, 4)).astype(np.float32)
    params = {"a": jnp.asarray(draw.normal(size=(3, 4)), jnp.float32), "b": jnp.full((4, 1), 0.3)}
    model = pk.model(loss, params, np.split(rows, 10), forward=forward)
    return pk.diagnose(model, pk.HeavyBall(lr=0.001, momentum=0.5), top=2)


def test_the_page_holds_every_part_and_its_pictures(found, tmp_path):
    sections = model_sections(found)
    assert [section.title for section in sections] == ["In short", *TITLES.values(), "What it cost"]
    write_page(tmp_path, "Diagnosis: forward", "polyak diagnose a.py:setup", sections)
    html = (tmp_path / "index.html").read_text("utf-8")
    for picture in ("curvature", "stability", "plane"):
        assert f"{picture}.svg" in html
        assert (tmp_path / f"{picture}.svg").stat().st_size > 1000
    assert html.count("data:image/svg+xml") == 3
    assert not re.search(r'(src)="(?!data:|#)|href="[a-z]*:', html)  # nothing is fetched
    assert "ripples may begin" in html
    assert "diverg" not in html


def test_the_table_says_todays_setting_beside_what_is_suggested(found):
    table = model_sections(found)[4].tables[0]
    assert [row[0] for row in table.rows] == ["today", "largest learning rate, with the margin", "best"]
    assert table.rows[0][1:3] == ("0.001", "0.5")
    assert table.rows[1][3] == "50 %"
    assert len({len(row) for row in (table.header, *table.rows)}) == 1


def test_a_missing_part_says_why_and_the_page_is_whole(found):
    refused = {"stability": "it costs $5", "suggestion": "no edge"}
    less = dataclasses.replace(found, stability=None, suggestion=None, refused=refused)
    sections = model_sections(less)
    assert sections[2].paragraphs == ["No answer: it costs \\$5."]
    assert not sections[2].pictures
    assert not sections[4].tables
    with pytest.raises(pk.PolyakError, match="it costs"):
        model_plane_figure(less)
    assert less.plot().axes[0].get_xlabel() == found.curvature.plot().axes[0].get_xlabel()


def test_a_rule_without_momentum_has_no_plane(found):
    model = found.model
    descent = pk.diagnose(model, pk.GradientDescent(lr=0.01), top=1)
    assert [picture.name for picture in model_sections(descent)[2].pictures] == ["stability"]
    with pytest.raises(pk.PolyakError, match="has no one momentum: its phase plane is a line"):
        model_plane_figure(descent)
    assert descent.plot().axes[0].get_xlabel() == descent.stability.plot().axes[0].get_xlabel()
