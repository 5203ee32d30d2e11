"""Prose: formulas, images, links, raw HTML and slots, as they stand on the page."""

from __future__ import annotations

import base64
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from polyak import PolyakError
from polyak.book.parse.document import parse
from polyak.book.render.mathematics import Mathematics
from polyak.book.render.prose import Prose


def html(text: str, folder: Path = Path()) -> str:
    return Prose(folder).render(parse(text)).strip()


def test_aligned_formulas_are_tables_with_the_bold_kept() -> None:
    made = html(
        "$$\n\\begin{aligned}\n\\boldsymbol{v}_t &\\leftarrow \\gamma \\boldsymbol{v}_{t-1}, \\\\\n"
        "\\boldsymbol{x}_t &\\leftarrow \\boldsymbol{x}_{t-1}\n\\end{aligned}\n$$"
    )
    assert made.count("<mtr>") == 2
    assert made.count("𝒗") == made.count("𝒙") == 2  # bold italic letters
    assert "&" not in re.sub(r"&\w+;", "", made)
    assert 'class="formula"' in made


def test_cases() -> None:
    made = html(r"$$f(x) = \begin{cases} x & x > 0 \\ 0 & \text{otherwise} \end{cases}$$")
    assert made.count("<mtr>") == 2
    assert "<mo>{</mo>" in made
    assert "otherwise" in made


@pytest.mark.parametrize(
    "latex",
    [r"x = 1 \tag{2}", r"\begin{split} a &= b \\ c &= d \end{split}", r"\mbox{words}", r"\widetilde{x}"],
)
def test_what_books_write_and_the_converter_knows_by_another_name(latex: str) -> None:
    mathematics = Mathematics()
    assert mathematics(latex, block=True).startswith("<math")
    assert mathematics.failed == []


def test_a_formula_that_cannot_be_set_is_shown_as_typed_and_counted() -> None:
    mathematics = Mathematics()
    assert mathematics(r"\nosuch{a<b}") == (
        '<code class="unset" title="Unknown command &quot;\\nosuch&quot;.">\\nosuch{a&lt;b}</code>'
    )
    assert mathematics.failed == [r"\nosuch{a<b}"]


@pytest.mark.parametrize(
    "latex",
    [
        "(" * 300 + "a",
        r"\{(" * 40 + "a",
        "(" * 60 + "{" + ")" * 60 + "}",
        "(" * 60 + "a%" + ")" * 60,
        r"\langle" * 60,
    ],
)
def test_brackets_that_are_never_closed_are_not_set_whose_time_doubles_with_each(latex: str) -> None:
    assert "more than 10 brackets are never closed" in Mathematics()(latex)
    assert Mathematics()("[0, 1) + " * 30 + "((a))").startswith("<math")


@given(st.text(alphabet="\\{}^_&$%#~ab1()[]|<>'\"\nαβ", max_size=30))
def test_no_formula_breaks_the_page(latex: str) -> None:
    made = Mathematics()(latex)
    assert made.startswith("<math") or 'class="unset"' in made
    balanced(made)


def test_images_are_inside_the_page(tmp_path: Path) -> None:
    (tmp_path / "a b.svg").write_text("<svg xmlns='http://www.w3.org/2000/svg'/>")
    made = html("![a *ravine*](<a b.svg>) ![](a%20b.svg)", tmp_path)
    data = base64.b64encode((tmp_path / "a b.svg").read_bytes()).decode()
    assert f'<img alt="a ravine" src="data:image/svg+xml;base64,{data}">' in made
    assert f'<img alt="a b.svg" src="data:image/svg+xml;base64,{data}">' in made


