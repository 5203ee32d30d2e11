"""One side of a verification: an optimizer that can be made again and again, with a setting more."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from polyak.frameworks import Stepper
from polyak.frameworks.classify import candidate_of
from polyak.frameworks.polyak.stepper import RuleStepper
from polyak.ground.errors import PolyakError, unknown
from polyak.rules import Rule
from polyak.verify.scenarios import Scenario

LR_ARGUMENTS = ("lr", "learning_rate", "step_size", "learning_rate_init")


class Side:
    """A candidate or a reference.

    Args:
        optimizer: a name such as torch:SGD or package.module:Class, or whatever `candidate_of` takes.
        shared: settings meant for both sides: what this one does not take is left out, and named in `left_out`.
        own: settings meant for this side alone.
    """

    def __init__(
        self, optimizer: object, shared: Mapping[str, Any], own: Mapping[str, Any] | None = None
    ) -> None:
        self.candidate = candidate_of(optimizer)
        self.takes = self.candidate.takes
        self.left_out: tuple[str, ...] = ()
        given = {} if self.candidate.settled else dict(shared)
        if self.takes is not None:
            given = {self._named(name): value for name, value in given.items()}
            self.left_out = tuple(name for name in given if name not in self.takes)
        self.settings = {name: value for name, value in given.items() if name not in self.left_out}
        self.settings |= {self._named(name): value for name, value in (own or {}).items()}
        self.name = self.make().name

    def _named(self, name: str) -> str:
        """A setting under this side's own name: the learning rate is spelled in four ways."""
        known = self.takes or ()
        if name in LR_ARGUMENTS and name not in known:
            return next((own for own in LR_ARGUMENTS if own in known), name)
        return name

    def make(self, extra: Mapping[str, Any] | None = None) -> Stepper:
        """A stepper with the settings, and some more."""
        if extra and isinstance(self.candidate.optimizer, Rule):
            return RuleStepper(self.candidate.optimizer.replace(**extra))
        return self.candidate.run({**self.settings, **(extra or {})})

    def obstacle(self, scenario: Scenario) -> str | None:
        """Why a scenario cannot be tried on this side; None if it can."""
        for name in scenario.settings:
            if name not in (self.takes or ()):
                return f"{self.name} takes no {name}"
            if name in self.settings:
                return f"{name} is set in all scenarios"
        made = self.make()
        if scenario.lr_factors is not None and made.lr is None:
            return f"the learning rate of {self.name} cannot be set"
        # A rule is given what there is: that it skips the rest is the stepper's doing, not its own.
        if any(scenario.missing) and (made.takes_pytrees or not made.skips_missing):
            return f"{self.name} is given a gradient for every parameter"
        return None

    def stepper(self, scenario: Scenario) -> Stepper:
        """The stepper for a scenario."""
        made = self.make(scenario.settings)
        if isinstance(made, RuleStepper):
            made.nested = scenario.nested
        return made

    def __str__(self) -> str:
        settings = ", ".join(f"{name}={value}" for name, value in self.settings.items())
        return f"{self.name}({settings})" if settings else self.name


def checked(side: Side, settings: Mapping[str, Any]) -> Side:
    """The reference, which must take every setting that was given."""
    for name in side.left_out:
        raise unknown(f"argument of {side.name}", name, side.takes or ())
    if settings and side.candidate.settled:
        raise PolyakError(f"{side.name} has its settings already; {next(iter(settings))} has no place")
    return side
