"""Tags of cells: what they fold away or leave out on the page, and that no failure goes with it."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from polyak.book.render.tags import Parts, parts

PAGE = """# Tags

```{code-cell}
:tags: [hide-input]
print("code" + " folded")
```

```{code-cell}
:tags: [hide-output]
print("output" + " folded")
```

```{code-cell}
:tags: [remove-input]
print("code" + " gone")
```

```{code-cell}
:tags: [remove-output]
print("output" + " gone")
```

```{code-cell}
:tags: [remove-cell]
x = "from a cell that is gone"
```

```{code-cell}
:tags: [raises-exception]
raise ValueError("an" + "nounced")
```

```{code-cell}
x
```

```{code-cell}
:tags: [remove-cell]
raise KeyError("not" + " announced")
```
"""


def test_each_tag_on_a_page(reading: Any) -> None:
    html5lib = pytest.importorskip("html5lib")
    result, text = reading(PAGE)
    page = html5lib.parse(text, namespaceHTMLElements=False)
    cells = {cell.get("id"): cell for cell in page.iter("div") if (cell.get("id") or "").startswith("cell-")}
    words = {name: "".join(cell.itertext()) for name, cell in cells.items()}
    folded = {
        name: ["".join(part.itertext()) for part in cell.iter("details")] for name, cell in cells.items()
    }
    assert list(cells) == [f"cell-{number}" for number in (1, 2, 3, 4, 6, 7, 8)]
    assert '"code" + " folded"' in folded["cell-1"][0]
    assert "code folded" in words["cell-1"].replace(folded["cell-1"][0], "")
    assert "output folded" in folded["cell-2"][0]
    assert '"output" + " folded"' in words["cell-2"].replace(folded["cell-2"][0], "")
    assert "code gone" in words["cell-3"]
    assert "print" not in words["cell-3"]
    assert "print" in words["cell-4"]
    assert "output gone" not in words["cell-4"]
    assert "ValueError: announced" in words["cell-6"]
    assert cells["cell-6"].get("class") == "cell"
    assert "from a cell that is gone" in words["cell-7"]
    assert cells["cell-8"].get("class") == "cell failed"
    assert "not announced" in words["cell-8"]
    assert result.failures == (
        f"a.md, cell 8 of 8 (line {1 + PAGE[: PAGE.index('raise KeyError')].count(chr(10))}): "
        "KeyError: 'not announced'",
    )


@given(
    st.sets(
        st.text(max_size=12) | st.sampled_from(["hide-input", "hide-cell", "remove-output", "remove-cell"])
    )
)
def test_a_failed_cell_is_shown_whole_whatever_its_tags_say(tags: set[str]) -> None:
    assert parts(tags, failed=True) == Parts()
    assert parts(tags).gone == ("remove-cell" in tags or {"remove-input", "remove-output"} <= tags)
