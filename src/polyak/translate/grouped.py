"""Groups of parameters, such as those without weight decay: each translated by itself, and said together.

PyTorch has groups of one optimizer, Optax `multi_transform`, by a label for each array. Elsewhere there is one
optimizer for each group: they share nothing, so that is the same.
"""

from __future__ import annotations

from dataclasses import dataclass
from html import escape

import numpy as np
from numpy.typing import NDArray

from polyak.frameworks.framework import FRAMEWORKS
from polyak.frameworks.spelling import Spelling
from polyak.ground.errors import PolyakError, whole_number
from polyak.ground.progress import Progress, silent
from polyak.ground.shown import Shown
from polyak.translate.around import Around, Words
from polyak.translate.around.kinds import chained_with, lines_of, most_of
from polyak.translate.best_arguments import LEVELS
from polyak.translate.pasted_line import arguments_of, pasted
from polyak.translate.program import Program
from polyak.translate.proof import Proof
from polyak.translate.proof_problem import STEPS, Problem, arrays, gap, numbers, problem_for
from polyak.translate.schedule_proof import ScheduleProof
from polyak.translate.translation import Translation
from polyak.translate.whole_recipe import RecipeTranslation

LABELS = "labels: a tree like that of the parameters, with the name of each array's group"


@dataclass(frozen=True, eq=False, repr=False)
class GroupedTranslation(Shown):
    """An optimizer with groups of parameters in the words of another framework. Made by `translate`.

    Attributes:
        groups: the name of each group, and its translation.
        around: what is done to the gradients of all groups together, before any optimizer sees them.
    """

    groups: tuple[tuple[str, Translation], ...]
    around: tuple[Around, ...] = ()

    @property
    def target(self) -> Spelling:
        """The spelling that the first group is translated to."""
        return self.groups[0][1].target

    @property
    def arguments(self) -> dict[str, object]:
        """The other side's arguments, by the groups' names."""
        return {name: each.arguments for name, each in self.groups}

    @property
    def equal(self) -> str:
        """How far both are the same: what the group says that is furthest from it."""
        return max((each.equal for _, each in self.groups), key=LEVELS.index)

    @property
    def without_proof(self) -> str | None:
        """Why nothing can be checked here, in a line; None where it can."""
        return next((why for _, each in self.groups if (why := each.without_proof) is not None), None)

    def __str__(self) -> str:
        program = self.program()
        if program.groups:
            return str(program)
        return "\n".join(f"{name} = {line}" for name, line in self._lines())

    def _table(self) -> str:
        return "<ul>" + "".join(f"<li>{escape(line)}</li>" for line in self.words()) + "</ul>"

    def _lines(self) -> list[tuple[str, str]]:
        return [(f"optimizer_{name}", str(each)) for name, each in self.groups]

    def program(self) -> Program:
        """The lines to paste; one for each group where the framework has no groups."""
        return together([(name, _program(each)) for name, each in self.groups], self.around)

    def _own_program(self) -> Program:
        programs = []
        for name, each in self.groups:
            own = each if isinstance(each, RecipeTranslation) else None
            programs.append(
                (name, own.own_program() if own else Program(each.source.framework, _source(each)))
            )
        return together(programs, self.around)

    def words(self) -> list[str]:
        """What is equal in each group, and what must be known of all."""
        prefix = self.target.framework
        spoken = self._of_groups()
        if prefix == "optax":
            spoken.append(LABELS)
        elif not self.program().groups:
            why = "these groups are of several optimizers" if prefix == "torch" else f"{prefix} has no groups"
            spoken.append(f"{why}: one optimizer for each, applied to its own parameters")
        for each in self.around:
            words = each.words(prefix)
            spoken += [*words.said, *filter(None, [words.apart])]
        return spoken

    def _of_groups(self) -> list[str]:
        """What each group has to say, and once what all of them have."""
        spoken = [f"{name}: {line}" for name, each in self.groups for line in each.words()[:1]]
        rest = [(name, each.words()[1:]) for name, each in self.groups]
        common = [line for line in rest[0][1] if all(line in other for _, other in rest)]
        of_one = [f"{name}: {line}" for name, lines in rest for line in lines if line not in common]
        return [*spoken, *of_one, *common]

    def _one_by_one(self, steps: int) -> ScheduleProof:
        """The proof of each group by itself, the largest gap of all."""
        proofs = [each.check(steps) for _, each in self.groups]
        worst = max(proofs, key=_gap_of)
        return ScheduleProof(
            worst.sides, worst.steps, worst.gap, 0, equal=self.equal, gradient=worst.gradient
        )

    def check(self, steps: int = STEPS, drop: float = 0.1, progress: Progress | None = None) -> ScheduleProof:  # noqa: ARG002
        """Run both sides as they are printed, the arrays in the groups in turn.

        Args:
            steps: how many, at least 4.
            drop: of no use here.
            progress: called with (runs done, runs in all).
        """
        if self.without_proof is not None:
            raise PolyakError(self.without_proof)
        steps = whole_number("steps", steps, at_least=4)
        programs = self._own_program(), self.program()
        if not all(each.runs and each.groups for each in programs):
            return self._one_by_one(steps)
        rules = [each.meaning.rule for _, each in self.groups]
        problem = problem_for(max(rules, key=lambda rule: rule.lr), steps)
        paths, told = [], progress or silent
        for done, program in enumerate(programs, start=1):
            paths.append(_path(program, problem, steps))
            told(done, 2)
        names = [FRAMEWORKS[each.framework].version for each in programs]
        return ScheduleProof(
            (names[0], names[1]), steps, gap(*paths), 0, within=self._within, equal=self.equal
        )

    @property
    def _within(self) -> float:
        """How far the arithmetic of both sides' schedules and clippings is apart."""
        schedules = [each.within for _, each in self.groups if isinstance(each, RecipeTranslation)]
        around = [each.words(prefix).within for each in self.around for prefix in ("torch", "optax")]
        return max([0.0, *schedules, *around])


