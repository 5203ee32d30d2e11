"""One live page: figures and words of a watched training, drawn again when the reader has found more."""

from __future__ import annotations

from html import escape
from importlib.resources import files

from bokeh.document import Document
from bokeh.models import ColumnDataSource, Div, InlineStyleSheet, Span
from bokeh.plotting import figure

from polyak.lab.figures import send
from polyak.lab.live import contents
from polyak.lab.live.reader import Reader
from polyak.show.browser import DASHES, Look, new_figure

OFTEN = 500  # milliseconds between two looks at what the reader has
HEIGHT = 260
# A figure's name, and the label of its axis.
LOGARITHMIC = {"loss": "loss", "norms": "norm of the gradient"}
PLAIN = {"share": "share of the edge", "alignment": "cosine"}
# The words of the page, in the document's order before the figures.
WORDS = ("trouble", "head", "verdict", "loss_words", "numbers", "layers", "events")
PARTS = (*WORDS, *LOGARITHMIC, *PLAIN)


class LivePage:
    """A session's page. `PARTS` are the names of its roots, in the document's order."""

    def __init__(self, doc: Document, reader: Reader, look: Look) -> None:
        self.reader, self.look, self.changes = reader, look, -1
        css = "\n".join(
            files("polyak.lab").joinpath(name).read_text("utf-8")
            for name in ("widgets.css", "live/words.css")
        )
        sheet = InlineStyleSheet(css=css)
        self.words = {
            name: Div(name=name, stylesheets=[sheet], sizing_mode="stretch_width") for name in WORDS
        }
        self.sources: dict[str, ColumnDataSource] = {}
        drawn = {
            name: new_figure(look, "step", label, HEIGHT, name=name, y_axis_type="log")
            for name, label in LOGARITHMIC.items()
        }
        for made in drawn.values():
            made.yaxis.ticker.desired_num_ticks = 4
        drawn |= {name: new_figure(look, "step", label, HEIGHT, name=name) for name, label in PLAIN.items()}
        self._line(drawn["loss"], "loss", 0)
        self._line(drawn["share"], "share", 0)
        self._line(drawn["share"], "mean_square_share", 1)
        drawn["share"].add_layout(
            Span(location=1, dimension="width", line_color=look.ink, line_dash="dotted")
        )
        self._line(drawn["alignment"], "alignment", 0)
        drawn["alignment"].add_layout(
            Span(location=0, dimension="width", line_color=look.ink, line_dash="dotted")
        )
        for place in range(contents.LINES):
            self._line(drawn["norms"], f"layer{place}", place)
        for root in (*self.words.values(), *drawn.values()):
            doc.add_root(root)
        doc.title = "Polyak: a watched training"
        self.draw()
        doc.add_periodic_callback(self.draw, OFTEN)

    def _line(self, made: figure, name: str, place: int) -> None:
        source = ColumnDataSource({"x": [], "y": []}, name=f"{name}_curve")
        color, dash = self.look.rules[place], DASHES[place]
        made.line("x", "y", source=source, line_color=color, line_dash=dash, line_width=1.6)
        made.scatter("x", "y", source=source, color=color, size=0 if name == "loss" else 4)
        self.sources[name] = source

    def draw(self) -> None:
        """Show what the reader has, where that is new."""
        seen = self.reader.seen
        if seen.changes == self.changes:
            return
        self.changes = seen.changes
        self._say("trouble", f'<p role="status">{escape(seen.trouble)}</p>' if seen.trouble else "")
        watched = seen.watched
        if watched is None:
            return
        loss, words = contents.loss_curve(watched)
        curves = {"loss": loss}
        for name in ("share", "mean_square_share", "alignment"):
            curves[name] = contents.reading_curve(watched, name)
        layers = contents.largest_layers(watched)[: contents.LINES]
        for place in range(contents.LINES):
            curves[f"layer{place}"] = (
                contents.layer_curve(watched, layers[place]) if place < len(layers) else contents.NOTHING
            )
        for name, (x, y) in curves.items():
            send(self.sources[name], {"x": x, "y": y})
        self._say("head", f"<p>{escape(contents.head(watched))}</p>")
        self._say("verdict", f"<p>{escape(watched.verdict())}</p>")
        self._say("loss_words", f'<p class="hint">{escape(words)}</p>')
        self._say("numbers", contents.numbers_table(watched))
        self._say("layers", contents.layers_table(watched, self.look.rules))
        self._say("events", contents.events_list(watched))

    def _say(self, name: str, text: str) -> None:
        if self.words[name].text != text:
            self.words[name].text = text
