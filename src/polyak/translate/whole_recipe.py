"""A translation with its schedule: the lines to paste, what the velocity's convention does under it, and the proof."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from polyak.frameworks import FRAMEWORKS
from polyak.frameworks.spelling import Spelling
from polyak.ground.errors import PolyakError, whole_number
from polyak.ground.numbers import readable
from polyak.ground.progress import Progress
from polyak.translate.around import Around, Words
from polyak.translate.around.clip import Clip
from polyak.translate.around.kinds import chained_with, lines_of, most_of
from polyak.translate.best_arguments import ALWAYS, AT_CONSTANT_LR
from polyak.translate.chains import chain
from polyak.translate.paste.chains import own_chain
from polyak.translate.paste.recipe import Recipe
from polyak.translate.paste.values import Call
from polyak.translate.pasted_line import Code, pasted
from polyak.translate.program import Program
from polyak.translate.proof_problem import STEPS, gap, problem_for
from polyak.translate.schedule_proof import ScheduleProof
from polyak.translate.schedules.course import Course
from polyak.translate.schedules.courses.constant import Constant
from polyak.translate.schedules.courses.epochs import Epochs, in_epochs
from polyak.translate.schedules.read import Schedule
from polyak.translate.schedules.reread import own_code
from polyak.translate.schedules.row import Row
from polyak.translate.schedules.said import Said, say
from polyak.translate.side import Side
from polyak.translate.translation import Translation

FEW = 200  # steps over which it is said how far two conventions part


@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class RecipeTranslation(Translation):
    """An optimizer with a schedule of its learning rate, in the words of another framework. Made by `translate`.

    Attributes:
        schedule: as it was read.
        there: the same in the other framework's words.
        around: what is done to the gradients before the optimizer sees them, the outermost first.
        links: of a chain of Optax's that was read, those that are the optimizer.
    """

    schedule: Schedule
    there: Said
    around: tuple[Around, ...] = ()
    links: tuple[Call, ...] = ()

    # The lines.

    def program(self) -> Program:
        """The lines to paste."""
        prefix = self.target.framework
        said = [each.words(prefix) for each in self.around]
        shown = {**self.arguments, _lr_name(self.target): Code(self.there.lr)}
        for words in said:
            shown |= words.arguments
        line, before = pasted(self.target, shown), self.there.before
        if prefix == "optax":
            line, before = self._chain(line, said)
        by_epochs = bool(self.there.after) and isinstance(self.there.course, Epochs)
        every = self.schedule.steps_per_epoch if by_epochs else 1
        gathered = most_of(said) if prefix == "torch" else 1
        return Program(prefix, line, before, self.there.after, every, lines_of(said), gathered)

    def _chain(self, line: str, said: list[Words]) -> tuple[str, str]:
        """Optax's line with its links and what is around it, and the lines before it."""
        first = tuple(words.link for words in said if words.link)
        found = chain(self._rule_to_be(), line, self.there.lr, self.fit.conditions, first)
        around = [replace(words, link="") for words in said]  # the links are in the chain already
        before = [*self.there.before.splitlines(), *found.before.splitlines()]
        if any("jnp." in link for link in first):
            before.insert(0, "import jax.numpy as jnp")
        return chained_with(found.line, around), "\n".join(dict.fromkeys(before))

    def _rule_to_be(self) -> Any:  # noqa: ANN401
        """The rule whose velocity's convention the other side is to have: the source's, where a chain can say it."""
        rule = self.fit.meaning.rule
        holds = getattr(self.meaning.rule, "lr_in_velocity", False) and not self.constant
        return type(rule)(**{**rule.settings(), "lr_in_velocity": True}) if holds and _both(rule) else rule

    @property
    def constant(self) -> bool:
        """Whether the learning rate never changes."""
        return isinstance(self.schedule.course, Constant)

    def __str__(self) -> str:
        return str(self.program())

    # What is the same, and what is not.

    def words(self) -> list[str]:
        """What is equal under the schedule, what parts and by how much, what to do."""
        spoken = super().words()
        around = [said for each in self.around for said in each.words(self.target.framework).said]
        prefixes = self.source.framework, self.target.framework
        apart = [each.words(prefix).apart for each in self.around for prefix in prefixes]
        around += dict.fromkeys(filter(None, apart))
        if self.constant:
            return [*spoken, *self.there.said, *around]
        if self.equal == ALWAYS:
            spoken[0] = "same trajectory under the schedule"
        elif self.equal == AT_CONSTANT_LR:
            spoken[0] = "not the same under the schedule, though it is while the learning rate is constant"
            spoken = [line for line in spoken if not line.startswith("by how much")]
            spoken[1:1] = [self._under_schedule()]
            spoken += self._remedy()
        if self.there.until is not None:
            spoken.append(
                f"the schedules are the same up to step {self.there.until:,}: past it one rises and the other stays"
            )
        return [*spoken, *self.there.said, *around]

    def _remedy(self) -> list[str]:
        """The line that does what is to be done."""
        line = FRAMEWORKS[self.target.framework].rescaled
        factor = "new / old" if self.target_holds_lr else "old / new"
        return (
            [f"before each step whose learning rate is another: {line.format(factor=factor)}"] if line else []
        )

    def _under_schedule(self) -> str:
        """How far the two conventions part under this schedule, and what is left with the remedy."""
        alone, remedied = (self._gap(with_remedy=remedy, steps=FEW) for remedy in (False, True))
        zero = bool((self.schedule.course.values(FEW) == 0).any())
        left = (
            f"; with the velocities multiplied as below by {readable(remedied, 2)}"
            if remedied > 1e-10
            else ""
        )
        why = ", for at a learning rate of 0 there is no such factor" if left and zero else ""
        return (
            f"by how much: over the first {FEW} steps of this schedule they part by {readable(alone, 2)} of the"
            f" trajectory's size on the proof's problem{left}{why}"
        )

    def _gap(self, *, with_remedy: bool, steps: int) -> float:
        """How far our own two rules part under the schedule."""
        problem = problem_for(self.meaning.rule, steps)
        here = Side(self.source, {}, self.meaning, stand_in=True).path(problem, self._lrs(steps))
        there = Side(self.target, {}, self.fit.meaning, self.fit.conditions, stand_in=True)
        factor = self._factor() if with_remedy else None
        return gap(here, there.path(problem, self.there.course.values(steps), factor))

    def _lrs(self, steps: int) -> NDArray[np.float64]:
        return self.schedule.course.values(steps)

    def _factor(self) -> Any:  # noqa: ANN401
        inside = self.target_holds_lr
        return (lambda old, new: new / old) if inside else (lambda old, new: old / new)

    # The proof.

    def check(self, steps: int = STEPS, drop: float = 0.1, progress: Progress | None = None) -> ScheduleProof:  # type: ignore[override] # noqa: ARG002
        """Run both sides under their schedules, on the real frameworks where they are installed.

        Args:
            steps: how many, at least 4; not past the step up to which both schedules are the same.
            drop: of no use here: the schedule changes the learning rate.
            progress: called with (runs done, runs in all).
        """
        if self.without_proof is not None:
            raise PolyakError(self.without_proof)
        steps = whole_number("steps", steps, at_least=4)
        if self.there.until is not None:
            steps = min(steps, max(self.there.until, 4))
        problem = problem_for(
            self.meaning.rule, steps, 1.0 if self.fit.gradient is None else self.fit.gradient
        )
        sides = self._sides()
        lrs = self._lrs(steps), self.there.course.values(steps)
        paths = []
        for done, (side, rates) in enumerate(zip(sides, lrs, strict=True), start=1):
            paths.append(side.path(problem, rates))
            if progress is not None:
                progress(done, 3 if self.equal == AT_CONSTANT_LR else 2)
        remedied = float("nan")
        if self.equal == AT_CONSTANT_LR and not self.constant:
            by_hand = Side(
                self.target, self.arguments, self.fit.meaning, self.fit.conditions, around=self.around
            )
            remedied = gap(paths[0], by_hand.path(problem, lrs[1], self._factor()))
        return ScheduleProof(
            (sides[0].ran, sides[1].ran),
            steps,
            gap(*paths),
            int(np.count_nonzero(np.diff(lrs[0][: 1 + steps // self._every]))),
            remedied,
            self.within,
            ALWAYS if self.constant and self.equal == AT_CONSTANT_LR else self.equal,
            self.fit.gradient,
        )

    @property
    def _every(self) -> int:
        return max([1, *(each.every for each in self.around)])

    @property
    def within(self) -> float:
        """How far the arithmetic of both sides' schedules and clippings is apart."""
        prefixes = self.source.framework, self.target.framework
        around = [each.words(prefix).within for each in self.around for prefix in prefixes]
        return max([self.schedule.row.within, self.there.within, *around])

    def _sides(self) -> tuple[Side, Side]:
        """Both as lines of their own frameworks where these can be run, else with the learning rate set by hand."""
        own, program = self.own_program(), self.program()
        here = own.stepper() if own.runs else None
        there = program.stepper() if program.runs else None
        conditions = self.fit.conditions
        if there is not None and program.framework == "optax":  # whose chain does the rest itself
            conditions = tuple(each for each in conditions if each.kind == "first gradient")
        return (
            Side(self.source, self._bound(), self.meaning, run=here, around=() if here else self.around),
            Side(
                self.target,
                self.arguments,
                self.fit.meaning,
                conditions,
                run=there,
                around=() if there else self.around,
            ),
        )

    def _bound(self) -> dict[str, Any]:
        """What was given for the optimizer's own arguments, but for those that are free."""
        free = {argument.name for argument in self.source.arguments if argument.free}
        return {name: value for name, value in self.given.items() if name not in free}

    def own_program(self) -> Program:
        """What was read, as lines of its own framework again."""
        prefix = self.source.framework
        said = [each.words(prefix) for each in self.around]
        rate, before, after = self._own_schedule()
        line = self._own_line(rate, said)
        line = chained_with(line, said) if prefix == "optax" else line
        gathered = most_of(said) if prefix == "torch" else 1
        return Program(prefix, line, before, after, self.schedule.steps_per_epoch, lines_of(said), gathered)

    def _own_schedule(self) -> tuple[str, str, str]:
        """The learning rate as it was read, the lines before the optimizer, and the scheduler."""
        code = own_code(self.schedule) if self.schedule.row.home == self.source.framework else None
        if code is None:
            said = say(self.source.framework, self.schedule.course)
            return said.lr, said.before, said.after
        return (repr(self.schedule.base), "", code) if self.schedule.row.relative else (code, "", "")

    def _own_line(self, rate: str, said: list[Words]) -> str:
        if self.links:
            return own_chain(self.links, rate)
        shown = self._bound()
        shown[_lr_name(self.source)] = Code(rate)
        for words in said:
            shown |= words.arguments
        return pasted(self.source, shown)


def with_recipe(found: Translation, recipe: Recipe) -> RecipeTranslation:
    """A translation at the largest learning rate of a recipe, with its schedule and what stands around it."""
    schedule = recipe.schedule
    if schedule is None:
        lr = found.meaning.rule.lr
        row = Row("", "constant", Constant, relative=False, counts="steps")
        schedule = Schedule(row, {}, Constant(lr))
    elif found.source.framework == "keras" and any(each.every > 1 for each in recipe.around):
        raise PolyakError(
            f"{found.source.name}: with gradient_accumulation_steps a schedule of Keras's counts every gradient, not"
            " every step: translate it without, its numbers divided"
        )
    _refuse_clipped_decay(found, recipe)
    fit = found.fit
    ratio = fit.meaning.rule.lr / found.meaning.rule.lr
    course = schedule.course if ratio == 1 else schedule.course.scaled(ratio)
    prefix = found.target.framework
    changing = not isinstance(course, Constant)
    if (
        changing
        and prefix == "optax"
        and fit.equal == AT_CONSTANT_LR
        and _both(fit.meaning.rule)
        and _alike(found)
    ):
        fit = replace(fit, equal=ALWAYS)
    return RecipeTranslation(
        source=found.source,
        given=found.given,
        meaning=found.meaning,
        fit=fit,
        curvatures=found.curvatures,
        said=found.said,
        schedule=schedule,
        there=_counted(prefix, course, recipe.around),
        around=recipe.around,
        links=recipe.links,
    )


def _counted(prefix: str, course: Course, around: tuple[Around, ...]) -> Said:
    """The schedule in a framework's words; Keras's counts every gradient of those that make one step."""
    every = max([1, *(each.every for each in around)])
    if prefix != "keras" or every == 1:
        return say(prefix, course)
    return replace(say(prefix, in_epochs(course, every)), course=course)


def _refuse_clipped_decay(found: Translation, recipe: Recipe) -> None:
    """Refuse a decay that has to go into the loss and would be clipped there too, or is done by hand in between."""
    kinds = {condition.kind for condition in found.fit.conditions}
    if found.target.framework == "optax" or not recipe.around:
        return
    if "decay in the loss" in kinds and any(isinstance(each, Clip) for each in recipe.around):
        raise PolyakError(
            f"{found.target.name} has no coupled weight decay: in the loss it would be clipped with the gradients,"
            f" which in {found.source.name} it is not"
        )
    if "decay by hand" in kinds and any(each.every > 1 for each in recipe.around):
        raise PolyakError(
            f"{found.target.name} has no decoupled weight decay: by hand it would be done at every gradient"
            " that is summed"
        )


def _both(rule: object) -> bool:
    """Whether a rule has either convention for its velocity."""
    from polyak.rules import HeavyBall, Nesterov

    return isinstance(rule, HeavyBall | Nesterov)


def _alike(found: Translation) -> bool:
    """Whether both sides are one rule but for where the learning rate stands."""
    here, there = found.meaning.rule, found.fit.meaning.rule
    return type(here) is type(there) and getattr(here, "lr_in_velocity", None) is True


def _lr_name(spelling: Spelling) -> str:
    return next(argument.name for argument in spelling.arguments if "lr" in argument.settings)