def _path(program: Program, problem: Problem, steps: int) -> NDArray[np.float64]:
    """Where the printed lines go, the start first."""
    stepper, x, rows = program.stepper(), problem.start, [problem.start]
    stepper.start(arrays(x))
    for step in range(steps):
        x = numbers(stepper.step(arrays(problem.gradient(x, step))))
        rows.append(x)
    return np.array(rows)


def _gap_of(proof: Proof | ScheduleProof) -> float:
    return proof.gap


def grouped(groups: tuple[tuple[str, Translation], ...], around: tuple[Around, ...]) -> GroupedTranslation:
    """The translations of groups as one; refused where what is done to all gradients cannot be said there.

    Also refused: groups of which one needs something done besides that the others do not, outside a chain.
    """
    found = GroupedTranslation(groups, around)
    prefix = found.target.framework
    if prefix == "optax":
        return found
    for name, each in groups:
        if each.fit.conditions:
            raise PolyakError(
                f"group {name}: {each.words()[1]}: groups are translated where nothing need be done besides"
            )
    if around and not found.program().groups:
        raise PolyakError(
            f"{prefix} has no groups, and its optimizers one by one do not clip or sum the gradients of all together"
        )
    return found


def together(programs: list[tuple[str, Program]], around: tuple[Around, ...]) -> Program:
    """The programs of groups as one, in a framework that has groups; the first alone, without groups, elsewhere."""
    before = "\n".join(
        dict.fromkeys(line for _, each in programs for line in each.before.splitlines() if line.strip())
    )
    first = programs[0][1]
    said = [each.words(first.framework) for each in around]
    if first.framework == "optax":
        return _labelled(programs, before, said)
    alike = len({(_class(each), each.scheduler) for _, each in programs}) == 1
    return _of_one_class(programs, before, said) if first.framework == "torch" and alike else first


def _labelled(programs: list[tuple[str, Program]], before: str, said: list[Words]) -> Program:
    """Optax's transformation of each array by its label."""
    inside = ", ".join(f"{name!r}: {each.optimizer}" for name, each in programs)
    line = chained_with(f"optax.multi_transform({{{inside}}}, labels)", said)
    return Program("optax", line, before, groups=tuple(name for name, _ in programs))


def _of_one_class(programs: list[tuple[str, Program]], before: str, said: list[Words]) -> Program:
    """torch's groups of one optimizer."""
    groups = [
        f"{{'params': {name}, {', '.join(f'{key!r}: {value}' for key, value in arguments_of(each.optimizer))}}}"
        for name, each in programs
    ]
    first = programs[0][1]
    return Program(
        "torch",
        f"{_class(first)}([{', '.join(groups)}])",
        before,
        first.scheduler,
        first.every,
        lines_of(said),
        most_of(said),
        tuple(name for name, _ in programs),
    )


def _class(program: Program) -> str:
    return program.optimizer.partition("(")[0]


def _program(each: Translation) -> Program:
    return (
        each.program() if isinstance(each, RecipeTranslation) else Program(each.target.framework, str(each))
    )


def _source(each: Translation) -> str:
    free = {argument.name for argument in each.source.arguments if argument.free}
    return pasted(each.source, {name: value for name, value in each.given.items() if name not in free})
