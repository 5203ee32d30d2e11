"""Documents cut into skeleton and strings, and put together again, byte for byte, both ways round."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from polyak.book import separate
from polyak.book.parse.document import parse
from polyak.book.slots.fill import fill
from polyak.book.slots.skeleton import cut
from polyak.book.slots.xliff import read_xliff
from polyak.ground.errors import PolyakError

DOCUMENT = """\
Momentum
========

A *ball* in a
ravine, $\\eta$.

- one
- two
  lines

  1. inner

> quoted
> words

| rule | says |
|---|---|
| heavy \\| ball | rolls |

![](a.svg)

```python
x = 1  # the start
y = '# no comment'
```

```bash
echo  # not ours
```
"""


def strings_of(text: str) -> dict[str, str]:
    return {str(number): words for number, (words, _) in enumerate(cut(text).strings, 1)}


def test_what_is_cut_and_what_stays() -> None:
    made = cut(DOCUMENT)
    assert [words for words, _ in made.strings] == [
        "Momentum",
        "A *ball* in a\nravine, $\\eta$.",
        "one",
        "two\n  lines",
        "inner",
        "quoted\n> words",
        "rule",
        "says",
        "heavy \\| ball",
        "rolls",
        "the start",
    ]
    assert [kind for _, kind in made.strings] == [
        "heading", "paragraph", *["list item"] * 3, "paragraph", *["table cell"] * 4, "comment",
    ]  # fmt: skip
    assert "![](a.svg)" in made.skeleton
    assert "x = 1  # %%%11%%%\ny = '# no comment'" in made.skeleton
    assert "echo  # not ours" in made.skeleton


WORDS = [
    "momentum",
    "动量",
    "a",
    "$x$",
    "$5",
    "`c`",
    "*",
    "**",
    "_",
    "[",
    "](u)",
    "![",
    "<b>",
    "</b>",
    "<!--",
    "-->",
    "&amp;",
    "&",
    "<",
    "\\",
    "%",
    "%%%",
    "%%%1",
    "1",
    "|",
    "||",
    "~~",
    "$$",
    "#",
    "'",
    '"',
    "%%%2%%%",
]
SPACES = ["\t", "  ", " ", "\x0b", "\x07", "\u2028", "\ufeff", "\xa0"]
BEGINNINGS = [
    "# ",
    "## ",
    "- ",
    "* ",
    "1. ",
    "> ",
    "> > ",
    "    ",
    "  ",
    "```python",
    "```",
    "~~~",
    "```{.python .input n=3}",
    "x = 1 # ",
    "$$",
    "---",
    "===",
    ":---",
    "[a]: /u",
    "<div>",
    "</div>",
    "%matplotlib inline",
    "\t",
    "",
    "",
    "",
]
TABLE = ["| ", "|---|---|", "| a | b |"]
LINES = st.tuples(
    st.sampled_from(BEGINNINGS + TABLE),
    st.lists(st.sampled_from(WORDS + SPACES), max_size=5).map("".join),
    st.sampled_from(["\n", "\n", "\n\n", "\r\n", "\r"]),
)
DOCUMENTS = st.lists(LINES.map("".join), max_size=12).map("".join)


@given(DOCUMENTS)
@settings(max_examples=100, deadline=None)
def test_put_together_again_it_is_the_same_byte_for_byte(text: str) -> None:
    try:
        made = cut(text)
    except PolyakError as error:
        assert "never closed" in str(error) or "stands there already" in str(error)  # noqa: PT017
        return
    strings = strings_of(text)
    assert fill(made.skeleton, strings).text == text
    assert [len(cell.code.split("\n")) for cell in parse(made.skeleton).cells] == [
        len(cell.code.split("\n")) for cell in parse(text).cells
    ]


@given(
    st.lists(
        st.sampled_from(["速度", "*动量*", "a [b](c) d", "$x$ 是", "`code`", "1 < 2 & 3"]),
        min_size=11,
        max_size=11,
    )
)
@settings(max_examples=30, deadline=None)
def test_the_other_way_round(words: list[str]) -> None:
    skeleton = cut(DOCUMENT).skeleton
    translated = fill(skeleton, {str(number): word for number, word in enumerate(words, 1)}).text
    again = cut(translated)
    assert fill(again.skeleton, strings_of(translated)).text == translated


@pytest.mark.parametrize("already", ["%%%3%%%", "%%%ampersand%%%", "%%%less-than%%%"])
def test_a_document_with_slots_is_not_cut_again(refused: Any, already: str) -> None:
    with refused("a.md, line 3", f"{already} stands there already"):
        cut(f"# a\n\nb {already}", "a.md")


def test_documents_of_the_house(folder: Path) -> None:
    root = Path(__file__).parents[2]
    documents = [file for file in root.glob("docs/**/*.md") if not file.name.endswith(".skl.md")]
    for file in (root / "README.md", *documents):
        text = file.read_bytes().decode()
        assert fill(cut(text).skeleton, strings_of(text)).text == text


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_two_files_come_of_it_and_give_the_document_back(folder: Path) -> None:
    text = "\ufeff" + DOCUMENT.replace("\n", "\r\n")
    (folder / "a.md").write_bytes(text.encode())
    made = separate("a.md")
    assert (made.skeleton, made.strings, made.count, made.carried) == (Path("a.skl.md"), Path("a.xlf"), 11, 0)
    skeleton = (folder / "a.skl.md").read_bytes().decode()
    assert fill(skeleton, read_xliff(folder / "a.xlf").strings("en")).text == text
    assert "target" not in (folder / "a.xlf").read_text("utf-8")


def test_translations_are_carried_over_where_the_words_are_the_same(folder: Path) -> None:
    (folder / "a.md").write_text("# One\n\nTwo *words*.\n\nThree.\n")
    separate("a.md", target_language="zh-CN")
    strings = folder / "a.xlf"
    translated = strings.read_text("utf-8").replace("<target/>", "<target>一 *二*</target>", 2)
    strings.write_text(translated, "utf-8")
    (folder / "a.md").write_text("New.\n\n# One\n\nTwo other *words*.\n\nThree.\n")
    made = separate("a.md")
    assert made.carried == 1
    assert str(made) == "wrote a.skl.md and a.xlf: 4 strings, 1 with the translation they had"
    assert read_xliff(strings).strings("zh-CN") == {"2": "一 *二*"}


def test_marks_that_a_translation_has_in_another_order_keep_their_numbers(folder: Path) -> None:
    (folder / "a.md").write_text("$a$ and **b** and *c* of $a$\n", "utf-8")
    separate(folder / "a.md", target_language="zh-CN")
    strings = folder / "a.xlf"
    there = strings.read_text("utf-8")
    turned = (
        '<ph id="4">$a$</ph>、<bpt id="3">*</bpt>c<ept id="3">*</ept>、'
        '<bpt id="2">**</bpt>b<ept id="2">**</ept>、<ph id="1">$a$</ph>、<ph id="5">$d$</ph>'
    )
    strings.write_text(re.sub(r"<target ?/>|<target></target>", f"<target>{turned}</target>", there), "utf-8")
    separate(folder / "a.md", target_language="zh-CN")
    again = strings.read_text("utf-8")
    # Of two marks that are alike either may come first.
    assert re.search(
        r'<ph id="1">.a.</ph>、<bpt id="3">\*</bpt>c<ept id="3">\*</ept>、<bpt id="2">\*\*</bpt>b<ept id="2">'
        r'\*\*</ept>、<ph id="4">.a.</ph>、<ph id="5">.d.</ph>',
        again,
    )


def test_translations_to_another_language_are_not_overwritten(folder: Path, refused: Any) -> None:
    (folder / "a.md").write_text("# One\n")
    separate("a.md", target_language="zh-CN")
    (folder / "a.xlf").write_text(
        (folder / "a.xlf").read_text("utf-8").replace("<target/>", "<target>一</target>"), "utf-8"
    )
    before = (folder / "a.xlf").read_bytes()
    with refused("a.xlf holds translations to zh-CN", "--out-dir"):
        separate("a.md", target_language="fr")
    assert (folder / "a.xlf").read_bytes() == before


def test_what_cannot_be_cut(folder: Path, refused: Any) -> None:
    (folder / "a.md").write_text("```python\n1\n```\n")
    with refused("a.md has no words to translate"):
        separate("a.md")
    (folder / "b.md").write_text("words")
    with refused("no such folder"):
        separate("b.md", out_dir="nowhere")
    (folder / "b.xlf").write_text("<broken")
    with refused("b.xlf is no XML"):
        separate("b.md")
    assert sorted(path.name for path in folder.iterdir()) == ["a.md", "b.md", "b.xlf"]
