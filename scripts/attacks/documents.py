"""Documents that mean harm: read without running them, set as a page, cut for translators and put together again."""

from __future__ import annotations

import contextlib
import random
import tempfile
import threading
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

from attacks.kind import Kind

PIECES = (
    "# ", "## A title\n", "\n\n", "\n", "words ", "词 ", "```python\n", "```\n", "~~~\n", "    ", "- ", "1. ", "> ",
    "| a | b |\n", "|---|\n", "$", "$$", "\\(", "\\begin{aligned}", "\\end{aligned}", "\\frac{", "{", "}", "&",
    "\\", "%%%1%%%", "%%%", "%%%2%%%", "%%%x%%%", "<script>alert(1)</script>", "<img src=x onerror=alert(1)>",
    "<svg/onload=alert(1)>", "<iframe src=//evil>", "<style>*{}</style>", "[a](javascript:alert(1))",
    "[a](JaVaScRiPt&#58;alert(1))", "![a](http://evil/x.png)", "![a](../../../etc/passwd)", "<!--", "-->",
    "<a href='data:text/html,x'>", "<details open ontoggle=alert(1)>", "![a](data:text/html,<script>)",
    "[a]: javascript:alert(1)\n", "\x00", "\x1b", "\u202e", "\ufeff", "\u2028", "\r", "\t", "'", '"', "<", ">", "`",
    "*", "_", "**", "[", "](", "x" * 2000, "(" * 300, "> " * 100, "- " * 60, "[" * 500, "*a" * 400, "<b>" * 200,
    "$" * 200, "import os\n", "print('x')\n", "# comment\n", '"""', "{.python .input}", "<g id='1'>", "</g>",
    "&lt;", "&#x0;", "]]>", "<![CDATA[", "<?xml", "<!DOCTYPE a [<!ENTITY b 'c'>]>", "&b;",
)  # fmt: skip
NOT_SET = {"script", "iframe", "object", "embed", "style", "link", "meta", "base", "form"}
STRINGS = """<?xml version="1.0" encoding="utf-8"?>
<xliff version="1.2" xmlns="urn:oasis:names:tc:xliff:document:1.2"><file original="a" datatype="x-markdown"
source-language="en" target-language="zh"><body><trans-unit id="1"><source>{0}</source><target>{1}</target></trans-unit>
</body></file></xliff>"""


class Page(HTMLParser):
    """What a page would run."""

    def __init__(self) -> None:
        super().__init__()
        self.runs: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """A tag that runs something, or an attribute."""
        if tag in NOT_SET:
            self.runs.append(tag)
        for name, value in attrs:
            where = "".join((value or "").split()).lower()
            if name.startswith("on") or (
                name in ("href", "src") and where.startswith(("javascript:", "data:text"))
            ):
                self.runs.append(f"{tag} {name}={(value or '')[:40]}")

    handle_startendtag = handle_starttag


@contextlib.contextmanager
def folder() -> Iterator[Path]:
    """A folder for the documents."""
    with tempfile.TemporaryDirectory() as made:
        yield Path(made)


def document(chance: random.Random) -> str:
    """Some pieces after one another."""
    return "".join(chance.choice(PIECES) for _ in range(chance.randrange(1, 60)))


def tried(seed: int, place: Path) -> str | None:
    """One document through every door that does not run it."""
    from polyak.book import read, separate
    from polyak.book.parse.document import parse
    from polyak.book.render.prose import Prose
    from polyak.ground.errors import PolyakError

    chance = random.Random(seed)
    text, own = document(chance), place / f"{threading.get_ident()}-{seed}"
    own.mkdir()
    path = own / "page.md"
    path.write_bytes(
        text.encode("utf-8", "surrogatepass") if chance.random() < 0.95 else text.encode("utf-16")
    )
    complaint = None
    with contextlib.suppress(PolyakError):
        parsed = parse(text)
        page = Page()
        page.feed(Prose(own).render(parsed, ["" for _ in parsed.cells]))
        complaint = f"the page runs {page.runs[0]}" if page.runs else None
    with contextlib.suppress(PolyakError):
        read(path, to="md", out=own / "filled.md")
    with contextlib.suppress(PolyakError):
        made = separate(path, target_language="zh", out_dir=own)
        read(made.skeleton, strings=made.strings, language="en", to="md", out=own / "again.md")
        if (own / "again.md").read_bytes() != path.read_bytes():
            complaint = complaint or "cut and put together again it is another"
    strings = own / "odd.xlf"
    strings.write_text(STRINGS.format(document(chance), document(chance)), "utf-8", "surrogatepass")
    with contextlib.suppress(PolyakError):
        read(path, strings=strings, to="md", out=own / "odd.md")
    known = {"page.md", "filled.md", "page.skl.md", "page.xlf", "again.md", "odd.xlf", "odd.md"}
    left = sorted({found.name for found in own.iterdir()} - known)
    return complaint or (f"it left {left}" if left else None)


KIND = Kind("hostile documents, not run", tried, ready=folder)
