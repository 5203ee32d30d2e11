"""What a document can be made into, by name: its ending, and whether its cells are run for it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Target:
    """What a document is made into.

    Attributes:
        ending: of the file's name.
        runs: whether the cells run.
        jupytext: what jupytext calls it, where that writes it.
        kept: whether what is written is text, which is kept for the next reading.
    """

    ending: str
    runs: bool = False
    jupytext: str = ""
    kept: bool = False


TARGETS = {
    "html": Target(".html", runs=True, kept=True),
    "ipynb": Target(".ipynb", runs=True, kept=True),
    "pdf": Target(".pdf", runs=True),
    "slides": Target(".slides.html", runs=True, kept=True),
    "md": Target(".md"),
    "myst": Target(".myst.md", jupytext="md:myst"),
    "py": Target(".py", jupytext="py:percent"),
    "rmd": Target(".Rmd", jupytext="Rmd"),
    "qmd": Target(".qmd", jupytext="Rmd"),
}


def default_name(path: Path, to: str, language: str | None = None) -> str:
    """Where what is made of a document goes: its own name, less what marks it as a skeleton.

    >>> default_name(Path("book/momentum.skl.md"), "html"), default_name(Path("a.md"), "md", "zh-CN")
    ('momentum.html', 'a.zh-CN.md')
    >>> default_name(Path("a.ipynb"), "myst"), default_name(Path("a.md"), "slides")
    ('a.myst.md', 'a.slides.html')
    """
    stem = path.name.removesuffix(path.suffix).removesuffix(".skl")
    return f"{stem}.{language or 'filled'}.md" if to == "md" else f"{stem}{TARGETS[to].ending}"
