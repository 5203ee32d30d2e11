"""What MyST has beyond Markdown, and the older books' roles: labels, references, footnotes, definitions, divisions."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from polyak.book.parse.document import parse
from polyak.book.render.prose import Prose
from polyak.book.slots.fill import fill
from polyak.book.slots.skeleton import cut
from polyak.ground.errors import PolyakError

BOOK = """# Momentum
:label:`sec_momentum`

See :numref:`sec_momentum`, {ref}`the method <sec_momentum>`, :eqref:`eq_v` and {eq}`eq_x`.
Look at :numref:`fig_a`, {numref}`fig_b`.
:numref:`sec_adam` is elsewhere :cite:`Polyak.1964,Nesterov.1983`.

$$v = \\gamma v$$
:eqlabel:`eq_v`

```{math}
:label: eq_x
x = x - v
```

![a ravine](no.svg)
:width:`400px`
:label:`fig_a`

:::{figure} no.svg
:name: fig_b
:alt: a bowl
:width: 200px

The *bowl*.
:::
"""


def html(text: str, folder: Path = Path()) -> str:
    return Prose(folder).render(parse(text)).strip()


def test_labels_are_places_and_references_lead_to_them_by_number_or_title() -> None:
    made = html(BOOK)
    for words, anchor in [
        ("Momentum", "sec-momentum"),
        ("the method", "sec-momentum"),
        ("(1)", "eq-v"),
        ("(2)", "eq-x"),
        ("Figure 1", "fig-a"),
        ("Figure 2", "fig-b"),
    ]:
        assert f'<a href="#{anchor}">{words}</a>' in made
        assert made.count(f'id="{anchor}"') == 1
    assert '<span class="elsewhere">sec_adam</span>' in made
    assert "[Polyak.1964, Nesterov.1983]" in made
    # Their numbers stand beside the formulas, the caption's before its words.
    assert re.search(r'id="eq-v">\(1\)</span>', made)
    assert re.search(r'id="eq-x">.*<span class="label">\(2\)</span>', made)
    assert "<p>Figure 2. The <em>bowl</em>.</p>" in made
    assert ":width:" not in made
    assert ":label:" not in made


def test_a_target_names_what_stands_below_it() -> None:
    made = html("(a-label)=\n## The method\n\n{ref}`a-label` and {ref}`b`\n\n(b)=\nWords.")
    assert '<span id="a-label"></span>' in made
    assert '<a href="#a-label">The method</a>' in made
    assert '<a href="#b">Here</a>' in made


def test_roles_of_words_and_those_that_are_not_known() -> None:
    made = html("{math}`x^2` H{sub}`2`O {kbd}`Ctrl` {download}`a file <a.py>` {strange}`<b>x</b>`")
    assert "<math" in made
    assert "H<sub>2</sub>O <kbd>Ctrl</kbd> <code>a file</code>" in made
    assert "<code>{strange}`&lt;b&gt;x&lt;/b&gt;`</code>" in made
    # What is none stays as it is.
    assert html("at 10:30, a:`b`, {x} `y`") == "<p>at 10:30, a:<code>b</code>, {x} <code>y</code></p>"


def test_footnotes_definitions_comments_and_divisions() -> None:
    made = html(
        "Words[^a] and more[^a].\n\n% gone\n\n+++\n\nTerm\n: what it *is*\n\n::: {.column}\nInside.\n:::\n\n"
        "%%%1%%%\n\n50 % of\n% them\n\n[^a]: The foot.\n"
    )
    assert '<sup class="note" id="footnote-ref-1"><a href="#footnote-1">1</a></sup>' in made
    assert '<li id="footnote-1"><p>The foot. <a href="#footnote-ref-1"' in made
    assert "gone" not in made
    assert "+++" not in made
    assert ":::" not in made
    assert "<p>Inside.</p>" in made
    assert "<dt>Term</dt>\n<dd>what it <em>is</em></dd>" in made.replace("<dd>\n<p>", "<dd>").replace(
        "</p>\n</dd>", "</dd>"
    )
    assert 'title="slot 1 has no string"' in made  # a slot is no comment
    assert "50 % of\n% them" in made


def test_colons_fence_an_admonition_and_a_cell_in_a_division_runs() -> None:
    made = html("::::{note}\nOne.\n\n:::{tip}\nTwo.\n:::\n::::\n")
    assert made.count('class="admonition') == 2
    assert [cell.code for cell in parse("::: {.panel}\n```python\nx = 1\n```\n:::\n").cells] == ["x = 1"]
    with pytest.raises(PolyakError, match="line 1: this fence is never closed"):
        parse(":::{note}\nOne.\n")


@pytest.mark.parametrize(
    "document",
    [
        "```{code-cell}\n:label: a\nx = 1\n```\n\n```{code-cell}\n:name: a\ny = 1\n```\n",
        "```{python}\n#| label: a\nx = 1\n```\n\n```{python}\n#| echo: false\n#| label: a\ny = 1\n```\n",
        "```{python a, echo=FALSE}\nx = 1\n```\n\n```{python a}\ny = 1\n```\n",
    ],
)
def test_two_cells_of_one_label_are_refused(document: str) -> None:
    with pytest.raises(
        PolyakError, match=r"the cells on lines \d+ and \d+ have one label, 'a', expected one each"
    ):
        parse(document, "a.md")
    assert [
        cell.label for cell in parse(document.replace("a\ny", "b\ny").replace("a}\ny", "b}\ny")).cells
    ] == ["a", "b"]


def test_a_cell_is_referred_to_by_its_label() -> None:
    prose = Prose(Path())
    text = "{numref}`steps`\n\n```{code-cell}\n:label: steps\nx = 1\n```\n"
    made = prose.render(parse(text), ["<p>cell</p>"])
    assert '<a href="#steps">Listing 1</a>' in made
    assert '<span id="steps"></span><p>cell</p>' in made


def test_what_is_cut_for_translators_comes_back_in_its_order() -> None:
    text = f"{BOOK}\nWords[^a].\n\n[^a]: The foot.\n\nTerm\n: what it is\n\nLast {{ref}}`x` words.\n"
    made = cut(text)
    strings = {str(number): words for number, (words, _) in enumerate(made.strings, 1)}
    assert fill(made.skeleton, strings).text == text
    words = [string for string, _ in made.strings]
    assert words.index("The foot.") < words.index("Term") < words.index("what it is") < len(words) - 1
    assert ("The foot.", "footnote") in made.strings


@given(st.text("{}:`()=%+[]^| \n#abx$", max_size=60))
def test_no_text_is_too_odd(text: str) -> None:
    try:
        document = parse(text)
    except PolyakError:
        return
    assert "<script" not in Prose(Path()).render(document)
