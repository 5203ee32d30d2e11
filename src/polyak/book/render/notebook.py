"""A document as a Jupyter notebook: prose and cells in turn."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from polyak.book.parse.document import Document
from polyak.ground.version import __version__

if TYPE_CHECKING:
    from nbformat import NotebookNode


def notebook(document: Document) -> NotebookNode:
    r"""The notebook of a document; none of its cells has run.

    >>> from polyak.book.parse.document import parse
    >>> made = notebook(parse("# Title\n\n```python\nx = 1\n```\n"))
    >>> [(cell.cell_type, cell.source) for cell in made.cells]
    [('markdown', '# Title'), ('code', 'x = 1')]
    """
    from nbformat import v4

    lines = re.split(r"\r\n|\r|\n", document.text.removeprefix("\ufeff"))
    made: NotebookNode = v4.new_notebook(
        metadata={
            "kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"},
            "language_info": {"name": "python", "pygments_lexer": "ipython3", "file_extension": ".py"},
            "title": document.title,
            "polyak": {"version": __version__, "language": document.language},
        }
    )
    done = 0

    def prose(until: int) -> None:
        text = "\n".join(lines[done:until]).strip("\n")
        if text.strip():
            made.cells.append(v4.new_markdown_cell(text, id=f"text-{len(made.cells) + 1}"))

    for token in document.tokens:
        if "cell" in token.meta and token.map:
            prose(token.map[0])
            cell = document.cells[token.meta["cell"]]
            metadata = {"tags": list(cell.tags)} if cell.tags else {}
            made.cells.append(
                v4.new_code_cell(cell.code, id=f"cell-{token.meta['cell'] + 1}", metadata=metadata)
            )
            done = token.map[1]
    prose(len(lines))
    return made


def numbers(document: Document) -> list[int | None]:
    r"""The number that each cell bears: as in its source, or counted where the source gives none at all.

    >>> from polyak.book.parse.document import parse
    >>> numbers(parse("```python\n1\n```\n\n```python\n2\n```\n"))
    [1, 2]
    >>> numbers(parse("```{.python .input n=7}\n1\n```\n\n```python\n2\n```\n"))
    [7, None]
    """
    said = [cell.number for cell in document.cells]
    return list(range(1, len(said) + 1)) if said.count(None) == len(said) else said
