"""Slots filled: words come in, code does not."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from polyak.book.parse.document import parse
from polyak.book.slots.fill import fill
from polyak.book.slots.safety import in_comment
from polyak.ground.errors import PolyakError


def test_slots_are_filled_and_what_is_lacking_is_named() -> None:
    filled = fill("# %%%1%%%\n\n%%%2%%% %%%10%%%", {"1": "Momentum", "10": "$v$", "3": "x"})
    assert filled.text == "# Momentum\n\n%%%2%%% $v$"
    assert (filled.empty, filled.unused) == ((2,), ("3",))


def test_words_for_characters_in_strings_and_in_the_document() -> None:
    text = "%%%1%%% %%%ampersand%%% %%%greater-than%%%"
    assert fill(text, {"1": "a %%%less-than%%% b"}).text == "a < b & >"


def test_a_string_that_looks_like_a_slot_is_not_filled_again() -> None:
    assert fill("%%%1%%% %%%2%%%", {"1": "%%%2%%%", "2": "b"}).text == "%%%2%%% b"


def test_a_slot_that_stands_twice_is_named_with_its_lines() -> None:
    with pytest.raises(PolyakError, match=r"^a\.md: slot 3 stands twice, on lines 1 and 4$"):
        fill("%%%3%%%\n\n\n%%%3%%%\n", {"3": "x"}, "a.md")


CELL = "words\n\n```python\n{}\n```\n"


@pytest.mark.parametrize(
    "string",
    [
        "plain",
        "import os\nos.abort()",
        "a\rb()",
        "a\u2028b()",
        "a\x0cb()",
        "'''\nb()",
        "\\\nb()",
        "x\n```\n\n```python\nb()",
    ],
)
def test_a_string_in_a_comment_stays_in_it(string: str) -> None:
    skeleton = CELL.format("x = 1  # %%%1%%%\ny = 2")
    lines = parse(fill(skeleton, {"1": string}).text).cells[0].code.split("\n")
    assert len(lines) == 2
    assert lines[0].startswith("x = 1  # ")
    assert lines[1] == "y = 2"


@given(st.text(max_size=40))
def test_whatever_the_string_what_runs_is_the_same(string: str) -> None:
    skeleton = CELL.format("%matplotlib inline\nx = '#'  # %%%1%%%\nif x:  # %%%2%%%\n    pass")
    code = parse(fill(skeleton, {"1": string, "2": string}).text).cells[0].code
    before = parse(skeleton).cells[0].code
    assert [line.split("# ")[0] for line in code.split("\n")] == [
        line.split("# ")[0] for line in before.split("\n")
    ]


@pytest.mark.parametrize(
    "code",
    [
        "x = %%%1%%%",
        "%%%1%%%",
        "x = '%%%1%%%'",
        "x = '# %%%1%%%'",
        'x = """\n# %%%1%%%\n"""',
        "!echo a#%%%1%%%",
        "!echo '# %%%1%%%'",
        "%%bash\n# %%%1%%%",
        "%timeit x # %%%1%%%",
        "f'{x}# %%%1%%%'",
        "x = [1, %%%1%%%]",
        "x = 1  # %%%1%%%\ny = = 2",
    ],
)
@pytest.mark.parametrize("strings", [{}, {"1": "words"}])
def test_a_slot_elsewhere_in_code_is_refused(code: str, strings: dict[str, str]) -> None:
    line = 4 + code[: code.index("%%%1")].count("\n")
    with pytest.raises(
        PolyakError, match=rf"^a\.md, line {line}: slot 1 stands in code, where only comments"
    ):
        fill(CELL.format(code), strings, "a.md")


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("# %%%1%%%", True),
        ("#%%%1%%%", True),
        ("%matplotlib inline\nx = 1 # %%%1%%%", True),
        ("x = '''# %%%1%%%'''", False),
    ],
)
def test_in_comment(code: str, expected: bool) -> None:
    assert in_comment(code, "%%%1%%%") is expected


@pytest.mark.parametrize(
    "string",
    [
        "a\n\n```python\nevil()\n```\n",
        "a\n```",
        "~~~\n",
        "<!--",
        "<pre>",
        "$$\n",
        "{.python}\n\n```{.python .input}\nevil()\n```",
    ],
)
def test_a_string_that_would_change_what_runs_is_refused_by_its_number(string: str) -> None:
    skeleton = "%%%1%%%\n\n%%%2%%%\n\n```python\nx = 1\n```\n\n%%%3%%%\n\n$$\ny\n$$\n"
    codes = ["x = 1"]
    try:
        text = fill(skeleton, {"1": "fine", "2": string}, "a.md").text
    except PolyakError as error:
        assert str(error) == "a.md: the string of slot 2 would change what runs"  # noqa: PT017
    else:
        assert [cell.code for cell in parse(text).cells] == codes


def test_strings_that_change_what_runs_only_together_are_refused() -> None:
    skeleton = "%%%1%%%%%%2%%%\nx()\n\n%%%3%%%\n"
    with pytest.raises(PolyakError, match="would change what runs"):
        fill(skeleton, {"1": "```", "2": "python", "3": "```"}, "a.md")


def test_the_seed(seed: Path) -> None:
    text = seed.read_text("utf-8")
    strings = {str(number): f"string {number}" for number in range(1, 41)}
    filled = fill(text, strings)
    assert "%%%" not in filled.text
    assert filled.unused == ("9", "17", "27")  # what these stood for is in the skeleton itself
    assert [cell.code for cell in parse(filled.text).cells] == [cell.code for cell in parse(text).cells]
    assert len(fill(text, {}).empty) == 37
