"""`polyak read` and `polyak slots` at the terminal."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from patience import PATIENCE
from polyak.book import needs

DOCUMENT = "# %%%1%%%\n\n```{.python .input  n=3}\nx = 1  # %%%2%%%\nprint(x + 1)\n```\n\n![](no.svg)\n"
XLIFF = """\
<xliff xmlns="urn:oasis:names:tc:xliff:document:1.2" version="1.2">
<file original="a.md" source-language="zh-CN" target-language="en-US" datatype="markdown"><body>
<trans-unit id="1"><source>动量法</source><target>A <bpt id="1">*</bpt>ball<ept id="1">*</ept></target></trans-unit>
<trans-unit id="2"><source>一</source><target>one%%%ampersand%%%</target></trans-unit>
<trans-unit id="9"><source>九</source><target>nine</target></trans-unit>
</body></file></xliff>
"""


@pytest.fixture
def place(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder to stand in, with a document, its strings, and a cache in which the document has run before."""
    monkeypatch.setenv("POLYAK_CACHE", str(folder.parent / f"{folder.name}-cache"))
    (folder / "a.skl.md").write_text(DOCUMENT, "utf-8")
    (folder / "a.xlf").write_text(XLIFF, "utf-8")
    return folder


def test_the_first_run_says_that_a_document_is_a_program(place: Path, here: Any) -> None:
    first = here("read a.skl.md --real")
    assert first.code == 0
    assert first.out == "wrote a.html: 1 cell run, 2 slots without a string, 1 image missing\n"
    assert first.err.startswith(
        "polyak: note: a.skl.md is a program: its cells run now, with your rights (said once"
    )
    assert os.environ["POLYAK_CACHE"] in first.err
    assert first.err.count("\n") == 1
    assert here("read a.skl.md --real").err == ""
    (place / "a.skl.md").write_text(DOCUMENT + "\nMore.\n", "utf-8")
    assert "is a program" in here("read a.skl.md --real").err
    assert '<span class="slot" title="slot 1 has no string">1</span>' in (place / "a.html").read_text("utf-8")


def test_strings_are_merged_in_the_language_asked_for(place: Path, here: Any) -> None:
    outcome = here("read a.skl.md --real --strings a.xlf --language en-US")
    assert outcome.code == 0
    assert outcome.out == "wrote a.html: 1 cell run, 1 image missing\n"
    assert outcome.err.endswith("polyak: note: a.xlf has strings for which a.skl.md has no slot: 9\n")
    page = (place / "a.html").read_text("utf-8")
    assert '<html lang="en-US">' in page
    assert ">A <em>ball</em></h1>" in page
    assert "# one&amp;</span>" in page
    here("read a.skl.md --real --strings a.xlf --language zh-CN --out b.html")
    assert ">动量法</h1>" in (place / "b.html").read_text("utf-8")


def test_the_document_itself_with_its_slots_filled(place: Path, here: Any) -> None:
    outcome = here("read a.skl.md --strings a.xlf --language zh-CN --to md")
    assert (outcome.code, outcome.out) == (0, "wrote a.zh-CN.md\n")
    filled = (place / "a.zh-CN.md").read_text("utf-8")
    assert filled == DOCUMENT.replace("%%%1%%%", "动量法").replace("%%%2%%%", "一")


def test_a_failing_cell_is_in_the_page_and_in_the_exit_code(place: Path, here: Any) -> None:
    (place / "b.md").write_text(
        "```python\nprint(1)\n```\n\n```python\nx = 1\n1 / 0\n```\n\n```python\nprint('after')\n```\n"
    )
    here("read b.md --real")
    outcome = here("read b.md --real")
    line = "b.md, cell 2 of 3 (lines 6-7): ZeroDivisionError: division by zero"
    assert outcome == type(outcome)(1, "wrote b.html: 2 of 3 cells run, 1 failed\n", f"polyak: {line}\n")
    page = (place / "b.html").read_text("utf-8")
    assert "Traceback (most recent call last)" in page
    assert f'<p class="stopped">{line}<br>The cells below were not run.</p>' in page
    going = here("read b.md --real --keep-going")
    assert (going.code, going.err) == (1, f"polyak: {line}\n")
    assert going.out == "wrote b.html: 3 cells run, 1 failed\n"
    assert "after" in (place / "b.html").read_text("utf-8")


