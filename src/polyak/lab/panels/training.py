"""Real data: measured runs, what theory said of them, and the noise's part apart from the deterministic."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Any

import numpy as np
from bokeh.models import Button, Column, ColumnDataSource, Div, Progress, Range1d, Select, Spinner

from polyak.ground.errors import PolyakError
from polyak.ground.numbers import readable
from polyak.lab.background import Task
from polyak.lab.computing.trainings import Training, check_work, training_of
from polyak.lab.panels.look import fit, lean, new_figure
from polyak.lab.state import MOST_BATCH, MOST_EPOCHS, MOST_SEEDS, State

if TYPE_CHECKING:
    from polyak.lab.page import Page

WAIT = 300  # milliseconds without a change, before a training begins
BAND: dict[str, list[Any]] = {
    name: [] for name in ("epoch", "mean", "low", "high", "deterministic", "noise", "measured")
}


class TrainingPanel:
    """Two figures, the training's controls, and its progress; the work is done in the background."""

    def __init__(self, page: Page) -> None:
        self.page, look, say = page, page.look, page.words.say
        self.wanted: Any = None
        self.task: Task | None = None
        self.waiting: Any = None
        self.on = False
        self.runs = ColumnDataSource({"epoch": [], "loss": []}, name="runs")
        self.measured = ColumnDataSource({"epoch": [], "loss": []}, name="measured")
        self.theory = ColumnDataSource(BAND, name="theory")
        self.span = Range1d(0, 2)
        self.losses = new_figure(
            look,
            say("training", "epochs_axis"),
            say("training", "loss"),
            300,
            name="losses",
            x_range=self.span,
            y_range=Range1d(0, 1),
        )
        self.losses.varea(
            "epoch", "low", "high", source=self.theory, fill_color=look.rules[1], fill_alpha=0.22
        )
        self.losses.multi_line(
            "epoch", "loss", source=self.runs, line_color=look.accent, line_alpha=0.35, line_width=1
        )
        self.losses.line("epoch", "loss", source=self.measured, color=look.accent, line_width=2.5)
        self.losses.line(
            "epoch", "mean", source=self.theory, color=look.rules[1], line_width=2.5, line_dash="dashed"
        )
        self.parts = new_figure(
            look,
            say("training", "epochs_axis"),
            say("training", "over"),
            300,
            name="parts",
            y_axis_type="log",
            x_range=self.span,
            y_range=Range1d(1e-4, 1),
        )
        for name, colour, dash in (
            ("deterministic", look.rules[2], "solid"),
            ("noise", look.rules[3], "dashed"),
            ("measured", look.accent, "dotted"),
        ):
            self.parts.line(
                "epoch",
                name,
                source=self.theory,
                color=colour,
                line_width=2,
                line_dash=dash,
                legend_label=say("training", name),
            )
        lean(self.losses)
        lean(self.parts)
        self._style_legend()
        self.words = Div(name="training_words", stylesheets=[page.sheet], sizing_mode="stretch_width")
        self.progress = Progress(
            name="training_progress", value=0, max=100, visible=False, sizing_mode="stretch_width"
        )
        self.controls = self._controls()

    @property
    def roots(self) -> list[Any]:
        """What the page's template places."""
        return [self.losses, self.parts, self.words, self.controls]

    def _style_legend(self) -> None:
        look, legend = self.page.look, self.parts.legend
        legend.background_fill_color, legend.background_fill_alpha = look.paper, 0.7
        legend.border_line_color, legend.label_text_color = None, look.ink
        legend.label_text_font_size, legend.location = "12px", "top_right"

    def _controls(self) -> Column:
        page, say = self.page, self.page.words.say
        look: dict[str, Any] = {"stylesheets": [page.sheet], "sizing_mode": "stretch_width"}
        self.run = Button(label=say("training", "run"), name="train", button_type="primary", **look)
        self.run.on_click(self.begin)
        self.data = Select(
            title=say("training", "data"), name="data", options=list(page.offer.problems), **look
        )
        self.data.on_change("value", lambda _attr, _old, new: page.change(data=new))
        self.numbers = {}
        for name, most in (("batch_size", MOST_BATCH), ("epochs", MOST_EPOCHS), ("seeds", MOST_SEEDS)):
            made = Spinner(
                title=say("training", name), name=name, low=1, high=most, step=1, mode="int", **look
            )
            made.on_change("value", lambda _attr, _old, new, name=name: page.change(**{name: new}))
            self.numbers[name] = made
        return Column(
            self.data,
            *self.numbers.values(),
            self.run,
            self.progress,
            name="training_controls",
            sizing_mode="stretch_width",
        )

    def draw(self, state: State) -> None:
        """Show the state's controls; a change cancels the training that runs and begins another."""
        with self.page.silently():
            self.data.value = state.data
            for name, spinner in self.numbers.items():
                spinner.value = getattr(state, name)
        kind = self.page.offer.kind(state.current.rule)  # another one, where its file was saved
        wanted = (kind, state.current, state.data, state.batch_size, state.epochs, state.seeds)
        if wanted == self.wanted:
            return
        self.wanted = wanted
        self.cancel()
        if self.on:
            if self.waiting is not None:
                self.page.doc.remove_timeout_callback(self.waiting)
            self.waiting = self.page.doc.add_timeout_callback(self._start, WAIT)

    def cancel(self) -> None:
        """End the training that runs, if one does."""
        if self.task is not None:
            self.task.cancel()
            self.task = None

    def begin(self) -> None:
        """Train, now and at every change from here on."""
        self.on = True
        self.cancel()
        if self.waiting is None:
            self._start()

    def _start(self) -> None:
        page, state, say = self.page, self.page.state, self.page.words.say
        self.waiting = None
        problem, rule = page.offer.problems[state.data], page.offer.rule(state.current)
        self.progress.visible, self.progress.mode, self.progress.value = True, "indeterminate", 0
        self.words.text = escape(say("training", "running"))

        def work(progress: Any) -> Training:
            made = problem()
            check_work(made, state.batch_size, state.epochs, state.seeds)
            return training_of(rule, made, state.batch_size, state.epochs, state.seeds, progress)

        try:
            self.task = page.lab.background.begin(
                work,
                done=lambda task, found: page.later(lambda: self._show(task, found)),
                failed=lambda task, text: page.later(lambda: self._fail(task, text)),
                progress=lambda task, part: page.later(lambda: self._tell(task, part)),
            )
        except PolyakError as error:  # too much is waiting
            self._fail(None, str(error))

    def _tell(self, task: Task, part: float) -> None:
        if task is self.task:
            self.progress.mode, self.progress.value = "determinate", round(100 * part)

    def _fail(self, task: Task | None, text: str) -> None:
        if task is self.task:
            self.task, self.progress.visible = None, False
            self.words.text = ""
            self.runs.data = self.measured.data = {"epoch": [], "loss": []}  # they are of another training
            self.theory.data = BAND
            self.page.say(text)

    def _show(self, task: Task, found: Training) -> None:
        if task is not self.task:
            return
        self.task, self.progress.visible = None, False
        history, theory, say = found.history, found.expectation, self.page.words.say
        losses = np.where(np.abs(history.losses) < 1e12, history.losses, np.nan).astype(np.float64)
        self.runs.data = {"epoch": [history.epochs] * len(losses), "loss": list(losses)}
        mean = history.losses.astype(np.float64).mean(axis=0)
        shown = np.where(np.abs(mean) < 1e12, mean, np.nan)
        self.span.end = float(history.epochs[-1])
        fit(self.losses.y_range, losses)
        self.measured.data = {"epoch": history.epochs, "loss": shown}
        text = say("training", "measured_words", loss=readable(mean[-1], 6), seeds=len(history.seeds))
        if theory is None:
            self.theory.data = BAND
            self.words.text = escape(f"{text} {say('training', 'no_theory', why=found.why_not)}")
            return
        at = history.steps_taken
        part = {
            "mean": theory.mean[at],
            "low": theory.mean[at] - np.where(np.isfinite(theory.spread[at]), 2 * theory.spread[at], 0.0),
            "high": theory.mean[at] + 2 * theory.spread[at],
            "deterministic": theory.deterministic[at],
            "noise": theory.noise[at],
            "measured": mean - theory.least,
        }
        bounded = {name: np.where(np.abs(values) < 1e12, values, np.nan) for name, values in part.items()}
        for name in ("deterministic", "noise", "measured"):
            bounded[name] = np.where(bounded[name] > 1e-12, bounded[name], np.nan)
        self.theory.data = {"epoch": history.epochs, **bounded}
        fit(self.losses.y_range, np.concatenate([losses.ravel(), bounded["low"], bounded["high"]]))
        fit(
            self.parts.y_range, np.concatenate([bounded["deterministic"], bounded["noise"]]), logarithmic=True
        )
        words = "theory_words" if np.isfinite(theory.floor) else "theory_grows"
        mean, floor = readable(theory.mean[-1], 6), readable(theory.floor, 6)
        self.words.text = escape(f"{text} {say('training', words, mean=mean, floor=floor)}")
