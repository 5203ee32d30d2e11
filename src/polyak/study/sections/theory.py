"""The section on theory: the rule's response, and what it should do on the landscape's curvatures."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from polyak.ground.errors import PolyakError
from polyak.ground.numbers import readable
from polyak.landscapes import Landscape
from polyak.rules import FromPlane, Optimizer, Rule
from polyak.run import Trace, descend
from polyak.show import condition_figure, phase_figure, response_figure, stability_figure
from polyak.study.section import Picture, Section, Subject, Table
from polyak.study.sections import section
from polyak.theory import (
    Stability,
    curvatures,
    phase_diagram,
    rates_by_condition_number,
    response,
    stability,
)
from polyak.theory.curvatures import point_of
from polyak.theory.departure import CHANGES, curvature_change
from polyak.theory.examination import Examination
from polyak.theory.predictions import OnCurvatures, predictions
from polyak.theory.response import RULE_OF_THUMB, Response
from polyak.theory.words import rate_in_words, stable_in_words

if TYPE_CHECKING:
    import xarray as xr

CONDITION_NUMBERS = (1.5, 3.0, 10.0, 30.0, 100.0, 300.0, 1000.0)


@section(30)
def theory(subject: Subject) -> Section:
    """Response, stability and phase diagram, as far as the rule and the landscape have them; else why not."""
    paragraphs: list[str] = []
    pictures: list[Picture] = []
    tables: list[Table] = []
    numbers: dict[str, xr.Dataset] = {}
    try:
        found = response(subject.rule)
        pictures.append(
            Picture("response", response_figure(found), "What is left of one gradient, step by step.")
        )
        paragraphs.append(_remembered(found))
        numbers["response"] = found.to_xarray()
    except PolyakError as error:
        paragraphs.append(f"Response: {error}.")
    try:
        plane = isinstance(subject.rule, FromPlane)
        if _is_adaptive(subject.rule):
            return _while_held(subject, paragraphs, pictures, numbers)
        asked = None if plane else OnCurvatures(subject.rule, subject.landscape)
        beside = stability(subject.rule) if asked is None else asked.stability
        caption = (
            "Eigenvalues of one step within the unit circle, and the error they predict on each curvature."
        )
        pictures.append(Picture("stability", stability_figure(beside, steps=subject.steps), caption))
        trace = descend(subject.rule, subject.landscape, subject.steps)
        change = 0.0 if plane else curvature_change(subject.landscape, trace.positions)
        paragraphs += _predicted(subject, beside, trace, change)
        said = {} if asked is None else predictions(asked)
        paragraphs += [sentence for prediction in said.values() for sentence in prediction.words]
        close = ", close to one point alone" if change > CHANGES else ""
        tables.append(Table(f"Predicted on {subject.landscape.name}{close}", *_rows(beside)))
        pictures += _planes(subject, beside)
    except PolyakError as error:
        paragraphs.append(f"Stability: {error}.")
    return Section("What theory says", paragraphs, pictures=pictures, tables=tables, numbers=numbers)


def _is_adaptive(rule: Optimizer) -> bool:
    return not isinstance(rule, FromPlane) and not Examination(rule).linear


def _while_held(
    subject: Subject, paragraphs: list[str], pictures: list[Picture], numbers: dict[str, xr.Dataset]
) -> Section:
    """An adaptive rule, which is linear while its preconditioner stays as the descent has left it."""
    found = stability(subject.rule, descend(subject.rule, subject.landscape, subject.steps))
    caption = "Eigenvalues of one step while the preconditioner stays, and the error they predict then."
    pictures = [*pictures, Picture("stability", stability_figure(found, steps=subject.steps), caption)]
    D = found.preconditioner
    divided = "" if D is None else " and ".join(readable(d) for d in D)
    edge = (
        [] if found.lr is None or found.stable_lrs is None else [stable_in_words(found.lr, found.stable_lrs)]
    )
    said = [
        f"This rule has no matrix of its own; while its preconditioner stays it is linear. After {subject.steps} steps "
        f"of this descent it divides the gradient by {divided}, and what follows is said of the curvatures that are "
        "left then, of quadratics, while it stays so.",
        *found.words(subject.steps),
        *(f"On all of these curvatures it is {words}." for words in edge),
    ]
    numbers = {**numbers, "stability": found.to_xarray()}
    table = Table(f"Predicted while the preconditioner stays ({found.origin})", *_rows(found))
    return Section(
        "What theory says", [*paragraphs, *said], pictures=pictures, tables=[table], numbers=numbers
    )


def _remembered(found: Response) -> str:
    if not found.linear:
        where = f"{found.operating_point}: gain {readable(found.gain)}"
        return (
            f"This rule is not linear in the gradient, so its response depends on where it stands; {where}."
        )
    if found.memory <= 1:
        return f"A gradient moves x once, by {readable(found.gain)} times itself, and is forgotten."
    lr = {True: "holds", False: "does not hold", None: "cannot be said to hold"}[found.holds_lr]
    return (
        f"In the end a gradient moves x by {readable(found.gain)} times itself, over a memory of "
        f"{readable(found.memory)} steps "
        f"(half of it within {readable(found.half_life, 3)}). After {readable(found.memory)} steps "
        f"{readable(found.remaining, 3, places=3)} "
        f"of a weight is left, where the rule of thumb says 1/e = {readable(RULE_OF_THUMB, 3, places=3)}. "
        f"The slot {lr} the learning rate."
    )


def _predicted(subject: Subject, found: Stability, trace: Trace, change: float) -> list[str]:
    """A sentence for each curvature, and what really happened along it: where the curvature stays as it is."""
    edge = []
    if found.lr is not None and found.stable_lrs is not None:
        edge = [f"On all of these curvatures it is {stable_in_words(found.lr, found.stable_lrs)}."]
    if np.isnan(found.curvatures).any():
        return [*found.words(subject.steps), *edge]
    if change > CHANGES:
        return [_elsewhere(found, trace, change), *edge]
    sentences = list(found.words(subject.steps))
    if subject.landscape.minimisers and len(sentences) == subject.landscape.dimension:
        point = point_of(subject.landscape)[0]
        errors = _along_curvatures(subject.landscape, trace.positions[[0, -1]] - point, point)
        sentences = [
            f"{sentence.removesuffix('.')}; the descent began at {readable(first)} and is at {readable(last)}, "
            f"{_ratio(last, first)} of it."
            for sentence, first, last in zip(sentences, *errors, strict=True)
        ]
    return [
        "This is said of quadratics, and the curvature is the same all along this descent.",
        *sentences,
        *edge,
    ]


def _elsewhere(found: Stability, trace: Trace, change: float) -> str:
    """Where the curvature changes along the way: what it is there, and that nothing is predicted."""
    here = f"{readable(found.curvatures.min())} to {readable(found.curvatures.max())}"
    try:
        along = curvatures(trace)
    except PolyakError:
        there = "the descent passes where it is flat"
    else:
        there = (
            f"along the descent it goes from {readable(along.values.min())} to {readable(along.values.max())}"
        )
    rates = ", ".join(
        f"{rate_in_words(rate, 4)} on {readable(curvature)}"
        for curvature, rate in zip(found.curvatures, found.log_rates, strict=True)
    )
    return (
        f"The curvature changes along the way: {here} at the point that is predicted from ({found.origin}), and "
        f"{there}, a change of {readable(100 * change, 3)} %. The rates ({rates}) are those of a quadratic, and hold "
        "close to that point alone: of this descent they predict nothing."
    )


def _along_curvatures(
    landscape: Landscape, errors: NDArray[np.float64], point: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Errors along the Hessian's own axes at the minimiser, in the order of rising curvature."""
    import jax

    with jax.enable_x64(True):
        hessian = np.asarray(jax.hessian(landscape.function)(jax.numpy.asarray(point)))
    _, axes = np.linalg.eigh(hessian)
    along: NDArray[np.float64] = errors @ axes
    return along


