"""The memory: the weights of the last gradients, and a signal beside its moving average."""

from __future__ import annotations

from html import escape

import numpy as np
from bokeh.models import ColumnDataSource, Range1d, Select

from polyak.ground.numbers import readable
from polyak.lab.computing.memories import LENGTH, SIGNALS, Memory, memory_of
from polyak.lab.fields import one_of
from polyak.lab.figures import empty, fit, paragraph, send, set_ends
from polyak.lab.panel import Panel, Question
from polyak.lab.session import Session
from polyak.lab.state import State
from polyak.show.browser import lean, new_figure


class MemoryPanel(Panel):
    """Two figures, a sentence, and the choice of a signal."""

    name = "memory"
    order = 60
    fields = (one_of("signal", lambda _: SIGNALS),)
    computes = True
    sections = {
        "memory": """<h2>{{ say("title") }}</h2>
<div class="two"><div><p class="title">{{ say("weights") }}</p>{{ place("memory") }}</div>
<div><p class="title">{{ say("average") }}</p>{{ place("averaged") }}</div></div>
<div class="beside">{{ place("memory_words") }}{{ place("signal_choice") }}</div>"""
    }

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        look, say = session.look, self.say
        self.weights = ColumnDataSource({"ago": [], "weight": []}, name="weights")
        self.mark = ColumnDataSource({"ago": []}, name="memory_mark")
        self.signal = ColumnDataSource({"step": [], "gradient": [], "average": []}, name="signal")
        spans = {"x_range": Range1d(-0.5, 11.5), "y_range": Range1d(0, 1)}
        self.bars = new_figure(look, say("ago"), say("weight"), 230, name="memory", **spans)
        bar = {"fill_color": look.accent, "line_color": None, "fill_alpha": 0.85}
        self.bars.vbar("ago", 0.8, "weight", source=self.weights, **bar)
        self.bars.vspan("ago", source=self.mark, line_color=look.rules[1], line_width=2, line_dash="dashed")
        spans = {"x_range": Range1d(0, LENGTH - 1), "y_range": Range1d(-1, 3)}
        step = session.words.say("trace", "step")
        self.lines = new_figure(look, step, say("gradient"), 230, name="averaged", **spans)
        self.lines.line("step", "gradient", source=self.signal, color=look.soft, line_alpha=0.7)
        self.lines.line("step", "average", source=self.signal, color=look.rules[1], line_width=2.5)
        lean(self.bars, self.lines)
        self.words_shown = paragraph(session, "memory_words")
        self.choice = Select(
            title=say("signal"),
            name="signal_choice",
            options=[(name, session.words.say("signals", name)) for name in SIGNALS],
            stylesheets=[session.sheet],
        )
        self.choice.on_change("value", lambda _attr, _old, new: session.change(signal=new))
        self.roots = [self.bars, self.lines, self.words_shown, self.choice]

    def draw(self, state: State) -> None:
        self.choice.value = state.own["signal"]

    def about(self, question: Question) -> object:
        return question.state.active, question.kind

    @classmethod
    def compute(cls, question: Question) -> Memory:
        return memory_of(question.rule, str(question.state.own["signal"]))

    def forget(self) -> None:
        empty(self.weights, self.mark, self.signal)
        self.words_shown.text = ""

    def refuse(self, text: str) -> None:
        self.forget()
        self.words_shown.text = escape(text)

    def show(self, answer: Memory) -> None:
        response, weights = answer.response, answer.weights
        send(self.weights, {"ago": np.arange(len(weights)), "weight": weights})
        fit(self.bars.y_range, np.append(weights, 0.0))
        set_ends(self.bars.x_range, -0.5, len(weights) - 0.5)
        fit(self.lines.y_range, np.append(answer.signal, answer.average))
        inside = np.isfinite(response.memory) and response.memory <= len(weights)
        send(self.mark, {"ago": [response.memory - 0.5] if inside else []})
        steps = np.arange(len(answer.signal))
        send(self.signal, {"step": steps, "gradient": answer.signal, "average": answer.average})
        sentence = self.say(
            "linear" if response.linear else "not_linear",
            memory=readable(response.memory),
            held=readable(100 * response.held, 6, places=1),
            gain=readable(response.gain, 6),
            half_life=readable(response.half_life, 3),
        )
        self.words_shown.text = escape(sentence)
