"""What explains a step of a training: the cause named first, the others that were looked at, what else changed."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from polyak.diagnose.explain.finding import LENGTHS, Finding, NotFound, known
from polyak.diagnose.explain.moment import Moment
from polyak.diagnose.watch import Watched
from polyak.ground.numbers import readable
from polyak.run.result import Result

NONE = "none of the causes known here"


@dataclass(frozen=True)
class Change:
    """Something that was otherwise before the step than usual.

    Attributes:
        what: the quantity.
        before: what it usually was: the median of the last few before.
        there: what it was at the step, or at the reading next to it.
        step: of that.
    """

    what: str
    before: float
    there: float
    step: int

    @property
    def factor(self) -> float:
        """How many times as large; nan where it was 0."""
        return self.there / self.before if self.before else math.nan


@dataclass(frozen=True, eq=False)
class Explanation(Result):
    """Why a training went wrong at a step, as far as its records tell.

    Attributes:
        watched: the records.
        moment: the step, and what the loss was before it.
        findings: the causes that were found, the surest first.
        ruled_out: why each of the others was not, by its name.
        changes: what else was otherwise there, the largest first.
    """

    watched: Watched
    moment: Moment
    findings: tuple[Finding, ...]
    ruled_out: Mapping[str, NotFound]
    changes: tuple[Change, ...]

    @property
    def step(self) -> int:
        """The step that is explained."""
        return self.moment.step

    @property
    def cause(self) -> str | None:
        """The name of the surest cause; None where none of those known here was found."""
        return self.findings[0].cause if self.findings else None

    @property
    def seen_in(self) -> tuple[str, str]:
        """Two columns of the records that the surest cause is seen in."""
        return LENGTHS if self.cause is None else known()[self.cause].seen_in

    @property
    def change(self) -> str:
        """What to change, by the surest cause; empty where none was found."""
        return self.findings[0].change if self.findings else ""

    def words(self) -> tuple[str, ...]:
        """The moment, the cause with its evidence and what to change, and the others that were found."""
        said = [f"{self._moment()} {self._named()}"]
        if self.findings:
            first = self.findings[0]
            said += [first.said, f"Change: {first.change}", f"Ground: {first.ground}"]
            said += [f"Also found: {each.cause}. {each.said}" for each in self.findings[1:]]
        return tuple(said)

    def _moment(self) -> str:
        moment, loss = self.moment, readable(self.moment.loss)
        if moment.kind == "none":
            return f"The loss never rose out of its own noise in the {self.watched.last_step + 1:,} steps recorded."
        if moment.kind == "not finite":
            return f"The loss was {loss} at step {moment.step:,}."
        if moment.kind == "rose":
            return f"The loss rose out of its own noise at step {moment.step:,}: {loss} from {readable(moment.floor)}."
        return f"Step {moment.step:,}, at a loss of {loss}."

    def _named(self) -> str:
        return f"Cause: {self.cause}." if self.findings else f"Cause: {NONE}."

    def __str__(self) -> str:
        looked = [f"Not {name}: {each.why}." for name, each in self.ruled_out.items()]
        evidence = [f"  {each}" for each in self.findings[0].evidence] if self.findings else []
        head, *rest = self.words()
        return "\n".join([head, *evidence, *rest, *looked])
