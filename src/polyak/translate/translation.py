"""A translation: the line to paste, what it is worth in words, and its proof."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from html import escape
from typing import Any

from polyak.frameworks import FRAMEWORKS
from polyak.frameworks.spelling import Meaning, Spelling
from polyak.ground.errors import PolyakError
from polyak.ground.numbers import readable
from polyak.ground.progress import Progress
from polyak.ground.shown import Shown
from polyak.rules import HeavyBall, LinearRule, Nesterov
from polyak.translate import impulse_response as algebra
from polyak.translate.best_arguments import ALWAYS, AT_CONSTANT_LR, NEARLY, Fit
from polyak.translate.pasted_line import chained, condition_in_words, pasted
from polyak.translate.proof import Proof, prove
from polyak.translate.proof_problem import SIZES, STEPS
from polyak.translate.side import Side

NEAR = 0.8  # of the edge of stability


@dataclass(frozen=True, eq=False)
class Translation(Shown):
    """An optimizer of one framework in the words of another. Made by `translate`.

    Attributes:
        source: the spelling translated from.
        given: its arguments.
        meaning: what they mean.
        fit: what the other framework makes of it.
        curvatures: those asked about, rising; may be none.
        said: of a pasted text, what was read how and what was left out, in words.
    """

    source: Spelling
    given: Mapping[str, Any]
    meaning: Meaning
    fit: Fit
    curvatures: tuple[float, ...] = ()
    said: tuple[str, ...] = ()

    @property
    def target(self) -> Spelling:
        """The spelling translated to."""
        return self.fit.spelling

    @property
    def arguments(self) -> dict[str, Any]:
        """The other side's arguments, those that stay at their defaults left out."""
        return dict(self.fit.arguments)

    @property
    def equal(self) -> str:
        """How far both are the same: "always", "at constant lr", "nearly"; the conditions met."""
        return self.fit.equal

    @property
    def distance(self) -> float:
        """Where only nearly equal: the largest gap over the proof's steps, of the trajectory's size; else 0.

        Of an adaptive rule the largest at any size that gradients have, 1e-6 to 10; `gradient` says at which.
        """
        return self.fit.distance

    @property
    def gradient(self) -> float | None:
        """The size of the gradients at which an adaptive rule that is only nearly equal parts most; else None."""
        return self.fit.gradient

    def __str__(self) -> str:
        line = pasted(self.target, self.arguments)
        return chained(self.target, line, self.fit.conditions, self.meaning.rule)

    def _table(self) -> str:
        return "<ul>" + "".join(f"<li>{escape(line)}</li>" for line in self.words()) + "</ul>"

    # What is the same, and what is not.

    def words(self) -> list[str]:
        """What is equal, under which conditions, what parts when the learning rate changes, what to do."""
        said = {
            ALWAYS: "same trajectory, also when the learning rate changes",
            AT_CONSTANT_LR: "same trajectory while the learning rate is constant",
            NEARLY: f"not the same: {self._in_short()}; the nearest there is parts from it by {self._how_far()}",
        }
        spoken = [said[self.equal]]
        spoken += [
            condition_in_words(condition, self.target, self.meaning) for condition in self.fit.conditions
        ]
        if self.equal == AT_CONSTANT_LR:
            spoken += self._parting()
        return spoken + self._stability() + self._left_out() + list(self.said)

    def _left_out(self) -> list[str]:
        """The arguments given that are of how numbers are computed, and not of which."""
        free = {argument.name for argument in self.source.arguments if argument.free}
        told = [f"{name}={value!r}" for name, value in self.given.items() if name in free]
        why = "it changes" if len(told) == 1 else "they change"
        return [f"left out, since {why} no number: {', '.join(told)}"] if told else []

    def _how_far(self) -> str:
        far, at = readable(self.distance, 2), self.fit.gradient
        if at is None:
            return f"{far} of the trajectory's size over {STEPS:,} steps"
        tried = f"{readable(SIZES[0])} to {readable(SIZES[-1])}"
        return (
            f"up to {far} of the trajectory's size over {STEPS:,} steps, where gradients are about {readable(at)}"
            f" (tried: {tried})"
        )

    def _in_short(self) -> str:
        if self.fit.differences:
            return f"{self.target.name} cannot say it ({'; '.join(self.fit.differences)})"
        return f"{self.target.name} has no member with the response of {self.meaning.rule}"

    def _parting(self) -> list[str]:
        """Where one side's velocity holds the learning rate and the other's does not."""
        holder, other = (self.target, self.source) if self.target_holds_lr else (self.source, self.target)
        framework = FRAMEWORKS[self.target.framework]
        factor = "new/old" if self.target_holds_lr else "old/new"
        buffers = framework.velocities
        said = [
            f"differs when it changes: the velocity of {holder.name} holds the learning rate, that of {other.name} does"
            " not",
            *self._by_how_much(holder.name),
            f"to do: at a change multiply {buffers} of {self.target.name} by {factor}",
        ]
        rule = self.meaning.rule
        if framework.has("export") and isinstance(rule, HeavyBall | Nesterov) and rule.lr_in_velocity:
            kind = type(rule).__name__
            said[-1] += (
                f", or train with pk.to_{framework.prefix}(pk.{kind}(lr={readable(rule.lr, 6)}, "
                f"momentum={readable(rule.momentum, 6)},"
                " lr_in_velocity=True))"
            )
        return said

    def _by_how_much(self, holder: str) -> list[str]:
        rule = self.meaning.rule
        if not isinstance(rule, LinearRule):
            return []
        coasting = algebra.impulse_response(rule).coasting
        return [
            f"by how much: the velocity that {holder} has at the change carries x on by "
            f"{readable(coasting)} times its part"
            " of the last step, the other side's by new/old of that: at a drop to a tenth they part by"
            f" {readable(0.9 * coasting)} times that part, unless a gradient calls them back"
        ]

    @property
    def target_holds_lr(self) -> bool:
        """Whether the velocity of the other side holds the learning rate."""
        rule: Any = self.fit.meaning.rule
        if isinstance(rule, LinearRule):
            return bool(algebra.holds_lr(rule))
        return bool(getattr(rule, "lr_in_velocity", False))

    def _stability(self) -> list[str]:
        rule: Any = self.meaning.rule
        if not isinstance(rule, LinearRule) or not self.meaning.rule.lr:
            return []
        own = (
            self.meaning.weight_decay if self.meaning.decay_kind == "coupled" else 0.0
        )  # a curvature of its own
        edge = algebra.largest_stable_curvature(rule) - own
        said = [
            f"stable for lr x curvature below {readable(self.meaning.rule.lr * (edge + own))} (gradient "
            "descent: 2): here for"
            f" curvatures below {readable(edge)}"
        ]
        if self.equal == NEARLY and isinstance(self.fit.meaning.rule, LinearRule):
            theirs = algebra.largest_stable_curvature(self.fit.meaning.rule)
            said[0] += f", on the other side below {readable(theirs)}"
        if self.curvatures:
            share = self.curvatures[-1] / edge
            where = "beyond the edge: it diverges" if share >= 1 else f"at {share:.0%} of the edge"
            near = ", near it: a little more of either and it diverges" if NEAR <= share < 1 else ""
            said.append(f"on curvature {readable(self.curvatures[-1], 6)} this setting is {where}{near}")
        return said

    # The proof.

    @property
    def without_proof(self) -> str | None:
        """Why nothing can be checked here, in a line; None where it can."""
        sides = (FRAMEWORKS[side.framework] for side in (self.source, self.target))
        unknown = [side.prefix for side in sides if not (side.run_here or side.recorded)]
        return f"no proof here: {unknown[0]} is not run by Polyak" if unknown else None

    def check(self, steps: int = 1000, drop: float = 0.1, progress: Progress | None = None) -> Proof:
        """Run both sides on the same problem from the same start, on the real frameworks where they are installed.

        Args:
            steps: how many, at least 4.
            drop: what the learning rate is multiplied by half way, in a run of its own.
            progress: called with (runs done, runs in all).

        Returns a Proof: the largest gap at a constant learning rate, for an adaptive rule that is only nearly equal
        with gradients of the size at which it parts most; through the drop, beside what was predicted; and
        with the remedy. Raises PolyakError for a framework that is known by its spellings alone.

        >>> from polyak.translate import translate
        >>> proof = translate("mxnet:sgd", learning_rate=0.004, momentum=0.9, to="torch").check(steps=100)
        >>> proof.gap < 1e-12, proof.gap_after_drop > 0.01, proof.gap_with_remedy < 1e-12
        (True, True, True)
        """
        if self.without_proof is not None:
            raise PolyakError(self.without_proof)
        free = {argument.name for argument in self.source.arguments if argument.free}
        telling = {name: value for name, value in self.given.items() if name not in free}
        return prove(
            self.meaning,
            Side(self.source, telling, self.meaning),
            Side(self.target, self.arguments, self.fit.meaning, self.fit.conditions),
            steps,
            drop,
            parts=self.equal == AT_CONSTANT_LR,
            size=self.fit.gradient,
            progress=progress,
        )
