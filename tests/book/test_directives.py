"""Directives of MyST on the page: formulas, admonitions, and what is in them."""

from __future__ import annotations

from pathlib import Path

from polyak.book.parse.directives import DEEPEST
from polyak.book.parse.document import parse
from polyak.book.render.prose import Prose


def html(text: str) -> str:
    return Prose(Path()).render(parse(text)).strip()


def test_a_formula_is_that_of_dollars_and_its_label_an_anchor() -> None:
    plain = html("$$\nv = \\gamma v\n$$")
    assert html("```{math}\nv = \\gamma v\n```") == plain
    labelled = html("```{math}\n:label: eq step\n\nv = \\gamma v\n```\n\n[there](#eq-step)")
    assert labelled.startswith('<div class="formula" id="eq-step"><math')
    assert '<span class="label">(1)</span>' in labelled


def test_an_admonition_is_prose_under_its_title() -> None:
    made = html("```{warning}\nMind the *sign*, [here][a].\n\n- $g$\n```\n\n[a]: https://a.b/\n")
    assert '<div class="admonition warning">\n<div class="title"><p>Warning</p>' in made
    assert "<em>sign</em>" in made
    assert '<a href="https://a.b/">here</a>' in made
    assert "<li><math" in made
    titled = html("```{admonition} A *title*\n:class: tip\nwords\n```")
    assert "<p>A <em>title</em></p>" in titled
    assert "class: tip" not in titled
    assert "<p>Short.</p>" in html("```{note} Short.\n```")


def test_code_in_an_admonition_is_shown_and_not_run() -> None:
    text = "````{note}\n```python\n1 / 0\n```\n````"
    assert parse(text).cells == ()
    assert '<div class="code">' in html(text)


def test_nothing_reaches_the_page_through_an_admonition() -> None:
    made = html("```{admonition} <script>x()</script>\n<img src=x onerror=y()><script>z()</script>\n```")
    assert "<script" not in made
    assert "<img src" not in made


def test_admonitions_in_one_another_end() -> None:
    depth = 400
    text = "word"
    for level in range(depth):
        marks = "`" * (3 + level)
        text = f"{marks}{{note}}\n{text}\n{marks}"
    assert html(text).count('class="admonition note"') == DEEPEST
