"""The chapters run and print what they promise, and their other editions have not fallen behind."""

from __future__ import annotations

import ast
import re
from collections import Counter
from pathlib import Path
from typing import Any

import nbformat
import pytest
from lxml import etree

from house import House
from polyak.book import read, separate
from polyak.book.parse.document import parse
from polyak.book.slots.safety import comments
from polyak.book.slots.xliff import read_xliff
from polyak.show.interactives import KIND

CHAPTERS = Path(__file__).parents[2] / "docs" / "chapters"
ENGLISH = CHAPTERS / "momentum.md"
TITLES = {"momentum": "动量法", "beyond_the_bowl": "碗之外", "your_own_model": "你自己的模型"}
HAN = re.compile(r"[\u4e00-\u9fff]")


@pytest.fixture(scope="module")
def ran(house: House) -> list[Any]:
    """The cells of the English chapter, run once in a real kernel, where `make study` alone set up what there is."""
    done = house.run(".venv/bin/polyak read docs/chapters/momentum.md --to ipynb")
    assert (done.returncode, "failed" in done.stdout) == (0, False), done
    made = nbformat.read(house.folder / "momentum.ipynb", as_version=4)
    return [cell for cell in made.cells if cell.cell_type == "code"]


def printed(ran: list[Any]) -> str:
    outputs = (output for cell in ran for output in cell.outputs if output.output_type == "stream")
    return "".join(output.text for output in outputs)


def numbers(pattern: str, text: str) -> list[float]:
    return [float(number) for number in re.findall(pattern, text)]


def test_the_chapter_runs_to_its_end(ran: Any) -> None:
    cells = ran
    assert [cell.execution_count for cell in cells] == list(range(1, 17))
    kinds = Counter(output.output_type for cell in cells for output in cell.outputs)
    assert "error" not in kinds
    assert not [o for cell in cells for o in cell.outputs if o.get("name") == "stderr"]
    drawn = [cell for cell in cells if ".plot()" in cell.source or "_figure(" in cell.source]
    assert len(drawn) == 9
    for cell in drawn:
        assert any("image/svg+xml" in output.get("data", {}) for output in cell.outputs), cell.source
    assert sum(KIND in output.get("data", {}) for cell in cells for output in cell.outputs) == 1


def test_where_the_four_descents_end(ran: Any) -> None:
    ends = re.findall(r"on ravine, 20 steps: x1 (\S+), x2 (\S+)", printed(ran))
    expected = [
        (-0.943467, -0.000073),
        (-0.387814, -1673.365109),
        (-0.062843, 0.001202),
        (0.007188, 0.002553),
    ]
    assert [tuple(map(float, end)) for end in ends] == [pytest.approx(end, abs=2e-6) for end in expected]


def test_the_rule_of_thumb(ran: Any) -> None:
    assert numbers(r"holding (\d+)% of the weight", printed(ran)) == [75, 67, 65, 64, 63]
    assert numbers(r"faded to (\S+),", printed(ran)) == [0.25, 0.328, 0.349, 0.358, 0.366]
    assert numbers(r"left out by the last 2 steps alone: (\d+)%", printed(ran)) == [40]


def test_what_is_said_to_agree_agrees_to_rounding(ran: Any) -> None:
    differences = numbers(r"largest difference\D*? (\d\S*)", printed(ran))
    assert len(differences) == 4
    assert max(differences) < 1e-12


def test_the_two_forms_part_at_the_drop(ran: Any) -> None:
    before, after = re.findall(r"apart before the drop: (\S+), after it: (\S+)", printed(ran))[0]
    assert float(before) < 1e-12
    assert float(after) == pytest.approx(3.55, abs=0.01)


def test_what_momentum_does_to_the_noise(ran: Any) -> None:
    slow, noisy, mended = numbers(r"median loss (\S+)", printed(ran))
    assert mended < slow < noisy
    assert noisy > 1.05 * mended


def test_the_answer_is_what_is_said_of_it(ran: Any) -> None:
    rows = re.findall(r"^ +(?:0\.\d+)((?: +0\.\d{4}){5})$", printed(ran), re.MULTILINE)
    columns = list(zip(*([float(loss) for loss in row.split()] for row in rows)))
    assert [len(column) for column in columns] == [4] * 5
    for column in columns[:3]:
        assert max(column) / min(column) < 1.015
    for column in columns[3:]:
        assert column[-1] == min(column) < column[0] == max(column)


