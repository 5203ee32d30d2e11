"""Run a candidate and a reference side by side, and say whether and why they part."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from polyak.ground.errors import PolyakError
from polyak.ground.progress import Progress, unasked
from polyak.verify.comparison import Outcome
from polyak.verify.diagnosis import diagnose, fitted_numbers
from polyak.verify.evidence import Evidence
from polyak.verify.reference_model import Model, model_of
from polyak.verify.references import References, references
from polyak.verify.scenarios import MATRICES, SCENARIOS, Scenario, Shapes, scenarios_for
from polyak.verify.side import Side, checked
from polyak.verify.single_precision import judged
from polyak.verify.verification import Verification

RESPONSE = 20  # steps
SHAPED: dict[str, Callable[[tuple[int, ...]], bool]] = {
    "arrays of two axes": lambda shape: len(shape) == 2,
    "arrays of four axes": lambda shape: len(shape) == 4,
    "arrays of two axes or more": lambda shape: len(shape) > 1,
    "arrays without axes": lambda shape: not shape,
}
ROUNDS = "it rounds to float32 somewhere"

Responses = tuple[NDArray[np.float64], NDArray[np.float64]]


def verify(
    candidate: object,
    against: object = "torch:SGD",
    *,
    candidate_settings: Mapping[str, Any] | None = None,
    shapes: Sequence[Sequence[int]] | None = None,
    quick: bool = False,
    progress: Progress | None = None,
    **settings: Any,
) -> Verification:
    """Whether an optimizer is what it is meant to be: run beside a reference, step by step, in float64.

    Args:
        candidate: a rule, ours or a page's function; an Optax factory or object; a class or an object of PyTorch's or
            of Keras's optimizers, of any package; or the name of one, `package.module:Class`.
        against: the reference, of the same kinds; by name `torch:SGD`, `keras:Adam`, `optax:sgd`, `jax:momentum`,
            `sklearn:sgd`, `polyak:heavy_ball` ...
        candidate_settings: arguments for the candidate alone, under its own names.
        shapes: of the arrays that both are run on, such as [(128, 64), (10,)]; by default some of every kind, or
            matrices alone where one side takes no others.
        quick: whether to run five scenarios only, and to look for one cause only.
        progress: called with how many scenarios are done, and of how many.
        settings: the reference's arguments under its own names; a candidate that has none yet is given those of them
            that it takes. `lr` is the learning rate, whatever it is called on either side.

    Both are run from the same start on the same problem, at a constant learning rate and one that drops or warms up,
    with weight decay, maximizing, zero and missing gradients, a state saved and loaded in mid-run, gradients beside
    which eps is large or nothing, parameters beside which gradients are nothing, a pytree, matrices, kernels, an array
    above 4,096 numbers and one long run: what either side cannot be asked is said. Where they part, the reference is
    changed in the ways in which implementations differ, one or two at a time, and the change that goes where the
    candidate went, to rounding, is the likely cause. A candidate that rounds to float32 is found by its roughness, and
    held to what float32 does to it: what is otherwise besides is said too.

    Returns a Verification, whose `scope` says what its verdict is true of. Raises PolyakError for what is no optimizer,
    for a name or a setting that is not known and for a framework that is not installed.

    >>> import polyak as pk
    >>> report = verify(pk.HeavyBall(lr=0.02, momentum=0.9), against="polyak:nesterov", lr=0.02, momentum=0.9)
    >>> report.equal, report.verdict, report.scenarios[0].step
    (False, 'no Nesterov look-ahead', 1)
    """
    _refuse_nan({**settings, **(candidate_settings or {})})
    reference = checked(Side(against, settings), settings)
    tested = Side(candidate, settings, candidate_settings)
    arrays = _checked_shapes(shapes) or fitting((reference, tested))
    scenarios = scenarios_for(arrays, quick=quick)
    outcomes, evidence = _run(tested, reference, scenarios, progress or unasked("scenarios"))
    in_single = judged(evidence)
    if in_single is not None:
        evidence = in_single
        now = {each.scenario.name: each.outcome for each in evidence}
        outcomes = [now.get(outcome.scenario, outcome) for outcome in outcomes]
    responses = _response(tested), _response(reference)
    verdict, cause = _verdict(
        outcomes, evidence, model_of(tested.candidate, tested.settings), responses, quick=quick
    )
    if in_single is not None:
        verdict, cause = _both(verdict, cause)
    notes = [f"{tested.name} takes no {name}" for name in tested.left_out]
    if arrays is not None and shapes is None:
        notes.append("matrices alone: one side takes no other arrays")
    return Verification(
        str(tested), str(reference), verdict, cause, tuple(outcomes), responses, tuple(notes), scenarios
    )


def _checked_shapes(shapes: Sequence[Sequence[int]] | None) -> Shapes | None:
    """Shapes that are some: of whole numbers from 1 on."""
    if shapes is None:
        return None
    given = tuple(tuple(shape) for shape in shapes)
    if not given or any(
        isinstance(n, bool) or not isinstance(n, int) or n < 1 for shape in given for n in shape
    ):
        raise PolyakError(
            f"shapes is {shapes!r}, expected lists of whole numbers from 1 on, such as [(128, 64), (10,)]"
        )
    return given


def fitting(sides: Sequence[Side]) -> Shapes | None:
    """The arrays that all sides take: None where they take any, or matrices. Raises PolyakError where neither do."""
    for side in sides:
        try:
            side.make().start(SCENARIOS[0].arrays(np.ones(SCENARIOS[0].size)))
        except PolyakError as error:
            matrices = scenarios_for(MATRICES)[0]
            try:
                for each in sides:
                    each.make().start(matrices.arrays(np.ones(matrices.size)))
            except PolyakError:
                raise error from None
            return MATRICES
    return None


def _refuse_nan(settings: Mapping[str, Any]) -> None:
    for name, value in settings.items():
        numbers = value if isinstance(value, tuple | list) else (value,)
        if any(isinstance(number, float) and math.isnan(number) for number in numbers):
            raise PolyakError(f"{name} is {value}, expected a number")


def _run(
    tested: Side, reference: Side, scenarios: Sequence[Scenario], progress: Progress | None
) -> tuple[list[Outcome], list[Evidence]]:
    """What came of every scenario, and what the candidate did in those that could be run."""
    kept = references(reference)
    outcomes, evidence = list[Outcome](), list[Evidence]()
    for done, scenario in enumerate(scenarios, start=1):
        outcomes.append(_tried(scenario, tested, kept, evidence))
        if progress is not None:
            progress(done, len(scenarios))
    if not evidence:
        refused = [outcome.reason for outcome in outcomes if outcome.status == "fails"]
        raise PolyakError((refused or [outcomes[0].reason])[0])
    return outcomes, evidence


def _tried(scenario: Scenario, tested: Side, kept: References, evidence: list[Evidence]) -> Outcome:
    obstacle = kept.side.obstacle(scenario) or tested.obstacle(scenario)
    if scenario.nested and not obstacle and not tested.make().takes_pytrees:
        obstacle = f"{tested.name} takes a list"
    if obstacle:
        return Outcome(scenario.name, "not tried", obstacle)
    try:
        expected = kept.of(scenario)
    except PolyakError as error:
        return Outcome(scenario.name, "not tried", str(error))
    try:
        path = scenario.path(tested.stepper(scenario), expected.problem)
    except PolyakError as error:
        return Outcome(scenario.name, "fails", str(error))
    outcome = expected.outcome(path)
    evidence.append(Evidence(expected, path, outcome, lambda: tested.stepper(scenario)))
    return outcome


def _verdict(
    outcomes: list[Outcome],
    evidence: list[Evidence],
    known: Model | None,
    responses: Responses,
    *,
    quick: bool = False,
) -> tuple[str, str]:
    """The verdict and the cause; `known` is the candidate in our words, where it has a name of its own."""
    failed = [outcome for outcome in outcomes if outcome.status == "fails"]
    if not any(each.parted for each in evidence):
        return (f"fails: {failed[0].scenario}", failed[0].reason) if failed else ("equal", "")
    modelled = [each for each in evidence if each.model is not None]
    return diagnose(modelled, known, quick=quick) or fitted_numbers(modelled, *responses) or _where(evidence)


def _both(verdict: str, cause: str) -> tuple[str, str]:
    """A verdict of a candidate in single precision: that, and whatever is otherwise besides."""
    if verdict == "equal":
        return "equal in single precision", ROUNDS
    return (
        f"{verdict}; in single precision",
        f"{cause}; and {ROUNDS}" if cause else f"{ROUNDS}; that is not all",
    )


def _where(evidence: list[Evidence]) -> tuple[str, str]:
    """A verdict for what no known change explains, and what those arrays have that part."""
    parted = [each.scenario for each in evidence if each.parted]
    if all(scenario.lr_factors is not None for scenario in parted):
        return "equal at constant lr only", ""
    words = _shape(evidence, {scenario.name for scenario in parted})
    if words and len(parted) < len(evidence):
        return f"equal but for {words}", f"it parts wherever there are {words}, and there alone"
    if len(parted) < len(evidence) - len(parted):
        return f"equal but for {', '.join(scenario.name for scenario in parted)}", ""
    return "another optimizer", ""


def _shape(evidence: list[Evidence], parted: set[str]) -> str | None:
    """The arrays, in words, that those scenarios have which part, and no others."""
    for words, test in SHAPED.items():
        if parted == {each.scenario.name for each in evidence if any(map(test, each.scenario.shapes))}:
            return words
    return None


def _response(side: Side) -> NDArray[np.float64]:
    """What a unit gradient takes off x at each step, with nothing else moving it."""
    try:
        still, moved = (_walk(side, first) for first in (0.0, 1.0))
    except PolyakError:
        return np.full(RESPONSE, np.nan)
    taken: NDArray[np.float64] = -np.diff(moved - still)
    return taken


def _walk(side: Side, first: float) -> NDArray[np.float64]:
    stepper = side.make()
    stepper.start([np.zeros(1)])
    rows = [0.0]
    with np.errstate(all="ignore"):
        for step in range(RESPONSE):
            rows.append(float(stepper.step([np.array([first if step == 0 else 0.0])])[0][0]))
    return np.array(rows)
