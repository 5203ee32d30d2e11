"""What a document is made into: slides, a PDF, and the forms that others write."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from polyak.book import read
from polyak.book.parse.document import parse
from polyak.book.parse.formats import as_markdown
from polyak.book.render import printed
from polyak.book.render.slides import script
from polyak.book.targets import TARGETS, default_name
from polyak.ground.errors import PolyakError

DOCUMENT = """# First

Words with $x^2$.

```python
x = 1 + 1
print(x)
```

```python
print("second", x)
```

> ## Quoted

## Second

---

Third <!--slide --> slide </section>.

#### Small
"""


@pytest.fixture
def document(folder: Path) -> Path:
    """A document of two cells and four slides."""
    (folder / "a.md").write_text(DOCUMENT, "utf-8")
    return folder / "a.md"


def test_slides_begin_at_headings_rules_and_second_cells(document: Path) -> None:
    page = read("a.md", to="slides", real=True).path.read_text("utf-8")
    slides = page.split('<div class="slides">')[1].split("<section>\n")[1:]
    assert len(slides) == 4, slides
    assert "First" in slides[0]
    assert "<math" in slides[0]
    assert "In [1]" in slides[0]
    assert "In [2]" in slides[1]
    assert "Quoted" in slides[1]  # what stands in a quotation begins nothing
    assert "Second" in slides[2]
    assert "Third" in slides[3]
    assert "Small" in slides[3]
    # The one script is ours, known by its hash; nothing is asked of another place.
    assert page.count("<script") == page.count("</script>") == 1
    assert "script-src 'sha256-" in page
    assert script() in page
    assert "sourceMappingURL" not in page
    assert "<script" not in read("a.md", real=True).path.read_text("utf-8")


def test_a_browser_turns_the_slides_and_prints_the_page(document: Path) -> None:
    if shutil.which("chromium") is None:
        pytest.skip("chromium is not on the path: apt-get install chromium")
    slides = read("a.md", to="slides", real=True).path.resolve()
    command = [
        printed.printer(),
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        f"--user-data-dir={document.parent / 'profile'}",
    ]
    command += ["--virtual-time-budget=5000", "--dump-dom", f"{slides.as_uri()}#/2"]
    shown = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True).stdout
    assert 'class="reveal none' in shown
    assert " ready" in shown.split('class="reveal none')[1][:80]
    present = shown.split('<section class="present"')[1]
    assert "Second" in present[: present.index("</section>")]
    made = read("a.md", to="pdf", real=True)
    assert made.path.name == "a.pdf"
    assert made.run_at  # its cells were run for the slides
    content = made.path.read_bytes()
    assert content.startswith(b"%PDF-")
    assert content.rstrip().endswith(b"%%EOF")


def test_no_browser_is_said_before_anything_runs(
    document: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(PolyakError, match=r"printed by Chromium or Chrome, and none is here .*--to html"):
        read("a.md", to="pdf", real=True)
    assert not (tmp_path / "a.pdf").exists()
    monkeypatch.setattr(printed, "printer", lambda: "/bin/false")
    with pytest.raises(PolyakError, match=r"/bin/false printed nothing \(code 1\)"):
        printed.pdf("<p>1</p>")


@pytest.mark.parametrize("to", [name for name, target in TARGETS.items() if target.jupytext])
def test_other_forms_hold_the_same_cells_and_words(document: Path, to: str) -> None:
    result = read("a.md", to=to)
    assert result.path.name == default_name(document, to)
    assert str(result) == f"wrote {result.path}"  # nothing ran
    written = result.path.read_text("utf-8")
    back = parse(as_markdown(written, result.path) or written)
    assert [cell.code for cell in back.cells] == [cell.code for cell in parse(DOCUMENT).cells]
    assert back.title == "First"
    assert "Third" in written


def test_a_notebook_without_a_cell_is_written_as_others_have_it(folder: Path) -> None:
    (folder / "w.md").write_text("# Words\n\nand more.\n", "utf-8")
    results: list[Any] = [read("w.md", to=name) for name in ("py", "myst")]
    assert all("and more." in result.path.read_text("utf-8") for result in results)
