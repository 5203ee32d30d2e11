"""The page: valid, whole, and without a wish to the network; and the notebook."""

from __future__ import annotations

import re
import subprocess
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import html5lib
import nbformat
import pytest
from hypothesis import given
from hypothesis import strategies as st

from patience import PATIENCE
from polyak.book import Reading, read
from polyak.book.parse.document import parse
from polyak.book.render.colours import STYLES
from polyak.book.render.outputs import Cells, whole
from polyak.book.render.page import UNSEEN, once
from polyak.book.render.prose import Prose
from polyak.ground.errors import PolyakError

DOCUMENT = """\
# 动量法 & *Momentum*

速度变量是梯度的指数加权移动平均。 It costs $5; $\\gamma < 1$. %%%4%%% ![a ball](ball.svg) ![gone](gone.png) [Polyak](https://example.org/?a=1&b=2)

$$
\\begin{aligned}
\\boldsymbol{v}_t &\\leftarrow \\gamma \\boldsymbol{v}_{t-1} + \\eta_t \\boldsymbol{g}_t, \\\\
\\boldsymbol{x}_t &\\leftarrow \\boldsymbol{x}_{t-1} - \\boldsymbol{v}_t,
\\end{aligned}
$$

| a | b |
|---|--:|
| 1 | 2 |

## 动量法 & *Momentum*

```{.python .input  n=3}
%matplotlib inline
import matplotlib.pyplot as plt
from IPython.display import HTML, Markdown, Math, Javascript, display
plt.plot([1, 2]);
plt.show()
plt.plot([2, 1]);
```

1. one

   ```python
   # x < 1 & y
   display(Markdown("**bold** $x_1$"), Math(r"\\beta"), Javascript("alert()"))
   display(HTML("<p id='cell-1'><b>open<img src='https://example.org/x.png'><script>alert()</script>"))
   "<b>text</b>"
   ```

2. two

```python
import sys
print("<i>red \\x1b[31mtext\\x1b[0m & more", file=sys.stderr)
```

```bash
ls  # not ours
```
"""


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Reading, str]:
    folder = tmp_path_factory.mktemp("page")
    (folder / "ball.svg").write_text("<svg xmlns='http://www.w3.org/2000/svg'/>")
    (folder / "momentum.skl.md").write_text(DOCUMENT, "utf-8")
    reading = read(folder / "momentum.skl.md", out=folder / "momentum.html", real=True)
    return reading, reading.path.read_text("utf-8")


def tree(text: str) -> Any:
    parser = html5lib.HTMLParser(html5lib.getTreeBuilder("lxml"), strict=True, namespaceHTMLElements=False)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return parser.parse(text)


def test_what_it_came_to(made: Any) -> None:
    reading, _ = made
    assert (reading.cells, reading.ran, reading.failures) == (3, 3, ())
    assert (reading.slots, reading.images, reading.formulas) == ((4,), ("gone.png",), ())
    assert str(reading).endswith("momentum.html: 3 cells run, 1 slot without a string, 1 image missing")


def test_a_strict_parser_finds_nothing_wrong(made: Any) -> None:
    page = tree(made[1])
    assert page.getroot().get("lang") == "zh-CN"
    assert page.findtext(".//title") == "动量法 & Momentum"
    ids = [element.get("id") for element in page.iter() if element.get("id")]
    assert len(ids) == len(set(ids))
    assert {"cell-1", "cell-2", "cell-3", "动量法-momentum", "动量法-momentum-2"} <= set(ids)
    assert all(image.get("alt") is not None for image in page.iter("img"))
    assert [image.get("alt") for image in page.iter("img")][:3] == [
        "a ball",
        *["Picture drawn by In [3]"] * 2,
    ]


def test_nothing_is_asked_of_a_network(made: Any) -> None:
    page = tree(made[1])
    policy = page.find(".//meta[@http-equiv='Content-Security-Policy']").get("content")
    assert policy.startswith("default-src 'none'; img-src data:; font-src data:;")
    assert "script" not in policy
    assert page.findall(".//script") == page.findall(".//link") == page.findall(".//iframe") == []
    own = [image.get("src") for image in page.iter("img") if "example.org" not in image.get("src")]
    assert len(own) == 3
    assert all(source.startswith("data:image/svg+xml;base64,") for source in own)
    style = page.findtext(".//style")
    assert all(
        target.startswith('"data:font/woff2;base64,d09GMg') for target in re.findall(r"url\(([^)]*)\)", style)
    )
    assert "@import" not in style


def test_formulas_are_mathml(made: Any) -> None:
    page = made[1]
    assert page.count("<math") == 4
    assert page.count('<math display="block">') == 2
    assert "$5;" in page
    assert "𝒗" in page


