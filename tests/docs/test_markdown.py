"""The Python of every document runs, as a reader would run it: block after block, top to bottom."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DOCUMENTS = [
    ROOT / "README.md",
    *sorted((ROOT / "docs").glob("*.md")),
    *sorted((ROOT / "docs" / "guides").glob("*.md")),
]


def blocks(document: Path) -> list[str]:
    return re.findall(r"^```python\n(.*?)^```", document.read_text("utf-8"), re.DOTALL | re.MULTILINE)


@pytest.mark.parametrize(
    "document",
    [d for d in DOCUMENTS[1:] if blocks(d)],  # the README is run by test_readme.py, as its reader runs it
    ids=lambda d: d.name,
)
def test_python_blocks_run(document, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    namespace: dict = {"__name__": "document"}
    for number, block in enumerate(blocks(document), start=1):
        exec(compile(block, f"{document.name}, block {number}", "exec"), namespace)


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda d: d.name)
def test_links_within_the_project_lead_somewhere(document):
    for target in re.findall(r"\]\(([^)#]+)", document.read_text("utf-8")):
        if not target.startswith("http"):
            assert (document.parent / target).exists(), target