def test_lines_are_those_of_the_file_whatever_its_strings(place: Path, here: Any) -> None:
    (place / "b.md").write_text("%%%1%%%\n\n```python\n1 / 0\n```\n")
    (place / "b.xlf").write_text(XLIFF.replace("动量法", "一\n二\n三"), "utf-8")
    outcome = here("read b.md --real --strings b.xlf --language zh-CN")
    assert "b.md, cell 1 of 1 (line 4): ZeroDivisionError" in outcome.err


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("read no.md", ("no.md: no such file",)),
        ("read a.sk.md", ("no such file, did you mean a.skl.md?",)),
        ("read .", ("is a folder",)),
        ("read empty.md", ("empty.md is empty",)),
        ("read blank.md", ("blank.md is empty",)),
        ("read noise.md", ("noise.md is not text", "line 2")),
        ("read zero.md", ("zero.md is not text", "line 1")),
        ("read prose.md", ("prose.md has no code to run", "{code-cell}")),
        ("read long.md", ("long.md is 8,000,001 characters long, expected at most 8,000,000",)),
        ("read open.md", ("open.md, line 3: this fence is never closed",)),
        ("read twice.md", ("twice.md: slot 1 stands twice, on lines 1 and 3",)),
        ("read code.md", ("code.md, line 2: slot 1 stands in code",)),
        ("read a.skl.md --to docx", ("unknown format 'docx'", "html, ipynb, pdf, slides, md, myst")),
        ("read a.skl.md prose.md --to docx", ("unknown format 'docx'",)),
        ("read a.skl.md prose.md --strings a.xlf", ("those of one document",)),
        ("read a.skl.md no.md --out site", ("no.md: no such file",)),
        ("read a.skl.md ./a.skl.md --out site", ("a.skl.md and a.skl.md would both be site/a.html",)),
        ("read a.skl.md prose.md --out a.xlf", ("a.xlf is a file, expected a folder for 2 documents",)),
        ("read a.skl.md --to htm", ("did you mean 'html'?",)),
        ("read a.skl.md --timeout 0", ("timeout is 0.0", "more than 0")),
        ("read a.skl.md --timeout soon", ("timeout is 'soon', expected seconds",)),
        ("read a.skl.md --language en-US", ("--language needs --strings",)),
        ("read a.skl.md --strings no.xlf", ("no.xlf: no such file",)),
        ("read a.skl.md --strings a.xlf --language fr", ("no language 'fr'", "zh-CN, en-US")),
        ("read a.skl.md --strings bomb.xlf", ("bomb.xlf declares a document type",)),
        ("read a.skl.md --strings two.xlf", ("two.xlf is XLIFF of version 2.0, expected 1.2",)),
        ("read a.skl.md --strings a.skl.md", ("a.skl.md is no XML",)),
        ("read a.skl.md --strings a.xlf --out a.xlf", ("would overwrite",)),
        ("read a.skl.md --out a.skl.md", ("would overwrite",)),
        ("read a.skl.md --out no/a.html", ("no: no such folder",)),
        ("read a.skl.md --out .", ("is a folder",)),
        ("slots a.skl.md", ("a.skl.md, line 1: %%%1%%% stands there already",)),
        ("slots no.md", ("no such file",)),
        ("slots prose.md --out-dir no", ("no: no such folder",)),
        ("red a.md", ("unknown command 'red'", "did you mean 'read'?")),
    ],
)
def test_bad_input_is_one_line_and_leaves_nothing(
    place: Path, fails: Any, line: str, words: tuple[str, ...]
) -> None:
    files = {
        "a.md": b"# A",
        "long.md": b"a" * 8_000_001,
        "empty.md": b"",
        "blank.md": b" \n\xef\xbb\xbf\n",
        "noise.md": b"a\n\xff\xfe",
        "zero.md": b"a\0b",
        "prose.md": b"words\n",
        "open.md": b"a\n\n```python\n",
        "twice.md": b"%%%1%%%\n\n%%%1%%%\n\n```python\n1\n```\n",
        "code.md": b"```python\nx = %%%1%%%\n```\n",
        "bomb.xlf": b'<!DOCTYPE x [<!ENTITY a "b">]><xliff version="1.2"/>',
        "two.xlf": b'<xliff version="2.0" xmlns="urn:oasis:names:tc:xliff:document:2.0"/>',
        "a.html": b"an earlier page",
    }
    for name, content in files.items():
        (place / name).write_bytes(content)
    fails(line, *words)


