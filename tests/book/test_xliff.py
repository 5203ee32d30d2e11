"""XLIFF in and out: strings, languages, inline markup; and what is refused."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from polyak.book.parse.inline import pieces
from polyak.book.slots.xliff import Entry, read_xliff, writable, write_xliff

HEAD = '<xliff xmlns="urn:oasis:names:tc:xliff:document:1.2" version="1.2">'
FILE = '<file original="a.md" source-language="zh-CN" target-language="en-US" datatype="markdown"><body>'


@pytest.fixture
def xliff(tmp_path: Path) -> Callable[..., Path]:
    """`xliff(units)`: a file with these trans-units."""

    def made(units: str, head: str = HEAD, file: str = FILE) -> Path:
        path = tmp_path / "a.xlf"
        path.write_text(
            f'<?xml version="1.0" encoding="UTF-8"?>{head}{file}{units}</body></file></xliff>', "utf-8"
        )
        return path

    return made


UNITS = (
    '<trans-unit id="1"><source>动量法</source><target>Momentum</target></trans-unit>'
    '<trans-unit id="2"><source>速度</source><target></target></trans-unit>'
    '<trans-unit id="3"><source>三</source></trans-unit>'
)


@pytest.mark.parametrize(
    ("language", "expected"),
    [
        (None, {"1": "Momentum"}),
        ("en-US", {"1": "Momentum"}),
        ("EN_us", {"1": "Momentum"}),
        ("zh-CN", {"1": "动量法", "2": "速度", "3": "三"}),
    ],
)
def test_a_language_chooses_source_or_target(
    xliff: Any, language: str | None, expected: dict[str, str]
) -> None:
    assert read_xliff(xliff(UNITS)).strings(language) == expected


def test_where_no_target_is_filled_the_source_is_read(xliff: Any) -> None:
    units = '<trans-unit id="1"><source>a</source><target/></trans-unit>'
    assert read_xliff(xliff(units)).strings() == {"1": "a"}


@pytest.mark.parametrize(("asked", "near"), [("en-GB", "en-US"), ("zh", "zh-CN"), ("en_USA", "en-US")])
def test_another_language_is_refused_and_the_nearest_named(
    xliff: Any, refused: Any, asked: str, near: str
) -> None:
    with refused(f"no language '{asked}'", f"did you mean '{near}'?", "zh-CN, en-US"):
        read_xliff(xliff(UNITS)).strings(asked)


def test_inline_markup_is_the_text_that_it_stands_for(xliff: Any) -> None:
    source = (
        'a <bpt id="1">**</bpt>b<ept id="1">**</ept> <bpt id="l2">[</bpt>c<ept id="l2">]</ept>'
        '<bpt id="l3">(</bpt>u<ept id="l3">)</ept> <ph id="4">$x %%%ampersand%%% y$</ph><it id="5" pos="open">*</it>'
        '<g id="6">d</g><x id="7" equiv-text="\\"/><mrk mtype="term">e</mrk> &lt; &amp; <!-- no -->f'
    )
    unit = f'<trans-unit id="1"><source>{source}</source></trans-unit>'
    assert read_xliff(xliff(unit)).strings() == {"1": r"a **b** [c](u) $x %%%ampersand%%% y$*d\e < & f"}


@pytest.mark.parametrize(
    ("head", "words"),
    [
        (
            '<xliff version="2.0" xmlns="urn:oasis:names:tc:xliff:document:2.0">',
            ("version 2.0", "expected 1.2"),
        ),
        ('<xliff version="1.1">', ("version 1.1", "expected 1.2")),
        ("<xliff>", ("version none", "expected 1.2")),
        ('<tmx version="1.2">', ("is no XLIFF", "<tmx>")),
    ],
)
def test_other_versions_and_other_files_are_refused(xliff: Any, refused: Any, head: str, words: Any) -> None:
    path = xliff(UNITS, head)
    path.write_text(
        path.read_text("utf-8").replace("</xliff>", f"</{head[1:].split(maxsplit=1)[0].strip('<>')}>"),
        "utf-8",
    )
    with refused(*words):
        read_xliff(path)


@pytest.mark.parametrize(
    ("units", "words"),
    [
        ("", ("no trans-unit",)),
        (UNITS + '<trans-unit id="2"><source>x</source></trans-unit>', ("trans-unit 2 stands twice",)),
        ("<trans-unit><source>x</source></trans-unit>", ("has no id",)),
        ("<trans-unit id='1'>", ("is no XML", "line 1")),
        ("<trans-unit id='1'><source>&nbsp;</source></trans-unit>", ("is no XML",)),
    ],
)
def test_broken_files_are_refused(xliff: Any, refused: Any, units: str, words: tuple[str, ...]) -> None:
    with refused("a.xlf", *words):
        read_xliff(xliff(units))


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_an_entity_bomb_is_refused_before_it_goes_off(tmp_path: Path, refused: Any, encoding: str) -> None:
    entities = '<!ENTITY e0 "bang">' + "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10}">' for n in range(1, 12))
    bomb = f'<?xml version="1.0" encoding="{encoding}"?><!DOCTYPE xliff [{entities}]>{HEAD}{FILE}'
    path = tmp_path / "bomb.xlf"
    path.write_text(
        f'{bomb}<trans-unit id="1"><source>&e11;</source></trans-unit></body></file></xliff>', encoding
    )
    tracemalloc.start()
    try:
        with refused("bomb.xlf declares a document type"):
            read_xliff(path)
        assert tracemalloc.get_traced_memory()[1] < 10_000_000
    finally:
        tracemalloc.stop()


def test_entities_reach_for_no_file_and_no_network(tmp_path: Path, refused: Any) -> None:
    (tmp_path / "secret").write_text("secret")
    for place in (f"file://{tmp_path}/secret", "http://localhost:9/x"):
        text = f'<!DOCTYPE xliff [<!ENTITY x SYSTEM "{place}">]>{HEAD}{FILE}<trans-unit id="1"><source>&x;</source>'
        (tmp_path / "a.xlf").write_text(f"{text}</trans-unit></body></file></xliff>")
        with refused("declares a document type"):
            read_xliff(tmp_path / "a.xlf")


def test_files_that_are_no_files(tmp_path: Path, refused: Any) -> None:
    (tmp_path / "empty.xlf").write_bytes(b"")
    (tmp_path / "noise.xlf").write_bytes(bytes(range(256)))
    for name, words in (
        ("no.xlf", "no such file"),
        ("empty.xlf", "is empty"),
        ("noise.xlf", "is no XML"),
        (".", "is a folder"),
    ):
        with refused(words):
            read_xliff(tmp_path / name)


@given(st.text(alphabet="*_`$[]()!<>&;\\ \n\r\tab动{}~|\"'#", max_size=60))
def test_what_is_written_is_read_to_the_letter(text: str) -> None:
    import tempfile

    cut = pieces(text)
    assert "".join(piece.text for piece in cut) == text
    opened = [piece.number for piece in cut if piece.tag == "bpt"]
    assert sorted(opened) == sorted(piece.number for piece in cut if piece.tag == "ept")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a.xlf"
        path.write_bytes(write_xliff([Entry(1, tuple(cut))], "a.md", "a.skl.md", "en").encode())
        assert read_xliff(path).strings("en") == ({"1": text} if text.strip() else {})


@given(st.text(max_size=20))
def test_writable_is_what_xml_can_hold(text: str) -> None:
    try:
        write_xliff([Entry(1, tuple(pieces(text)))], "a.md", "a.skl.md", "en")
    except (ValueError, UnicodeEncodeError):
        assert not writable(text)
    else:
        assert writable(text)


@pytest.mark.parametrize(
    ("text", "marked"),
    [
        ("the **mean** and _more_", "the {**}mean{**} and {_}more{_}"),
        ("a [link *in*](u(v) 'tip') b", "a {[}link {*}in{*}{](u(v) 'tip')} b"),
        ("an ![image](u)", "an {![}image{](u)}"),
        ("see [ref][1] and [2]", "see {[}ref{][1]} and {[}2{]}"),
        ("`*code*` and $a_1 * b_2$", "{`*code*`} and {$a_1 * b_2$}"),
        ("2 * 3 * 4 and a_b_c", "2 * 3 * 4 and a_b_c"),
        ("*a [b* c](u)", "*a {[}b* c{](u)}"),
        (r"a \* b &amp; <br> <https://a.org>", r"a {\*} b {&amp;} {<br>} {<https://a.org>}"),
        ("it costs $5, or $6", "it costs $5, or $6"),
        ("one\n> two\nthree", "one{\n> }two\nthree"),
    ],
)
def test_inline_marks(text: str, marked: str) -> None:
    assert "".join(f"{{{piece.text}}}" if piece.tag else piece.text for piece in pieces(text)) == marked
