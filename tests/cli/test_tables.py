"""Tables are as wide as the terminal at most, and break no word; the help lists every command in its group, whole."""

from __future__ import annotations

import io
from collections import Counter
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from polyak.cli import command
from polyak.cli.tables import fitting

WORD = st.text("abcdefgh=_", min_size=1, max_size=30)
CELL = st.lists(WORD, max_size=6).map(" ".join)


def printed(header: list[str], rows: list[list[str]], width: int) -> str:
    out = io.StringIO()
    console = Console(file=out, width=width, markup=False, highlight=False, emoji=False)
    console.print(fitting(header, rows, console))
    return out.getvalue()


@given(data=st.data(), width=st.integers(40, 250), columns=st.integers(1, 6))
def test_no_word_is_broken_and_no_line_is_wider_than_the_terminal(
    data: Any, width: int, columns: int
) -> None:
    header = [f"column{k}" for k in range(columns)]
    rows = data.draw(st.lists(st.lists(CELL, min_size=columns, max_size=columns), min_size=1, max_size=4))
    said = printed(header, rows, width)
    assert max(map(len, said.splitlines())) <= width
    words = Counter(word for row in rows for cell in row for word in cell.split())
    found = Counter(said.split())
    assert {word: found[word] for word in words} == words


def test_a_table_stays_one_where_it_fits_and_else_every_row_says_its_columns() -> None:
    header, rows = ["rule", "settings"], [["heavy_ball", "momentum"], ["gradient_descent", ""]]
    assert printed(header, rows, 80).split()[:2] == ["rule", "settings"]
    narrow = printed(header, rows, 20).split("\n")
    assert [line.rstrip() for line in narrow if line] == [
        "heavy_ball",
        "    settings:",
        "    momentum",
        "gradient_descent",
    ]


def test_help_has_every_command_once_below_its_group_with_its_whole_sentence(
    polyak_: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    said = polyak_("--help")
    assert max(map(len, said.splitlines())) <= 80
    assert "..." not in said.partition("\n\n")[2]  # after the usage
    grouped = command.by_group()
    listed = [name for rows in grouped.values() for name, _ in rows]
    assert sorted(listed) == command.names()
    flat = " ".join(said.split())
    for group, rows in grouped.items():
        assert f"\n{group}:\n" in said
        for name, sentence in rows:
            assert sentence.endswith(".")
            assert f" {name} {sentence}" in flat
    assert command.OTHERS not in grouped  # every command of ours says where it belongs


def test_the_shell_completes_commands_and_options(process: Any) -> None:
    asked = {"_POLYAK_COMPLETE": "complete_bash", "COMP_CWORD": "1"}
    assert process("", COMP_WORDS="polyak tr", **asked).stdout.split() == ["trace", "train", "translate"]
    asked["COMP_CWORD"] = "2"
    assert process("", COMP_WORDS="polyak trace --st", **asked).stdout.split() == ["--start", "--steps"]