def test_a_kernel_that_fails_leaves_the_earlier_page(
    place: Path, fails: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("polyak.book.run.cells.OLD_NAMES", "import no_such_module")
    (place / "a.html").write_text("an earlier page")
    with pytest.raises(AssertionError, match="is a program"):  # two lines: the note, and what was wrong
        fails("read a.skl.md", "start-up failed")
    fails(
        "read a.skl.md", "the kernel's start-up failed: ModuleNotFoundError: No module named 'no_such_module'"
    )


def test_a_page_that_cannot_be_written_leaves_the_earlier_one(
    place: Path, fails: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    (place / "a.html").write_text("an earlier page")
    (place / "b.md").write_text("```python\n1\n```\n")
    monkeypatch.setattr("polyak.book.reader.tell_once", lambda *_: None)
    monkeypatch.setattr(Path, "replace", full)
    fails("read b.md --real --out a.html", "a.html cannot be written: No space left on device")


@pytest.mark.parametrize("line", ["read a.skl.md", "slots prose.md"])
def test_a_missing_package_is_named_with_the_extra_that_brings_it(
    place: Path, fails: Any, monkeypatch: pytest.MonkeyPatch, line: str
) -> None:
    monkeypatch.setattr(needs, "MODULES", (*needs.MODULES, "no_such_package"))
    fails(line, "a document needs no_such_package, which is not installed: pip install 'polyak[book]'")


def test_a_skeleton_beside_its_document_is_left_out(polyak_: Callable[[str], str], folder: Path) -> None:
    cells = "```{code-cell}\n1 + 1\n```\n"
    for name in ("b.md", "b.skl.md", "c.md"):
        (folder / name).write_text(cells)
    lines = polyak_("read b.md b.skl.md c.md --to py --out site").splitlines()
    assert lines[0] == "b.skl.md is the skeleton of b.md, which is read"
    assert lines[-1] == "2 documents in site"
    assert sorted(path.name for path in (folder / "site").iterdir()) == ["b.py", "c.py"]


def test_several_documents_go_into_a_folder_and_one_that_fails_leaves_the_others(
    place: Path, here: Any
) -> None:
    (place / "b.md").write_text("# B\n\n```python\n1 / 0\n```\n", "utf-8")
    (place / "c.md").write_text("# C, which runs nothing\n", "utf-8")
    outcome = here("read b.md c.md a.skl.md --real --out site")
    assert outcome.code == 1
    assert "polyak: b.md, cell 1 of 1 (line 4): ZeroDivisionError: division by zero\n" in outcome.err
    assert "polyak: c.md has no code to run" in outcome.err
    assert outcome.out.split("\n")[:2] == [
        "wrote site/b.html: 1 cell run, 1 failed",
        "wrote site/a.html: 1 cell run, 2 slots without a string, 1 image missing",
    ]
    assert outcome.out.endswith("3 documents in site, 2 cells; 2 failed\n")
    assert sorted(path.name for path in (place / "site").iterdir()) == ["a.html", "b.html"]
    # As text, nothing runs, and a document without a cell is one as any other.
    outcome = here("read c.md b.md --to py --out site")
    assert outcome.code == 0
    assert outcome.out.endswith("2 documents in site\n")
    assert "1 / 0" in (place / "site" / "b.py").read_text("utf-8")


def test_slots_there_and_back(place: Path, here: Any) -> None:
    text = "# Momentum\n\nIt *rolls*, $v$.\n\n```python\nx = 1  # the start\n```\n"
    (place / "b.md").write_text(text)
    outcome = here("slots b.md --target-language zh-CN")
    assert (outcome.code, outcome.out, outcome.err) == (0, "wrote b.skl.md and b.xlf: 3 strings\n", "")
    assert here("read b.skl.md --strings b.xlf --language en --to md --out c.md").code == 0
    assert (place / "c.md").read_text() == text
    strings = place / "b.xlf"
    translated = strings.read_text("utf-8").replace("<target/>", "<target>动量法</target>", 1)
    strings.write_text(translated.replace("<target/>", "<target>开始</target>"), "utf-8")
    outcome = here("read b.skl.md --real --strings b.xlf")
    assert outcome.out == "wrote b.html: 1 cell run\n"
    assert ">动量法</h1>" in (place / "b.html").read_text("utf-8")


def test_as_a_process_with_nothing_on_its_way_but_the_page(place: Path, process: Any) -> None:
    cache = os.environ["POLYAK_CACHE"]
    result = process("read a.skl.md --real", POLYAK_CACHE=cache)
    assert (result.returncode, result.stdout.splitlines()[-1][:12]) == (0, "wrote a.html")
    assert result.stderr.count("\n") == 1
    assert sorted(path.name for path in place.iterdir()) == ["a.html", "a.skl.md", "a.xlf"]


def test_interrupted_it_ends_with_its_kernel(place: Path, interruptible: Any) -> None:
    (place / "b.md").write_text(
        "```python\nimport os, time\nopen('pid', 'w').write(str(os.getpid()))\ntime.sleep(600)\n```\n"
    )
    command = [str(Path(sys.executable).with_name("polyak")), "read", "b.md", "--real"]
    reader = subprocess.Popen(
        interruptible(command), cwd=place, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    waited(lambda: (place / "pid").is_file() and (place / "pid").read_text() != "")
    reader.send_signal(signal.SIGINT)
    out, err = reader.communicate(timeout=PATIENCE)
    assert (reader.returncode, out) == (130, "")
    assert err.endswith("polyak: interrupted\n")
    kernel = int((place / "pid").read_text())
    waited(
        lambda: (
            not re.match(
                r"[RSD]",
                subprocess.run(
                    ["ps", "-o", "stat=", "-p", str(kernel)], capture_output=True, text=True, check=False
                ).stdout,
            )
        )
    )
    assert not (place / "b.html").exists()


def waited(done: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not done():
        assert time.monotonic() < deadline
        time.sleep(0.05)
