"""What the site promises and can be held without building it: pages for all names, guides in the tree, links."""

from __future__ import annotations

import ast
import inspect
import re
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
sys.path.insert(0, str(ROOT / "scripts" / "site"))

import check  # noqa: E402
import gallery  # noqa: E402
import stage  # noqa: E402

import polyak as pk  # noqa: E402


@pytest.fixture(scope="module")
def staged(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site") / "source"
    stage.stage(folder, pictures=False)
    return folder


def test_every_public_name_has_a_page(staged: Path) -> None:
    """Those of the stub, read as text; a page says its name, and the list leads to it."""
    tree = ast.parse((ROOT / "src/polyak/__init__.pyi").read_text("utf-8"))
    (listed,) = (
        ast.literal_eval(node.value)
        for node in tree.body
        if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == "__all__"
    )
    pages = {page.stem: page.read_text("utf-8") for page in (staged / "api").glob("*.rst")}
    index = (staged / "api" / "index.md").read_text("utf-8").splitlines()
    folders = {
        "book",
        "data",
        "frameworks",
        "landscapes",
        "models",
        "problems",
        "rules",
        "run",
        "show",
        "sweeps",
        "theory",
    }
    names = {name for name in listed if not inspect.ismodule(getattr(pk, name))}
    assert len(names) > 80
    assert names <= set(pages)
    for name in names:
        assert f"polyak.{name}" in pages[name]
        assert name in index
    for folder in folders:
        own = set(getattr(pk, folder).__all__)
        others = {
            word for text in pages.values() for word in re.findall(rf"``polyak\.{folder}\.(\w+)``", text)
        }
        here = {page.partition(".")[2] for page in pages if page.startswith(f"{folder}.")}
        assert own - others - here <= set(listed), folder


def test_a_rules_page_says_its_ranges_and_source(staged: Path) -> None:
    text = (staged / "api" / "HeavyBall.rst").read_text("utf-8")
    assert re.search(r"``momentum``\n.*gamma.*\n.*\n.*\[0, 1\)", text)
    assert "Polyak, B. T. (1964)" in text
    assert "Made by :doc:`polyak.response <response>`" in (staged / "api" / "Response.rst").read_text("utf-8")


def test_every_guide_and_document_is_in_the_tree(staged: Path) -> None:
    """Each page is in a list of some other."""
    listed = {"index"}
    for page in staged.rglob("*.md"):
        for entries in re.findall(r"```\{toctree\}\n(.*?)```", page.read_text("utf-8"), re.DOTALL):
            for entry in entries.split():
                listed |= {
                    found.with_suffix("").relative_to(staged).as_posix()
                    for found in page.parent.glob(f"{entry}.*")
                }
    pages = {
        page.with_suffix("").relative_to(staged).as_posix()
        for page in [*staged.rglob("*.md"), *staged.rglob("*.rst")]
    }
    assert not pages - listed
    assert {f"docs/guides/{who}" for who in ("reader", "porter", "trainer", "researcher", "teacher")} <= pages


def test_every_kind_of_figure_has_the_line_that_makes_it() -> None:
    assert len(gallery.kinds()) > 20
    for name in gallery.kinds():
        assert f"figure = {name}(" in gallery.example(name).splitlines()[-1]


def test_a_bad_link_and_a_request_are_found(tmp_path: Path) -> None:
    """The check fails on what it is there for, and on nothing else."""
    (tmp_path / "b.html").write_text('<h1 id="here">b</h1>')
    good = '<a href="b.html#here">b</a><a href="https://optuna.org">elsewhere</a><img src="data:image/png;base64,AA">'
    (tmp_path / "a.html").write_text(good)
    assert check.complaints(tmp_path) == []
    bad = '<a href="c.html">c</a><a href="b.html#there">b</a><script src="https://x.org/m.js"></script>'
    (tmp_path / "a.html").write_text(bad + '<img src="//x.org/p.png">')
    (tmp_path / "s.css").write_text(
        "@font-face { src: url(https://x.org/f.woff) } a { background: url(b.html) }"
    )
    found = "\n".join(check.complaints(tmp_path))
    for words in (
        "fetches https://x.org/m.js",
        "fetches //x.org/p.png",
        "leads to c.html",
        "b.html#there",
        "x.org/f.woff",
    ):
        assert words in found
    assert len(found.splitlines()) == 5
