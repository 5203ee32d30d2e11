"""The section on the descent: where the rule goes on a landscape, beside gradient descent."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from polyak.ground.numbers import readable
from polyak.landscapes import ravine
from polyak.rules import GradientDescent, HeavyBall
from polyak.run import Trace, descend
from polyak.show import convergence_figure, trace_figure
from polyak.show.style import label
from polyak.study.section import Picture, Section, Subject, Table, file_name
from polyak.study.sections import section

CHAPTER = (
    GradientDescent(lr=0.4),
    GradientDescent(lr=0.6),
    HeavyBall(lr=0.4, momentum=0.5),
    HeavyBall(lr=0.6, momentum=0.5),
)


@section(20)
def descent(subject: Subject) -> Section:
    """The traces, their pictures, and the chapter's four end positions."""
    landscape, steps = subject.landscape, subject.steps
    traces = [descend(rule, landscape, steps) for rule in subject.rules]
    chapter = [descend(rule, ravine, 20) for rule in CHAPTER]
    place = f"the {landscape.name} from {_point(landscape.start)}, {steps} steps"
    return Section(
        title=f"Descending: {landscape.name}",
        paragraphs=[in_words(trace) for trace in traces],
        formulas=[landscape.formula],
        pictures=[
            Picture("trace", trace_figure(traces), f"Where each rule goes on {place}; every mark is a step."),
            Picture("convergence", convergence_figure(traces), "The same steps as value and as distance."),
        ],
        tables=[
            Table(f"End positions on {place}", *_positions(traces)),
            Table("The four settings of the chapter, on the ravine after 20 steps", *_positions(chapter)),
        ],
        numbers={f"trace_{file_name(trace.rule)}": trace.to_xarray() for trace in traces},
    )


def in_words(trace: Trace) -> str:
    """One sentence on how a descent ended.

    >>> print(in_words(descend(GradientDescent(lr=0.6), ravine, 20)))
    gradient descent, $\\eta$ = 0.6: f grew from 10.5 to 5.6e+06 in 20 steps; this setting does not converge here.
    """
    name, first, last = label(trace.rule), trace.values[0], trace.values[-1]
    if trace.diverged_at is not None:
        return f"{name}: diverged; at step {trace.diverged_at} its position or value is no longer finite."
    if last > first:
        grew = f"f grew from {readable(first, 3)} to {readable(last, 3)} in {trace.steps} steps"
        return f"{name}: {grew}; this setting does not converge here."
    if last == first:
        return f"{name}: f stayed at {readable(first, 3)} for {trace.steps} steps."
    best = int(np.argmin(trace.values))
    lowest = f" (lowest, {readable(trace.values[best], 3)}, at step {best})" if best < trace.steps else ""
    return f"{name}: f fell from {readable(first, 3)} to {readable(last, 3)} in {trace.steps} steps{lowest}."


def _positions(traces: list[Trace]) -> tuple[Sequence[str], Sequence[Sequence[str]]]:
    names = [f"$x_{k + 1}$" for k in range(min(traces[0].landscape.dimension, 6))]
    rows = [
        (
            label(trace.rule),
            *(readable(value, 6, places=6) for value in trace.end[: len(names)]),
            readable(trace.values[-1], 6),
        )
        for trace in traces
    ]
    return ("rule", *names, "$f$"), rows


def _point(point: Sequence[float]) -> str:
    return f"({', '.join(f'{readable(value, 6)}' for value in point)})"