def _ratio(last: float, first: float) -> str:
    return readable(last / first) if first else "nothing"


def _rows(found: Stability) -> tuple[Sequence[str], Sequence[Sequence[str]]]:
    header = ("curvature", "regime", "rate a step", "period (steps)", "steps to 1 %", "peak")
    columns = (
        found.curvatures,
        found.regimes,
        found.log_rates,
        found.periods,
        found.steps_to_1_percent,
        found.peaks,
    )
    rows = [
        (
            readable(curvature, 6),
            regime,
            rate_in_words(rate),
            readable(period),
            readable(steps, 6),
            readable(peak),
        )
        for curvature, regime, rate, period, steps, peak in zip(*columns, strict=True)
    ]
    return header, rows


def _planes(subject: Subject, found: Stability) -> list[Picture]:
    """The phase diagram with the setting marked, and what the family's best settings buy; for rules of ours."""
    if not isinstance(subject.rule, Rule) or found.saddle:
        return []
    pictures = []
    diagram = phase_diagram(subject.rule)
    if diagram.rate.ndim == 2:
        caption = "The regimes of this rule; a mark for each curvature at this setting, its path beside."
        pictures.append(Picture("phase", phase_figure(diagram, found, steps=subject.steps), caption))
    try:
        rates = rates_by_condition_number(type(subject.rule), CONDITION_NUMBERS)
    except PolyakError:
        return pictures
    caption = "How many steps a run at the best setting takes, the longer the valley."
    return [*pictures, Picture("condition", condition_figure(rates), caption)]
