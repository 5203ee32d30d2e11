"""The page: it stands alone, it can be read aloud, and its parts are where they belong."""

from __future__ import annotations

import base64
import re

import pytest

from polyak.study.page import page


def test_nothing_is_fetched(heavy_ball):
    for tag in heavy_ball.page.all(
        "img", "script", "link", "iframe", "object", "source", "use", "a", "image"
    ):
        for name in ("src", "href", "xlink:href", "srcset", "data"):
            place = tag.attributes.get(name)
            assert place is None or place.startswith(("#", "data:image/svg+xml;base64,")), (tag.name, place)
    assert not heavy_ball.page.all("script", "link", "iframe", "object")
    (style,) = heavy_ball.page.all("style")
    assert "url(" not in style.text
    assert "@import" not in style.text


def test_pictures_are_whole_and_described(heavy_ball):
    images = heavy_ball.page.all("img")
    assert len(images) == 12
    for image in images:
        picture = base64.b64decode(image.attributes["src"].partition(",")[2]).decode()
        assert picture.startswith("<?xml")
        assert picture.endswith("</svg>\n")
        assert not re.findall(r'(?:href|src)="(?!#|data:)', picture)  # nor do they fetch anything
        assert len(image.attributes["alt"]) > 20
        caption = image.parent.all("figcaption")[0].words()
        assert caption.startswith(image.attributes["alt"])


def test_each_picture_names_the_files_beside_the_page(heavy_ball):
    for figure in heavy_ball.page.all("figure"):
        name = figure.all("code")[0].words()
        assert (heavy_ball.folder / name).is_file()
        assert (heavy_ball.folder / name).with_suffix(".png").read_bytes().startswith(b"\x89PNG")


def test_every_formula_has_a_label_and_a_drawing(heavy_ball):
    drawings = heavy_ball.page.all("svg")
    assert len(drawings) > 20
    for drawing in drawings:
        assert drawing.parent.attributes["role"] == "img"
        assert drawing.parent.attributes["aria-label"]
        assert drawing.all("path")
    labels = [drawing.parent.attributes["aria-label"] for drawing in drawings]
    assert r"v \leftarrow \gamma\, v + \eta\, g" in labels
    assert r"x \leftarrow x - v" in labels
    assert r"f(x_1, x_2) = 0.1\, x_1^2 + 2\, x_2^2" in labels


def test_ids_are_unique_and_links_arrive(heavy_ball):
    ids = re.findall(r'\sid="([^"]*)"', heavy_ball.html)
    assert len(set(ids)) == len(ids)
    for place in re.findall(r'href="#([^"]*)"|url\(#([^)]*)\)', heavy_ball.html):
        assert "".join(place) in ids


def test_headings_and_navigation(heavy_ball):
    (title,) = heavy_ball.page.all("h1")
    assert title.words() == r"Study: heavy ball, $\eta$ = 0.6, $\gamma$ = 0.5"
    assert heavy_ball.page.all("title")[0].words() == "Study: heavy ball, eta = 0.6, gamma = 0.5"
    headings = [heading.words() for heading in heavy_ball.page.all("h2")]
    assert headings == [
        "The rule",
        "Descending: ravine",
        "What theory says",
        "Training: diabetes",
        "Predicted and measured",
        "What if it were set otherwise",
    ]
    assert [link.words() for link in heavy_ball.page.all("nav")[0].all("a")] == headings
    (html,) = heavy_ball.page.all("html")
    assert html.attributes["lang"] == "en"
    assert heavy_ball.html.startswith("<!DOCTYPE html>")
    assert "Made by polyak study heavy_ball" in heavy_ball.text


def test_numbers_are_aligned_and_words_are_not(heavy_ball):
    cells = [cell for table in heavy_ball.page.all("table") for cell in table.all("td")]
    assert len(cells) > 40
    for cell in cells:
        is_number = re.fullmatch(r"-?\d+(\.\d+)?(e[+-]\d+)?", cell.words()) is not None
        assert (cell.attributes.get("class") == "number") is is_number, cell.words()


@pytest.mark.parametrize(
    "caption", ["Settings", "End positions", "The four settings", "Training on", "How long"]
)
def test_tables_are_even_and_have_headers(heavy_ball, caption):
    header, *rows = heavy_ball.rows(caption)
    assert rows
    assert {len(row) for row in rows} == {len(header)}


def test_the_same_facts_make_the_same_page(heavy_ball):
    again = page(
        "Study: heavy ball, $\\eta$ = 0.6, $\\gamma$ = 0.5", "polyak study heavy_ball", heavy_ball.sections
    )
    pictures = re.compile(r'src="data:[^"]*"')  # a layout is settled anew each time that a figure is drawn
    assert pictures.sub("", again) == pictures.sub("", heavy_ball.html)
