"""Notebooks and scripts as the Markdown that they stand for: words between cells, each cell a fence."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, cast

from polyak.ground.errors import PolyakError
from polyak.ground.extras import need

if TYPE_CHECKING:
    from nbformat import NotebookNode

NOTEBOOKS, SCRIPTS = (".ipynb",), (".py",)
UNREAD = {".rst": "reStructuredText", ".tex": "LaTeX", ".docx": "a Word document", ".pdf": "a PDF"}
EXPECTED = "expected Markdown, MyST, a notebook (.ipynb) or a script with cells (# %%)"
FENCE = re.compile(r"^(\s*(?:`{3,}|~{3,})) *(?=\S)", re.MULTILINE)


def as_markdown(text: str, path: Path) -> str | None:
    r"""What a notebook or a script says, as Markdown; None for what is Markdown already.

    A fence inside the words of a notebook is not run there, and is not run here.

    Raises PolyakError for a notebook that is none or of another language, and for a format that is not read.

    >>> print(as_markdown("# %% [markdown]\n# # Momentum\n\n# %%\nx = 1\n", Path("a.py")))
    # Momentum
    <BLANKLINE>
    ```python
    x = 1
    ```
    <BLANKLINE>
    """
    suffix = path.suffix.lower()
    if suffix in UNREAD:
        raise PolyakError(f"{path} is {UNREAD[suffix]}, which is not read here: {EXPECTED}")
    if suffix not in NOTEBOOKS + SCRIPTS:
        return None
    need("jupytext", what=f"a document such as {path.name}", extra="book")
    notebook = _of_script(text) if suffix in SCRIPTS else _of_notebook(text, path)
    return "\n".join(map(_part, notebook.cells))


def _of_notebook(text: str, path: Path) -> NotebookNode:
    import nbformat

    try:
        notebook = nbformat.reads(text, as_version=4)
        cells, metadata = notebook.cells, notebook.metadata
    except Exception as error:
        first = str(error).strip().split("\n")[0][:80]
        raise PolyakError(f"{path} is no notebook: {type(error).__name__}: {first}") from None
    named = metadata.get("kernelspec", {}).get("language") or metadata.get("language_info", {}).get("name")
    if str(named or "python").lower() not in ("python", "python3", "ipython"):
        raise PolyakError(f"{path} is a notebook of {named}, expected one of Python")
    if not all(isinstance(cell.get("source"), str) for cell in cells):
        raise PolyakError(f"{path} is no notebook: a cell has no source")
    return cast("NotebookNode", notebook)


def _of_script(text: str) -> NotebookNode:
    import jupytext

    notebook: NotebookNode = jupytext.reads(text.removeprefix("\ufeff"), fmt="py")
    return notebook


def _part(cell: NotebookNode) -> str:
    """One cell as Markdown."""
    source = cell.source.strip("\n")
    if cell.cell_type == "code":
        marks = "`" * max(3, 1 + max(map(len, re.findall(r"^\s*(`+)", source, re.MULTILINE)), default=0))
        said = cell.metadata.get("tags")
        tags = [tag for tag in said if re.fullmatch(r"[\w-]+", str(tag))] if isinstance(said, list) else []
        opening = f"{{code-cell}}\n:tags: [{', '.join(map(str, tags))}]" if tags else "python"
        return f"{marks}{opening}\n{source}\n{marks}\n" if source else ""
    return FENCE.sub(r"\1 {.output} ", source) + "\n" if cell.cell_type == "markdown" else ""
