"""A document written as others have it: MyST, a script of cells, R Markdown and Quarto, by jupytext."""

from __future__ import annotations

from pathlib import Path

from polyak.book.parse.document import Document
from polyak.ground.extras import need


def as_text(document: Document, form: str, path: Path) -> str:
    r"""The document in another of jupytext's formats.

    Args:
        document: as `parse` makes it.
        form: jupytext's name of the format, such as `md:myst`.
        path: the document's own file, for what is said of it.

    >>> from polyak.book.parse.document import parse
    >>> document = parse("# Momentum\n\n```{.python .input n=3}\nx = 1\n```\n")
    >>> print(as_text(document, "py:percent", Path("a.md")).partition("# %% [markdown]")[2])
    <BLANKLINE>
    # # Momentum
    <BLANKLINE>
    # %%
    x = 1
    <BLANKLINE>
    """
    need("jupytext", what=f"{path.name} written in another form", extra="book")
    import jupytext

    from polyak.book.render.notebook import notebook

    made = notebook(document)
    made.metadata = {
        "kernelspec": made.metadata.kernelspec
    }  # theirs to say: what is ours means nothing there
    return str(jupytext.writes(made, fmt=form))
