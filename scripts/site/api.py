"""A page of the API for every public name: what it is, from its own docstring, and an example that runs."""

from __future__ import annotations

import inspect
import re
import sys
import textwrap
from pathlib import Path
from typing import Any

from names import Name, public
from sphinx.pycode import ModuleAnalyzer

from polyak.ground.numbers import readable
from polyak.rules import Rule

INTRODUCED = """# API

Every public name of Polyak, a page each: what it computes, shapes, units, valid ranges, what it raises, its source, an
example. The examples are run by the tests.

"""
TITLES = {"functions": "Functions", "classes": "Classes", "values": "Values"}


def write(folder: Path) -> list[Name]:
    """The pages, and the list of them."""
    folder.mkdir(parents=True)
    names = public()
    for name in names:
        (folder / f"{name.page}.rst").write_text(page(name, names), "utf-8")
    (folder / "index.md").write_text(INTRODUCED + "\n".join(_lists(names)), "utf-8")
    return names


def _lists(names: list[Name]) -> list[str]:
    lines: list[str] = []
    for home in dict.fromkeys(_home(name.path) for name in names):
        lines.append(f"\n## {home}\n")
        for kind, title in TITLES.items():
            here = [name for name in names if _home(name.path) == home and name.kind == kind]
            if here:
                lines += [f"\n### {title} of {home}\n", "```{toctree}", ":maxdepth: 1\n"]
                lines += [name.page for name in sorted(here, key=lambda each: each.path.lower())] + ["```"]
    return lines


def _home(path: str) -> str:
    return path.rpartition(".")[0]


def page(name: Name, names: list[Name]) -> str:
    """One name's page."""
    title = name.path
    if name.kind == "values":
        return "\n".join([title, "=" * len(title), "", *_of_value(name)]) + "\n"
    directive = {"functions": "autofunction", "classes": "autoclass"}[name.kind]
    lines = [title, "=" * len(title), "", f".. {directive}:: {name.path}"]
    if name.kind == "classes":
        lines += ["   :members:", "   :show-inheritance:"] if not _is_rule(name.thing) else ["   :members:"]
    lines.append("")
    if _is_rule(name.thing):
        lines += _of_rule(name.thing)
    if not _has_example(name.thing):
        lines += _made_by(name, names)
    if name.others:
        lines += ["", "Also as " + ", ".join(f"``{other}``" for other in name.others) + "."]
    return "\n".join(lines) + "\n"


def _of_value(name: Name) -> list[str]:
    """What stands below a value where it is made, and the value."""
    word = name.path.rpartition(".")[2]
    homes = [key for key, module in sys.modules.items() if key.startswith("polyak.") and word in vars(module)]
    said: list[str] = []
    for home in sorted(homes, key=len, reverse=True):
        said = said or ModuleAnalyzer.for_module(home).find_attr_docs().get(("", word), [])
    spelled = textwrap.shorten(repr(name.thing), 400, placeholder=" ...")
    return [
        f".. py:data:: {name.path}",
        "",
        *(f"   {line}" for line in said),
        "",
        "   .. code-block:: text",
        "",
        f"      {spelled}",
        "",
    ]


def _is_rule(thing: object) -> bool:
    return inspect.isclass(thing) and issubclass(thing, Rule) and bool(getattr(thing, "formula", ""))


def _of_rule(cls: Any) -> list[str]:
    """A rule's formula, settings with their ranges, and source."""
    lines = [".. rubric:: Formula", ""]
    lines += [f".. math:: {part.strip()}\n" for part in re.split(r"\\\\", cls.formula)]
    lines += [".. rubric:: Settings", "", ".. list-table::", "   :header-rows: 1", ""]
    rows = [("name", "on paper", "meaning", "valid range", "default")]
    defaults = {key: each.default for key, each in inspect.signature(cls).parameters.items()}
    for key, about in cls.hyperparameters().items():
        default = defaults.get(key)
        spelled = readable(default, 6) if isinstance(default, int | float) else "none"
        rows.append((f"``{key}``", f":math:`{about.symbol}`", about.meaning, str(about.interval), spelled))
    for key, about in cls.choices().items():
        options = " or ".join(f"``{option!r}``" for option in about.options)
        rows.append((f"``{key}``", "", about.meaning, options, f"``{defaults.get(key)!r}``"))
    for row in rows:
        lines += [f"   {'* -' if k == 0 else '  -'} {cell}" for k, cell in enumerate(row)]
    source = cls.source.replace("*", r"\*").replace("<-", "←")
    return [*lines, "", ".. rubric:: Source", "", source, ""]


def _has_example(thing: object) -> bool:
    return ">>>" in (inspect.getdoc(thing) or "")


def _made_by(name: Name, names: list[Name]) -> list[str]:
    """The example of a function that returns it, for what has none of its own."""
    if not inspect.isclass(name.thing):
        return []
    word = re.compile(rf"\b{name.thing.__name__}\b")
    for each in names:
        returned = (
            getattr(each.thing, "__annotations__", {}).get("return", "")
            if inspect.isfunction(each.thing)
            else ""
        )
        if word.search(str(returned)) and _has_example(each.thing):
            example = _example(each.thing)
            return [
                "",
                f"Made by :doc:`{each.path} <{each.page}>`:",
                "",
                *(f"   {line}" for line in example),
                "",
            ]
    return []


def _example(thing: object) -> list[str]:
    """The first example in a docstring."""
    lines = (inspect.getdoc(thing) or "").splitlines()
    first = next(k for k, line in enumerate(lines) if line.startswith(">>>"))
    last = next((k for k in range(first, len(lines)) if not lines[k].strip()), len(lines))
    return lines[first:last]
