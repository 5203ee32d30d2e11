"""The site's pages put together as the repository is laid out, so that the links between them stand as they are."""

from __future__ import annotations

import re
import shutil
from html import escape
from pathlib import Path

import api
import gallery

ROOT = Path(__file__).parents[2]
PAGES = ("README.md", "CHANGELOG.md", "CONTRIBUTING.md", "benchmarks/README.md")
TREE = {
    "Guides": ["README", "docs/guides/*"],
    "Read": ["docs/chapters/index", "docs/claims", "docs/conventions", "docs/moving", "docs/lab"],
    "Work": ["docs/tour", "docs/your_model", "docs/watching", "examples/index", "gallery/index", "api/index"],
    "Trust": ["docs/promises", "benchmarks/README", "CHANGELOG"],
    "Build": ["docs/architecture", "docs/adding/index", "CONTRIBUTING"],
}
INDEX = """# Polyak

A workbench for momentum: write an optimizer's update rule once, the way it stands on a textbook page, and see where it
goes, why, and what the same thing is called in other frameworks. Begin with the guide that is yours, or with the
[README](README.md).

![Gradient descent and the heavy ball on the ravine](docs/images/ravine.svg)

- You read about momentum: [for a reader](docs/guides/reader.md).
- You move a training recipe to another framework: [for a porter](docs/guides/porter.md).
- You train a model of your own: [for a trainer](docs/guides/trainer.md).
- You have a new rule: [for a researcher](docs/guides/researcher.md).
- You teach it: [for a teacher](docs/guides/teacher.md).
"""
# Folders that a page links to, and the page that stands for each here.
FOLDERS = {
    r"\]\((\.\./)*examples/?\)": "](/examples/index.md)",
    r"\]\(docs/adding/?\)": "](/docs/adding/index.md)",
}
CHAPTER = re.compile(r"\]\(((?:\.\./)*(?:docs/)?chapters/)\w+\.md\)")


def stage(folder: Path, *, pictures: bool = True) -> list[api.Name]:
    """Everything that Sphinx reads, in an empty folder; without the gallery's pictures where they are not wanted."""
    documents = sorted((ROOT / "docs").rglob("*.md"))
    for page in [*map(ROOT.joinpath, PAGES), *documents]:
        if page.parent.name != "chapters":
            _put(folder / page.relative_to(ROOT), _linked(page.read_text("utf-8")))
    shutil.copytree(ROOT / "docs" / "images", folder / "docs" / "images")
    shutil.copytree(Path(__file__).parent / "static", folder / "_static")
    _put(folder / "docs" / "chapters" / "index.md", _chapters())
    _put(folder / "docs" / "adding" / "index.md", _adding())
    _put(folder / "examples" / "index.md", _examples())
    _put(
        folder / "index.md",
        _linked(INDEX) + "".join(_tree(caption, pages) for caption, pages in TREE.items()),
    )
    names = api.write(folder / "api")
    if pictures:
        gallery.write(folder / "gallery")
    else:
        _put(folder / "gallery" / "index.md", gallery.INTRODUCED)
    return names


def chapters() -> list[Path]:
    """The chapters, which `polyak read` runs."""
    return sorted(
        each for each in (ROOT / "docs" / "chapters").glob("*.md") if not each.name.endswith(".skl.md")
    )


def title_of(page: Path) -> str:
    """A page's first heading."""
    found = re.search(r"^# (.+)$", page.read_text("utf-8"), re.MULTILINE)
    return found[1] if found else page.stem


def _put(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8")


def _linked(text: str) -> str:
    for link, page in FOLDERS.items():
        text = re.sub(link, page, text)
    return CHAPTER.sub(r"](\1index.md)", text)


def _tree(caption: str, pages: list[str]) -> str:
    entries = "\n".join(pages)
    return f"\n```{{toctree}}\n:hidden:\n:caption: {caption}\n:glob:\n\n{entries}\n```\n"


def _chapters() -> str:
    links = "".join(
        f'<li><a href="../../chapters/{each.stem}.html">{escape(title_of(each))}</a></li>'
        for each in chapters()
    )
    return (
        "# Chapters\n\nDocuments that run: `polyak read` made each page below, by running its code.\n"
        f"\n<ul>{links}</ul>\n\n"
        'Beside them, <a href="../../lab.html">the lab as one page</a>: trace, phase plane and memory.\n'
    )


def _adding() -> str:
    names = sorted(each.stem for each in (ROOT / "docs" / "adding").glob("*.md"))
    entries = "\n".join(names)
    return f"# Adding a thing of your own\n\nOne new file that registers itself.\n\n```{{toctree}}\n\n{entries}\n```\n"


def _examples() -> str:
    parts = ["# Examples\n"]
    for each in sorted((ROOT / "examples").glob("*.py")):
        parts.append(f"## {each.name}\n\n````python\n{each.read_text('utf-8').strip()}\n````\n")
    return "\n".join(parts)