def test_what_holds_beyond_the_bowl(ran: Any) -> None:
    text = printed(ran)
    last = numbers(r"-?\d+\.\d+", next(line for line in text.splitlines() if line.startswith("the last six")))
    # As measured elsewhere: the cycle .6465, -1.8024, 2.1159.
    assert sorted(last) == sorted([0.6465, -1.8024, 2.1159] * 2)
    edges = next(line for line in text.splitlines() if line.startswith("largest learning rate"))
    whole, batches = numbers(r"\d+\.\d+", edges)
    assert batches < whole / 5


def editions(name: str) -> tuple[Path, Path, Path]:
    """A chapter in English, its skeleton, and its words in Chinese."""
    english, skeleton, chinese = (CHAPTERS / f"{name}{end}" for end in (".md", ".skl.md", ".zh-CN.xlf"))
    return english, skeleton, chinese


def test_no_chapter_is_left_out() -> None:
    written = {path.stem for path in CHAPTERS.glob("*.md")}
    assert written == {*TITLES, *(f"{name}.skl" for name in TITLES)}


@pytest.mark.parametrize("name", TITLES)
def test_the_chinese_edition_has_not_fallen_behind(name: str, tmp_path: Path) -> None:
    english, skeleton, chinese = editions(name)
    merged = read(skeleton, strings=chinese, language="en", to="md", out=tmp_path / "en.md")
    assert merged.slots == merged.strings == ()
    assert merged.path.read_bytes() == english.read_bytes(), f"cut {english} anew"
    cut = separate(english, target_language="zh-CN", out_dir=tmp_path)
    assert cut.skeleton.read_bytes() == skeleton.read_bytes()
    now, kept = read_xliff(cut.strings), read_xliff(chinese)
    assert [(unit.number, unit.source) for unit in now.units] == [
        (unit.number, unit.source) for unit in kept.units
    ]


def words(element: Any) -> str:
    """A string's own words, without its formulas, its code and its marks."""
    return "".join([element.text or "", *(child.tail or "" for child in element)])


def marks(element: Any) -> Counter[tuple[str, str | None, str | None]]:
    return Counter((etree.QName(child).localname, child.get("id"), child.text) for child in element)


@pytest.mark.parametrize("name", TITLES)
def test_every_string_is_in_chinese_with_the_formulas_of_the_english(name: str) -> None:
    _, skeleton, chinese = editions(name)
    assert read_xliff(chinese).target_language == "zh-CN"
    units = list(etree.parse(chinese).iter("{*}trans-unit"))
    assert len(units) == len(re.findall(r"%%%\d+%%%", skeleton.read_text("utf-8")))
    for unit in units:
        source, target = unit.find("{*}source"), unit.find("{*}target")
        assert marks(target) == marks(source), unit.get("id")
        if re.search(r"[A-Za-z]", words(source)):  # all but those that are only code or maths
            assert HAN.search(words(target)), unit.get("id")
            assert not re.search(r"[.,:;?]", words(target)), unit.get("id")  # a Chinese sentence has its own


@pytest.mark.parametrize("name", TITLES)
def test_the_chinese_edition_runs_the_same_code(name: str, tmp_path: Path) -> None:
    own, skeleton, strings = editions(name)
    merged = read(skeleton, strings=strings, language="zh-CN", to="md", out=tmp_path / "zh.md")
    assert merged.slots == merged.strings == ()
    chinese, english = parse(merged.path.read_text("utf-8")), parse(own.read_text("utf-8"))
    assert (chinese.language, chinese.title) == ("zh-CN", TITLES[name])
    assert len(chinese.cells) == len(english.cells)
    for ours, theirs in zip(chinese.cells, english.cells):
        assert without_comments(ours.code) == without_comments(theirs.code)
        if not ours.code.startswith("%"):
            assert ast.dump(ast.parse(ours.code)) == ast.dump(ast.parse(theirs.code))
    for kind in ("math_block", "html_block"):
        assert [token.content for token in chinese.tokens if token.type == kind] == [
            token.content for token in english.tokens if token.type == kind
        ]


def without_comments(code: str) -> str:
    """A cell to the letter, but for the words of its comments."""
    lines = code.split("\n")
    for line, column, said in comments(code):
        lines[line] = lines[line][:column] + lines[line][column + len(said) :]
    return "\n".join(lines)
