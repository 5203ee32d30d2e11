"""The memory: the weights of the last gradients, and a signal beside its moving average."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Any

import numpy as np
from bokeh.models import ColumnDataSource, Div, Range1d, Select

from polyak.ground.numbers import readable
from polyak.lab.computing.memories import LENGTH, Memory
from polyak.lab.panels.look import fit, lean, new_figure, send, set_ends
from polyak.lab.state import SIGNALS, State

if TYPE_CHECKING:
    from polyak.lab.page import Page


class MemoryPanel:
    """Two figures, a sentence, and the choice of a signal."""

    def __init__(self, page: Page) -> None:
        self.page, look, say = page, page.look, page.words.say
        self.weights = ColumnDataSource({"ago": [], "weight": []}, name="weights")
        self.mark = ColumnDataSource({"ago": []}, name="memory_mark")
        self.signal = ColumnDataSource({"step": [], "gradient": [], "average": []}, name="signal")
        self.bars = new_figure(
            look,
            say("memory", "ago"),
            say("memory", "weight"),
            230,
            name="memory",
            x_range=Range1d(-0.5, 11.5),
            y_range=Range1d(0, 1),
        )
        self.bars.vbar(
            "ago",
            0.8,
            "weight",
            source=self.weights,
            fill_color=look.accent,
            line_color=None,
            fill_alpha=0.85,
        )
        self.bars.vspan("ago", source=self.mark, line_color=look.rules[1], line_width=2, line_dash="dashed")
        self.lines = new_figure(
            look,
            say("trace", "step"),
            say("memory", "gradient"),
            230,
            name="averaged",
            x_range=Range1d(0, LENGTH - 1),
            y_range=Range1d(-1, 3),
        )
        self.lines.line("step", "gradient", source=self.signal, color=look.soft, line_alpha=0.7)
        self.lines.line("step", "average", source=self.signal, color=look.rules[1], line_width=2.5)
        lean(self.bars)
        lean(self.lines)
        self.words = Div(name="memory_words", stylesheets=[page.sheet], sizing_mode="stretch_width")
        self.choice = Select(
            title=say("memory", "signal"),
            name="signal_choice",
            options=[(name, say("signals", name)) for name in SIGNALS],
            stylesheets=[page.sheet],
        )
        self.choice.on_change("value", lambda _attr, _old, new: page.change(signal=new))

    @property
    def roots(self) -> list[Any]:
        """What the page's template places."""
        return [self.bars, self.lines, self.words, self.choice]

    def forget(self) -> None:
        """Show nothing: what was shown is of another rule."""
        for source in (self.weights, self.mark, self.signal):
            send(source, {name: [] for name in source.data})
        self.words.text = ""

    def draw(self, state: State, found: Memory) -> None:
        """Show the memory of the active rule."""
        say, response = self.page.words.say, found.response
        with self.page.silently():
            self.choice.value = state.signal
        send(self.weights, {"ago": np.arange(len(found.weights)), "weight": found.weights})
        fit(self.bars.y_range, np.append(found.weights, 0.0))
        set_ends(self.bars.x_range, -0.5, len(found.weights) - 0.5)
        fit(self.lines.y_range, np.append(found.signal, found.average))
        inside = np.isfinite(response.memory) and response.memory <= len(found.weights)
        send(self.mark, {"ago": [response.memory - 0.5] if inside else []})
        steps = np.arange(len(found.signal))
        send(self.signal, {"step": steps, "gradient": found.signal, "average": found.average})
        told = say(
            "memory",
            "linear" if response.linear else "not_linear",
            memory=readable(response.memory),
            steps=response.whole_memory,
            held=readable(100 * response.held, 6, places=1),
            gain=readable(response.gain, 6),
            half_life=readable(response.half_life, 3),
        )
        self.words.text = escape(told)
