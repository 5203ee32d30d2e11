"""What a verification found: a verdict, the outcome of every scenario, and the responses of both."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from polyak.ground.numbers import readable
from polyak.ground.shown import table
from polyak.run.result import Result
from polyak.verify.comparison import Outcome
from polyak.verify.scenarios import SCENARIOS, Scenario

SHOWN = 6  # weights of a response, in words


@dataclass(frozen=True, eq=False)
class Verification(Result):
    """Whether an optimizer is what it is held against.

    Attributes:
        candidate: its name.
        reference: the reference's name and settings.
        verdict: in a few words: "equal", "equal at constant lr only", "momentum has no effect", "eps elsewhere" ...;
            it is true of what `scope` says.
        cause: what the candidate does otherwise, in a sentence; empty where it is equal, or where no known change
            explains it.
        scenarios: the outcome of each, in their order.
        responses: what one unit gradient takes off x in each of the steps from it on, by the candidate and by the
            reference, each of shape (20,); nan where it could not be run.
        notes: what else should be known: settings that the candidate does not take.
        asked: the scenarios, as they were run.
    """

    candidate: str
    reference: str
    verdict: str
    cause: str
    scenarios: tuple[Outcome, ...]
    responses: tuple[NDArray[np.float64], NDArray[np.float64]]
    notes: tuple[str, ...] = ()
    asked: tuple[Scenario, ...] = SCENARIOS

    @property
    def equal(self) -> bool:
        """Whether the two are equal but for rounding in every scenario that could be tried: see `scope`."""
        return all(outcome.status in ("equal", "not tried") for outcome in self.scenarios)

    @property
    def scope(self) -> str:
        """What the verdict is true of: the scenarios that were run, the sizes of their arrays, their steps."""
        tried = {outcome.scenario for outcome in self.scenarios if outcome.status in ("equal", "parts")}
        run = [scenario for scenario in self.asked if scenario.name in tried]
        if not run:
            return "no scenario"
        shapes = [shape for scenario in run for shape in scenario.shapes]
        largest, axes = max(math.prod(shape) for shape in shapes), max(len(shape) for shape in shapes)
        steps = max(scenario.steps for scenario in run)
        return (
            f"{len(run)} of {len(self.scenarios)} scenarios, with arrays of up to {largest:,} numbers and"
            f" {axes} axes, and up to {steps:,} steps"
        )

    def __str__(self) -> str:
        lines = [f"{self.candidate} against {self.reference}: {self.verdict}"]
        if self.cause:
            lines.append(f"likely cause: {self.cause}")
        lines.append(f"true of {self.scope}")
        width = max(len(outcome.scenario) for outcome in self.scenarios)
        lines += [f"  {outcome.scenario:<{width}}  {outcome}" for outcome in self.scenarios]
        lines.append(f"a unit gradient takes off x, from the step that sees it on ({SHOWN} steps shown):")
        names = ("candidate", "reference")
        for name, weights in zip(names, self.responses, strict=True):
            lines.append(f"  {name}  {' '.join(readable(weight, 6) for weight in weights[:SHOWN])}")
        return "\n".join([*lines, *(f"note: {note}" for note in self.notes)])

    def _table(self) -> str:
        return table([[outcome.scenario, str(outcome)] for outcome in self.scenarios])
