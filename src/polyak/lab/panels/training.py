"""Real data: measured runs, what theory said of them, and the noise's part apart from the deterministic."""

from __future__ import annotations

from html import escape
from typing import Any

import numpy as np
from bokeh.models import Button, Column, ColumnDataSource, Progress, Range1d, Select, Spinner

from polyak.ground.numbers import readable
from polyak.lab.background import Task, Tell
from polyak.lab.computing.trainings import Training, Wanted, bands, drawn, training_of
from polyak.lab.fields import one_of, whole
from polyak.lab.figures import empty, fit, paragraph, send, styled
from polyak.lab.panel import Panel
from polyak.lab.session import Session, Stop
from polyak.lab.state import State
from polyak.show.browser import Figure, lean, new_figure

WAIT = 300  # milliseconds without a change, before a training begins
MOST = {"batch_size": 512, "epochs": 20, "seeds": 32}
BAND: dict[str, list[Any]] = {
    name: [] for name in ("epoch", "mean", "low", "high", "deterministic", "noise", "measured")
}


class TrainingPanel(Panel):
    """Two figures, the training's controls, and its progress; the work is done in the background."""

    name = "training"
    order = 70
    fields = (
        one_of("data", lambda offer: offer.problems),
        whole("batch_size", 10, 1, MOST["batch_size"]),
        whole("epochs", 2, 1, MOST["epochs"]),
        whole("seeds", 8, 1, MOST["seeds"]),
    )
    sections = {
        "training": """<h2>{{ say("title") }}</h2>
<div class="three"><div>{{ place("training_controls") }}</div>
<div><p class="title">{{ say("runs") }}</p>{{ place("losses") }}</div>
<div><p class="title">{{ say("parts") }}</p>{{ place("parts") }}</div></div>
{{ place("training_words") }}"""
    }

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self.wanted: object = None
        self.task: Task | None = None
        self.stop_waiting: Stop | None = None
        self.on = False
        self.runs = ColumnDataSource({"epoch": [], "loss": []}, name="runs")
        self.measured = ColumnDataSource({"epoch": [], "loss": []}, name="measured")
        self.theory = ColumnDataSource(BAND, name="theory")
        self.span = Range1d(0, 2)
        self.losses, self.parts = self._losses(), self._parts()
        lean(self.losses, self.parts)
        self.words_shown = paragraph(session, "training_words")
        self.progress = Progress(
            name="training_progress", value=0, max=100, visible=False, sizing_mode="stretch_width"
        )
        self.controls = self._controls()
        self.roots = [self.losses, self.parts, self.words_shown, self.controls]

    def _losses(self) -> Figure:
        look, theory = self.session.look, self.theory
        spans = {"x_range": self.span, "y_range": Range1d(0, 1)}
        made = new_figure(look, self.say("epochs_axis"), self.say("loss"), 300, name="losses", **spans)
        made.varea("epoch", "low", "high", source=theory, fill_color=look.rules[1], fill_alpha=0.22)
        thin = {"line_color": look.accent, "line_alpha": 0.35, "line_width": 1}
        made.multi_line("epoch", "loss", source=self.runs, **thin)
        made.line("epoch", "loss", source=self.measured, color=look.accent, line_width=2.5)
        dashed = {"color": look.rules[1], "line_width": 2.5, "line_dash": "dashed"}
        made.line("epoch", "mean", source=theory, **dashed)
        return made

    def _parts(self) -> Figure:
        look, say = self.session.look, self.say
        axes = {"y_axis_type": "log", "x_range": self.span, "y_range": Range1d(1e-4, 1)}
        made = new_figure(look, say("epochs_axis"), say("over"), 300, name="parts", **axes)
        for name, colour, dash in (
            ("deterministic", look.rules[2], "solid"),
            ("noise", look.rules[3], "dashed"),
            ("measured", look.accent, "dotted"),
        ):
            pen = {"color": colour, "line_width": 2, "line_dash": dash}
            made.line("epoch", name, source=self.theory, legend_label=say(name), **pen)
        legend = made.legend
        legend.background_fill_color, legend.background_fill_alpha = look.paper, 0.7
        legend.border_line_color, legend.label_text_color = None, look.ink
        legend.label_text_font_size, legend.location = "12px", "top_right"
        legend.visible = False
        return made

    def _controls(self) -> Column:
        session, say = self.session, self.say
        self.run = Button(label=say("run"), **styled(session, name="train", button_type="primary"))
        self.run.on_click(self.begin)
        self.data = Select(
            title=say("data"),
            options=[(name, session.words.data(name)) for name in session.offer.problems],
            **styled(session, name="data"),
        )
        self.data.on_change("value", lambda _attr, _old, new: session.change(data=new))
        self.numbers = {}
        for name, most in MOST.items():
            bounds = {"low": 1, "high": most, "step": 1, "mode": "int"}
            spinner = Spinner(title=say(name), **styled(session, name=name, **bounds))
            spinner.on_change("value", lambda _attr, _old, new, name=name: session.change(**{name: new}))
            self.numbers[name] = spinner
        widgets = self.data, *self.numbers.values(), self.run, self.progress
        return Column(*widgets, name="training_controls", sizing_mode="stretch_width")

    def draw(self, state: State) -> None:
        own = {field.name: state.own[field.name] for field in self.fields}
        self.data.value = own["data"]
        for name, spinner in self.numbers.items():
            spinner.value = own[name]
        kind = self.session.offer.kind(state.current.rule)  # another one, where its file was saved
        wanted = kind, state.current, own
        if wanted == self.wanted:
            return
        self.wanted = wanted
        self.close()
        if self.on:
            if self.stop_waiting is not None:
                self.stop_waiting()
            self.stop_waiting = self.session.after(WAIT, self._start)

    def close(self) -> None:
        if self.task is not None:
            self.task.cancel()
            self.task = None

    def hear(self, word: str) -> None:
        if word == "train":
            self.begin()

    def begin(self) -> None:
        """Train, now and at every change from here on."""
        self.on = True
        self.close()
        if self.stop_waiting is None:
            self._start()

    def _start(self) -> None:
        session, state = self.session, self.session.state
        self.stop_waiting = None
        problem, rule = session.offer.problems[str(state.own["data"])], session.offer.rule(state.current)
        wanted = Wanted(**{name: int(state.own[name]) for name in MOST})
        self.progress.update(visible=True, mode="indeterminate", value=0)
        self.words_shown.text = escape(self.say("running"))

        def work(tell: Tell) -> Training:
            return training_of(rule, problem(), wanted, tell)

        self.task = session.begin(work, self._finished, self._failed, self._tell)

    def _tell(self, task: Task, part: float) -> None:
        if task is self.task:
            self.progress.update(mode="determinate", value=round(100 * part))

    def _failed(self, task: Task | None, text: str) -> None:
        if task is self.task:
            self.task, self.progress.visible = None, False
            self.words_shown.text = ""
            empty(self.runs, self.measured, self.theory)  # they are of another training
            self._list_what_is_there()
            self.session.say(text)

    def _finished(self, task: Task, training: Training) -> None:
        if task is not self.task:
            return
        self.task, self.progress.visible = None, False
        history = training.history
        losses, mean = drawn(history.losses), history.losses.astype(np.float64).mean(axis=0)
        send(self.runs, {"epoch": [history.epochs] * len(losses), "loss": list(losses)})
        send(self.measured, {"epoch": history.epochs, "loss": drawn(mean)})
        self.span.end = float(history.epochs[-1])
        bounds = [losses.ravel()]
        if training.expectation is None:
            empty(self.theory)
        else:
            columns = bands(training)
            send(self.theory, {"epoch": history.epochs, **columns})
            bounds += [columns["low"], columns["high"]]
            over = np.concatenate([columns["deterministic"], columns["noise"]])
            fit(self.parts.y_range, over, logarithmic=True)
        fit(self.losses.y_range, np.concatenate(bounds))
        self.words_shown.text = escape(self._sentences(training, float(mean[-1])))
        self._list_what_is_there()

    def _list_what_is_there(self) -> None:
        """A legend lists only what is drawn."""
        self.parts.legend[0].visible = len(self.theory.data["epoch"]) > 0

    def _sentences(self, training: Training, mean: float) -> str:
        seeds, theory = len(training.history.seeds), training.expectation
        measured = self.say("measured_words", loss=readable(mean, 6), seeds=seeds)
        if theory is None:
            return f"{measured} {self.say('no_theory', why=self.session.words.complaint(training.why_not))}"
        name = "theory_words" if np.isfinite(theory.floor) else "theory_grows"
        numbers = {"mean": readable(theory.mean[-1], 6), "floor": readable(theory.floor, 6)}
        return f"{measured} {self.say(name, **numbers)}"
