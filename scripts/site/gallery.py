"""The gallery: every kind of figure, drawn by the example in its own docstring, with the line that makes it."""

from __future__ import annotations

import inspect
import warnings
from pathlib import Path
from typing import Any

import polyak as pk
from polyak.show.catalogue import TOOLS, homes

INTRODUCED = """# Gallery

Every kind of figure, with the lines that make it. What a figure is of draws itself too: `result.plot()`, or
`polyak.show.plot(result)`; `polyak.show.save(figure, "name.svg")` writes it as svg, png or pdf.

"""


def kinds() -> list[str]:
    """The figures that there are, by their functions' names."""
    return [name for name in homes() if name not in TOOLS]


def example(name: str) -> str:
    """The lines of a figure's docstring that make one."""
    lines = (inspect.getdoc(getattr(pk.show, name)) or "").splitlines()
    kept = [line[4:] for line in lines if line.startswith((">>> ", "... "))]
    last = next((k for k, line in enumerate(kept) if line.startswith("figure = ")), None)
    if last is None:
        raise SystemExit(
            f"polyak.show.{name} has no example with 'figure = ...' in its docstring, and so no picture"
        )
    return "\n".join(kept[: last + 1])


def write(folder: Path) -> None:
    """The page and its pictures."""
    folder.mkdir(parents=True)
    parts = [INTRODUCED]
    for name in kinds():
        written = example(name)
        namespace: dict[str, Any] = {name: getattr(pk.show, name)}
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            exec(written, namespace)
        pk.show.save(namespace["figure"], folder / f"{name}.svg")
        said = (inspect.getdoc(getattr(pk.show, name)) or "").splitlines()[0]
        parts.append(
            f"## {name.removesuffix('_figure').replace('_', ' ').capitalize()}\n\n{said}\n\n"
            f"![{said}]({name}.svg)\n\n```python\nfrom polyak.show import {name}\n\n{written}\n```\n\n"
            f"[{name} in the API](../api/show.{name}.rst)\n"
        )
    (folder / "index.md").write_text("\n".join(parts), "utf-8")
