"""Notebooks and scripts in: the Markdown that they stand for, and what is refused."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nbformat
import pytest
from hypothesis import given
from hypothesis import strategies as st
from nbformat import v4

from polyak.book import read
from polyak.book.parse.document import parse
from polyak.book.parse.formats import as_markdown

IN_WORDS = "# Momentum\n\n```python\n1 / 0  # shown, not run\n```\n\n  ~~~ python\n1 / 0\n  ~~~"


def notebook(*cells: Any, language: str = "python") -> str:
    made = v4.new_notebook(
        cells=list(cells), metadata={"kernelspec": {"language": language, "name": "k", "display_name": "K"}}
    )
    return str(nbformat.writes(made))


def test_a_notebooks_cells_are_cells_and_its_words_are_words() -> None:
    text = notebook(
        v4.new_markdown_cell(IN_WORDS),
        v4.new_code_cell("x = '''\n```\n'''"),
        v4.new_raw_cell("```python\nleft out\n```"),
        v4.new_code_cell(""),
        v4.new_code_cell("y = 2\n", metadata={"tags": ["hide-input", "torn in two"]}),
    )
    found = as_markdown(text, Path("a.ipynb"))
    assert found is not None
    document = parse(found)
    assert [cell.code for cell in document.cells] == ["x = '''\n```\n'''", "y = 2"]
    assert [cell.tags for cell in document.cells] == [(), ("hide-input",)]
    assert document.title == "Momentum"
    assert "1 / 0  # shown, not run" in found


@given(st.lists(st.text(st.characters(exclude_categories=["C", "Zl", "Zp"]) | st.just("\n"), max_size=40)))
def test_no_cell_is_lost_or_torn_whatever_is_in_it(sources: list[str]) -> None:
    text = notebook(*(v4.new_code_cell(f"x\n{source}".rstrip()) for source in sources))
    found = as_markdown(text, Path("a.ipynb"))
    assert found is not None
    assert len(parse(found).cells) == len(sources)


def test_scripts_of_cells_and_fences_as_quarto_has_them() -> None:
    found = as_markdown("# %% [markdown]\n# # Title\n\n# %%\nx = 1\n\n# %% tags=['a']\nx\n", Path("a.py"))
    assert found is not None
    assert [(cell.code, cell.tags) for cell in parse(found).cells] == [("x = 1", ()), ("x", ("a",))]
    quarto = "```{python}\nx = 1\n```\n\n```{r}\nx\n```\n"
    assert as_markdown(quarto, Path("a.qmd")) is None
    assert [cell.code for cell in parse(quarto).cells] == ["x = 1"]


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("a.rst", "Title\n=====", ("a.rst is reStructuredText", "expected Markdown", ".ipynb")),
        ("a.ipynb", "no json", ("a.ipynb is no notebook",)),
        ("a.ipynb", "[]", ("a.ipynb is no notebook",)),
        ("a.ipynb", json.dumps({"nbformat": 4, "nbformat_minor": 5}), ("a.ipynb is no notebook",)),
        ("a.ipynb", notebook(language="R"), ("a.ipynb is a notebook of R", "Python")),
        (
            "a.ipynb",
            notebook(v4.new_markdown_cell("words")),
            ("a.ipynb has no code to run: no cell is code",),
        ),
    ],
)
def test_what_is_refused(folder: Path, refused: Any, name: str, text: str, words: tuple[str, ...]) -> None:
    (folder / name).write_text(text)
    with refused(*words):
        read(name)
    assert [file.name for file in folder.iterdir()] == [name]


def test_a_notebook_of_ours_is_read_again(
    folder: Path, monkeypatch: pytest.MonkeyPatch, reading: Callable[..., Any]
) -> None:
    """And in it data by a path of another day, found by its name, and outputs that a page cannot show, said."""
    (folder / "data").mkdir()
    (folder / "data" / "numbers.dat").write_text("1 2\n3 4\n")
    monkeypatch.setenv("POLYAK_DATA", str(folder / "data"))
    cells = (
        "import numpy as np\nprint('sum', np.genfromtxt('../there/numbers.dat').sum())",
        "print(open('../there/numbers.dat').readline())",
        "from IPython.display import HTML\nHTML('<p id=a></p><script>1</script>')",
        "np.loadtxt('../there/none.dat')",
    )
    text = "# Title\n" + "".join(f"\n```python\n{cell}\n```\n" for cell in cells)
    result, _ = reading(text, to="ipynb", keep_going=True)
    again = read("a.ipynb", out="b.html", real=True, keep_going=True, timeout=60.0)
    assert (result.cells, again.cells) == (4, 4)
    assert len(result.failures) == len(again.failures) == 1
    where = f"../there/none.dat is not there, nor is none.dat in POLYAK_DATA, {folder / 'data'}"
    assert again.failures[0].endswith(f"a.ipynb, cell 4 of 4: FileNotFoundError: {where}")
    page = again.path.read_text("utf-8")
    for words in ("sum 10.0", "1 2", "This output is a script, and the page runs none.", "<title>Title"):
        assert words in page
