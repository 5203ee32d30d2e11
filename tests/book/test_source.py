"""Documents: which fences are cells, what they say, and where they stand."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from polyak.book.parse.document import Cell, markdown, parse
from polyak.ground.errors import PolyakError


def formulas(text: str) -> list[str]:
    children = markdown().parseInline(text)[0].children or []
    return [child.content for child in children if child.type.startswith("math")]


@pytest.mark.parametrize(
    ("info", "number"),
    [
        ("python", None),
        ("Python", None),
        ("python title='x'", None),
        ("{.python .input  n=3}", 3),
        ("{.python .input n=0}", 0),
        ("{.python-.input-n=12}", 12),
        ("{.python .input}", None),
        ("{code-cell}", None),
        ("{code-cell} ipython3", None),
    ],
)
def test_fences_that_run(info: str, number: int | None) -> None:
    assert parse(f"words\n\n```{info}\nx = 1\ny = 2\n```\n").cells == (Cell("x = 1\ny = 2", 4, 5, number),)


@pytest.mark.parametrize(
    "info",
    [
        "",
        "bash",
        "text",
        "pythonic",
        "{.bash .input n=3}",
        "{.python .output n=3}",
        "{code-cell} julia",
        "{note}",
    ],
)
def test_fences_that_do_not_run(info: str) -> None:
    assert parse(f"```{info}\nx = 1\n```\n").cells == ()


def test_a_cell_in_a_list_and_one_in_a_quotation() -> None:
    document = parse("- one\n\n  ```python\n  if x:\n      y\n  ```\n\n> ~~~python\n> z\n> ~~~\n")
    assert [(cell.code, cell.first) for cell in document.cells] == [("if x:\n    y", 4), ("z", 9)]


def test_the_options_of_a_code_cell_are_no_code() -> None:
    document = parse("```{code-cell}\n:tags: [raises-exception]\n\nx = 1\n```\n")
    assert document.cells == (Cell("\nx = 1", 3, 4, None, ("raises-exception",)),)


@pytest.mark.parametrize("ends", ["\n", "\r\n", "\r"])
def test_lines_are_counted_whatever_ends_them(ends: str) -> None:
    assert parse(ends.join(["# a", "", "```python", "x", "```", ""])).cells[0].first == 4


def test_front_matter_and_a_byte_order_mark_are_no_prose() -> None:
    document = parse("\ufeff---\njupytext: 1\n---\n\n# Title\n")
    assert document.title == "Title"


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("```python\nx = 1\n", 1),
        ("a\n\n~~~\nb", 3),
        ("````python\nx\n```\n", 1),
        ("- a\n\n  ```python\n  x\n\nb\n", 3),
        ("```python\nx\n```\n\n```bash\n", 5),
    ],
)
def test_a_fence_never_closed_is_named_with_its_line(text: str, line: int) -> None:
    with pytest.raises(PolyakError, match=rf"^a\.md, line {line}: this fence is never closed$"):
        parse(text, "a.md")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("It costs $5.", []),
        ("$5 and $6", []),
        ("from $5-$10", []),
        ("it is $5 (see $x$)", ["x"]),
        ("$5, $6 and $y_t$ in 3", ["y_t"]),
        (r"\$5 and $x$", ["x"]),
        ("$x$ is 5", ["x"]),  # the plugin's own rule loses this one: it looks at the paragraph's last letter
        (r"最近$1/(1-\gamma)$个", [r"1/(1-\gamma)"]),
        ("so $$x$$ it is", ["x"]),
        ("5$x$", []),
        ("a lone $", []),
    ],
)
def test_money_is_no_formula(text: str, expected: list[str]) -> None:
    assert formulas(text) == expected


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("# Momentum\n\nA ball.", "en"),
        ("# 动量法\n\nSGD 的速度。", "zh-CN"),
        ("```python\nx\n```", "en"),
        ("速度です", "ja"),
    ],
)
def test_the_language_is_told_by_the_letters(text: str, language: str) -> None:
    assert parse(text).language == language


@given(st.text(alphabet="`~#>-$\\[]()<>!*_ \t\r\nab1|%{}.:", max_size=80))
def test_any_text_is_parsed_or_refused_in_one_line(text: str) -> None:
    try:
        document = parse(text)
    except PolyakError as error:
        assert len(str(error).splitlines()) == 1  # noqa: PT017
    else:
        assert all(1 <= cell.first <= cell.last + 1 for cell in document.cells)


def test_the_seed(seed: Path) -> None:
    document = parse(seed.read_text("utf-8"))
    assert [cell.number for cell in document.cells] == [3, 4, 5, 11, 13, 15, 8, None, 9]
    assert document.cells[0].code.startswith("%matplotlib inline\nimport gluonbook as gb\n")
    assert (document.cells[0].first, document.cells[0].last) == (11, 23)
