"""Run a candidate and a reference side by side, and say whether and why they part."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from polyak.conventions.problem import problem_for
from polyak.conventions.verify.comparison import Outcome, Reference
from polyak.conventions.verify.contender import Contender, checked
from polyak.conventions.verify.diagnosis import Evidence, diagnose, fitted_numbers, models_of
from polyak.conventions.verify.model import Model
from polyak.conventions.verify.scenarios import SCENARIOS, Scenario
from polyak.conventions.verify.verification import Verification
from polyak.errors import PolyakError
from polyak.rules import CoupledDecay, Rule

RESPONSE = 20  # steps
Progress = Callable[[int, int], None]


def verify(
    candidate: Any,
    against: Any = "torch:SGD",
    *,
    candidate_settings: Mapping[str, Any] | None = None,
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
        progress: called with how many scenarios are done, and of how many.
        settings: the reference's arguments under its own names; a candidate that has none yet is given those of them
            that it takes. `lr` is the learning rate, whatever it is called on either side.

    Both are run from the same start on the same problem, at a constant learning rate and one that drops or warms up,
    with weight decay, maximizing, zero and missing gradients, a state saved and loaded in mid-run, gradients beside
    which eps is large or nothing, other shapes and a pytree: what either side cannot be asked is said. Where they
    part, the reference is changed in the ways in which implementations differ, one or two at a time, and the change
    that goes where the candidate went, to rounding, is the likely cause.

    Returns a Verification. Raises PolyakError for what is no optimizer, for a name or a setting that is not known and
    for a framework that is not installed.

    >>> import polyak as pk
    >>> report = verify(pk.HeavyBall(lr=0.02, momentum=0.9), against="polyak:nesterov", lr=0.02, momentum=0.9)
    >>> report.equal, report.verdict, report.scenarios[0].step
    (False, 'no Nesterov look-ahead', 1)
    """
    for name, value in {**settings, **(candidate_settings or {})}.items():
        numbers = value if isinstance(value, tuple | list) else (value,)
        if any(isinstance(number, float) and math.isnan(number) for number in numbers):
            raise PolyakError(f"{name} is {value}, expected a number")
    reference = checked(Contender(against, settings), settings)
    tested = Contender(candidate, settings, candidate_settings)
    problem = problem_for(_rule(reference, {}), max(scenario.steps for scenario in SCENARIOS))
    outcomes, evidence = list[Outcome](), list[Evidence]()
    for done, scenario in enumerate(SCENARIOS, start=1):
        outcomes.append(_tried(scenario, problem, tested, reference, evidence))
        if progress is not None:
            progress(done, len(SCENARIOS))
    if all(outcome.status in ("fails", "not tried") for outcome in outcomes):
        raise PolyakError(next(outcome.reason for outcome in outcomes if outcome.status == "fails"))
    responses = _response(tested), _response(reference)
    verdict, cause = _verdict(outcomes, evidence, _model(tested, {}), responses[0])
    notes = tuple(f"{tested.name} takes no {name}" for name in tested.left_out)
    return Verification(str(tested), str(reference), verdict, cause, tuple(outcomes), responses, notes)


def _tried(
    scenario: Scenario, problem: Any, tested: Contender, reference: Contender, evidence: list[Evidence]
) -> Outcome:
    obstacle = reference.obstacle(scenario) or tested.obstacle(scenario)
    if scenario.nested and not obstacle and not getattr(tested.make(), "takes_pytrees", False):
        obstacle = f"{tested.name} takes a list"
    if obstacle:
        return Outcome(scenario.name, "not tried", obstacle)
    expected = Reference.run(scenario, problem, lambda: reference.make(scenario.settings))
    try:
        path = scenario.path(tested.stepper(scenario), problem)
    except PolyakError as error:
        return Outcome(scenario.name, "fails", str(error))
    outcome = expected.outcome(path)
    model = _model(reference, scenario.settings)
    if model is not None:
        telling = outcome.step + 1 if outcome.step is not None else 2
        evidence.append(Evidence(expected, path, model, outcome.status == "parts", telling))
    return outcome


def _model(reference: Contender, extra: Mapping[str, Any]) -> Model | None:
    """The reference in our words, with some settings more."""
    target = reference.target
    if isinstance(target, Rule):
        return Model(target.replace(**extra))
    if isinstance(target, CoupledDecay) and isinstance(target.rule, Rule):
        return Model(target.rule, decay=target.amount)
    if isinstance(target, type) and issubclass(target, Rule):
        return Model(target.from_settings(**{**reference.settings, **extra}))
    if isinstance(reference.optimizer, str):
        return models_of(reference.optimizer, {**reference.settings, **extra})
    return models_of(_spelled(target), {**reference.settings, **extra})


def _spelled(target: Any) -> str:
    """The name of a framework's own class or factory that was given as an object."""
    framework = str(getattr(target, "__module__", "")).partition(".")[0]
    return f"{framework}:{getattr(target, '__name__', '')}"


def _rule(reference: Contender, extra: Mapping[str, Any]) -> Any:
    model = _model(reference, extra)
    return None if model is None else model.rule


def _verdict(
    outcomes: list[Outcome], evidence: list[Evidence], known: Model | None, response: NDArray[np.float64]
) -> tuple[str, str]:
    """The verdict and the cause; `known` is the candidate in our words, where it has a name of its own."""
    parted = [outcome for outcome in outcomes if outcome.status == "parts"]
    failed = [outcome for outcome in outcomes if outcome.status == "fails"]
    if not parted:
        return (f"fails: {failed[0].scenario}", failed[0].reason) if failed else ("equal", "")
    found = diagnose(evidence, known)
    if found is None and all(outcome.single for outcome in parted):
        found = "equal in single precision", "it rounds to float32 somewhere"
    return found or fitted_numbers(evidence, response) or (_where(outcomes), "")


def _where(outcomes: list[Outcome]) -> str:
    """A verdict for what no known change explains."""
    parted = {outcome.scenario for outcome in outcomes if outcome.status == "parts"}
    if parted <= {scenario.name for scenario in SCENARIOS if scenario.lr_factors is not None}:
        return "equal at constant lr only"
    if len(parted) < sum(outcome.status == "equal" for outcome in outcomes):
        return f"equal but for {', '.join(outcome.scenario for outcome in outcomes if outcome.scenario in parted)}"
    return "another optimizer"


def _response(contender: Contender) -> NDArray[np.float64]:
    """What a unit gradient takes off x at each step, with nothing else moving it."""
    try:
        still, moved = (_walk(contender, first) for first in (0.0, 1.0))
    except PolyakError:
        return np.full(RESPONSE, np.nan)
    taken: NDArray[np.float64] = -np.diff(moved - still)
    return taken


def _walk(contender: Contender, first: float) -> NDArray[np.float64]:
    stepper = contender.make()
    stepper.start([np.zeros(1)])
    rows = [0.0]
    with np.errstate(all="ignore"):
        for step in range(RESPONSE):
            rows.append(float(stepper.step([np.array([first if step == 0 else 0.0])])[0][0]))
    return np.array(rows)