@pytest.mark.parametrize(
    ("source", "why"),
    [
        ("no.svg", "no such file"),
        ("https://example.org/a.png", "not on this machine"),
        ("//example.org/a.png", "not on this machine"),
        ("secret.txt", "no kind of image"),
        ("x" * 5000 + ".png", "cannot be read"),
        ("%00.png", "no such file"),
    ],
)
def test_a_missing_image_is_a_labelled_box_and_counted(tmp_path: Path, source: str, why: str) -> None:
    (tmp_path / "secret.txt").write_text("secret")
    prose = Prose(tmp_path)
    made = prose.render(parse(f"![the ravine]({source})"))
    assert 'class="missing" role="img" aria-label="the ravine">missing image: the ravine' in made
    assert why in made
    assert prose.images.missing == [source]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a <b>x</b> c", "a <b>x</b> c"),
        ("a <b>x c", "a &lt;b&gt;x c"),
        ("half a character: \ud800", "half a character: ?"),
        ("a List<int> b", "a List&lt;int&gt; b"),
        ("a x</b> c", "a x&lt;/b&gt; c"),
        ("**a <b>x** c</b>", "<strong>a &lt;b&gt;x</strong> c&lt;/b&gt;"),
        ("H<sub>2</sub>O<br>b", "H<sub>2</sub>O<br>b"),
        ("a <b onclick='x()'>x</b>", "a <b>x</b>"),
        ("a <span style='x'>b</span>", "a b"),
        ("a <!-- hidden --> b", "a  b"),
        ("a <script>x()</script>", "a &lt;script&gt;x()&lt;/script&gt;"),
        ("a <iframe src='x'></iframe>", "a &lt;iframe src='x'&gt;&lt;/iframe&gt;"),
        ("[x](javascript:alert)", "[x](javascript:alert)"),
        ("[x](https://a.org/?b=1&c=2 'tip')", '<a href="https://a.org/?b=1&amp;c=2" title="tip">x</a>'),
    ],
)
def test_raw_html_and_links(text: str, expected: str) -> None:
    assert html(text) == f"<p>{expected}</p>"


def test_details_may_hold_paragraphs() -> None:
    made = html("<details>\n<summary>More</summary>\n\nHidden *words*.\n\n</details>\n")
    assert "<details>" in made
    assert "</details>" in made
    assert "<p>Hidden <em>words</em>.</p>" in made


def test_an_image_tag_is_embedded_with_its_width(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(b"\x89PNG")
    assert 'width="300"' in html(
        '<div align="center">\n<img src="a.png" alt="x" width="300" onerror="y()">\n</div>', tmp_path
    )
    assert "onerror" not in html('<img src="a.png" onerror="y()">', tmp_path)


def test_headings_have_anchors_of_their_own_and_links_reach_them() -> None:
    made = html("# Try\n\n## Try\n\n## 动量法\n\n[there](#try-2) [以上](#动量法)")
    assert re.findall(r'<h\d id="([^"]+)"', made) == ["try", "try-2", "动量法"]
    assert '<a href="#try-2">' in made
    assert '<a href="#动量法">' in made


def test_slots_without_strings_are_pale_numbers() -> None:
    made = html("# %%%1%%%\n\n`%%%2%%%` [%%%3%%%](%%%4%%%) ![%%%5%%%](no.png) $%%%6%%%$\n")
    assert '<h1 id="slot-1"><span class="slot" title="slot 1 has no string">1</span></h1>' in made
    assert '<code><span class="slot"' in made
    assert '<a><span class="slot" title="slot 3' in made
    assert 'aria-label="[slot 5]"' in made
    assert "<mtext>[6]</mtext>" in made
    assert "%%%" not in re.sub("no.png", "", made)


class _Balance(HTMLParser):
    VOID = ("br", "hr", "wbr", "img", "mspace")

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: object) -> None:
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: object) -> None:
        pass

    def handle_endtag(self, tag: str) -> None:
        if tag not in self.VOID:
            assert self.open.pop() == tag


def balanced(text: str) -> None:
    balance = _Balance()
    balance.feed(text)
    balance.close()
    assert balance.open == []


PIECES = [
    "<b>",
    "</b>",
    "<details>",
    "</details>",
    "<sub>",
    "</sub>",
    "<div>",
    "</div>",
    "<!--",
    "-->",
    "<br>",
    "*",
    "**",
]


@given(
    st.lists(
        st.sampled_from([*PIECES, "a", " ", "\n", "\n\n", "> ", "- ", "`", "<script>", "&lt;", "|", "$x$"]),
        max_size=25,
    )
)
def test_whatever_the_raw_html_every_tag_is_closed_in_its_place(parts: list[str]) -> None:
    try:
        page = html("".join(parts))
    except PolyakError as refusal:  # what was drawn may begin a fence
        assert "never closed" in str(refusal)  # noqa: PT017
    else:
        balanced(page)


def test_a_thousand_headings_of_the_same_words_have_an_anchor_each() -> None:
    """The k-th has its number in one look, not in k: this would take a minute otherwise."""
    prose = Prose(Path())
    names = [prose._anchor("Words") for _ in range(20_000)]
    assert names[:3] == ["words", "words-2", "words-3"]
    assert len(set(names)) == 20_000
    assert prose._anchor("Words 2") == "words-2-2"
