"""Cells to HTML: nbconvert's `basic` template, a cell at a time, as soon as each has run."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from functools import cached_property
from importlib.resources import as_file, files
from typing import TYPE_CHECKING

from markupsafe import Markup

from polyak.book.render.colours import coloured
from polyak.book.render.interactive import KIND, Figures
from polyak.book.render.tags import failed, parts

if TYPE_CHECKING:
    from nbconvert.exporters.html import HTMLExporter
    from nbformat import NotebookNode

AREA, REACHED = (
    '<div class="output_area">',
    '<div class="output_area" tabindex="0">',
)  # what scrolls, by keyboard too
# What a page can show before what only a live one could.
PRIORITY = (
    "text/html",
    "text/markdown",
    "image/svg+xml",
    "text/latex",
    "image/png",
    "image/jpeg",
    "application/vnd.jupyter.widget-view+json",
    "application/javascript",
    "text/plain",
)

# What reaches out of the page, or would: it runs no scripts and asks no network.
OUTSIDE = ["script", "meta", "base", "link", "iframe", "frame", "object", "embed"]
# Of these, what a reader would miss, in words.
MISSED = {"script": "a script, and the page runs none"}
MISSED |= dict.fromkeys(("iframe", "frame", "object", "embed"), "another page, and this one opens none")
SEEN = ["img", "svg", "table", "video", "audio", "math"]


class Cells:
    """Renders cells, each once unless its outputs change afterwards.

    Args:
        inline: Markdown to HTML, for outputs that are Markdown.
        latex: LaTeX to MathML, for outputs that are formulas.
        figures: makes figures that a reader touches; by default they stand as their pictures.
    """

    def __init__(
        self, inline: Callable[[str], str], latex: Callable[[str], str], figures: Figures | None = None
    ) -> None:
        self.inline, self.latex, self.figures = inline, latex, figures
        self.done: dict[str, str] = {}

    def __call__(self, cell: NotebookNode) -> str:
        """A cell that has run, as HTML; nothing where its tags leave it out."""
        key = json.dumps(cell)
        if key not in self.done:
            self.done[key] = self._render(cell)
        return self.done[key]

    def warm_up(self) -> None:
        """Import what rendering needs while something else is waited for."""
        _ = self._exporter, coloured("1", "python")

    def _render(self, cell: NotebookNode) -> str:
        from nbconvert.exporters.templateexporter import TemplateExporter
        from nbformat import v4

        tags = cell.metadata.get("tags", [])
        wrong = failed(tags, cell.outputs)
        seen = parts(tags, failed=wrong)
        if seen.gone:
            return ""
        number = cell.execution_count
        where = f"In [{number}]" if number is not None else cell.id.replace("-", " ")
        outputs = copy.deepcopy(cell.outputs)
        shown = v4.new_code_cell(cell.source, id=cell.id, outputs=outputs, execution_count=number)
        shown.metadata["alt"] = f"Picture drawn by {where}"
        shown.metadata["failed"] = wrong
        shown.metadata["parts"] = {"code": seen.code, "output": seen.output}
        for output in shown.outputs:
            if "text/html" in output.get("data", {}):
                output.data["text/html"] = whole(output.data["text/html"])
                output.metadata.pop("text/html", None)  # such as a wish for a frame of its own
            if self.figures and KIND in output.get("data", {}):
                still = output.data.get("text/html", "")
                if figure := self.figures.html(output.data[KIND], still):
                    output.data["text/html"] = figure
            if output.output_type == "stream":
                output.text = "\n".join(map(_last_said, output.text.split("\n")))
        body, _ = TemplateExporter.from_notebook_node(self._exporter, v4.new_notebook(cells=[shown]))
        return f"{str(body).strip()}\n".replace(AREA, REACHED)

    @cached_property
    def _exporter(self) -> HTMLExporter:
        from nbconvert.exporters.html import HTMLExporter
        from traitlets.config import Config

        config = Config()
        config.NbConvertBase.display_data_priority = list(PRIORITY)
        with as_file(files("polyak.book.render").joinpath("templates")) as folder:
            exporter = HTMLExporter(
                template_name="polyak", extra_template_basedirs=[str(folder)], config=config
            )
            exporter.register_filter("highlight_code", lambda source, **_: coloured(source, "python"))
            exporter.register_filter("latex", self._latex)
            exporter.register_filter("markdown2html", self.inline)
            _ = exporter.template
        return exporter

    def _latex(self, text: str) -> str:
        return self.latex(text.strip().strip("$"))


def _last_said(line: str) -> str:
    """What is left of a line that is begun anew, as progress bars do."""
    said = line.rstrip("\r")
    return said.rpartition("\r")[2] + line[len(said) :]


def stopped(reason: str) -> str:
    """What stands under the last cell of a run that went no further.

    >>> stopped("a < b")
    Markup('<p class="stopped">a &lt; b<br>The cells below were not run.</p>\\n')
    """
    return Markup('<p class="stopped">{}<br>The cells below were not run.</p>\n').format(reason)


def whole(html: str) -> str:
    """HTML that a cell shows, every tag closed, its images with words, what reaches out left out, and that said.

    >>> whole("<b>x<img src='a'><link rel=stylesheet></div>")
    '<b>x<img alt="" src="a"/></b>'
    >>> whole("<div id=plot></div><script>draw()</script>")
    '<div id="plot"></div><div class="inert">This output is a script, and the page runs none.</div>'
    """
    from bs4 import BeautifulSoup

    soup = BeautifulSoup(html, "html.parser")
    missed = dict.fromkeys(MISSED[found.name] for found in soup.find_all(list(MISSED)))
    for element in [*soup.find_all(OUTSIDE), *soup.find_all("style", scoped=True)]:
        element.decompose()
    for image in soup.find_all("img", alt=False):
        image["alt"] = ""
    rest = "Part of this" if soup.find(SEEN) or soup.get_text(strip=True) else "This"
    notes = (f'<div class="inert">{rest} output is {words}.</div>' for words in missed)
    return str(soup) + "".join(notes)
