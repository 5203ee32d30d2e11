"""The section on the expected loss: predicted beforehand, and held against real runs."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from polyak.ground.errors import PolyakError
from polyak.ground.numbers import readable
from polyak.ground.progress import Progress
from polyak.run import History, train
from polyak.show import expectation_figure, tradeoff_figure
from polyak.show.style import label
from polyak.study.learning_rates import ladder, lr_of
from polyak.study.section import Picture, Section, Subject, Table
from polyak.study.sections import section
from polyak.theory import Expectation, batch_edges, expected_loss, tradeoff

RUNS = 100
MOST_STEPS = 2000  # of a study's prediction


@section(50)
def prediction(subject: Subject) -> Section:
    """Expected loss of the rule, at the lr that theory finds best on the training's ladder, over real runs."""
    title = "Predicted and measured"
    rows = subject.problem.data.rows
    steps = min(max(1, subject.epochs * math.ceil(rows / subject.batch_size)), MOST_STEPS)
    try:
        candidates = ladder(subject.rule) or [subject.rule]
        predictions = [
            expected_loss(rule, subject.problem, batch_size=subject.batch_size, steps=steps, seeds=RUNS)
            for rule in candidates
        ]
    except PolyakError as error:
        return Section(title, [f"No expected loss: {error}."])
    expected = min(predictions, key=lambda found: found.mean[-1] if np.isfinite(found.mean[-1]) else math.inf)
    measured = measured_beside(expected, RUNS)
    pictures = [
        Picture(
            "expected",
            expectation_figure(expected, measured),
            "The expected loss, found from the data's moments without training, over runs that were trained.",
        )
    ]
    try:
        trade = tradeoff(expected.rule, subject.problem, batch_size=subject.batch_size)
        caption = "A smaller learning rate is slower to the floor, and the floor is lower."
        pictures.append(Picture("tradeoff", tradeoff_figure(trade), caption))
    except PolyakError:
        pass
    return Section(
        title,
        [_in_words(expected, measured), *_edges_in_words(expected)],
        pictures=pictures,
        tables=[Table("Expected loss, and the mean of the runs", *side_by_side(expected, measured))],
        numbers={"expected": expected.to_xarray()},
    )


def _edges_in_words(expected: Expectation) -> list[str]:
    """How large the learning rate may be in these batches; nothing of a rule that shows none."""
    try:
        edges = batch_edges(expected.rule, expected.problem, batch_size=expected.batch_size)
    except PolyakError:
        return []
    return [f"{edges}."]


def measured_beside(expected: Expectation, runs: int, *, progress: Progress | None = None) -> History:
    """Real runs of what was predicted: batches drawn with replacement, the loss recorded after each."""
    rows = expected.problem.data.rows
    epochs = math.ceil(expected.steps / math.ceil(rows / expected.batch_size))
    return train(
        expected.rule,
        expected.problem,
        batch_size=expected.batch_size,
        epochs=epochs,
        seeds=runs,
        every=expected.batch_size,
        replace=True,
        progress=progress,
    )


def side_by_side(expected: Expectation, measured: History) -> tuple[Sequence[str], Sequence[Sequence[str]]]:
    """Header and rows: the predicted mean and the mean of the runs, at steps that double; of rows held out too."""
    columns = [("", expected.mean, measured.losses)]
    if expected.held_out is not None and measured.held_out_losses is not None:
        columns.append((", held out", expected.held_out, measured.held_out_losses))
    header = ["step"]
    for of, _, _ in columns:
        header += [f"predicted mean{of}", f"mean of {len(measured.seeds)} runs{of}", f"standard error{of}"]
    rows = []
    for step in sorted({0, expected.steps, *(2**k for k in range(expected.steps.bit_length()))}):
        row = [str(step)]
        for _, predicted, runs in columns:
            losses = runs[:, step].astype(np.float64)
            finite = bool(np.isfinite(losses).all())
            error = losses.std(ddof=1) / math.sqrt(len(losses)) if finite else math.inf
            row += [readable(predicted[step], 6), readable(losses.mean(), 6), readable(error, 2)]
        rows.append(row)
    return header, rows


def _in_words(expected: Expectation, measured: History) -> str:
    name = label(expected.rule)
    last = measured.losses[:, expected.steps].astype(np.float64)
    lr = lr_of(expected.rule)
    setting = name if math.isnan(lr) else f"{name} (the best learning rate of the ladder, by theory)"
    floor = "It has no floor: in the long run it grows without end"
    if math.isfinite(expected.floor):
        floor = f"The noise of the batches holds it at {readable(expected.floor, 5)} in the long run"
    if expected.settled_at is not None:
        floor += f", and from step {expected.settled_at} on it is the larger part"
    return (
        f"{setting}: after {expected.steps} steps the expected loss is {readable(expected.mean[-1], 5)}; the mean of "
        f"{len(last)} runs is {readable(last.mean(), 5)}. {floor}. The least loss there is: "
        f"{readable(expected.least, 5)}."
    )
