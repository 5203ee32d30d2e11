"""The page: it stands alone, it can be read aloud, and its parts are where they belong."""

from __future__ import annotations

import base64
import re

import pytest

from polyak.study.page import page

HERE = r"#|data:image/svg\+xml;base64,|[a-z_]+\.svg$"  # on the page itself, or a picture beside it


def test_nothing_is_fetched(heavy_ball):
    for tag in heavy_ball.page.all(
        "img", "script", "link", "iframe", "object", "source", "use", "a", "image"
    ):
        for name in ("src", "href", "xlink:href", "srcset", "data"):
            place = tag.attributes.get(name)
            assert place is None or re.match(HERE, place), (tag.name, place)
    assert not heavy_ball.page.all("script", "link", "iframe", "object")
    (style,) = heavy_ball.page.all("style")
    assert "url(" not in style.text
    assert "@import" not in style.text


def test_pictures_are_whole_and_described(heavy_ball):
    images = heavy_ball.page.all("img")
    assert len(images) == 12
    for image in images:
        picture = base64.b64decode(image.attributes["src"].partition(",")[2]).decode()
        assert picture.startswith(("<?xml", "<svg "))
        assert picture.strip().endswith("</svg>")
        assert not re.findall(r'(?:href|src)="(?!#|data:)', picture)  # nor do they fetch anything
        assert len(image.attributes["alt"]) > 20
        caption = image.parent.all("figcaption")[0].words()
        assert caption.startswith(image.attributes["alt"])


def test_each_picture_is_the_file_beside_the_page_that_it_links_to(heavy_ball):
    for figure in heavy_ball.page.all("figure"):
        beside = heavy_ball.folder / figure.all("a")[0].attributes["href"]
        inside = base64.b64decode(figure.all("img")[0].attributes["src"].partition(",")[2])
        drawn = beside.read_bytes()
        assert drawn[drawn.index(b"<defs>") : drawn.rindex(b"</svg>")] in inside
        assert inside.count(b"<path") == drawn.count(b"<path")  # once, whichever way it is arranged


def test_every_formula_is_set_and_says_its_latex(heavy_ball):
    formulas = heavy_ball.page.all("math")
    assert len(formulas) > 20
    assert all(formula.all("mi", "mn") for formula in formulas)
    said = [formula.words() for formula in formulas]
    assert r"$v \leftarrow \gamma\, v + \eta\, g$" in said
    assert r"$x \leftarrow x - v$" in said
    assert r"$f(x_1, x_2) = 0.1\, x_1^2 + 2\, x_2^2$" in said


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
    drawn = {
        picture.name: (heavy_ball.folder / f"{picture.name}.svg").read_bytes()
        for section in heavy_ball.sections
        for picture in section.pictures
    }
    title = "Study: heavy ball, $\\eta$ = 0.6, $\\gamma$ = 0.5"
    assert page(title, "polyak study heavy_ball", heavy_ball.sections, drawn) == heavy_ball.html
