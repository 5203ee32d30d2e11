"""The section on training: the rule on real data, over several seeds, beside gradient descent."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from polyak.ground.errors import PolyakError
from polyak.ground.numbers import readable
from polyak.rules import Optimizer
from polyak.run import History, train
from polyak.show import history_figure, lr_figure
from polyak.show.style import label, words
from polyak.study.learning_rates import ladder, lr_of
from polyak.study.section import Picture, Section, Subject, Table, file_name
from polyak.study.sections import section
from polyak.theory import batch_edges


@section(40)
def training(subject: Subject) -> Section:
    """Training curves at the given lr and at the best of a ladder of smaller ones, and what each took."""
    problem = subject.problem
    given = [_trained(subject, rule) for rule in subject.rules]
    ladders = [[_trained(subject, rule) for rule in ladder(each)] for each in subject.rules]
    best = min(ladders[0], key=_typical, default=given[0])
    place = f"{problem.data.name}, {problem.name}, batch {subject.batch_size}"
    place += f", {subject.epochs} epochs, {subject.seeds} seeds"
    pictures = [
        Picture("training", history_figure(given), f"At the setting that was given: {place}."),
    ]
    shown = list(given)
    edges = [_edge(subject, rule) for rule in subject.rules]
    if best.rule.settings() != subject.rule.settings():
        lr = lr_of(best.rule)
        beside = [best, *(history for steps in ladders[1:] for history in steps if lr_of(history.rule) == lr)]
        shown += beside
        edges += edges[: len(beside)]
        pictures.append(
            Picture(
                "training_best",
                history_figure(beside),
                f"At the best lr of those tried below, {readable(lr, 3)}: {place}.",
            )
        )
    if ladders[0]:
        caption = (
            "The last loss against the learning rate; a cross stands for a setting at which a run ended worse "
            "than it began, or diverged."
        )
        pictures.append(Picture("learning_rates", lr_figure(ladders), caption))
    return Section(
        title=f"Training: {problem.data.name}",
        paragraphs=[f"{problem.data.rows} rows. {words(problem.data.source)}", *map(_in_words, shown, edges)],
        formulas=[problem.formula],
        pictures=pictures,
        tables=[
            Table(f"Training on {place}", *_losses(shown, edges)),
            Table("How long each took", *_times(subject, given)),
        ],
        numbers={f"training_{_file_name(history.rule)}": history.to_xarray() for history in shown},
    )


def _trained(subject: Subject, rule: Optimizer) -> History:
    return train(
        rule, subject.problem, batch_size=subject.batch_size, epochs=subject.epochs, seeds=subject.seeds
    )


def _file_name(rule: Optimizer) -> str:
    lr = lr_of(rule)
    return file_name(rule) if np.isnan(lr) else f"{file_name(rule)}_lr_{readable(lr, 3)}"


def _typical(history: History) -> float:
    return float(np.median(np.where(np.isfinite(history.final_losses), history.final_losses, np.inf)))


def _edge(subject: Subject, rule: Optimizer) -> float:
    """The lr beyond which the expected loss grows without end in these batches; nan where theory does not say."""
    if np.isnan(lr_of(rule)):
        return np.nan
    try:
        return batch_edges(rule, subject.problem, batch_size=subject.batch_size).mean_square
    except PolyakError:
        return np.nan


def _in_words(history: History, edge: float) -> str:
    name, start, end = label(history.rule), history.losses[:, 0].mean(), _typical(history)
    diverged = [step for step in history.diverged_at if step is not None]
    past = ""
    if lr_of(history.rule) > edge:
        past = (
            f": past the edge, {readable(edge, 3)}, from where the expected loss grows in batches drawn anew"
        )
    if diverged:
        runs = f"{len(diverged)} of {len(history.seeds)} runs"
        return f"{name}: {runs} diverged, the first by step {min(diverged)}{past}."
    went = "fell" if end < start else "rose" if end > start else "stayed,"
    ends = start, end, history.final_losses.min(), history.final_losses.max()
    first, last, low, high = (readable(loss, 3 if end > 10 * start else 6, places=4) for loss in ends)
    rose = sum(history.rose)
    above = f"; {rose} of {len(history.seeds)} runs ended above their start" if rose else ""
    return f"{name}: the loss {went} from {first} to {last} ({low} to {high}){above}{past if rose else ''}."


def _losses(histories: list[History], edges: list[float]) -> tuple[Sequence[str], Sequence[Sequence[str]]]:
    header = ("rule", "median loss", "lowest", "highest", "runs that rose or diverged", "edge of the lr")
    rows = []
    for history, edge in zip(histories, edges, strict=True):
        worse = sum(history.rose) + sum(step is not None for step in history.diverged_at)
        ends = _typical(history), history.final_losses.min(), history.final_losses.max()
        spelled = (readable(loss, 6, places=6) for loss in ends)
        rows.append(
            (
                label(history.rule),
                *spelled,
                f"{worse} of {len(history.seeds)}",
                "" if np.isnan(edge) else readable(edge, 4),
            )
        )
    return header, rows


def _times(subject: Subject, first: list[History]) -> tuple[Sequence[str], Sequence[Sequence[str]]]:
    header = ("training", "first call, with compilation (s)", "again (s)", "an epoch of one run (ms)")
    rows = []
    for history in first:
        again = min(_trained(subject, history.rule).seconds for _ in range(3))
        an_epoch = 1000 * again / (subject.epochs * subject.seeds)
        rows.append(
            (
                label(history.rule),
                readable(history.seconds, 6, places=3),
                readable(again, 6, places=4),
                readable(an_epoch, 6, places=3),
            )
        )
    return header, rows