def test_cells_stand_in_their_places_with_their_numbers_and_outputs(made: Any) -> None:
    page = made[1]
    assert re.findall(r'class="prompt">((?:In|Out) \[?[^<]*|Out[^<]*)<', page) == [
        "In [3]:", "In [&nbsp;]:", "Out[&nbsp;]:", "In [&nbsp;]:",
    ]  # fmt: skip
    assert re.search(r'<ol>\s*<li>\s*<p>one</p>\s*<div id="cell-2"', page)
    assert '<span class="c1"># x &lt; 1 &amp; y</span>' in page
    assert "<strong>bold</strong> <math><msub><mi>x</mi><mn>1</mn></msub></math>" in page
    assert "<mi>β</mi>" in page
    assert "This output is a script, and the page runs none." in page
    assert "&#39;&lt;b&gt;text&lt;/b&gt;&#39;" in page
    assert '&lt;i&gt;red <span class="ansi-red-fg">text</span> &amp; more' in page
    assert '<span class="c1"># not ours</span>' in page
    assert "<script" not in page


def test_the_same_document_gives_the_same_page(made: Any) -> None:
    folder = made[0].path.parent
    again = read(folder / "momentum.skl.md", out=folder / "again.html", real=True)
    assert again.path.read_text("utf-8") == made[1]


def test_a_notebook(made: Any, folder: Path) -> None:
    source = made[0].path.parent / "momentum.skl.md"
    reading = read(source, to="ipynb", real=True)
    assert reading.path == Path("momentum.ipynb")
    notebook = nbformat.read(reading.path, as_version=4)
    nbformat.validate(notebook)
    assert [cell.cell_type for cell in notebook.cells] == [
        "markdown",
        "code",
        "markdown",
        "code",
        "markdown",
        "code",
        "markdown",
    ]
    assert [cell.execution_count for cell in notebook.cells if cell.cell_type == "code"] == [3, None, None]
    assert set(notebook.cells[1].outputs[0].data) == {"image/svg+xml", "text/plain"}


BITS = "# |- |> |$x$|$$|**|_|`|~~|[|](u)|![|<b>|</b>|<div>|</div>|<!--|-->|&amp;|&|<|%%%1%%%|a|\x07|\x85| b |\n|```\n"


@given(st.lists(st.sampled_from([*BITS.split("|"), "|", "|---|---|\n", " "]), max_size=25))
def test_whatever_the_prose_a_strict_parser_finds_nothing_wrong(parts: list[str]) -> None:
    try:
        document = parse("".join(parts))
    except PolyakError:
        return
    body = UNSEEN.sub("\ufffd", once(Prose(Path()).render(document)))
    tree(f"<!DOCTYPE html><title>a</title><main>{body}</main>")


def test_html_that_cells_show_is_made_whole() -> None:
    assert whole("<table border=1><tr><td>1") == '<table border="1"><tr><td>1</td></tr></table>'
    assert whole("<style scoped>b {}</style><style>i {}</style>x") == "<style>i {}</style>x"


def test_an_id_stands_once() -> None:
    assert (
        once("<b id='x'>1</b><i class=a id=x>2</i><u id=\"y\">")
        == "<b id='x'>1</b><i class=a>2</i><u id=\"y\">"
    )


def test_what_changes_later_is_rendered_again_and_what_a_stream_says_in_many_breaths_is_one(
    reading: Callable[..., tuple[Reading, str]],
) -> None:
    early = "from IPython.display import display\nshown = display('early', display_id=True)"
    breath = "    print(f'{part} %', end='\\r', flush=True)\n    time.sleep(0.1)"
    stream = f"import time\nfor part in range(3):\n{breath}\nprint()"
    cells = (early, "shown.update('late')", stream)
    _, page = reading("".join(f"```python\n{code}\n```\n\n" for code in cells))
    assert "&#39;late&#39;" in page
    assert "&#39;early&#39;" not in page
    assert page.count("output_stdout") == 1
    assert "<pre>2 %" in page


LINES = """
from nbformat import v4
from polyak.book.render.outputs import Cells
cell = v4.new_code_cell("1", id="cell-1", execution_count=1)
text = 500_000 * "ab" + "\\n" + 500_000 * "a\\r" + "b\\r\\n"
cell.outputs = [v4.new_output("stream", name="stdout", text=text)]
page = Cells(lambda text: text, lambda text: text)(cell)
print(page.count("ab") - page.count("tabindex"), page.count("a\\r"), page.count("b\\r"))
"""


def test_a_printed_line_may_be_a_megabyte_long() -> None:
    done = subprocess.run(
        [sys.executable, "-c", LINES], capture_output=True, text=True, check=True, timeout=PATIENCE
    )
    assert done.stdout == "500000 0 1\n"


def test_cells_are_rendered_once(monkeypatch: pytest.MonkeyPatch) -> None:
    from nbformat import v4

    cells = Cells(lambda text: text, lambda text: text)
    cell = v4.new_code_cell("1", id="cell-1", execution_count=1)
    first = cells(cell)
    monkeypatch.setattr(cells, "_render", None)
    assert cells(cell) == first


def luminance(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("style", STYLES.values())
def test_code_can_be_read_on_its_ground(style: str) -> None:
    ground, ink = luminance("#f4f6f9"), luminance(style.rpartition(" ")[2])
    assert (ground + 0.05) / (ink + 0.05) >= 4.5
